"""The ticket window (BK-10): the same inventory, and a drawer in which every fen is accounted for."""

import pytest

from portal.core import clock, db, order_code
from portal.features.booking import blocks, orders, window
from portal.features.booking.booker import NewOrder
from portal.features.booking.place import WINDOW, Sale, phone_index
from portal.features.booking.rules.documents import RESIDENT, Document
from portal.features.booking.rules.party import Visitor
from portal.features.booking.window import NoShift, Payment, ShiftOpen
from portal.features.catalogue.availability import SlotView
from tests.factories.booking import a_payment, an_order
from tests.factories.catalogue import a_product, a_slot
from tests.factories.people import an_account
from tests.features.booking.acts import (
    a_phone,
    an_order_row,
    an_unsent_order,
    attempts_by_outcome,
    book,
    run_jobs,
    the_slot,
    visitors,
)
from tests.invariants import check

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.charter("BK-10")]

WALK_UP = Visitor("", "adult", Document(RESIDENT, ""), None)


@pytest.fixture
async def seller(database: None) -> int:
    person = await an_account("window1")
    await window.open_drawer(person, 50_000)
    return person


async def a_sale(
    slot: SlotView, people: list[Visitor] | None = None, *, phone: str = ""
) -> NewOrder:
    return await an_unsent_order(slot, people or [WALK_UP], phone=phone, sale=Sale(WINDOW, "cash"))


async def the_drawer(person: int) -> window.Drawer:
    found = await window.drawer(person)
    assert found is not None
    return found


async def test_a_walk_up_buys_without_name_document_and_phone(seller: int) -> None:
    slot = await a_slot()
    outcome = await window.sell(
        seller, await a_sale(slot, [WALK_UP, WALK_UP]), Payment("cash", 25_000)
    )
    assert outcome.kind == "booked"
    row = await an_order_row(outcome.code)
    assert (row["channel"], row["state"], row["payment"]) == ("window", "confirmed", "cash")
    assert (row["paid_fen"], row["phone_index"]) == (20_000, None)
    receipt = await window.receipt(outcome.code)
    assert receipt is not None
    assert (receipt["fen"], receipt["given_fen"], receipt["change_fen"]) == (20_000, 25_000, 5_000)
    assert (await the_slot(slot))["sold_window"] == 2
    await check()


@pytest.mark.charter("BK-4")
async def test_a_repeated_key_shows_the_receipt_again_and_takes_the_money_once(seller: int) -> None:
    slot = await a_slot()
    order = await a_sale(slot)
    first = await window.sell(seller, order, Payment("cash", 10_000))
    again = await window.sell(seller, order, Payment("cash", 10_000))
    assert (again.kind, again.code) == ("repeated", first.code)
    assert (await the_drawer(seller)).expected_fen == 60_000
    assert await db.fetchval("SELECT count(*) FROM cash_entry") == 1
    await check()


async def test_there_is_no_ticket_without_its_money_and_no_money_without_its_ticket(
    seller: int,
) -> None:
    slot = await a_slot()
    with pytest.raises(db.CheckViolation):  # less than the price
        await window.sell(seller, await a_sale(slot), Payment("cash", 9_999))
    assert await db.fetchval("SELECT count(*) FROM booking_order") == 0
    full = await a_slot(slot.product, capacity=0, hours=3, starts=clock.local(slot.ends_at).time())
    outcome = await window.sell(seller, await a_sale(full), Payment("cash", 10_000))
    assert outcome.kind == "sold-out"
    assert (await the_drawer(seller)).sales == 0
    assert (await attempts_by_outcome("window"))["sold-out"] == 1
    await check()


async def test_the_same_rules_hold_at_the_window(seller: int) -> None:
    slot = await a_slot()
    assert (await book(slot, visitors(1))).kind == "booked"
    sale = await a_sale(slot, visitors(1))
    assert (await window.sell(seller, sale, Payment("cash", 10_000))).kind == "duplicate-document"
    await blocks.suspend(phone_index(a_phone(1)), "phone", 1, "")
    sale = await a_sale(slot, phone=a_phone(1))
    assert (await window.sell(seller, sale, Payment("cash", 10_000))).kind == "blocked"


async def test_without_an_open_drawer_nothing_is_sold() -> None:
    person = await an_account("window1")
    with pytest.raises(NoShift):
        await window.sell(person, await a_sale(await a_slot()), Payment("cash", 10_000))
    with pytest.raises(NoShift):
        await window.close_drawer(person, 0, "")
    with pytest.raises(NoShift):
        await window.give_back(person, "00000000000", [0], "cash")
    assert await window.drawer(person) is None


async def test_a_seller_has_one_drawer_and_a_closed_one_is_kept_as_counted(seller: int) -> None:
    with pytest.raises(ShiftOpen):
        await window.open_drawer(seller, 1)
    slot = await a_slot()
    await window.sell(seller, await a_sale(slot), Payment("cash", 10_000))
    await window.sell(seller, await a_sale(slot), Payment("card", 10_000))
    with pytest.raises(window.Uneven):
        await window.close_drawer(seller, 59_900, "")
    shift = await window.close_drawer(seller, 59_900, "一元找错")
    with pytest.raises(NoShift):
        await window.sell(seller, await a_sale(slot), Payment("cash", 10_000))
    [kept] = await window.drawers(clock.today(), clock.today())
    assert kept == await window.drawer_of(shift)
    assert (kept.sales, kept.cash_fen, kept.card_fen) == (2, 10_000, 10_000)
    assert (kept.expected_fen, kept.counted_fen, kept.difference_fen) == (60_000, 59_900, -100)
    assert await window.open_drawer(seller, 0)
    await check()


async def test_what_the_window_may_still_sell(seller: int) -> None:
    slot = await a_slot(capacity=10, quota_window=4)
    for number in range(3):
        await book(slot, visitors(10 * number + 1, 2), phone=a_phone(number))
    [shown] = await window.slots_on(slot.visit_day)
    assert (shown.id, shown.left) == (slot.id, 4)
    await db.execute("UPDATE slot SET closed = true")
    assert await window.slots_on(slot.visit_day) == []


@pytest.mark.charter("BK-7")
async def test_what_is_owed_for_a_cash_sale_is_handed_out_once(seller: int) -> None:
    slot = await a_slot()
    sale = await a_sale(slot, [WALK_UP, WALK_UP])
    code = (await window.sell(seller, sale, Payment("cash", 20_000))).code
    assert await window.pay_back(seller, code) == 0
    await orders.cancel(code, [0])
    row = await an_order_row(code)
    assert (row["state"], row["owed_fen"], row["refunded_fen"]) == ("confirmed", 10_000, 0)
    await check()
    assert await window.pay_back(seller, code) == 10_000
    assert await window.pay_back(seller, code) == 0
    await orders.cancel(code)
    assert (await an_order_row(code))["state"] == "refunding"
    assert await window.pay_back(seller, code, "card") == 10_000
    row = await an_order_row(code)
    assert (row["state"], row["refunded_fen"]) == ("refunded", 20_000)
    drawer = await the_drawer(seller)
    assert (drawer.cash_fen, drawer.card_fen, drawer.sales) == (10_000, -10_000, 1)
    await run_jobs()
    await check()


async def test_what_was_paid_elsewhere_is_not_handed_out_here(seller: int) -> None:
    order = await an_order(await a_slot(await a_product(payment="online")))
    await a_payment(order)
    await orders.cancel(order.code)
    with pytest.raises(orders.OrderGone):
        await window.pay_back(seller, order.code)
    with pytest.raises(NoShift):
        await window.pay_back(seller + 1, order.code)
    await run_jobs()
    await check()


async def test_a_sale_for_nothing_is_a_sale(seller: int) -> None:
    slot = await a_slot(await a_product(prices={}))
    outcome = await window.sell(seller, await a_sale(slot), Payment("cash", 0))
    assert outcome.kind == "booked"
    assert await window.receipt(outcome.code) is not None
    assert await window.receipt(order_code.new(clock.today())) is None
    await check()
