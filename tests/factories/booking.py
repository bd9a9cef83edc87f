"""Bookings: always through the portal's own acts, so that counters, keys and trail agree with them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID, uuid4

from portal.core import clock, resident_id
from portal.features.booking import queries
from portal.features.booking.place import Goods, place
from portal.features.booking.process import booker
from portal.features.booking.queries import OrderView
from portal.features.booking.rules.documents import RESIDENT, Document
from portal.features.booking.rules.party import OrderRequest, Visitor
from portal.features.catalogue.availability import SlotView
from portal.features.catalogue.snapshot import catalogue
from portal.features.payments import service as payments
from portal.features.payments.test_provider import make_notice
from tests.factories.catalogue import a_product, a_slot, noticed

PHONE = "13800138000"
ADULT_BORN = date(1990, 1, 1)


def a_number(serial: int = 1, born: date = ADULT_BORN) -> str:
    """A resident number with a good check character; another one for each serial (0 to 999)."""
    digits = f"110101{born:%Y%m%d}{serial:03d}"
    return digits + resident_id.check_character(digits)


def a_visitor(serial: int = 1, *, category: str = "adult", born: date = ADULT_BORN) -> Visitor:
    return Visitor(f"游客{serial}", category, Document(RESIDENT, a_number(serial, born)), born)


async def an_order(
    slot: SlotView | None = None,
    *,
    visitors: Sequence[Visitor] | None = None,
    phone: str = PHONE,
    key: UUID | None = None,
    online: bool = False,
) -> OrderView:
    """A booked order; of an online product (``online`` makes one) it is held until it is paid."""
    slot = slot or await a_slot(await a_product(payment="online" if online else "at_gate"))
    product = catalogue().product(slot.product)
    assert product is not None
    request = OrderRequest(
        key=key or uuid4(),
        visitors=tuple(visitors or [a_visitor()]),
        phone=phone,
        guardian_consent=False,
    )
    goods = Goods(slot, product, catalogue().prices_on(slot.product, slot.visit_day))
    outcome = await place(booker(), request, goods)
    assert outcome.placed, f"the order was not booked: {outcome.kind}"
    await noticed()
    return await the_order(outcome.code)


async def the_order(code: str) -> OrderView:
    """The order as it is now, as it is to the holder of its link."""
    found = await queries.order(code)
    assert found is not None
    return replace(found, by_link=True)


async def a_payment(order: OrderView | None = None, *, paid: bool = True) -> UUID:
    """A payment of an order at the test bank; ``paid`` False leaves it open."""
    order = order or await an_order(online=True)
    payment = await payments.start(
        order.code, order.total_fen, "test", order.hold_until or clock.now()
    )
    if paid:
        notice = make_notice(payment, order.total_fen, paid=True)
        assert await payments.receive("test", notice.headers, notice.body)
    return payment
