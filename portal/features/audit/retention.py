"""How long entries are kept, and how a month goes: verified, sealed, dropped, all in one transaction.

Six months at least, as the Cybersecurity Law asks of logs; three years unless said otherwise. A
month that does not verify is never dropped: it stays, and the page says so. What stays of a dropped month are the
heads of its chains and the seal over them (``core/chains.py``), an entry on the trail that names the seal, and the
seal's copy outside the database.
"""

from datetime import UTC, date, timedelta
from typing import Any, Final

import asyncpg
import structlog

from portal.core import anchors, audit, chains, clock, db, partitions
from portal.core.chains import Break, Seal
from portal.core.i18n import _l
from portal.core.jobs import periodic
from portal.core.site_settings import SiteSetting, declare
from portal.features.audit import verification

LOCK: Final = 0x5A4D_0004  # pg_advisory lock: two nodes seal one after the other
SIX_MONTHS: Final = 183
THREE_YEARS: Final = 1096
PATIENCE: Final = 3600.0  # seconds: of taking out a month's rows

KEEP_DAYS = declare(
    SiteSetting(
        "audit.keep_days",
        THREE_YEARS,
        _l("Days that entries of the audit trail are kept"),
        _l("Whole months are dropped, verified and sealed before. The law asks for six months."),
        minimum=SIX_MONTHS,
        maximum=36_500,
    )
)

log = structlog.get_logger(__name__)


@periodic("audit.retention", timedelta(days=1))
async def each_day() -> None:
    await drop_old()


async def drop_old() -> list[date]:
    """Seal and drop every month whose last day is old enough; returns those that went."""
    edge = clock.now().astimezone(UTC).date() - timedelta(days=KEEP_DAYS())
    rows = await db.fetch(
        "SELECT DISTINCT date_trunc('month', day)::date AS month FROM audit_chain "
        "WHERE day < $1 AND NOT EXISTS "
        "(SELECT FROM audit_sealed_month WHERE month = date_trunc('month', day)::date) ORDER BY 1",
        edge,
    )
    old = [row["month"] for row in rows if partitions.next_month(row["month"]) <= edge]
    return [month for month in old if await seal(month)]


async def seal(month: date) -> bool:
    """Verify this month and drop it under a seal; False when it has a break, or somebody is reading it."""
    begun, seen = clock.now(), 0
    breaks: list[Break] = []
    try:
        async with db.transaction() as opened:
            if not await db.fetchval("SELECT pg_try_advisory_xact_lock($1)", LOCK):
                return False
            async for step in chains.verify(opened.connection, month=month):
                if isinstance(step, Break):
                    breaks.append(step)
                else:
                    seen = step
            if not breaks:
                made = await _sealed(opened.connection, month)
                await _drop(opened.connection, month)
                log.info("audit.month_dropped", month=str(month), entries=made.entries)
    except asyncpg.LockNotAvailableError:
        log.info("audit.month_in_use", month=str(month))  # the next day's round comes in time
        return False
    await verification.keep_month(month, begun, seen, breaks)
    if breaks:
        log.error("audit.month_broken", month=str(month), breaks=len(breaks))
        return False
    await anchors.keep()
    return True


async def _sealed(connection: Any, month: date) -> Seal:
    last = await db.fetchrow(
        "SELECT number, hash FROM audit_sealed_month ORDER BY number DESC LIMIT 1"
    )
    number, before = (last["number"], last["hash"]) if last else (0, chains.FIRST_SEAL)
    made = await chains.seal_of(connection, month, number + 1, before)
    await db.execute(
        "INSERT INTO audit_sealed_month VALUES ($1, $2, $3, $4, $5, $6)",
        made.number,
        made.month,
        made.chains,
        made.entries,
        made.hash,
        clock.now(),
    )
    audit.record(
        chains.SEALED_ACT,
        chains.SEALED_THING,
        f"{month:%Y-%m}",
        number=made.number,
        chains=made.chains,
        rows=made.entries,
        hash=made.hash.hex(),
    )
    return made


async def _drop(connection: Any, month: date) -> None:
    """Rows first, the month's own table last: from then on whoever appends waits for the commit."""
    days = (month, partitions.next_month(month))
    own = f"audit_entry_{month:%Y_%m}"
    for table in ("audit_link", "audit_entry_rest"):
        await connection.execute(
            f"DELETE FROM {table} WHERE day >= $1 AND day < $2",  # noqa: S608
            *days,
            timeout=PATIENCE,
        )
    if await db.fetchval("SELECT to_regclass($1) IS NOT NULL", own):
        await db.execute(f"SET LOCAL lock_timeout = '{partitions.PATIENCE}'")
        await db.execute(f"DROP TABLE {own}")
