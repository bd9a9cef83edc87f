"""What happens to an order after it was booked: paid, expired, cancelled, moved. One act, one transaction.

Each act locks the order first and slots after it, in the order of their ids; the booker takes slots
only. So no two acts wait for each other in a circle.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from portal.core import audit, clock, db, order_code
from portal.features.booking import places
from portal.features.booking.limits import LATE_FEE_PERCENT
from portal.features.booking.queries import deadlines
from portal.features.booking.rules import refunds
from portal.features.booking.rules.refunds import Quote
from portal.features.payments import service as payments
from portal.features.payments.service import Returned, Settled

LIVE: Final = ("reserved", "valid")


class OrderGone(Exception):
    """There is no such order, or nothing of it can be acted on any more."""


class TooLate(Exception):
    """The published rules give nothing back any more."""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What a cancellation did: places freed, and what goes back to whom paid."""

    places: int
    quote: Quote


async def locked(code: str) -> Any:
    """The order's row with its slot's times, locked for this act; raises ``OrderGone``."""
    if not order_code.is_valid(code):
        raise OrderGone
    row = await db.fetchrow(
        "SELECT o.*, s.starts_at, s.ends_at, s.closed FROM booking_order o JOIN slot s ON s.id = o.slot "
        "WHERE o.visit_day = $1 AND o.code = $2 FOR UPDATE OF o",
        order_code.visit_day(code),
        code,
    )
    if row is None:
        raise OrderGone
    return row


def quote(order: Any, price_fen: int, now: datetime) -> Quote:
    """What cancelling tickets of this price would give back now."""
    paid = price_fen if order["paid_fen"] else 0
    times = deadlines(order["visit_day"], order["created_at"], order["ends_at"])
    return refunds.quote(paid, now, times, LATE_FEE_PERCENT(), closed=order["closed"])


async def cancel(code: str, ordinals: Collection[int] | None = None) -> Cancelled:
    """Cancel the order or some of its tickets. A repeat finds nothing left and frees nothing.

    Raises ``OrderGone`` when nothing can be cancelled, ``TooLate`` when the rules end.
    """
    async with db.transaction():
        order = await locked(code)
        tickets = await _live_tickets(order, ordinals)
        if not tickets or order["state"] not in ("held", "confirmed", "partly_used"):
            raise OrderGone
        if order["state"] == "held" and len(tickets) < order["places"]:
            tickets = await _live_tickets(order, None)  # what is not paid is cancelled whole
        given = quote(order, sum(ticket["price_fen"] for ticket in tickets), clock.now())
        if not given.allowed:
            raise TooLate
        await _end_tickets(order, tickets, "cancelled")
        left = order["places"] - len(tickets)
        state = _state_after(order, left, given)
        await db.execute(
            "UPDATE booking_order SET places = $3::smallint, state = $4::text, "
            "hold_until = CASE WHEN $4::text = 'held' THEN hold_until END, "
            "ended_at = CASE WHEN $3::smallint = 0 THEN $5::timestamptz END WHERE visit_day = $1 AND code = $2",
            order["visit_day"],
            code,
            left,
            state,
            clock.now(),
        )
        await places.give_back(order["slot"], order["channel"], len(tickets))
        if given.refund_fen:
            marks = ",".join(str(ticket["ordinal"]) for ticket in tickets)
            await payments.give_back(
                code, given.refund_fen, given.rule, key=f"cancel:{code}:{marks}"
            )
        if given.no_show:
            await note_no_show(order, tickets)
        audit.record(
            "booking:cancel",
            "order",
            code,
            places=len(tickets),
            rule=given.rule,
            refund=given.refund_fen,
        )
    return Cancelled(len(tickets), given)


def _state_after(order: Any, left: int, given: Quote) -> str:
    if left:
        return str(order["state"])
    return "refunding" if given.refund_fen else "cancelled"


async def _live_tickets(order: Any, ordinals: Collection[int] | None) -> list[Any]:
    rows = await db.fetch(
        "SELECT ordinal, price_fen, id_index FROM ticket WHERE visit_day = $1 AND order_code = $2 "
        "AND state = ANY ($3) ORDER BY ordinal",
        order["visit_day"],
        order["code"],
        list(LIVE),
    )
    return [row for row in rows if ordinals is None or row["ordinal"] in ordinals]


async def _end_tickets(order: Any, tickets: list[Any], state: str) -> None:
    await db.execute(
        "UPDATE ticket SET state = $4 WHERE visit_day = $1 AND order_code = $2 AND ordinal = ANY ($3)",
        order["visit_day"],
        order["code"],
        [ticket["ordinal"] for ticket in tickets],
        state,
    )


async def note_no_show(order: Any, tickets: list[Any]) -> None:
    """Remember that these documents and this phone did not come, or gave up on the day itself."""
    subjects = [(ticket["id_index"], "document") for ticket in tickets if ticket["id_index"]]
    if order["phone_index"]:
        subjects.append((order["phone_index"], "phone"))
    await db.executemany(
        "INSERT INTO no_show (subject_index, kind, visit_day, order_code) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT DO NOTHING",
        [(index, kind, order["visit_day"], order["code"]) for index, kind in subjects],
    )


async def expire_holds(limit: int = 200) -> int:
    """Free the places of orders that were not paid in time; returns how many orders. Safe to repeat."""
    due = await db.fetch(
        "SELECT code FROM booking_order WHERE state = 'held' AND hold_until < $1 ORDER BY hold_until LIMIT $2",
        clock.now(),
        limit,
    )
    for row in due:
        await _expire(row["code"])
    return len(due)


async def _expire(code: str) -> None:
    async with db.transaction():
        order = await locked(code)
        if order["state"] != "held" or order["hold_until"] >= clock.now():
            return  # paid, or cancelled, in the meantime
        tickets = await _live_tickets(order, None)
        await _end_tickets(order, tickets, "expired")
        await db.execute(
            "UPDATE booking_order SET state = 'expired', places = 0, hold_until = NULL, ended_at = $3 "
            "WHERE visit_day = $1 AND code = $2",
            order["visit_day"],
            code,
            clock.now(),
        )
        await places.give_back(order["slot"], order["channel"], order["places"])
        audit.record("booking:cancel", "order", code, places=order["places"], rule="hold-expired")


@payments.on_settled
async def settle(settled: Settled) -> int:
    """Money came: confirm; if the places are gone take them again where they are free, else give all back."""
    try:
        order = await locked(settled.reference)
    except OrderGone:
        return settled.amount_fen
    if order["state"] == "expired" and await _take_again(order):
        order = await locked(settled.reference)
    if order["state"] != "held":
        return settled.amount_fen
    await db.execute(
        "UPDATE booking_order SET state = 'confirmed', hold_until = NULL, confirmed_at = $3, paid_fen = $4 "
        "WHERE visit_day = $1 AND code = $2",
        order["visit_day"],
        order["code"],
        clock.now(),
        settled.amount_fen,
    )
    await db.execute(
        "UPDATE ticket SET state = 'valid' WHERE visit_day = $1 AND order_code = $2 AND state = 'reserved'",
        order["visit_day"],
        order["code"],
    )
    audit.record("booking:create", "order", order["code"], paid=settled.amount_fen)
    return 0


async def _take_again(order: Any) -> bool:
    """An expired hold whose money came late gets its places back if they are still free and nobody else came."""
    await places.lock(order["slot"])
    free = await db.fetchval(
        "SELECT CASE WHEN closed OR retired OR ends_at < $2 THEN 0 ELSE slot_left_online(slot) END "
        "FROM slot WHERE id = $1",
        order["slot"],
        clock.now(),
    )
    if free < order["party"]:
        return False
    try:
        async with db.transaction():
            await db.execute(
                "UPDATE ticket SET state = 'reserved' WHERE visit_day = $1 AND order_code = $2 AND state = 'expired'",
                order["visit_day"],
                order["code"],
            )
    except db.UniqueViolation:
        return False  # one of the documents has booked again in the meantime
    await db.execute(
        "UPDATE slot SET sold_online = sold_online + $2 WHERE id = $1",
        order["slot"],
        order["party"],
    )
    await db.execute(
        "UPDATE booking_order SET state = 'held', places = party, hold_until = $3, ended_at = NULL "
        "WHERE visit_day = $1 AND code = $2",
        order["visit_day"],
        order["code"],
        clock.now(),
    )
    await places.changed(order["slot"])
    return True


@payments.on_refunded
async def note_refund(returned: Returned) -> None:
    """Money is on its way back, or could not be sent."""
    if not order_code.is_valid(returned.reference):
        return
    await db.execute(
        "UPDATE booking_order SET refunded_fen = least(paid_fen, refunded_fen + $3), "
        "state = CASE WHEN state = 'refunding' THEN $4 ELSE state END WHERE visit_day = $1 AND code = $2",
        order_code.visit_day(returned.reference),
        returned.reference,
        returned.amount_fen if returned.done else 0,
        "refunded" if returned.done else "refund_failed",
    )
