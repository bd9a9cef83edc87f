"""What the system administrator does with other people's accounts. Nothing here grants anything: roles are policy.

Each act takes a reason where it takes something away, stands on the trail, and ends the account's sessions in
every process where they could outlive it. A one-time password is returned once and kept nowhere.

Whoever resets both factors of an account can sign in with it. For the offices that are kept apart (accounts, policy,
trail) that would make one out of two, so of those only one factor is reset here until the person has signed in;
both at once is for whoever runs the machine (``portal user reset``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from portal.core import audit, clock, db
from portal.core.context import current_act
from portal.features.people import indispensable, lockout, passwords, queries, service
from portal.features.people.service import AccountError
from portal.web.session import sessions
from rbac.permissions import Permission


class LastOne(AccountError):
    """Without this account nobody could do these any more."""

    def __init__(self, lost: Sequence[Permission]) -> None:
        super().__init__("last-one")
        self.lost = tuple(lost)


@dataclass(frozen=True, slots=True)
class Newcomer:
    username: str
    name: str
    name_en: str
    email: str


class MadeBefore(AccountError):
    """The same form was sent before: the account is there, its password was shown then."""


async def create(newcomer: Newcomer, key: UUID) -> str:
    """Make an account; returns its one-time password. A repeated key makes nothing and shows nothing again."""
    password = service.new_password()
    digest = await passwords.make(password)
    made = await db.fetchval("SELECT username FROM account WHERE idempotency_key = $1", key)
    if made is not None:
        raise MadeBefore(made)
    async with db.transaction():
        person = await service.insert(newcomer.username, newcomer.name, digest, must_change=True)
        await db.execute(
            "UPDATE person SET name_en = $2, email = $3 WHERE id = $1",
            person,
            newcomer.name_en,
            newcomer.email,
        )
        await db.execute("UPDATE account SET idempotency_key = $2 WHERE person = $1", person, key)
    return password


async def reset_password(username: str, reason: str) -> str:
    """A new one-time password in place of the old one; the second factor stays. Returns it."""
    password = service.new_password()
    digest = await passwords.make(password)
    async with db.transaction():
        person = await _person(username)
        await _not_the_second(
            username, "factor_taken_at > coalesce(last_signed_in_at, '-infinity'::timestamptz)"
        )
        await db.execute(
            "UPDATE account SET password_hash = $2, must_change_password = true, password_changed_at = $3 "
            "WHERE username = $1",
            username,
            digest,
            clock.now(),
        )
        await lockout.forgive(username)
        await sessions().end_all(person)
        audit.record("account:reset", "account", username, change="password", reason=reason)
    return password


async def reset_second_factor(username: str, reason: str) -> None:
    """Authenticator, passkeys and recovery codes are gone; the password stays."""
    async with db.transaction():
        person = await _person(username)
        await _not_the_second(username, "must_change_password")
        await service.forget_factors(username)
        await db.execute(
            "UPDATE account SET factor_taken_at = $2 WHERE username = $1", username, clock.now()
        )
        await sessions().end_all(person)
        audit.record(
            "account:reset", "account", username, change="second-factor-off", reason=reason
        )


async def unlock(username: str) -> None:
    """Wrong attempts are forgotten: the next one is taken at once."""
    async with db.transaction():
        await _person(username)
        await lockout.forgive(username)
        audit.record("account:reset", "account", username, change="unlocked")


async def disable(username: str, reason: str) -> None:
    """Close it at once, in every process. ``LastOne`` for whom the portal cannot spare."""
    async with db.transaction():
        if lost := await indispensable.lost_without(username):
            raise LastOne(lost)
        person = await db.fetchval(
            "UPDATE account SET disabled_at = $2, disabled_by = $3, disabled_reason = $4 "
            "WHERE username = $1 AND disabled_at IS NULL RETURNING person",
            username,
            clock.now(),
            current_act().subject,
            reason,
        )
        if person is None:
            await _person(username)
            raise AccountError("already-so")
        await sessions().end_all(person)
        audit.record("account:disable", "account", username, disabled=True, reason=reason)


async def enable(username: str, reason: str) -> None:
    """Open it again; its idle days are counted from now on."""
    async with db.transaction():
        person = await db.fetchval(
            "UPDATE account SET disabled_at = NULL, disabled_by = '', disabled_reason = '', enabled_at = $2 "
            "WHERE username = $1 AND disabled_at IS NOT NULL RETURNING person",
            username,
            clock.now(),
        )
        if person is None:
            await _person(username)
            raise AccountError("already-so")
        audit.record("account:disable", "account", username, disabled=False, reason=reason)


async def end_session(username: str, mark: str) -> None:
    """End one session of this account; what is none is over already."""
    async with db.transaction():
        person = await _person(username)
        if mark in {entry.mark for entry in await queries.open_sessions(person, None)}:
            await sessions().end(bytes.fromhex(mark))
            audit.record("session:revoke", "account", username, rows=1)


async def end_sessions(username: str) -> None:
    async with db.transaction():
        if ended := await sessions().end_all(await _person(username)):
            audit.record("session:revoke", "account", username, rows=ended)


async def _not_the_second(username: str, taken: str) -> None:
    """Refuse to take the other factor, too, of an account that holds an office."""
    if indispensable.holds_an_office(username) and await db.fetchval(
        f"SELECT {taken} FROM account WHERE username = $1",  # noqa: S608  one of two expressions above
        username,
    ):
        raise AccountError("both-factors")


async def _person(username: str) -> int:
    """Whose account it is, held until the end of the open transaction."""
    person: int | None = await db.fetchval(
        "SELECT person FROM account WHERE username = $1 FOR UPDATE", username
    )
    if person is None:
        raise AccountError("unknown-account")
    return person
