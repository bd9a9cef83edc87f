"""Reads of the audit trail."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from portal.core import clock, db


@dataclass(frozen=True, slots=True)
class Entry:
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
    lane: int
    seq: int


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


_SELECT: Final = (
    "SELECT at, subject, act, object_type, object_id, outcome, rule, address, request_id, detail::text AS detail, "
    "lane, seq FROM audit_entry "
)


async def entries(wanted: Filter, limit: int, offset: int) -> list[Entry]:
    """Entries that fit, the last first. By object the index is asked, else the days."""
    conditions, values = _conditions(wanted)
    rows = await db.fetch(
        f"{_SELECT}WHERE {conditions} ORDER BY at DESC, lane, seq DESC "
        f"LIMIT ${len(values) + 1} OFFSET ${len(values) + 2}",
        *values,
        limit,
        offset,
    )
    return [Entry(**row) for row in rows]


def _conditions(wanted: Filter) -> tuple[str, list[Any]]:
    """Entries carry the day in UTC; the site's day may lie in two of them."""
    values: list[Any] = [
        clock.at(wanted.first, datetime.min.time()),
        clock.at(wanted.last + timedelta(days=1), datetime.min.time()),
    ]
    parts = ["at >= $1 AND at < $2"]
    for column in ("subject", "act", "object_type", "object_id", "outcome"):
        if value := getattr(wanted, column):
            values.append(value)
            parts.append(f"{column} = ${len(values)}")
    return " AND ".join(parts), values
