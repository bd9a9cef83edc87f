"""Staff's reads of bookings: by day, by code, by number (through the blind index), and their history."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from portal.core import audit, clock, db, order_code, text
from portal.core.context import current_act
from portal.core.crypto import Unreadable, vault
from portal.features.booking.place import document_index, phone_index
from portal.features.booking.rules import documents

YEAR: Final = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Row:
    """An order in a list: nothing personal in it."""

    code: str
    visit_day: date
    state: str
    channel: str
    product: int
    starts_at: datetime
    party: int
    places: int
    total_fen: int
    created_at: datetime

    @property
    def shown_code(self) -> str:
        return order_code.grouped(self.code)


_ROWS: Final = (
    "SELECT o.code, o.visit_day, o.state, o.channel, o.product, s.starts_at, o.party, o.places, o.total_fen, "
    "o.created_at FROM booking_order o JOIN slot s ON s.id = o.slot "
)


async def of_day(day: date, limit: int, offset: int) -> list[Row]:
    rows = await db.fetch(
        _ROWS
        + "WHERE o.visit_day = $1 ORDER BY s.starts_at, o.created_at, o.code LIMIT $2 OFFSET $3",
        day,
        limit,
        offset,
    )
    return [Row(**row) for row in rows]


async def by_number(number: str) -> list[Row]:
    """Orders of this phone or of a document with this number, the last first, at most 50."""
    indexes = [phone_index(text.tidy_phone(number))]
    indexes += [document_index(documents.tidy(id_type, number)) for id_type in documents.ID_TYPES]
    rows = await db.fetch(
        _ROWS
        + "WHERE o.visit_day >= $2 AND (o.phone_index = ANY ($1) OR EXISTS (SELECT FROM ticket t "
        "WHERE t.visit_day = o.visit_day AND t.order_code = o.code AND t.id_index = ANY ($1))) "
        "ORDER BY o.created_at DESC LIMIT 50",
        indexes,
        clock.today() - YEAR,
    )
    return [Row(**row) for row in rows]


async def sold_on(day: date) -> list[Any]:
    """How full each slot of a day is, by channel."""
    return await db.fetch(
        "SELECT id, product, starts_at, ends_at, capacity, sold_online, sold_window, sold_agency, withheld, closed, "
        "retired FROM slot WHERE visit_day = $1 AND (NOT retired OR sold_online + sold_window + sold_agency > 0) "
        "ORDER BY product, starts_at",
        day,
    )


async def held_by_slot(day: date) -> dict[int, int]:
    """Orders that stand, by slot: whom a closure would touch."""
    rows = await db.fetch(
        "SELECT slot, count(*)::int AS n FROM booking_order WHERE visit_day = $1 "
        "AND state IN ('held', 'confirmed', 'partly_used') GROUP BY slot",
        day,
    )
    return {row["slot"]: row["n"] for row in rows}


async def history(code: str) -> list[Any]:
    """What happened to an order, from the audit trail."""
    return await db.fetch(
        "SELECT at, subject, act, outcome, detail FROM audit_entry WHERE object_id = $1 AND object_type = 'order' "
        "ORDER BY at, seq LIMIT 100",
        code,
    )


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody to be told by telephone."""

    id: int
    order_code: str
    phone: str
    text: str


async def to_call(day: date, kind: str, limit: int = 100) -> list[Call]:
    """Messages that no gateway carried, oldest first."""
    rows = await db.fetch(
        "SELECT id, key, order_code, phone_sealed, body_sealed FROM visitor_message WHERE visit_day = $1 "
        "AND kind = $2 AND state = 'by_phone' ORDER BY id LIMIT $3",
        day,
        kind,
        limit,
    )
    return [await _call(row) for row in rows]


async def _call(row: Any) -> Call:
    try:
        phone = (
            await vault().open(row["phone_sealed"], f"message.phone:{row['key']}")
            if row["phone_sealed"]
            else ""
        )
        body = await vault().open(row["body_sealed"], f"message.body:{row['key']}")
    except Unreadable:
        phone = body = ""
    return Call(row["id"], row["order_code"], phone, body)


async def mark_called(message_id: int) -> None:
    """Somebody has told them; a repeat changes nothing."""
    async with db.transaction():
        done = await db.fetchval(
            "UPDATE visitor_message SET state = 'sent', sent_at = $2, handled_by = $3 WHERE id = $1 "
            "AND state = 'by_phone' RETURNING id",
            message_id,
            clock.now(),
            current_act().subject,
        )
        if done is not None:
            audit.record("ticket:resend", "message", message_id, by="phone")
