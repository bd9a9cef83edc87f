"""Passwords: argon2id in a thread, a few at a time, so that signing in never stops the bookings.

Parameters are OWASP's minimum for argon2id (19 MiB, 2 passes, 1 lane), about 25 ms on a small machine.
"""

import asyncio
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST: Final = 10
LONGEST: Final = 200
AT_ONCE: Final = 2

_hasher: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_turns: Final = asyncio.Semaphore(AT_ONCE)
_nobody: Final = _hasher.hash("a user name that does not exist costs the same time")


def hashed(password: str) -> str:
    """For commands and start-up; a request uses ``make``."""
    return _hasher.hash(password)


async def make(password: str) -> str:
    async with _turns:
        return await asyncio.to_thread(_hasher.hash, password)


async def fits(stored: str | None, password: str) -> bool:
    """Whether the password belongs to this hash; None takes as long and never fits."""
    async with _turns:
        return await asyncio.to_thread(_verify, stored, password)


def _verify(stored: str | None, password: str) -> bool:
    try:
        _hasher.verify(stored or _nobody, password[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def error(password: str, username: str = "") -> str | None:
    """Why a new password is not good enough, or None. Length counts, not signs (NIST SP 800-63B)."""
    if len(password) < SHORTEST:
        return "password-short"
    if len(password) > LONGEST:
        return "too-long"
    if len(set(password)) < SHORTEST // 2 or (username and username in password.lower()):
        return "password-guessable"
    return None
