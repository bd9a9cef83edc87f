"""The ticket window (BK-10): the same inventory, the same function, and a drawer that must balance.

A sale books and takes the money in one transaction: there is no ticket without its entry in the drawer and no entry
without its ticket. The window's quota is kept for it while it is unsold; beyond it the window sells what everybody
may. Money that goes back leaves the drawer of whoever pays it out, once; what is owed for an order that was
cancelled elsewhere waits until the visitor comes.

Every act locks the seller's open drawer first, so that none is counted in the middle of a sale.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from portal.core import audit, clock, db, order_code
from portal.core.context import current_act
from portal.features.booking import orders
from portal.features.booking.booker import NewOrder, Outcome, book_now
from portal.features.payments.service import Returned

METHODS: Final = ("cash", "card", "scan")
NO_PHONE_LIMIT: Final = 1_000_000


class NoShift(Exception):
    """The seller has not opened a drawer."""


class ShiftOpen(Exception):
    """The seller has an open drawer already."""


class NotSoldHere(Exception):
    """The money of this order came another way and goes back that way."""


class Uneven(Exception):
    """The count differs from what should be there, and no word says why. ``args[0]`` is the difference in fen."""


@dataclass(frozen=True, slots=True)
class Drawer:
    """An open or closed drawer. ``expected_fen`` is the float plus cash sales less cash given back."""

    id: int
    seller: str
    opened_at: datetime
    float_fen: int
    closed_at: datetime | None
    counted_fen: int | None
    note: str
    checked_by: str | None
    remark: str
    sales: int
    cash_fen: int
    card_fen: int
    scan_fen: int
    back_fen: int

    @property
    def expected_fen(self) -> int:
        return self.float_fen + self.cash_fen

    @property
    def taken_fen(self) -> int:
        """Everything taken, however it was paid, less what went back."""
        return self.cash_fen + self.card_fen + self.scan_fen

    @property
    def difference_fen(self) -> int:
        return (self.counted_fen or 0) - self.expected_fen if self.closed_at else 0


@dataclass(frozen=True, slots=True)
class Line:
    """A sale or a repayment, as a drawer shows it."""

    order_code: str
    kind: str
    method: str
    fen: int
    at: datetime

    @property
    def shown_code(self) -> str:
        return order_code.grouped(self.order_code)


@dataclass(frozen=True, slots=True)
class Owed:
    """What an order that was sold here is still to get back."""

    order_code: str
    fen: int
    visit_day: date

    @property
    def shown_code(self) -> str:
        return order_code.grouped(self.order_code)


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
    capacity: int
    left: int


_DRAWER: Final = (
    "SELECT s.id, p.name AS seller, s.opened_at, s.float_fen, s.closed_at, s.counted_fen, s.note, s.checked_by, "
    "s.remark, e.sales, e.cash_fen, e.card_fen, e.scan_fen, e.back_fen FROM window_shift s "
    "JOIN person p ON p.id = s.person CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE kind = 'sale')::int AS sales, "
    "coalesce(sum(signed) FILTER (WHERE method = 'cash'), 0)::int AS cash_fen, "
    "coalesce(sum(signed) FILTER (WHERE method = 'card'), 0)::int AS card_fen, "
    "coalesce(sum(signed) FILTER (WHERE method = 'scan'), 0)::int AS scan_fen, "
    "coalesce(sum(fen) FILTER (WHERE kind = 'refund'), 0)::int AS back_fen FROM (SELECT kind, method, fen, "
    "CASE WHEN kind = 'sale' THEN fen ELSE -fen END AS signed FROM cash_entry WHERE shift = s.id) c) e "
)


async def drawer(person_id: int) -> Drawer | None:
    """The seller's open drawer."""
    row = await db.fetchrow(_DRAWER + "WHERE s.person = $1 AND s.closed_at IS NULL", person_id)
    return Drawer(**row) if row else None


async def drawer_of(shift: int) -> Drawer | None:
    row = await db.fetchrow(_DRAWER + "WHERE s.id = $1", shift)
    return Drawer(**row) if row else None


async def drawers(first: date, last: date) -> list[Drawer]:
    """Drawers opened on these days, the open ones and the last first."""
    rows = await db.fetch(
        _DRAWER + "WHERE s.opened_at >= $1 AND s.opened_at < $2 "
        "ORDER BY s.closed_at DESC NULLS FIRST, s.id DESC LIMIT 500",
        clock.at(first, datetime.min.time()),
        clock.at(last + timedelta(days=1), datetime.min.time()),
    )
    return [Drawer(**row) for row in rows]


async def uneven_drawers(limit: int) -> int:
    """How many closed drawers with a difference nobody has looked at, counted no farther than ``limit``."""
    return int(
        await db.fetchval(
            f"SELECT count(*) FROM (SELECT FROM ({_DRAWER} WHERE s.closed_at IS NOT NULL "  # noqa: S608
            "AND s.checked_at IS NULL) d WHERE d.counted_fen <> d.float_fen + d.cash_fen LIMIT $1) q",
            limit,
        )
    )


async def lines(shift: int, limit: int = 500) -> list[Line]:
    """What went through a drawer, the last first."""
    rows = await db.fetch(
        "SELECT order_code, kind, method, fen, at FROM cash_entry WHERE shift = $1 ORDER BY id DESC LIMIT $2",
        shift,
        limit,
    )
    return [Line(**row) for row in rows]


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


async def close_drawer(person_id: int, counted_fen: int, note: str) -> int:
    """Count and close; returns the drawer. A difference is kept, not corrected, and wants a word: ``Uneven``."""
    async with db.transaction():
        found = await _locked_drawer(person_id)
        if counted_fen != found.expected_fen and not note:
            raise Uneven(counted_fen - found.expected_fen)
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
    return found.id


async def _locked_drawer(person_id: int) -> Drawer:
    """The seller's open drawer, locked, so that nothing goes into a drawer that is being counted; or ``NoShift``."""
    await db.execute(
        "SELECT FROM window_shift WHERE person = $1 AND closed_at IS NULL FOR UPDATE", person_id
    )
    found = await drawer(person_id)
    if found is None:
        raise NoShift
    return found


async def check_drawer(shift: int, remark: str) -> None:
    """Somebody above has looked at a closed drawer; a repeat changes nothing."""
    async with db.transaction():
        checked = await db.fetchval(
            "UPDATE window_shift SET checked_by = $2, checked_at = $3, remark = $4 WHERE id = $1 "
            "AND closed_at IS NOT NULL AND checked_at IS NULL RETURNING id",
            shift,
            current_act().subject,
            clock.now(),
            remark,
        )
        if checked is not None:
            audit.record("window_sale:report", "window_shift", shift, remark=remark)


async def slots_on(day: date) -> list[WindowSlot]:
    """What the window may still sell on a day."""
    rows = await db.fetch(
        "SELECT id, product, starts_at, ends_at, capacity, slot_left_window(slot) AS left FROM slot "
        "WHERE visit_day = $1 AND NOT closed AND NOT retired AND ends_at > $2 ORDER BY product, starts_at",
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


async def give_back(
    person_id: int, code: str, ordinals: Collection[int], method: str
) -> tuple[int, int]:
    """Cancel these tickets of a window sale and pay out all that is owed for the order; returns places and fen.

    A repeat finds nothing left of either. Raises ``NoShift``, ``NotSoldHere``, ``OrderGone``, ``TooLate``.
    """
    async with db.transaction():
        await _locked_drawer(person_id)
        if (await orders.locked(code))["payment"] != "cash":
            raise NotSoldHere
        places = (await orders.cancel(code, ordinals)).places if ordinals else 0
        return places, await pay_back(person_id, code, method)


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
            audit.record("window_sale:refund", "order", code, fen=due, method=method)
    return int(due)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the drawer's book, to be written."""

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


async def owed(limit: int) -> list[Owed]:
    """Orders whose money waits at the window, the oldest visit first."""
    rows = await db.fetch(
        "SELECT code AS order_code, owed_fen - refunded_fen AS fen, visit_day FROM booking_order "
        "WHERE payment = 'cash' AND owed_fen > refunded_fen ORDER BY visit_day, code LIMIT $1",
        limit,
    )
    return [Owed(**row) for row in rows]


async def receipt(code: str) -> Any | None:
    """The drawer's entry of a sale; of an order that was moved, the entry of the first."""
    wanted: str | None = code
    while wanted:
        row = await db.fetchrow(
            "SELECT e.method, e.fen, e.given_fen, e.given_fen - e.fen AS change_fen, e.at, p.name AS seller "
            "FROM cash_entry e JOIN window_shift s ON s.id = e.shift JOIN person p ON p.id = s.person "
            "WHERE e.order_code = $1 AND e.kind = 'sale'",
            wanted,
        )
        if row is not None:
            return row
        wanted = await db.fetchval(
            "SELECT changed_from FROM booking_order WHERE visit_day = $1 AND code = $2",
            order_code.visit_day(wanted),
            wanted,
        )
    return None
