"""What happens to an order after it was booked: paid, expired, cancelled, moved. One act, one transaction.

Locks are taken in one order, whatever is done: drawer, order, slots (in the order of their ids), then what hangs on
slots (waiting parties, released places, closures) and what hangs on orders (payments, refunds), the trail last. The
booker takes slots only. So no two acts wait for each other in a circle.

Of an order's money, ``paid_fen`` is what came in, ``owed_fen`` what goes back by the rules, ``refunded_fen`` what
has gone back. What has no payment at a provider (a sale at the window) is paid back there.
"""

import contextlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from portal.core import audit, clock, db, order_code
from portal.core.jobs import each
from portal.features.booking import no_shows, places
from portal.features.booking.limits import LATE_FEE_PERCENT
from portal.features.booking.queries import OrderView, deadlines
from portal.features.booking.rules import refunds
from portal.features.booking.rules.refunds import Quote
from portal.features.catalogue import sale
from portal.features.payments import service as payments
from portal.features.payments.service import Returned, Settled, Wanted

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


async def with_slots(order: Any, *others: int) -> dict[str, Any]:
    """The locked order once its slot (and others) are locked too: closed or not as it is from now on."""
    await places.lock(order["slot"], *others)
    closed = await db.fetchval("SELECT closed FROM slot WHERE id = $1", order["slot"])
    return {**order, "closed": closed}


def quote(order: Any, price_fen: int, now: datetime) -> Quote:
    """What cancelling tickets of this price would give back now."""
    paid = price_fen if order["paid_fen"] else 0
    times = deadlines(order["visit_day"], order["created_at"], order["ends_at"])
    return refunds.quote(paid, now, times, LATE_FEE_PERCENT(), closed=order["closed"])


def quote_of(order: OrderView, price_fen: int) -> Quote:
    """The same for an order as it is shown."""
    paid = price_fen if order.paid_fen else 0
    return refunds.quote(
        paid, clock.now(), order.deadlines, LATE_FEE_PERCENT(), closed=order.slot_closed
    )


async def cancel(code: str, ordinals: Collection[int] | None = None) -> Cancelled:
    """Cancel the order or some of its tickets. A repeat finds nothing left and frees nothing.

    Raises ``OrderGone`` when nothing can be cancelled, ``TooLate`` when the rules end.
    """
    async with db.transaction():
        order = await with_slots(await locked(code))
        tickets = await _live_tickets(order)
        chosen = [row for row in tickets if ordinals is None or row["ordinal"] in ordinals]
        if not chosen or order["state"] not in ("held", "confirmed", "partly_used"):
            raise OrderGone
        if order["state"] == "held":
            chosen = tickets  # what is not paid is cancelled whole
        given = quote(order, sum(ticket["price_fen"] for ticket in chosen), clock.now())
        if not given.allowed:
            raise TooLate
        await _end_tickets(order, chosen, "cancelled")
        if order["places"] == len(chosen):
            await payments.close(code)
            await settle_closure(code, "refunded")
        await _shrink(order, len(chosen), given, all_used=len(chosen) == len(tickets))
        await places.give_back(order["slot"], order["channel"], len(chosen))
        if given.refund_fen:
            marks = ",".join(str(ticket["ordinal"]) for ticket in chosen)
            await payments.give_back(
                Wanted(code, given.refund_fen, given.rule, f"cancel:{code}:{marks}")
            )
        if given.no_show:
            await no_shows.note(order, chosen)
        audit.record(
            "booking:cancel",
            "order",
            code,
            places=len(chosen),
            rule=given.rule,
            refund=given.refund_fen,
        )
    return Cancelled(len(chosen), given)


async def _shrink(order: Any, freed: int, given: Quote, *, all_used: bool) -> None:
    """The order without these places, owing what goes back. ``all_used``: whoever is left has entered already."""
    left = order["places"] - freed
    owed = order["owed_fen"] + given.refund_fen
    if not left:
        state = "refunding" if owed > order["refunded_fen"] else "cancelled"
    else:
        state = "used" if all_used else order["state"]
    await db.execute(
        "UPDATE booking_order SET places = $3, state = $4, owed_fen = $5, hold_until = NULL, ended_at = $6 "
        "WHERE visit_day = $1 AND code = $2",
        order["visit_day"],
        order["code"],
        left,
        state,
        owed,
        None if left else clock.now(),
    )


async def settle_closure(code: str, state: str) -> None:
    """What became of the order in the closure that it waits in, if any; in the transaction of the act itself."""
    await db.execute(
        "UPDATE closure_order SET state = $2, settled_at = $3 WHERE order_code = $1 AND state IN ('waiting', 'told')",
        code,
        state,
        clock.now(),
    )


async def _live_tickets(order: Any) -> list[Any]:
    return await db.fetch(
        "SELECT ordinal, price_fen, id_index FROM ticket WHERE visit_day = $1 AND order_code = $2 "
        "AND state = ANY ($3) ORDER BY ordinal",
        order["visit_day"],
        order["code"],
        list(LIVE),
    )


async def _end_tickets(order: Any, tickets: list[Any], state: str) -> None:
    await db.execute(
        "UPDATE ticket SET state = $4 WHERE visit_day = $1 AND order_code = $2 AND ordinal = ANY ($3)",
        order["visit_day"],
        order["code"],
        [ticket["ordinal"] for ticket in tickets],
        state,
    )


async def expire_holds(limit: int = 200) -> int:
    """Free the places of orders that were not paid in time; returns how many orders. Safe to repeat."""
    due = await db.fetch(
        "SELECT code FROM booking_order WHERE state = 'held' AND hold_until < $1 ORDER BY hold_until LIMIT $2",
        clock.now(),
        limit,
    )
    return await each([row["code"] for row in due], _expire)


async def _expire(code: str) -> bool:
    async with db.transaction():
        order = await locked(code)
        if order["state"] != "held" or order["hold_until"] >= clock.now():
            return False  # paid, or cancelled, in the meantime
        order = await with_slots(order)
        await _end_tickets(order, await _live_tickets(order), "expired")
        await payments.close(code)
        await settle_closure(code, "kept")
        await db.execute(
            "UPDATE booking_order SET state = 'expired', places = 0, hold_until = NULL, ended_at = $3 "
            "WHERE visit_day = $1 AND code = $2",
            order["visit_day"],
            code,
            clock.now(),
        )
        await places.give_back(order["slot"], order["channel"], order["places"])
        audit.record("booking:cancel", "order", code, places=order["places"], rule="hold-expired")
    return True


@payments.on_lock
async def lock_order(reference: str) -> None:
    """Payments lock the order that they are for before their own rows, as every act on an order does."""
    with contextlib.suppress(OrderGone):
        await locked(reference)


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
        await _owe_all_of(order, settled.amount_fen)
        return settled.amount_fen
    await db.execute(
        "UPDATE booking_order SET state = 'confirmed', hold_until = NULL, confirmed_at = $3, "
        "paid_fen = paid_fen + $4 WHERE visit_day = $1 AND code = $2",
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


async def _owe_all_of(order: Any, amount_fen: int) -> None:
    """Money that the order has no use for: it came twice, or when the places were gone. All of it goes back."""
    await db.execute(
        "UPDATE booking_order SET paid_fen = paid_fen + $3, owed_fen = owed_fen + $3, "
        "state = CASE WHEN state IN ('expired', 'cancelled') THEN 'refunding' ELSE state END "
        "WHERE visit_day = $1 AND code = $2",
        order["visit_day"],
        order["code"],
        amount_fen,
    )


async def _take_again(order: Any) -> bool:
    """An expired hold whose money came late gets its places back if they are still sold and nobody else came.

    Free are also those that were given back and that no party of the waiting list was offered.
    """
    slot, party = order["slot"], order["party"]
    if not sale.still_sold(order["product"], order["visit_day"]):
        return False
    await places.lock(slot)
    within = await places.reach(slot)
    if within is None or within.places < party:
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
    from_released = min(party, within.released)
    await places.take_released(slot, from_released)
    await places.reclaim(slot, from_released)
    await db.execute("UPDATE slot SET sold_online = sold_online + $2 WHERE id = $1", slot, party)
    await db.execute(
        "UPDATE booking_order SET state = 'held', places = party, hold_until = $3, ended_at = NULL "
        "WHERE visit_day = $1 AND code = $2",
        order["visit_day"],
        order["code"],
        clock.now(),
    )
    await places.changed(slot)
    return True


@payments.on_refunded
async def note_refund(returned: Returned) -> None:
    """Money is on its way back, or could not be sent. The order is refunded when nothing is owed any more."""
    if not order_code.is_valid(returned.reference):
        return
    await db.execute(
        "UPDATE booking_order SET refunded_fen = refunded_fen + $3, state = CASE "
        "WHEN state NOT IN ('refunding', 'refund_failed') THEN state "
        "WHEN NOT $4 THEN 'refund_failed' WHEN refunded_fen + $3 = owed_fen THEN 'refunded' ELSE state END "
        "WHERE visit_day = $1 AND code = $2",
        order_code.visit_day(returned.reference),
        returned.reference,
        returned.amount_fen if returned.done else 0,
        returned.done,
    )
