"""Moving an order to another slot (BK-7): the new places are taken and the old ones freed in one transaction.

The new order has its own code and tickets; the old one stays as ``replaced`` and leads to it. Names and
numbers are opened and sealed again for the new day: they never leave this process.
"""

from typing import Any
from uuid import UUID

from portal.core import audit, clock, db, order_code
from portal.core.context import current_act
from portal.core.crypto import vault
from portal.features.booking import place, places
from portal.features.booking.booker import NewOrder, NewTicket, book_now
from portal.features.booking.limits import CHANGE_LIMIT, ORDERS_PER_PHONE
from portal.features.booking.orders import OrderGone, locked, settle_closure, with_slots
from portal.features.booking.queries import deadlines
from portal.features.booking.rules import documents, refunds
from portal.features.catalogue import sale
from portal.features.catalogue.availability import SlotView
from portal.features.catalogue.rules.categories import category_error, proof_at_gate
from portal.features.catalogue.snapshot import catalogue
from portal.features.payments import service as payments
from portal.features.payments.service import Wanted

NO_LIMIT = 1_000_000


class CannotChange(Exception):
    """``args[0]`` is the code of why: change-late, change-limit, change-price, change-category, sold-out …."""


async def change(code: str, slot: SlotView, key: UUID) -> str:
    """Move the order; returns the new code. A repeat with the same key answers with the same new order.

    Raises ``CannotChange`` or ``OrderGone``; then nothing has changed.
    """
    try:
        async with db.transaction():
            order = await locked(code)
            if order["state"] == "replaced" and order["changed_to"]:
                return str(order["changed_to"])
            order = await with_slots(order, slot.id)
            _check(order, slot)
            old = await _live(order)
            carried = sum(row["price_fen"] for row in old) if order["paid_fen"] else 0
            fresh = await _renewed(order, old, slot, key)
            _check_price(order, fresh, carried)
            await _replace_old(order, fresh.code, carried)
            await _book(order, fresh)
            await _carry_on(order, fresh, carried)
            await settle_closure(code, "rebooked")
            await places.give_back(order["slot"], order["channel"], order["places"])
            audit.record("booking:change", "order", code, to=fresh.code, slot=slot.id)
            return fresh.code
    except db.UniqueViolation:
        raise CannotChange("duplicate-document") from None


def _check(order: Any, slot: SlotView) -> None:
    if order["state"] != "confirmed":
        raise OrderGone
    product = catalogue().product(slot.product)
    if slot.product != order["product"] or not sale.sold(product, slot.visit_day):
        raise CannotChange("slot-closed")
    if slot.id == order["slot"]:
        raise CannotChange("change-same")
    if order["closed"]:
        return  # the scenic area closed the slot: moving costs nothing and counts for nothing
    times = deadlines(order["visit_day"], order["created_at"], order["ends_at"])
    if code := refunds.change_error(order["changes"], CHANGE_LIMIT(), clock.now(), times):
        raise CannotChange(code)


def _check_price(order: Any, fresh: NewOrder, carried: int) -> None:
    """Whoever has paid, or must pay before the visit, cannot move to what costs more than these tickets did."""
    if fresh.total_fen > carried and (order["paid_fen"] or fresh.payment != "at_gate"):
        raise CannotChange("change-price")


async def _book(order: Any, fresh: NewOrder) -> None:
    """Take the new places. Another day counts for the phone as any booking does."""
    free_move = order["closed"] or order_code.visit_day(fresh.code) == order["visit_day"]
    outcome = await book_now(fresh, NO_LIMIT if free_move else ORDERS_PER_PHONE(), counted=False)
    if outcome.kind == "repeated":  # this key booked something else
        raise CannotChange("key-reused")
    if outcome.kind != "booked":
        raise CannotChange(outcome.kind)


async def _renewed(order: Any, old: list[Any], slot: SlotView, key: UUID) -> NewOrder:
    data_key = await place.day_key(slot.visit_day)
    code = order_code.new(slot.visit_day)
    tickets = tuple([await _ticket(order, row, code, slot) for row in old])
    total = sum(ticket.price_fen for ticket in tickets)
    phone = ""
    if order["phone_sealed"]:
        phone = await vault().open(order["phone_sealed"], place.phone_context(order["code"]))
    act = current_act()
    return NewOrder(
        key=key,
        digest=place.digest_of("change", order["code"], str(slot.id)),
        slot=slot.id,
        code=code,
        channel=order["channel"],
        payment=_payment(order, slot, total),
        total_fen=total,
        phone_sealed=data_key.seal(phone, place.phone_context(code)) if phone else None,
        phone_index=order["phone_index"],
        language=order["language"],
        consent=order["consent_version"],
        guardian=order["guardian_consent"],
        sold_by=order["sold_by"],
        hold_until=None,
        subject=act.subject,
        address=act.kept_address,
        request_id=act.request_id,
        tickets=tickets,
    )


def _payment(order: Any, slot: SlotView, total: int) -> str:
    """How the new order is paid: as the old one was, unless that had nothing to pay, or this has not."""
    if order["paid_fen"] or (total and order["payment"] != "free"):
        return str(order["payment"])
    product = catalogue().product(slot.product)
    return product.payment if total and product else "free"


async def _live(order: Any) -> list[Any]:
    rows = await db.fetch(
        "SELECT * FROM ticket WHERE visit_day = $1 AND order_code = $2 AND state = 'valid' ORDER BY ordinal",
        order["visit_day"],
        order["code"],
    )
    if not rows:
        raise OrderGone
    return rows


async def _ticket(order: Any, row: Any, code: str, slot: SlotView) -> NewTicket:
    """The ticket for the new day: its price and its right to the category are judged anew."""
    ordinal = row["ordinal"]
    priced = catalogue().prices_on(slot.product, slot.visit_day).get(row["category"])
    if priced is None:
        raise CannotChange("change-category")
    name = number = ""
    if row["name_sealed"]:
        name = await vault().open(row["name_sealed"], place.name_context(order["code"], ordinal))
    if row["id_sealed"]:
        number = await vault().open(row["id_sealed"], place.id_context(order["code"], ordinal))
    document = documents.Document(row["id_type"], number, row["country"])
    born = documents.birth_date(document)
    holiday = catalogue().calendar.is_public_holiday(slot.visit_day)
    area = documents.area(document)
    if category_error(priced.category, born, area, slot.visit_day, public_holiday=holiday):
        raise CannotChange("change-category")
    key = await place.day_key(slot.visit_day)
    return NewTicket(
        category=row["category"],
        price_fen=priced.fen,
        price_rule=priced.rule,
        proof=proof_at_gate(priced.category, born, slot.visit_day),
        name_sealed=key.seal(name, place.name_context(code, ordinal)) if name else None,
        id_type=row["id_type"],
        id_sealed=key.seal(number, place.id_context(code, ordinal)) if number else None,
        id_index=row["id_index"],
        country=row["country"],
    )


async def _replace_old(order: Any, new_code: str, carried: int) -> None:
    """The old tickets let go of their documents first, so that the same day may be booked again.

    Their money goes along; what was kept or owed of tickets cancelled before stays with the old order.
    """
    await db.execute(
        "UPDATE ticket SET state = 'replaced' WHERE visit_day = $1 AND order_code = $2 AND state = 'valid'",
        order["visit_day"],
        order["code"],
    )
    await db.execute(
        "UPDATE booking_order SET state = 'replaced', places = 0, changed_to = $3, ended_at = $4, "
        "paid_fen = paid_fen - $5 WHERE visit_day = $1 AND code = $2",
        order["visit_day"],
        order["code"],
        new_code,
        clock.now(),
        carried,
    )


async def _carry_on(order: Any, fresh: NewOrder, carried: int) -> None:
    """The new order goes on where the old one stood; what it costs less goes back."""
    less = max(0, carried - fresh.total_fen)
    counted = 0 if order["closed"] else 1
    await db.execute(
        "UPDATE booking_order SET changed_from = $3, changes = $4, paid_fen = $5, owed_fen = $6, created_at = $7 "
        "WHERE visit_day = $1 AND code = $2",
        order_code.visit_day(fresh.code),
        fresh.code,
        order["code"],
        order["changes"] + counted,
        carried,
        less,
        order["created_at"],
    )
    if carried:
        await payments.move(order["code"], fresh.code)
        await payments.give_back(Wanted(fresh.code, less, "change", f"change:{order['code']}"))
