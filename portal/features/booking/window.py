"""The ticket window (BK-10): the same inventory, the same function, and a drawer that must balance.

A sale books and takes the money in one transaction: there is no ticket without its entry in the drawer and no entry
without its ticket. The window's quota is kept for it while it is unsold; beyond it the window sells what everybody may.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from portal.core import audit, clock, db
from portal.features.booking import orders
from portal.features.booking.booker import NewOrder, Outcome, book_now
from portal.features.payments.service import Returned

METHODS: Final = ("cash", "card", "scan")
NO_PHONE_LIMIT: Final = 1_000_000


class NoShift(Exception):
    """The seller has not opened a drawer."""


class ShiftOpen(Exception):
    """The seller has an open drawer already."""


@dataclass(frozen=True, slots=True)
class Drawer:
    """An open or closed drawer. ``expected_fen`` is the float plus cash sales less cash refunds."""

    id: int
    opened_at: datetime
    float_fen: int
    closed_at: datetime | None
    counted_fen: int | None
    sales: int
    cash_fen: int
    other_fen: int

    @property
    def expected_fen(self) -> int:
        return self.float_fen + self.cash_fen

    @property
    def difference_fen(self) -> int:
        return (self.counted_fen or 0) - self.expected_fen


@dataclass(frozen=True, slots=True)
class Payment:
    """How a sale is paid: ``given_fen`` is what the visitor hands over."""

    method: str
    given_fen: int


@dataclass(frozen=True, slots=True)
class WindowSlot:
    id: int
    product: int
    starts_at: datetime
    ends_at: datetime
    left: int


_DRAWER: Final = (
    "SELECT s.id, s.opened_at, s.float_fen, s.closed_at, s.counted_fen, "
    "count(e.id) FILTER (WHERE e.kind = 'sale')::int AS sales, "
    "coalesce(sum(CASE WHEN e.kind = 'sale' THEN e.fen ELSE -e.fen END) "
    "FILTER (WHERE e.method = 'cash'), 0)::int AS cash_fen, "
    "coalesce(sum(CASE WHEN e.kind = 'sale' THEN e.fen ELSE -e.fen END) "
    "FILTER (WHERE e.method <> 'cash'), 0)::int AS other_fen "
    "FROM window_shift s LEFT JOIN cash_entry e ON e.shift = s.id "
)


async def drawer(person_id: int) -> Drawer | None:
    """The seller's open drawer."""
    row = await db.fetchrow(
        _DRAWER + "WHERE s.person = $1 AND s.closed_at IS NULL GROUP BY s.id", person_id
    )
    return Drawer(**row) if row else None


async def closed_drawers(limit: int = 60) -> list[tuple[str, Drawer]]:
    """Closed drawers with their sellers, the last first."""
    rows = await db.fetch(
        "SELECT p.name, d.* FROM (" + _DRAWER + "WHERE s.closed_at IS NOT NULL GROUP BY s.id) d "  # noqa: S608  constants
        "JOIN window_shift s USING (id) JOIN person p ON p.id = s.person ORDER BY d.closed_at DESC LIMIT $1",
        limit,
    )
    return [
        (row["name"], Drawer(**{key: row[key] for key in row if key != "name"})) for row in rows
    ]


async def open_drawer(person_id: int, float_fen: int) -> int:
    try:
        async with db.transaction():
            shift: int = await db.fetchval(
                "INSERT INTO window_shift (person, opened_at, float_fen) VALUES ($1, $2, $3) RETURNING id",
                person_id,
                clock.now(),
                float_fen,
            )
            audit.record("window_sale:cash_up", "window_shift", shift, float=float_fen)
            return shift
    except db.UniqueViolation:
        raise ShiftOpen from None


async def close_drawer(person_id: int, counted_fen: int, note: str) -> Drawer:
    """Count and close; a difference is kept, not corrected."""
    async with db.transaction():
        found = await _locked_drawer(person_id)
        await db.execute(
            "UPDATE window_shift SET closed_at = $2, counted_fen = $3, note = $4 WHERE id = $1",
            found.id,
            clock.now(),
            counted_fen,
            note,
        )
        audit.record(
            "window_sale:cash_up",
            "window_shift",
            found.id,
            counted=counted_fen,
            expected=found.expected_fen,
        )
    return found


async def _locked_drawer(person_id: int) -> Drawer:
    """The seller's open drawer, locked, so that nothing goes into a drawer that is being counted; or ``NoShift``."""
    await db.execute(
        "SELECT FROM window_shift WHERE person = $1 AND closed_at IS NULL FOR UPDATE", person_id
    )
    found = await drawer(person_id)
    if found is None:
        raise NoShift
    return found


async def slots_on(day: date) -> list[WindowSlot]:
    """What the window may still sell on a day."""
    rows = await db.fetch(
        "SELECT id, product, starts_at, ends_at, slot_left_window(slot) AS left FROM slot WHERE visit_day = $1 "
        "AND NOT closed AND NOT retired AND ends_at > $2 ORDER BY product, starts_at",
        day,
        clock.now(),
    )
    return [WindowSlot(**row) for row in rows]


async def sell(person_id: int, order: NewOrder, payment: Payment) -> Outcome:
    """Book and take the money, in one transaction. A repeated key answers with the first order and takes nothing again.

    Raises ``NoShift``; a refused booking is an outcome and takes no money.
    """
    async with db.transaction():
        found = await _locked_drawer(person_id)
        outcome = await book_now(order, NO_PHONE_LIMIT)
        if outcome.kind != "booked":
            return outcome
        await db.execute(
            "UPDATE booking_order SET paid_fen = $3 WHERE visit_day = $1 AND code = $2",
            outcome.visit_day,
            outcome.code,
            order.total_fen,
        )
        await _enter(
            found.id, Entry("sale", outcome.code, payment, order.total_fen, f"sale:{order.key}")
        )
        audit.record(
            "window_sale:create", "order", outcome.code, fen=order.total_fen, method=payment.method
        )
    return outcome


async def pay_back(person_id: int, code: str, method: str = "cash") -> int:
    """Hand out what is owed for an order that was paid at a window; returns how much: 0 for a repeat.

    Raises ``NoShift``, or ``OrderGone`` for an order that was never sold here: its money goes back as it came.
    """
    async with db.transaction():
        found = await _locked_drawer(person_id)
        order = await orders.locked(code)
        if order["payment"] != "cash":
            raise orders.OrderGone
        due = order["owed_fen"] - order["refunded_fen"]
        if due:
            key = f"refund:{code}:{order['refunded_fen']}"
            await _enter(found.id, Entry("refund", code, Payment(method, due), due, key))
            await orders.note_refund(Returned(code, due, done=True))
            audit.record("refund:decide", "order", code, fen=due, method=method)
    return int(due)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the drawer's book."""

    kind: str
    order_code: str
    payment: Payment
    fen: int
    key: str


async def _enter(shift: int, entry: Entry) -> None:
    await db.execute(
        "INSERT INTO cash_entry (shift, order_code, kind, method, fen, given_fen, at, key) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        shift,
        entry.order_code,
        entry.kind,
        entry.payment.method,
        entry.fen,
        entry.payment.given_fen,
        clock.now(),
        entry.key,
    )


async def receipt(code: str) -> Any | None:
    """The drawer's entry of a sale."""
    return await db.fetchrow(
        "SELECT e.method, e.fen, e.given_fen, e.given_fen - e.fen AS change_fen, e.at, p.name AS seller "
        "FROM cash_entry e JOIN window_shift s ON s.id = e.shift JOIN person p ON p.id = s.person "
        "WHERE e.order_code = $1 AND e.kind = 'sale'",
        code,
    )
