"""Reads of the audit trail.

A list is read by place (``Place``), not by number: its thousandth page costs what its first does. Each
filter has an index that leads from the newest entry to the older ones; where an act or a kind of thing is what most
entries are about, the index over all entries does. The conditions that make PostgreSQL see it stand in the
statement itself, and each statement is planned for its values.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple

from portal.core import audit, chains, clock, db, mail, order_code
from portal.core.context import VISITOR, instant_of_request
from rbac.permissions import BY_NAME

PATIENCE: Final = "5s"  # of a search that no index helps
AREA: Final = ":*"  # an act that ends so means all acts of its area
BEGINS: Final = "*"  # a number or code that ends so means its beginning
COMMON_ACT: Final = "booking:create"
COMMON_THING: Final = "order"
LANES: Final = 2**15  # a lane is a smallint

COLUMNS: Final = (
    "day, lane, seq, at, subject, act, object_type, object_id, outcome, rule, address, request_id, "
    "detail::text AS detail"
)


class TooMuch(Exception):
    """The search took too long: fewer days, or more of the name, are needed."""


@dataclass(frozen=True, slots=True)
class Entry:
    day: date
    lane: int
    seq: int
    at: datetime
    subject: str
    act: str
    object_type: str
    object_id: str
    outcome: str
    rule: str
    address: str
    request_id: str
    detail: str

    @property
    def place(self) -> "Place":
        return Place(self.at, self.lane, self.seq)

    @property
    def address_of_page(self) -> str:
        return f"/audit/entries/{self.day.isoformat()}/{self.lane}/{self.seq}"


class Place(NamedTuple):
    """Where an entry stands among all, by time."""

    at: datetime
    lane: int
    seq: int

    @property
    def text(self) -> str:
        return f"{int(self.at.timestamp())}.{self.at.microsecond}.{self.lane}.{self.seq}"

    @classmethod
    def read(cls, text: str | None) -> "Place | None":
        """What ``text`` was; nonsense is no place."""
        parts = (text or "").split(".")
        if len(parts) != 4 or not all(part.isdigit() and len(part) <= 15 for part in parts):  # noqa: PLR2004
            return None
        seconds, micro, lane, seq = map(int, parts)
        try:
            at = datetime.fromtimestamp(seconds, UTC).replace(microsecond=micro)
        except (ValueError, OverflowError, OSError):
            return None
        return cls(at, lane, seq) if lane < 2**15 else None


@dataclass(frozen=True, slots=True)
class Filter:
    """What is asked for; empty text is everything."""

    first: date
    last: date
    subject: str = ""
    act: str = ""
    object_type: str = ""
    object_id: str = ""
    outcome: str = ""
    request_id: str = ""

    @property
    def follows(self) -> bool:
        """Whether it is about one thing, person or request."""
        one = self.object_id and not self.object_id.endswith(BEGINS)
        return bool(one or self.request_id or (self.subject and self.subject != VISITOR))


def span(wanted: Filter) -> tuple[datetime, datetime]:
    """The instants between which the site's days lie; a request's own id tells when it came."""
    first = clock.at(wanted.first, datetime.min.time())
    behind = clock.at(wanted.last + timedelta(days=1), datetime.min.time())
    if (came := instant_of_request(wanted.request_id)) is not None:
        return max(first, came - timedelta(seconds=5)), min(behind, came + timedelta(minutes=2))
    return first, behind


def conditions(
    wanted: Filter, values: list[Any], *, with_act: bool = True, of: str = ""
) -> list[str]:
    """The filter in SQL, its values put behind those given; ``of`` stands before each column.

    Entries carry the day in UTC: it tells the months to look into.
    """
    first, behind = span(wanted)
    days = first.astimezone(UTC).date(), behind.astimezone(UTC).date()
    parts = [
        f"{of}at >= {_mark(values, first)} AND {of}at < {_mark(values, behind)}",
        f"{of}day >= {_mark(values, days[0])} AND {of}day <= {_mark(values, days[1])}",
    ]
    for column, common in (("subject", VISITOR), ("object_type", COMMON_THING), ("request_id", "")):
        if value := getattr(wanted, column):
            parts.append(f"{of}{column} = {_mark(values, value)}")
            if common and value != common:
                parts.append(f"{of}{column} <> '{common}'")
    if wanted.object_id:
        parts.append(of + _object(wanted, values))
    if wanted.outcome in (audit.ALLOWED, audit.REFUSED):
        parts.append(f"{of}outcome = '{wanted.outcome}'")
    if with_act and wanted.act:
        parts.append(f"{of}act = ANY ({_mark(values, acts(wanted.act))})")
    return parts


def _mark(values: list[Any], value: Any) -> str:
    """The place of a value in the statement."""
    values.append(value)
    return f"${len(values)}"


def _object(wanted: Filter, values: list[Any]) -> str:
    if wanted.object_id.endswith(BEGINS):
        return f"object_id ^@ {_mark(values, wanted.object_id.removesuffix(BEGINS))}"
    typed = order_code.tidy(wanted.object_id)
    if wanted.object_type in ("", COMMON_THING) and order_code.is_valid(typed):
        return f"object_id = ANY ({_mark(values, [wanted.object_id, typed])})"
    return f"object_id = {_mark(values, wanted.object_id)}"


def acts(wanted: str) -> list[str]:
    """The acts meant: one, or all that the portal knows of an area."""
    if not wanted.endswith(AREA):
        return [wanted]
    area = wanted.removesuffix(AREA)
    return [name for name in (*BY_NAME, chains.SEALED_ACT) if name.partition(":")[0] == area]


async def entries(
    wanted: Filter, limit: int, *, before: Place | None = None, after: Place | None = None
) -> list[Entry]:
    """Entries that fit, the newest first: those older than ``before``, or the nearest newer than ``after``.

    Raises ``TooMuch`` for what cannot be found in time.
    """
    values: list[Any] = []
    order = "ASC" if after else "DESC"
    sorted_by = f"ORDER BY at {order}, lane {order}, seq {order} LIMIT {_mark(values, limit)}"
    parts = conditions(wanted, values, with_act=False)
    if place := after or before:
        parts += _beyond(place, ">" if after else "<", values)
    meant = acts(wanted.act) if wanted.act else []
    branches = [_branch([*parts, *_act(name, values)], sorted_by) for name in meant]
    if not wanted.act:
        branches = [_branch(parts, sorted_by)]
    if not branches:
        return []
    union = " UNION ALL ".join(f"({branch})" for branch in branches)
    sql = branches[0] if len(branches) == 1 else f"SELECT * FROM ({union}) found {sorted_by}"  # noqa: S608
    rows = await planned(sql, values)
    found = [Entry(**row) for row in rows]
    return found[::-1] if after else found


def _branch(parts: Sequence[str], sorted_by: str) -> str:
    return f"SELECT {COLUMNS} FROM audit_entry WHERE {' AND '.join(parts)} {sorted_by}"  # noqa: S608


def _act(name: str, values: list[Any]) -> list[str]:
    parts = [f"act = {_mark(values, name)}"]
    return parts if name == COMMON_ACT else [*parts, "act <> 'booking:create'"]


def _beyond(place: Place, sign: str, values: list[Any]) -> list[str]:
    at, lane, seq = (_mark(values, value) for value in place)
    day = _mark(values, place.at.astimezone(UTC).date())
    return [
        f"at {sign}= {at} AND day {sign}= {day}",
        f"(at, lane, seq) {sign} ({at}, {lane}::smallint, {seq}::bigint)",
    ]


async def planned(sql: str, values: Sequence[Any]) -> list[Any]:
    async with db.transaction():
        await db.execute(
            "SELECT set_config('plan_cache_mode', 'force_custom_plan', true), "
            f"set_config('statement_timeout', '{PATIENCE}', true)"
        )
        try:
            return await db.fetch(sql, *values)
        except db.TookTooLong as error:
            raise TooMuch from error


# ── one entry ────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Proof:
    """How an entry hangs in its chain, worked out anew: ``fits`` its digest, and ``tied`` by the link."""

    digest: bytes
    fits: bool
    link_seq: int | None
    link: bytes | None
    before: bytes
    covered: int
    tied: bool
    length: int
    previous: bool
    following: bool


async def entry(day: date, lane: int, seq: int) -> tuple[Entry, Proof] | None:
    """One entry with its place in the chain."""
    row = await db.fetchrow(
        f"SELECT {COLUMNS}, digest, {chains.TEXT} AS text FROM audit_entry e "  # noqa: S608
        "WHERE day = $1 AND lane = $2 AND seq = $3",
        day,
        lane,
        seq,
    )
    if row is None:
        return None
    plain = {name: row[name] for name in Entry.__dataclass_fields__}
    return Entry(**plain), await _proof(row)


async def _proof(row: Any) -> Proof:
    day, lane, seq = key = row["day"], row["lane"], row["seq"]
    link = await db.fetchrow(
        "SELECT seq, hash FROM audit_link WHERE day = $1 AND lane = $2 AND seq >= $3 ORDER BY seq LIMIT 1",
        *key,
    )
    before = await db.fetchrow(
        "SELECT seq, hash FROM audit_link WHERE day = $1 AND lane = $2 AND seq < $3 "
        "ORDER BY seq DESC LIMIT 1",
        *key,
    )
    length = await db.fetchval(
        "SELECT length FROM audit_chain WHERE day = $1 AND lane = $2", day, lane
    )
    since = before["seq"] if before else 0
    head = before["hash"] if before else chains.seed(day, lane)
    digests = await db.fetch(
        "SELECT seq, digest FROM audit_entry WHERE day = $1 AND lane = $2 AND seq > $3 AND seq <= $4 "
        "ORDER BY seq",
        day,
        lane,
        since,
        link["seq"] if link else seq,
    )
    return Proof(
        digest=row["digest"],
        fits=chains.digest_of(row["text"]) == row["digest"],
        link_seq=link["seq"] if link else None,
        link=link["hash"] if link else None,
        before=head,
        covered=len(digests),
        tied=link is not None
        and chains.linked(head, (each["digest"] for each in digests)) == link["hash"],
        length=length or 0,
        previous=seq > 1,
        following=seq < (length or 0),
    )


async def names(usernames: Sequence[str]) -> Mapping[str, str]:
    """The people behind user names."""
    rows = await db.fetch(
        "SELECT a.username, p.name FROM account a JOIN person p ON p.id = a.person "
        "WHERE a.username = ANY ($1)",
        list(set(usernames)),
    )
    return {row["username"]: row["name"] for row in rows}


def details(text: str) -> dict[str, Any]:
    kept = json.loads(text or "{}")
    return kept if isinstance(kept, dict) else {}


# ── heads outside, months that went ──────────────────────────────────────────────────────────────


async def last_sent() -> Any | None:
    """The last mail with heads: when it was asked for, whether it has left, the last failure."""
    return await db.fetchrow(
        "SELECT run_at, done_at, failed_at, last_error, attempts FROM job "
        "WHERE name = $1 AND key LIKE 'audit-heads-%' ORDER BY id DESC LIMIT 1",
        mail.JOB,
    )


async def newest_heads(limit: int) -> list[Any]:
    """The chains that were last begun, each with its head."""
    return await db.fetch(
        "SELECT day, lane, length, head FROM audit_chain ORDER BY day DESC, lane LIMIT $1", limit
    )


async def sealed_months() -> list[Any]:
    return await db.fetch("SELECT * FROM audit_sealed_month ORDER BY number DESC")


async def broken_months() -> list[date]:
    """Months that should have been dropped and were not, because they do not verify."""
    rows = await db.fetch(
        "SELECT month FROM (SELECT DISTINCT ON (month) month, outcome FROM audit_verification "
        "WHERE month IS NOT NULL ORDER BY month, id DESC) last WHERE outcome = 'broken' ORDER BY 1"
    )
    return [row["month"] for row in rows]
