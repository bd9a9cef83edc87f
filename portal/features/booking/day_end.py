"""Before and after the visit day: the reminder, and what became of tickets that were not used (BK-7)."""

from datetime import timedelta
from typing import Any, Final

from portal.core import audit, clock, db
from portal.core.crypto import Unreadable, vault
from portal.core.i18n import _l
from portal.core.settings import settings
from portal.core.site_settings import SiteSetting, declare
from portal.features.booking import limits, messenger, orders
from portal.features.booking.messenger import Message
from portal.features.booking.place import phone_context
from portal.features.booking.queries import order_url
from portal.features.booking.rules.limits import block_after, window_start

REMINDER_HOUR: Final = declare(
    SiteSetting(
        "booking.reminder_hour",
        10,
        _l("Hour of the reminder on the day before"),
        minimum=0,
        maximum=23,
    )
)
COUNT_NO_SHOWS: Final = declare(
    SiteSetting(
        "no_show.counted",
        False,  # noqa: FBT003  the value of a switch
        _l("Count visits that did not happen"),
        _l("Switch on only where every entry is checked in; otherwise everybody would be counted."),
    )
)
BATCH: Final = 500


async def remind() -> int:
    """Remind the holders of tomorrow's confirmed orders, each once; returns how many now."""
    if clock.local(clock.now()).hour < REMINDER_HOUR():
        return 0
    tomorrow = clock.today() + timedelta(days=1)
    rows = await db.fetch(
        "SELECT o.code, o.language, o.visit_day, o.phone_sealed, s.starts_at FROM booking_order o "
        "JOIN slot s ON s.id = o.slot WHERE o.visit_day = $1 AND o.state = 'confirmed' AND NOT s.closed "
        "AND o.created_at < $2 AND o.phone_sealed IS NOT NULL AND NOT EXISTS "
        "(SELECT FROM visitor_message m WHERE m.key = 'reminder:' || o.code) LIMIT $3",
        tomorrow,
        clock.now() - timedelta(hours=3),
        BATCH,
    )
    for row in rows:
        await _remind(row)
    return len(rows)


async def _remind(row: Any) -> None:
    code = row["code"]
    try:
        phone = await vault().open(row["phone_sealed"], phone_context(code))
    except Unreadable:
        phone = ""
    async with db.transaction():
        await messenger.send(
            Message(
                key=f"reminder:{code}",
                kind="reminder",
                visit_day=row["visit_day"],
                order_code=code,
                phone=phone,
                language=row["language"],
                text=_l(
                    "Tomorrow %(time)s: your visit. Ticket, change or free cancellation until midnight: %(url)s",
                    time=f"{clock.local(row['starts_at']):%H:%M}",
                    url=settings().base_url + order_url(code),
                ),
            )
        )


async def close_past_days() -> int:
    """End the orders of past days; returns how many.

    Unused tickets expire, or count as not used where that is counted.
    """
    rows = await db.fetch(
        "SELECT o.code FROM booking_order o JOIN slot s ON s.id = o.slot WHERE o.visit_day < $1 "
        "AND o.state IN ('confirmed', 'partly_used') AND NOT s.closed ORDER BY o.visit_day LIMIT $2",
        clock.today(),
        BATCH,
    )
    for row in rows:
        await _close(row["code"])
    return len(rows)


async def _close(code: str) -> None:
    async with db.transaction():
        order = await orders.locked(code)
        if order["state"] not in ("confirmed", "partly_used"):
            return
        unused = await db.fetch(
            "UPDATE ticket SET state = $3 WHERE visit_day = $1 AND order_code = $2 AND state = 'valid' "
            "RETURNING ordinal, price_fen, id_index",
            order["visit_day"],
            code,
            "no_show" if COUNT_NO_SHOWS() else "expired",
        )
        await db.execute(
            "UPDATE booking_order SET state = 'closed', ended_at = $3 WHERE visit_day = $1 AND code = $2",
            order["visit_day"],
            code,
            clock.now(),
        )
        if COUNT_NO_SHOWS() and unused:
            await orders.note_no_show(order, unused)
            for ticket in unused:
                if ticket["id_index"]:
                    await _block(ticket["id_index"], "document")
            if order["phone_index"]:
                await _block(order["phone_index"], "phone")


async def _block(subject: bytes, kind: str) -> None:
    """Suspend whoever has reached the limit; the step grows with each suspension within memory."""
    rule, now = limits.block_rule(), clock.now()
    counted = await db.fetchval(
        "SELECT count(DISTINCT visit_day) FROM no_show WHERE subject_index = $1 AND visit_day >= $2 "
        "AND visit_day > coalesce((SELECT max(starts_at)::date FROM booking_block WHERE subject_index = $1 "
        "AND reason = 'no_show'), '-infinity')",
        subject,
        window_start(rule, now).date(),
    )
    earlier = await db.fetchval(
        "SELECT count(*) FROM booking_block WHERE subject_index = $1 AND reason = 'no_show' AND lifted_at IS NULL",
        subject,
    )
    due = block_after(int(counted), int(earlier), rule, now)
    if due is None:
        return
    step, ends_at = due
    block = await db.fetchval(
        "INSERT INTO booking_block (subject_index, kind, reason, step, starts_at, ends_at) "
        "VALUES ($1, $2, 'no_show', $3, $4, $5) RETURNING id",
        subject,
        kind,
        step,
        now,
        ends_at,
    )
    audit.record("booking_block:create", "booking_block", block, reason="no_show", step=step)
