"""A draft tried on what was decided in the last 90 days: which decisions would fall otherwise (PO-5).

The audit trail keeps who did what, or was refused it, and for decisions on a record the facts they were made on.
Alike decisions (the same person, permission and facts) are judged once, by the version in force and by the draft;
they flip when the two differ. Both are asked with the roles and lines of today, and of the days on which the draft's
own lines begin: the question is what a release now would change, not what was right then. So a draft that changes
nothing flips nothing, whatever has become of the people since.

Entries without facts were decided at the door ("may this person ever?") and are judged the same way, as are those
that older versions of the portal wrote. Not looked at: what jobs did by themselves, and sign-ins that failed, which
no policy refused.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from portal.core import audit, clock, db
from portal.core.context import SYSTEM, VISITOR
from rbac.changes import instants
from rbac.compiled import CompiledPolicy
from rbac.facts import Facts, from_plain
from rbac.lines import NEWCOMER
from rbac.permissions import BY_NAME, Permission

PERIOD: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Flip:
    """``count`` decisions of one person on one permission that would fall otherwise, the latest as the example.

    ``since`` is None when they would at once. ``facts`` are those of the example; None at the door.
    """

    subject: str
    permission: str
    allowed: bool
    count: int
    last_at: datetime
    object_type: str
    object_id: str
    facts: Facts | None
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Replay:
    """``decisions`` stand on the trail since ``first``; ``judged`` are those that differ in anything."""

    first: datetime
    decisions: int
    on_records: int
    judged: int
    seconds: float
    flips: tuple[Flip, ...]

    @property
    def flipped(self) -> int:
        return sum(flip.count for flip in self.flips)


async def replay(before: CompiledPolicy, after: CompiledPolicy) -> Replay:
    now = clock.now().astimezone(UTC)
    began = time.monotonic()
    rows = await db.fetch(
        _DECISIONS,
        now - PERIOD,
        list(BY_NAME),
        SYSTEM.subject,
        VISITOR,
        Permission.SESSION_LOGIN,
        audit.REFUSED,
        audit.FACTS,
    )
    moments = [now, *instants(before, after, now)]
    flips = await asyncio.to_thread(_flips, rows, before, after, moments)
    return Replay(
        now - PERIOD,
        sum(row["number"] for row in rows),
        sum(row["number"] for row in rows if row["facts"] is not None),
        len(rows),
        time.monotonic() - began,
        tuple(flips),
    )


# Of visitors no example is kept: they are most of the trail, and a code of theirs says nothing here.
_DECISIONS: Final = (
    "SELECT subject, act, (detail -> $7)::text AS facts, count(*) AS number, max(at) AS last_at, "
    "max(CASE WHEN subject <> $4 THEN ARRAY[at::text, object_type, object_id] END) AS example "
    "FROM audit_entry WHERE day >= ($1 AT TIME ZONE 'UTC')::date AND at >= $1 AND act = ANY ($2) AND subject <> $3 "
    "AND NOT (act = $5 AND outcome = $6) GROUP BY 1, 2, 3"
)


def _flips(
    rows: Sequence[Any], before: CompiledPolicy, after: CompiledPolicy, moments: Sequence[datetime]
) -> list[Flip]:
    found: dict[tuple[str, str, bool, datetime | None], Flip] = {}
    for row in rows:
        facts = None if row["facts"] is None else from_plain(json.loads(row["facts"]))
        for moment in moments:
            allowed = _allows(after, row["subject"], row["act"], facts, moment)
            if allowed is not _allows(before, row["subject"], row["act"], facts, moment):
                since = None if moment is moments[0] else moment
                key = (row["subject"], row["act"], allowed, since)
                found[key] = _with(found.get(key), row, facts, allowed=allowed, since=since)
                break
    return sorted(found.values(), key=lambda flip: (-flip.count, flip.subject, flip.permission))


def _allows(
    compiled: CompiledPolicy, subject: str, permission: str, facts: Facts | None, at: datetime
) -> bool:
    if subject != VISITOR and not compiled.knows(subject, at):
        subject = NEWCOMER
    if facts is None:
        return compiled.may_ever(subject, permission, at)
    return compiled.decide(subject, permission, facts, at).allowed


def _with(
    known: Flip | None, row: Any, facts: Facts | None, *, allowed: bool, since: datetime | None
) -> Flip:
    """The flip with these decisions counted in; the latest stays as its example."""
    count = row["number"] + (known.count if known else 0)
    if known and known.last_at >= row["last_at"]:
        return replace(known, count=count)
    _at, object_type, object_id = row["example"] or ("", "", "")
    return Flip(
        row["subject"],
        row["act"],
        allowed,
        count,
        row["last_at"],
        object_type,
        object_id,
        facts,
        since,
    )
