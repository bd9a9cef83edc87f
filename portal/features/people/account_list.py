"""The staff accounts as the system administrator sees them: a list that is searched and filtered, and one of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from portal.core import clock, db
from portal.features.people import idle, lockout


class State(StrEnum):
    """What an account is, the first that fits."""

    DISABLED = "disabled"
    LOCKED = "locked"
    NEW = "new"  # nobody has signed in yet
    ACTIVE = "active"


STATES: Final = tuple(State)
#: What the list can be asked for beside: whoever will be disabled soon, whatever the account's state.
SOON: Final = "soon"
FACTORS: Final = ("on", "off", "passkey")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for; empty asks for everything. ``idle_days``: not used for at least so long."""

    text: str = ""
    state: str = ""
    factor: str = ""
    idle_days: int = 0


@dataclass(frozen=True, slots=True)
class Account:
    username: str
    person: int
    name: str
    name_en: str
    email: str
    created_at: datetime
    last_signed_in_at: datetime | None
    used_at: datetime  # last sign-in, or made or enabled since
    password_changed_at: datetime
    must_change_password: bool
    disabled_at: datetime | None
    disabled_by: str
    disabled_reason: str
    totp: bool
    passkeys: int
    codes_left: int
    state: str
    soon: bool  # disabled by itself within the days of the warning
    locked_until: datetime | None = None

    @property
    def idle_days(self) -> int:
        return (clock.now() - self.used_at).days

    @property
    def ends_at(self) -> datetime | None:
        """When the account is disabled by itself if nobody uses it."""
        return idle.ends_at(self.used_at) if self.disabled_at is None else None

    @property
    def idle_itself(self) -> bool:
        """Whether it was disabled because nobody used it."""
        return self.disabled_by == idle.ACTOR


#: $1: the names that are locked; $2: who was last used before this instant is idle (null: nobody is).
_STATED: Final = f"""
    SELECT a.username, a.person, p.name, p.name_en, p.email, a.created_at, a.last_signed_in_at,
        {idle.USED_AT} AS used_at, a.password_changed_at, a.must_change_password, a.disabled_at, a.disabled_by,
        a.disabled_reason, a.totp_confirmed_at IS NOT NULL AS totp,
        (SELECT count(*) FROM passkey k WHERE k.account = a.id) AS passkeys,
        (SELECT count(*) FROM recovery_code r WHERE r.account = a.id AND r.used_at IS NULL) AS codes_left,
        CASE WHEN a.disabled_at IS NOT NULL THEN 'disabled' WHEN a.username = ANY ($1::text[]) THEN 'locked'
            WHEN a.last_signed_in_at IS NULL THEN 'new' ELSE 'active' END AS state,
        (a.disabled_at IS NULL AND {idle.USED_AT} < coalesce($2::timestamptz, '-infinity')) AS soon
    FROM account a JOIN person p ON p.id = a.person
"""  # noqa: S608  the expression is our own
_WANTED: Final = """
    ($3 = '' OR strpos(username, lower($3)) > 0 OR strpos(lower(name || ' ' || name_en || ' ' || email), lower($3)) > 0)
    AND ($4 = '' OR state = $4 OR $4 = 'soon' AND soon)
    AND ($5 = '' OR ($5 = 'on') = (totp OR passkeys > 0) AND $5 <> 'passkey' OR $5 = 'passkey' AND passkeys > 0)
    AND ($6::int = 0 OR disabled_at IS NULL AND used_at < $7::timestamptz - make_interval(days => $6::int))
"""


async def accounts(wanted: Wanted, limit: int, offset: int) -> list[Account]:
    """Those that fit, in the order of their user names."""
    locked = await _locked()
    rows = await db.fetch(
        f"WITH stated AS ({_STATED}) SELECT * FROM stated WHERE {_WANTED} "  # noqa: S608
        "ORDER BY username LIMIT $8 OFFSET $9",
        list(locked),
        idle.warned_before(),
        wanted.text,
        wanted.state,
        wanted.factor,
        wanted.idle_days,
        clock.now(),
        limit,
        offset,
    )
    return [_account(row, locked) for row in rows]


async def account(username: str) -> Account | None:
    locked = await lockout.locked_names([username])
    row = await db.fetchrow(
        f"WITH stated AS ({_STATED} WHERE a.username = $3) SELECT * FROM stated",  # noqa: S608
        list(locked),
        idle.warned_before(),
        username,
    )
    return _account(row, locked) if row else None


async def counts() -> Mapping[str, int]:
    """How many accounts there are of each state, and how many will be disabled soon."""
    rows = await db.fetch(
        f"SELECT state, count(*) AS number, count(*) FILTER (WHERE soon) AS soon FROM ({_STATED}) AS stated "  # noqa: S608
        "GROUP BY state",
        list(await _locked()),
        idle.warned_before(),
    )
    found = {row["state"]: int(row["number"]) for row in rows}
    return {state: found.get(state, 0) for state in STATES} | {
        SOON: sum(row["soon"] for row in rows)
    }


async def _locked() -> dict[str, datetime]:
    rows = await db.fetch("SELECT username FROM account")
    return await lockout.locked_names(row["username"] for row in rows)


def _account(row: Any, locked: Mapping[str, datetime]) -> Account:
    return Account(**row, locked_until=locked.get(row["username"]))


async def recently_disabled_for_idleness() -> int:
    """How many the portal has disabled by itself within a fortnight: somebody may want one back."""
    return int(
        await db.fetchval(
            "SELECT count(*) FROM account WHERE disabled_by = $1 AND disabled_at > $2",
            idle.ACTOR,
            clock.now() - timedelta(days=14),
        )
    )


async def locked_now() -> int:
    return len(await _locked())
