"""Before and after the visit day: the reminder, and what became of tickets that were not used (BK-7)."""

from datetime import timedelta
from typing import Any, Final

from portal.core import clock, db
from portal.core.crypto import Unreadable, vault
from portal.core.i18n import _l
from portal.core.jobs import each
from portal.core.settings import settings
from portal.core.site_settings import SiteSetting, declare
from portal.features.booking import messenger, no_shows, orders
from portal.features.booking.limits import COUNT_NO_SHOWS
from portal.features.booking.messenger import Message
from portal.features.booking.place import phone_context
from portal.features.booking.queries import order_url
from portal.web.templating import local_time

REMINDER_HOUR: Final = declare(
    SiteSetting(
        "booking.reminder_hour",
        10,
        _l("Hour of the reminder on the day before"),
        minimum=0,
        maximum=23,
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
    return await each(rows, _remind)


async def _remind(row: Any) -> bool:
    code = row["code"]
    try:
        phone = await vault().open(row["phone_sealed"], phone_context(code))
    except Unreadable:
        phone = ""
    async with db.transaction():
        order = await orders.locked(code)
        if order["state"] != "confirmed" or order["closed"]:
            return False  # cancelled, moved or closed in this moment
        return await messenger.send(
            Message(
                key=f"reminder:{code}",
                kind="reminder",
                visit_day=row["visit_day"],
                order_code=code,
                phone=phone,
                language=row["language"],
                text=_l(
                    "Your visit is tomorrow at %(time)s. See your tickets, change or cancel free of charge "
                    "until midnight: %(url)s",
                    time=local_time(row["starts_at"]),
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
    return await each([row["code"] for row in rows], _close)


async def _close(code: str) -> bool:
    async with db.transaction():
        order = await orders.locked(code)
        if order["state"] not in ("confirmed", "partly_used"):
            return False
        absent = COUNT_NO_SHOWS() and not await _was_sent_away(code)
        unused = await db.fetch(
            "UPDATE ticket SET state = $3 WHERE visit_day = $1 AND order_code = $2 AND state = 'valid' "
            "RETURNING ordinal, price_fen, id_index",
            order["visit_day"],
            code,
            "no_show" if absent else "expired",
        )
        await db.execute(
            "UPDATE booking_order SET state = 'closed', ended_at = $3 WHERE visit_day = $1 AND code = $2",
            order["visit_day"],
            code,
            clock.now(),
        )
        if absent and unused:
            await no_shows.note(order, unused)
    return True


async def _was_sent_away(code: str) -> bool:
    """Whether a closure touched the order, lifted in time or not: whoever was told not to come did not stay away."""
    return bool(
        await db.fetchval("SELECT EXISTS (SELECT FROM closure_order WHERE order_code = $1)", code)
    )
