"""Reads of people and accounts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from portal.core import clock, db
from portal.features.people.rules import browser_name


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session as its owner sees it; ``mark`` names it in forms."""

    mark: str
    created_at: datetime
    seen_at: datetime
    address: str
    agent: str
    current: bool


async def open_sessions(person_id: int, current: bytes | None) -> list[OpenSession]:
    rows = await db.fetch(
        "SELECT id_hash, created_at, seen_at, address, agent FROM session WHERE person_id = $1 "
        "ORDER BY seen_at DESC",
        person_id,
    )
    return [
        OpenSession(
            row["id_hash"].hex(),
            row["created_at"],
            row["seen_at"],
            row["address"],
            browser_name(row["agent"]),
            row["id_hash"] == current,
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """Whether one is in force (``confirmed``: an authenticator), and how many recovery codes are left."""

    confirmed: bool
    passkeys: int
    codes_left: int

    @property
    def on(self) -> bool:
        return self.confirmed or self.passkeys > 0


async def second_factor(person_id: int) -> SecondFactor:
    row = await db.fetchrow(
        "SELECT totp_confirmed_at IS NOT NULL AS confirmed, (SELECT count(*) FROM recovery_code r "
        "WHERE r.account = a.id AND r.used_at IS NULL) AS codes_left, "
        "(SELECT count(*) FROM passkey k WHERE k.account = a.id) AS passkeys FROM account a WHERE person = $1",
        person_id,
    )
    return SecondFactor(**row) if row else SecondFactor(confirmed=False, passkeys=0, codes_left=0)


@dataclass(frozen=True, slots=True)
class Passkey:
    id: int
    name: str
    created_at: datetime
    last_used_at: datetime | None
    synced: bool
    suspected_at: datetime | None


async def passkeys(person_id: int) -> list[Passkey]:
    rows = await db.fetch(
        "SELECT k.id, k.name, k.created_at, k.last_used_at, k.synced, k.suspected_at FROM passkey k "
        "JOIN account a ON a.id = k.account WHERE a.person = $1 ORDER BY k.id",
        person_id,
    )
    return [Passkey(**row) for row in rows]


async def names(usernames: set[str]) -> dict[str, str]:
    """The people behind user names."""
    rows = await db.fetch(
        "SELECT a.username, p.name FROM account a JOIN person p ON p.id = a.person "
        "WHERE a.username = ANY ($1)",
        list(usernames),
    )
    return {row["username"]: row["name"] for row in rows}


async def named(typed: str) -> list[str]:
    """The user names of open accounts that somebody means: the user name itself, or everybody of that name."""
    rows = await db.fetch(
        "SELECT a.username FROM account a JOIN person p ON p.id = a.person "
        "WHERE a.disabled_at IS NULL AND (a.username = lower($1) OR p.name = $1 OR p.name_en = $1) "
        "ORDER BY a.username <> lower($1), a.username",
        typed,
    )
    found = [row["username"] for row in rows]
    return found[:1] if typed.lower() in found else found


async def open_accounts(most: int) -> list[tuple[str, str]]:
    """User names with their people's names; none when there are more than a list could offer."""
    rows = await db.fetch(
        "SELECT a.username, p.name FROM account a JOIN person p ON p.id = a.person "
        "WHERE a.disabled_at IS NULL ORDER BY a.username LIMIT $1",
        most + 1,
    )
    return [(row["username"], row["name"]) for row in rows] if len(rows) <= most else []


async def closed(usernames: Iterable[str]) -> set[str]:
    """Those of these that nobody can sign in with: disabled, or no account at all."""
    asked = list(usernames)
    rows = await db.fetch(
        "SELECT username FROM account WHERE disabled_at IS NULL AND username = ANY ($1)", asked
    )
    return set(asked) - {row["username"] for row in rows}


async def end_stale_sessions() -> None:
    """Delete sessions that ended by themselves; they open nothing, but nothing is kept without need."""
    await db.execute(
        "DELETE FROM session WHERE created_at < $1::timestamptz - interval '1 day' "
        "OR seen_at < $1::timestamptz - interval '1 day'",
        clock.now(),
    )
