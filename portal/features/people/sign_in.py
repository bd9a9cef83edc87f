"""Signing in: one attempt, one transaction, one entry on the trail."""

import base64
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from portal.core import audit, clock, db
from portal.core.context import Act, current_act, set_act
from portal.core.i18n import _l
from portal.core.keyring import keyring
from portal.core.signing import token, token_is_good
from portal.core.site_settings import SiteSetting, declare
from portal.features.people import lockout, passwords, second_factor
from portal.web.session import sessions

HALFWAY: Final = timedelta(minutes=5)
UNKNOWN: Final = "unknown"  # on the trail: nobody has the name that was typed

ONE_SESSION = declare(
    SiteSetting(
        "security.one_session",
        False,  # noqa: FBT003  the default
        _l("One session for each account"),
        _l("A new sign-in ends the one before it."),
    )
)


class Verdict(StrEnum):
    SIGNED_IN = "signed-in"
    CODE_NEEDED = "code-needed"  # the password was right; the second factor is still to come
    WRONG = "wrong-sign-in"
    WRONG_CODE = "wrong-code"
    LOCKED = "locked"
    WRONG_PASSKEY = "wrong-passkey"
    COPIED = "passkey-copied"


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
    username = _claimed(attempt.halfway) or attempt.username.strip().lower()
    account = await _account(username)
    set_act(_as(account))
    if until := await lockout.locked_until(username):
        await _refused(account, Verdict.LOCKED)
        return Result(Verdict.LOCKED, until=until)
    if account is None or not _is_halfway(attempt.halfway, account):
        stored = account["password_hash"] if account else None
        if not await passwords.fits(stored, attempt.password) or account is None:
            return await _failed(account, username, Verdict.WRONG)
    if account["two_step"] and not attempt.code:
        return Result(Verdict.CODE_NEEDED, halfway=_halfway(account))
    return await _open(account, attempt)


async def _open(account: Any, attempt: Attempt) -> Result:
    """Let the person in, unless others have guessed wrong in the meantime: guesses at once win nothing."""
    username = account["username"]
    async with db.transaction():
        until = await lockout.locked_until(username)
        good = not account["two_step"] or await second_factor.accept(account, attempt.code)
        if good and until is None:
            method = "password+code" if account["two_step"] else "password"
            cookie = await admit(account, attempt.agent, method)
            return Result(Verdict.SIGNED_IN, cookie=cookie)
    if good:
        await _refused(account, Verdict.LOCKED)
        return Result(Verdict.LOCKED, until=until)
    return await _failed(account, username, Verdict.WRONG_CODE)


async def admit(account: Any, agent: str, method: str) -> str:
    """Open a session for whoever has proved who they are, in the open transaction; returns its cookie."""
    username = account["username"]
    await lockout.forgive(username)
    await db.execute(
        "UPDATE account SET last_signed_in_at = $2 WHERE id = $1", account["id"], clock.now()
    )
    ended = await sessions().end_all(account["person"]) if ONE_SESSION() else 0
    cookie = await sessions().open(account["person"], address=current_act().address, agent=agent)
    more = {"sessions_ended": ended} if ended else {}
    audit.record("session:login", "account", username, means=method, **more)
    return cookie


async def _failed(account: Any, username: str, verdict: Verdict) -> Result:
    """Count it, lock when it is one too many."""
    until = await lockout.failed(username)
    await _refused(account, verdict)
    if until is not None:
        return Result(Verdict.LOCKED, until=until)
    halfway = _halfway(account) if verdict is Verdict.WRONG_CODE else ""
    return Result(verdict, halfway=halfway)


async def _refused(account: Any, verdict: Verdict) -> None:
    await audit.refused("session:login", "account", _name(account), reason=verdict)


async def _account(username: str) -> Any:
    return await db.fetchrow(
        "SELECT id, person, username, password_hash, "
        "CASE WHEN totp_confirmed_at IS NOT NULL THEN totp_sealed END AS totp_sealed, "
        "(totp_confirmed_at IS NOT NULL OR EXISTS (SELECT FROM passkey k WHERE k.account = a.id)) AS two_step "
        "FROM account a WHERE username = $1 AND disabled_at IS NULL",
        username,
    )


def _as(account: Any) -> Act:
    """Attempts stand on the trail under the account's name, if there is one.

    Not under what was typed: that may be a password in the wrong field, and the trail keeps it.
    """
    act = current_act()
    return Act(_name(account), None, act.address, act.request_id)


def _name(account: Any) -> str:
    return str(account["username"]) if account else UNKNOWN


def _halfway(account: Any) -> str:
    """A mark that the password of this account was right a moment ago; it opens nothing by itself.

    It holds for this password only: after a reset the password must be typed again.
    """
    claim = json.dumps([account["username"], int((clock.now() + HALFWAY).timestamp())])
    body = base64.urlsafe_b64encode(claim.encode()).decode()
    return f"{body}.{token(keyring(), 'halfway', body)}.{_tie(body, account)}"


def _tie(body: str, account: Any) -> str:
    return token(keyring(), "halfway-password", f"{body}:{account['password_hash']}")


def _claimed(halfway: str) -> str:
    """The user name of a good and fresh mark, else nothing."""
    body, _dot, rest = halfway.partition(".")
    if not body or not token_is_good(keyring(), "halfway", body, rest.partition(".")[0]):
        return ""
    username, until = json.loads(base64.urlsafe_b64decode(body))
    return str(username) if until > clock.now().timestamp() else ""


def _is_halfway(halfway: str, account: Any) -> bool:
    """Whether the mark stands for this account's password, and a second factor is still to come."""
    if not account["two_step"] or _claimed(halfway) != account["username"]:
        return False
    body, _dot, rest = halfway.partition(".")
    return token_is_good(
        keyring(), "halfway-password", f"{body}:{account['password_hash']}", rest.partition(".")[2]
    )


async def confirm(person_id: int, password: str) -> bool:
    """Prove again who one is, for a signature or a reveal. A wrong password counts like a wrong sign-in."""
    account = await db.fetchrow(
        "SELECT id, username, password_hash FROM account WHERE person = $1", person_id
    )
    if account is None or await lockout.locked_until(account["username"]):
        return False
    if await passwords.fits(account["password_hash"], password):
        return True
    await _failed(account, account["username"], Verdict.WRONG)
    return False
