"""Signing in: one attempt, one transaction, one entry on the trail."""

import base64
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from portal.core import audit, clock, db
from portal.core.context import Act, current_act, set_act
from portal.core.keyring import keyring
from portal.core.signing import token, token_is_good
from portal.features.people import passwords, second_factor
from portal.features.people.rules import lock_after
from portal.web.session import sessions

HALFWAY: Final = timedelta(minutes=5)


class Verdict(StrEnum):
    SIGNED_IN = "signed-in"
    CODE_NEEDED = "code-needed"  # the password was right; the second factor is still to come
    WRONG = "wrong-sign-in"
    WRONG_CODE = "wrong-code"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class Result:
    """``cookie`` when signed in, ``halfway`` when a code is needed, ``until`` when locked."""

    verdict: Verdict
    cookie: str = ""
    halfway: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was typed: a password, and a code in the same request or after it (then with ``halfway``)."""

    username: str
    password: str
    code: str
    halfway: str
    agent: str


async def sign_in(attempt: Attempt) -> Result:
    """Try once. The answer to an unknown name, a disabled account and a wrong password is the same."""
    username = _proved(attempt.halfway) or attempt.username.strip().lower()
    set_act(_as(username))
    account = await _account(username)
    if account and (until := account["locked_until"]) and until > clock.now():
        await audit.refused("session:login", "account", username, reason=Verdict.LOCKED)
        return Result(Verdict.LOCKED, until=until)
    if not attempt.halfway or username != _proved(attempt.halfway):
        stored = account["password_hash"] if account else None
        if not await passwords.fits(stored, attempt.password):
            return await _failed(account, username, Verdict.WRONG)
    if account is None:
        return await _failed(account, username, Verdict.WRONG)
    if account["totp_confirmed_at"] and not attempt.code:
        return Result(Verdict.CODE_NEEDED, halfway=_halfway(username))
    return await _open(account, attempt)


async def _open(account: Any, attempt: Attempt) -> Result:
    async with db.transaction():
        good = not account["totp_confirmed_at"] or await second_factor.accept(account, attempt.code)
        if good:
            await db.execute(
                "UPDATE account SET failed_count = 0, locked_until = NULL, last_signed_in_at = $2 "
                "WHERE id = $1",
                account["id"],
                clock.now(),
            )
            cookie = await sessions().open(
                account["person"], address=current_act().address, agent=attempt.agent
            )
            audit.record("session:login", "account", account["username"])
            return Result(Verdict.SIGNED_IN, cookie=cookie)
    return await _failed(account, account["username"], Verdict.WRONG_CODE)


async def _failed(account: Any, username: str, verdict: Verdict) -> Result:
    """Count it, lock when it is one too many."""
    until = None
    if account is not None:
        failures = await db.fetchval(
            "UPDATE account SET failed_count = failed_count + 1 WHERE id = $1 RETURNING failed_count",
            account["id"],
        )
        if pause := lock_after(failures):
            until = clock.now() + pause
            await db.execute(
                "UPDATE account SET locked_until = $2 WHERE id = $1", account["id"], until
            )
    await audit.refused("session:login", "account", username[:40], reason=verdict)
    if until is not None:
        return Result(Verdict.LOCKED, until=until)
    halfway = _halfway(username) if verdict is Verdict.WRONG_CODE else ""
    return Result(verdict, halfway=halfway)


async def _account(username: str) -> Any:
    return await db.fetchrow(
        "SELECT id, person, username, password_hash, totp_sealed, totp_confirmed_at, locked_until "
        "FROM account WHERE username = $1 AND disabled_at IS NULL",
        username,
    )


def _as(username: str) -> Act:
    """Attempts stand on the trail under the name that was typed."""
    act = current_act()
    return Act(username[:40] or act.subject, None, act.address, act.request_id)


def _halfway(username: str) -> str:
    """A mark that the password of this account was right a moment ago; it opens nothing by itself."""
    claim = json.dumps([username, int((clock.now() + HALFWAY).timestamp())])
    body = base64.urlsafe_b64encode(claim.encode()).decode()
    return f"{body}.{token(keyring(), 'halfway', body)}"


def _proved(halfway: str) -> str:
    """The user name of a good and fresh mark, else nothing."""
    body, _dot, mark = halfway.partition(".")
    if not body or not token_is_good(keyring(), "halfway", body, mark):
        return ""
    username, until = json.loads(base64.urlsafe_b64decode(body))
    return str(username) if until > clock.now().timestamp() else ""


async def confirm(person_id: int, password: str) -> bool:
    """Prove again who one is, for a signature or a reveal. A wrong password counts like a wrong sign-in."""
    account = await db.fetchrow(
        "SELECT id, username, password_hash, locked_until FROM account WHERE person = $1", person_id
    )
    if account is None or (account["locked_until"] and account["locked_until"] > clock.now()):
        return False
    if await passwords.fits(account["password_hash"], password):
        return True
    await _failed(account, account["username"], Verdict.WRONG)
    return False
