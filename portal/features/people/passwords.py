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

#: Of the passwords that everybody tries first, those that are long enough for us.
_TRIED_FIRST: Final = """
password12 password123 password1234 password12345 passw0rd123 p@ssw0rd123 1234567890 0123456789
12345678910 123456789a 1234567890a a123456789 aa123456789 a1234567890 123456789q 123456789qq
0987654321 9876543210 1029384756 1123581321 1122334455 11223344556 qwertyuiop qwertyuiop1
qwertyuiop123 qwerty1234 qwerty12345 qwerty123456 1q2w3e4r5t 1q2w3e4r5t6y q1w2e3r4t5
q1w2e3r4t5y6 1qaz2wsx3edc 1qaz@wsx3edc zaq12wsxcde3 qazwsxedcrfv qweasdzxc123 asdfghjkl1
asdfghjkl123 zxcvbnm123 zxcvbnm1234 qwer1234asdf abc1234567 abcd123456 abcde12345 abcdefghij
abcdef123456 iloveyou12 iloveyou123 woaini1314 woaini1314520 woaini5201314 5201314520 1314520520
welcome123 welcome1234 letmein123 changeme123 administrator admin12345 admin123456 admin1234567
administrator1 root123456 test123456 test1234567 shanmen123 shanmen2026 football123 sunshine123
princess123 superman123 michael123 charlie123 monkey1234 dragon1234 master1234 computer123
internet123 samsung123
"""
COMMON: Final = frozenset(_TRIED_FIRST.split())

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
    plain = password.lower()
    if len(set(plain)) < SHORTEST // 2 or plain in COMMON or (username and username in plain):
        return "password-guessable"
    return None
