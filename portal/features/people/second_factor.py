"""The second factor: TOTP (RFC 6238), a passkey (``passkeys.py``) and recovery codes. A code is good once.

Whoever has one of the first two is asked for a code after the password; who has passkeys only types a recovery
code there, or signs in with the passkey alone.
"""

import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Any, Final

import pyotp

from portal.core import clock, db
from portal.core.crypto import vault
from portal.core.keyring import keyring
from portal.features.people.rules import CODE_DIGITS, tidy_code

PURPOSE: Final = "staff"
PERIOD: Final = "totp"
RECOVERY_CODES: Final = 10
STEP_SECONDS: Final = 30


def new_secret() -> str:
    return pyotp.random_base32()


def address(secret: str, username: str, site_name: str) -> str:
    """What an authenticator application reads from the QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=site_name)


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The time step this code belongs to: the current one or a neighbour, for clocks that differ; else None."""
    totp = pyotp.TOTP(secret)
    current = int(now.timestamp()) // STEP_SECONDS
    for step in (current, current - 1, current + 1):
        if hmac.compare_digest(totp.generate_otp(step), code):
            return step
    return None


async def seal(secret: str, account_id: int) -> bytes:
    key = await vault().key(PURPOSE, PERIOD)
    return key.seal(secret, f"account.totp:{account_id}")


async def unseal(account: Any) -> str:
    return await vault().open(account["totp_sealed"], f"account.totp:{account['id']}")


async def accept(account: Any, typed: str) -> bool:
    """Take a code, TOTP or recovery, once: a repeat of the same code is refused. Inside the caller's transaction."""
    code = tidy_code(typed)
    if len(code) != CODE_DIGITS or not (code.isascii() and code.isdigit()):
        return await _take_recovery_code(account["id"], code)
    if account["totp_sealed"] is None:  # a passkey is all there is
        return False
    step = step_of(await unseal(account), code, clock.now())
    if step is None:
        return False
    taken = await db.fetchval(
        "UPDATE account SET totp_last_step = $2 WHERE id = $1 AND totp_last_step < $2 RETURNING id",
        account["id"],
        step,
    )
    return taken is not None


async def _take_recovery_code(account_id: int, code: str) -> bool:
    taken = await db.fetchval(
        "UPDATE recovery_code SET used_at = $3 WHERE account = $1 AND code_hash = $2 "
        "AND used_at IS NULL RETURNING account",
        account_id,
        hashed(code),
        clock.now(),
    )
    return taken is not None


async def is_on(account_id: int) -> bool:
    return bool(
        await db.fetchval(
            "SELECT totp_confirmed_at IS NOT NULL OR EXISTS (SELECT FROM passkey k WHERE k.account = a.id) "
            "FROM account a WHERE id = $1",
            account_id,
        )
    )


async def first_recovery_codes(account_id: int) -> list[str]:
    """Codes with the first factor; a second one leaves them as they are."""
    if await db.fetchval(
        "SELECT EXISTS (SELECT FROM recovery_code WHERE account = $1)", account_id
    ):
        return []
    return await new_recovery_codes(account_id)


async def forget_codes_without_factor(account_id: int) -> None:
    """Recovery codes stand for a factor: with the last one they go."""
    if not await is_on(account_id):
        await db.execute("DELETE FROM recovery_code WHERE account = $1", account_id)


async def new_recovery_codes(account_id: int) -> list[str]:
    """Replace the account's recovery codes; the words are shown once and kept nowhere."""
    codes = [secrets.token_hex(5) for _ in range(RECOVERY_CODES)]
    await db.execute("DELETE FROM recovery_code WHERE account = $1", account_id)
    await db.executemany(
        "INSERT INTO recovery_code (account, code_hash) VALUES ($1, $2)",
        [(account_id, hashed(code)) for code in codes],
    )
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def hashed(code: str) -> bytes:
    return hmac.digest(keyring().token, f"recovery:{code}".encode(), hashlib.sha256)
