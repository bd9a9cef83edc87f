"""Tables that grow with visitors are cut by month: old months can be dropped whole, new ones stay small.

The cuts are made ahead of time, by the supervisor before it serves and once a day after that. A row whose
month has no partition lies in the table's default one, and works the same.
"""

from datetime import date
from typing import Final

import asyncpg
import structlog

from portal.core import db

log = structlog.get_logger(__name__)

PATIENCE: Final = "2s"
LOCK: Final = 0x5A4D_0003  # pg_advisory lock: two nodes cut once

#: Statements for a new partition; row triggers and indexes follow the table by themselves.
_AFTER: Final = {
    "audit_entry": (
        "CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {name} "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()"
    ),
}


async def ensure(tables: tuple[str, ...], first: date, last: date) -> list[str]:
    """Cut these tables for every month from ``first`` to ``last``; returns the new partitions. Safe to repeat."""
    made = []
    for month in months(first, last):
        for table in tables:
            name = f"{table}_{month:%Y_%m}"
            if await _cut(table, name, month):
                made.append(name)
    return made


def months(first: date, last: date) -> list[date]:
    """The first day of each month that these days lie in."""
    found = [first.replace(day=1)]
    while (following := next_month(found[-1])) <= last:
        found.append(following)
    return found


def next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


async def _cut(table: str, name: str, month: date) -> bool:
    """Make one partition, in a transaction of its own. False when it is there, or rows are in its way."""
    try:
        async with db.transaction():
            await db.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
            # The cut waits for whoever reads the table, and every booking would wait behind the cut.
            await db.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
            if await db.fetchval("SELECT to_regclass($1) IS NOT NULL", name):
                return False
            await db.execute(
                f"CREATE TABLE {name} PARTITION OF {table} "
                f"FOR VALUES FROM ('{month}') TO ('{next_month(month)}')"
            )
            if table in _AFTER:
                await db.execute(_AFTER[table].format(name=name))
    except asyncpg.LockNotAvailableError:
        log.info("partitions.busy", partition=name)  # the next day's round comes in time
        return False
    except asyncpg.CheckViolationError:
        log.warning("partitions.rows_in_the_way", partition=name)
        return False
    return True
