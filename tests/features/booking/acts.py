"""Acts of visitors and staff for tests: each goes the way that a page goes, without the page."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

from portal.core import clock, db, jobs
from portal.core.context import Act, current_act, set_act
from portal.features.booking.booker import NewOrder, Outcome
from portal.features.booking.place import Goods, Sale, day_key, new_order, place
from portal.features.booking.process import booker
from portal.features.booking.rules.party import OrderRequest, Visitor
from portal.features.catalogue.availability import SlotView, availability
from portal.features.catalogue.snapshot import catalogue
from portal.features.payments import service as payments
from portal.features.payments.test_provider import make_notice
from tests.factories.booking import PHONE, a_visitor

ANOTHER_PHONE = "13900139000"


def a_phone(number: int) -> str:
    return f"137{number:08d}"


def visitors(first: int, count: int = 1) -> list[Visitor]:
    return [a_visitor(serial) for serial in range(first, first + count)]


def a_request(
    people: Sequence[Visitor] | None = None, *, phone: str = PHONE, key: UUID | None = None
) -> OrderRequest:
    return OrderRequest(
        key or uuid4(), tuple(people or [a_visitor()]), phone, guardian_consent=False
    )


def goods(slot: SlotView) -> Goods:
    product = catalogue().product(slot.product)
    assert product is not None
    return Goods(slot, product, catalogue().prices_on(slot.product, slot.visit_day))


async def book(
    slot: SlotView,
    people: Sequence[Visitor] | None = None,
    *,
    phone: str = PHONE,
    key: UUID | None = None,
) -> Outcome:
    """Try to book as the form does; says what became of it."""
    return await place(booker(), a_request(people, phone=phone, key=key), goods(slot))


async def an_unsent_order(
    slot: SlotView,
    people: Sequence[Visitor] | None = None,
    *,
    phone: str = PHONE,
    key: UUID | None = None,
    sale: Sale | None = None,
) -> NewOrder:
    """An order as the waiting list and the window are given it."""
    request = a_request(people, phone=phone, key=key)
    return new_order(await day_key(slot.visit_day), request, goods(slot), sale or Sale())


async def pay(payment: UUID, amount_fen: int, *, paid: bool = True, notice_id: str = "") -> bool:
    """The bank sends its notice."""
    sent = make_notice(payment, amount_fen, paid=paid, notice_id=notice_id)
    return await payments.receive("test", sent.headers, sent.body)


async def run_jobs() -> int:
    """Do the work that the acts left to be done after their commit, until there is none."""
    act, ran = current_act(), 0
    try:
        while taken := await jobs.run_due():
            ran += taken
    finally:
        set_act(act)
    return ran


def view(slot: int) -> SlotView:
    """The slot as pages know it."""
    found = availability.slot(slot)
    assert found is not None
    return found


def act_as(subject: str) -> None:
    set_act(Act(subject, None, "192.0.2.7", "request"))


async def the_slot(slot: SlotView | int) -> Any:
    """The slot's row as it is now."""
    [row] = await db.fetch(
        "SELECT s.*, slot_left_online(s) AS left_online, slot_left_window(s) AS left_window, "
        "slot_left_agency(s) AS left_agency FROM slot s WHERE id = $1",
        slot if isinstance(slot, int) else slot.id,
    )
    return row


async def tickets(code: str) -> list[Any]:
    return await db.fetch("SELECT * FROM ticket WHERE order_code = $1 ORDER BY ordinal", code)


async def an_order_row(code: str) -> Any:
    [row] = await db.fetch("SELECT * FROM booking_order WHERE code = $1", code)
    return row


async def attempts_by_outcome(channel: str = "online") -> dict[str, int]:
    rows = await db.fetch(
        "SELECT outcome, sum(attempts)::int AS n FROM booking_attempt WHERE channel = $1 GROUP BY 1",
        channel,
    )
    return {row["outcome"]: row["n"] for row in rows}


def local(day: date, hour: int, minute: int = 0) -> datetime:
    return clock.at(day, time(hour, minute))


def day_after(days: int) -> date:
    return clock.today() + timedelta(days=days)
