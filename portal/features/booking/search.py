"""Staff's reads of bookings: by day, by code, by number (through the blind index), and their history."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from portal.core import clock, db, order_code
from portal.core.masking import mask_id, mask_name, mask_phone
from portal.features.booking.place import id_context, indexes_of, name_context, phone_context
from portal.features.booking.queries import unsealed

YEAR: Final = timedelta(days=400)
EXPORTED_AT_ONCE: Final = 500

#: Orders by what may still happen to them, for whoever looks at a day.
STATES: Final = (
    "confirmed", "held", "partly_used", "used", "refunding", "refund_failed", "refunded", "cancelled", "expired",
    "replaced", "closed",
)  # fmt: skip
CHANNELS: Final = ("online", "window", "agency")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which orders of a day; None and empty are all."""

    day: date
    slot: int | None = None
    product: int | None = None
    state: str = ""
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """An order in a list: nothing personal in it."""

    code: str
    visit_day: date
    state: str
    channel: str
    product: int
    starts_at: datetime
    ends_at: datetime
    party: int
    places: int
    total_fen: int
    created_at: datetime

    @property
    def shown_code(self) -> str:
        return order_code.grouped(self.code)


_ROWS: Final = (
    "SELECT o.code, o.visit_day, o.state, o.channel, o.product, s.starts_at, s.ends_at, o.party, o.places, "
    "o.total_fen, o.created_at FROM booking_order o JOIN slot s ON s.id = o.slot "
)
_FITS: Final = (
    "WHERE o.visit_day = $1 AND ($2::int IS NULL OR o.slot = $2) AND ($3::int IS NULL OR o.product = $3) "
    "AND ($4 = '' OR o.state = $4) AND ($5 = '' OR o.channel = $5) "
)


def _values(wanted: Wanted) -> tuple[Any, ...]:
    return wanted.day, wanted.slot, wanted.product, wanted.state, wanted.channel


async def of_day(wanted: Wanted, limit: int, offset: int) -> list[Row]:
    rows = await db.fetch(
        _ROWS + _FITS + "ORDER BY s.starts_at, o.created_at, o.code LIMIT $6 OFFSET $7",
        *_values(wanted),
        limit,
        offset,
    )
    return [Row(**row) for row in rows]


async def by_number(typed: str) -> list[Row]:
    """Orders of this phone or of a document with this number, the last first, at most 50."""
    rows = await db.fetch(
        _ROWS
        + "WHERE o.visit_day >= $2 AND (o.phone_index = ANY ($1) OR EXISTS (SELECT FROM ticket t "
        "WHERE t.visit_day = o.visit_day AND t.order_code = o.code AND t.id_index = ANY ($1))) "
        "ORDER BY o.created_at DESC LIMIT 50",
        indexes_of(typed),
        clock.today() - YEAR,
    )
    return [Row(**row) for row in rows]


EXPORT_HEAD: Final = (
    "order_code", "visit_day", "starts_at", "product", "channel", "state", "booked_at", "phone", "ticket",
    "ticket_state", "category", "price", "name", "id_type", "id_number",
)  # fmt: skip


async def tickets_masked(
    wanted: Wanted, products: dict[int, str]
) -> AsyncIterator[tuple[Any, ...]]:
    """The tickets of a day's orders as rows of a file; names and numbers masked, as on the screen."""
    rows = await db.fetch(
        "SELECT o.code, o.visit_day, s.starts_at, o.product, o.channel, o.state, o.created_at, o.phone_sealed, "
        "t.ordinal, t.state AS ticket_state, t.category, t.price_fen, t.name_sealed, t.id_type, t.id_sealed "
        "FROM booking_order o JOIN slot s ON s.id = o.slot "
        "JOIN ticket t ON t.visit_day = o.visit_day AND t.order_code = o.code "
        + _FITS
        + "ORDER BY s.starts_at, o.created_at, o.code, t.ordinal",
        *_values(wanted),
    )
    for place, row in enumerate(rows):
        if place % EXPORTED_AT_ONCE == 0:
            await asyncio.sleep(0)  # a large day must not hold up the others of this process
        code, ordinal = row["code"], row["ordinal"]
        yield (
            order_code.grouped(code),
            row["visit_day"],
            f"{clock.local(row['starts_at']):%H:%M}",
            products.get(row["product"], row["product"]),
            row["channel"],
            row["state"],
            f"{clock.local(row['created_at']):%Y-%m-%d %H:%M}",
            mask_phone(await unsealed(row["phone_sealed"], phone_context(code))),
            ordinal + 1,
            row["ticket_state"],
            row["category"],
            row["price_fen"] / 100,
            mask_name(await unsealed(row["name_sealed"], name_context(code, ordinal))),
            row["id_type"],
            mask_id(await unsealed(row["id_sealed"], id_context(code, ordinal))),
        )


@dataclass(frozen=True, slots=True)
class Filled:
    """A slot and how many of its places are sold, by channel; ``withheld`` wait to be sold again."""

    id: int
    product: int
    starts_at: datetime
    ends_at: datetime
    capacity: int
    sold_online: int
    sold_window: int
    sold_agency: int
    sold: int
    withheld: int
    closed: bool
    retired: bool


async def sold_on(day: date) -> list[Filled]:
    """How full each slot of a day is."""
    rows = await db.fetch(
        "SELECT id, product, starts_at, ends_at, capacity, sold_online, sold_window, sold_agency, "
        "sold_online + sold_window + sold_agency AS sold, withheld, closed, retired FROM slot "
        "WHERE visit_day = $1 AND (NOT retired OR sold_online + sold_window + sold_agency > 0) "
        "ORDER BY product, starts_at",
        day,
    )
    return [Filled(**row) for row in rows]


async def history(code: str) -> list[Any]:
    """What happened to an order, from the audit trail."""
    return await db.fetch(
        "SELECT at, subject, act, outcome, detail FROM audit_entry WHERE object_id = $1 AND object_type = 'order' "
        "ORDER BY at, seq LIMIT 100",
        code,
    )


async def messages(code: str) -> list[Any]:
    """What the visitor was told, and whether it arrived; not the words, which name the visit."""
    return await db.fetch(
        "SELECT kind, state, created_at, sent_at, handled_by FROM visitor_message WHERE order_code = $1 "
        "ORDER BY id LIMIT 50",
        code,
    )
