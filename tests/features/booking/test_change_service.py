"""Moving an order (BK-7): new places taken and old ones freed in one act, money and rights judged for the new day."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from uuid import uuid4

import pytest

from portal.core import clock, db, site_settings
from portal.features.booking import change as changing
from portal.features.booking import orders, privacy, window
from portal.features.booking.change import CannotChange
from portal.features.booking.place import WINDOW, Sale
from portal.features.booking.queries import OrderView
from portal.features.catalogue.availability import SlotView
from tests.factories.booking import a_number, a_payment, a_visitor, an_order, the_order
from tests.factories.catalogue import a_price, a_product, a_slot, categories, noticed
from tests.factories.people import an_account
from tests.features.booking.acts import (
    ANOTHER_PHONE,
    an_order_row,
    an_unsent_order,
    attempts_by_outcome,
    book,
    day_after,
    run_jobs,
    the_slot,
    tickets,
    view,
    visitors,
)
from tests.invariants import Witness, check

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.charter("BK-7")]


async def change(order: OrderView | str, slot: SlotView) -> str:
    return await changing.change(order if isinstance(order, str) else order.code, slot, uuid4())


async def refused(order: OrderView | str, slot: SlotView) -> str:
    """The code of why not; nothing has changed."""
    before = [dict(row) for row in await db.fetch("SELECT * FROM booking_order ORDER BY code")]
    with pytest.raises(CannotChange) as refusal:
        await change(order, slot)
    assert [
        dict(row) for row in await db.fetch("SELECT * FROM booking_order ORDER BY code")
    ] == before
    await check()
    return str(refusal.value.args[0])


async def costs_on(product: int, day: date, fen: int) -> None:
    await a_price(product, (await categories())["adult"], fen, valid_from=day)
    await noticed()


async def a_paid_order(count: int = 1, product: int | None = None) -> OrderView:
    slot = await a_slot(product or await a_product(payment="online"))
    order = await an_order(slot, visitors=visitors(1, count))
    await a_payment(order)
    return await the_order(order.code)


async def test_an_order_moves_whole_to_another_day() -> None:
    product = await a_product()
    slot, later = await a_slot(product), await a_slot(product, day=day_after(3))
    order = await an_order(slot, visitors=visitors(1, 2))
    code = await change(order, later)
    old, new = await an_order_row(order.code), await an_order_row(code)
    assert (old["state"], old["places"], old["changed_to"]) == ("replaced", 0, code)
    assert (new["state"], new["places"], new["changed_from"]) == ("confirmed", 2, order.code)
    assert (new["visit_day"], new["changes"]) == (day_after(3), 1)
    assert [row["state"] for row in await tickets(order.code)] == ["replaced"] * 2
    assert (await the_slot(slot))["sold_online"] == 0
    assert (await the_slot(later))["sold_online"] == 2
    await check()


@pytest.mark.charter("RK-6")
async def test_names_and_numbers_go_along_under_the_new_day_s_key() -> None:
    product = await a_product()
    order = await an_order(await a_slot(product), visitors=visitors(1, 2))
    before = await privacy.plain(order.code)
    code = await change(order, await a_slot(product, day=day_after(3)))
    assert await privacy.plain(code) == before
    keys = {bytes(row["id_sealed"])[1:5] for row in await db.fetch("SELECT id_sealed FROM ticket")}
    assert len(keys) == 2


async def test_on_the_same_day_its_own_documents_do_not_stand_in_its_way() -> None:
    product = await a_product()
    order = await an_order(await a_slot(product), visitors=visitors(1, 2))
    code = await change(order, await a_slot(product, starts=time(14)))
    assert (await the_order(code)).state == "confirmed"
    await check()


async def test_a_document_that_books_that_day_already_does() -> None:
    product = await a_product()
    later = await a_slot(product, day=day_after(3))
    await an_order(later, visitors=visitors(1), phone=ANOTHER_PHONE)
    order = await an_order(await a_slot(product), visitors=visitors(1))
    assert await refused(order, later) == "duplicate-document"


async def test_a_repeat_answers_with_the_same_new_order() -> None:
    product = await a_product()
    order = await an_order(await a_slot(product))
    later, key = await a_slot(product, day=day_after(3)), uuid4()
    code = await changing.change(order.code, later, key)
    assert await changing.change(order.code, later, key) == code
    assert await changing.change(order.code, later, uuid4()) == code
    assert await db.fetchval("SELECT count(*) FROM booking_order") == 2
    await check()


async def test_a_key_that_booked_something_else_moves_nothing() -> None:
    product, key = await a_product(), uuid4()
    later = await a_slot(product, day=day_after(3))
    await an_order(later, visitors=visitors(5), phone=ANOTHER_PHONE, key=key)
    order = await an_order(await a_slot(product))
    with pytest.raises(CannotChange, match="key-reused"):
        await changing.change(order.code, later, key)
    assert (await the_order(order.code)).state == "confirmed"


async def test_a_full_slot_takes_nobody_and_the_old_places_stay() -> None:
    product = await a_product()
    later = await a_slot(product, day=day_after(3), capacity=2)
    await an_order(later, visitors=visitors(5), phone=ANOTHER_PHONE)
    order = await an_order(await a_slot(product), visitors=visitors(1, 2))
    assert await refused(order, later) == "sold-out"


async def test_an_order_moves_as_often_as_the_rules_allow() -> None:
    product = await a_product()
    slots = [await a_slot(product, day=day_after(n)) for n in (1, 2, 3)]
    order = await an_order(slots[0])
    code = await change(order, slots[1])
    assert await refused(code, slots[2]) == "change-limit"
    await site_settings.change("booking.change_limit", "2")
    code = await change(code, slots[2])
    assert (await the_order(code)).changes == 2
    await site_settings.change("booking.change_limit", "0")
    assert await refused(code, slots[0]) == "change-limit"


async def test_after_the_last_entry_it_is_too_late(at: Callable[[datetime], None]) -> None:
    product = await a_product()
    order = await an_order(await a_slot(product))
    later = await a_slot(product, day=day_after(3))
    at(order.ends_at)
    assert await refused(order, later) == "change-late"


@pytest.mark.charter("BK-2")
async def test_nobody_moves_to_where_nobody_can_book(at: Callable[[datetime], None]) -> None:
    product = await a_product()
    order = await an_order(await a_slot(product))
    assert await refused(order, view(order.slot)) == "change-same"
    other = await a_slot(await a_product("cable"))
    assert await refused(order, other) == "slot-closed"
    assert await refused(order, await a_slot(product, day=day_after(30))) == "slot-closed"
    closed = await a_slot(product, day=day_after(2))
    await db.execute("UPDATE slot SET closed = true WHERE id = $1", closed.id)
    assert await refused(order, closed) == "slot-closed"


async def test_what_is_not_confirmed_does_not_move() -> None:
    product = await a_product(payment="online")
    later = await a_slot(product, day=day_after(3))
    held = await an_order(await a_slot(product))
    with pytest.raises(orders.OrderGone):
        await change(held, later)
    await orders.cancel(held.code)
    with pytest.raises(orders.OrderGone):
        await change(held, later)
    with pytest.raises(orders.OrderGone):
        await change("00000000000", later)


async def test_an_order_that_has_entered_in_part_does_not_move() -> None:
    product = await a_product()
    order = await an_order(await a_slot(product), visitors=visitors(1, 2))
    await db.execute("UPDATE ticket SET state = 'used', used_at = now() WHERE ordinal = 0")
    await db.execute("UPDATE booking_order SET state = 'partly_used'")
    with pytest.raises(orders.OrderGone):
        await change(order, await a_slot(product, starts=time(14)))


async def test_another_day_counts_for_the_phone() -> None:
    product = await a_product()
    later = await a_slot(product, day=day_after(3))
    for serial in (5, 6):
        assert (await book(later, visitors(serial))).kind == "booked"
    order = await an_order(await a_slot(product))
    assert await refused(order, later) == "phone-limit"
    same_day = await a_slot(product, starts=time(14))
    assert (await book(same_day, visitors(7))).kind == "booked"
    await site_settings.change("booking.orders_per_phone", "1")
    await change(order, same_day)  # the same number of orders as before


async def test_a_category_is_judged_on_the_new_day(at: Callable[[datetime], None]) -> None:
    at(datetime(2026, 12, 1, 2, tzinfo=UTC))
    product = await a_product()
    almost_65 = a_visitor(1, category="senior", born=date(1961, 12, 3))
    order = await an_order(await a_slot(product), visitors=[almost_65])
    assert await refused(order, await a_slot(product, day=day_after(3))) == "change-category"
    assert await change(order, await a_slot(product, starts=time(14)))


async def test_a_category_for_residents_is_judged_by_the_number() -> None:
    product = await a_product()
    await db.execute("UPDATE category SET residence_prefixes = '{33}' WHERE code = 'adult'")
    await noticed()
    order = await an_order(await a_slot(product))  # a number of another area
    assert a_number().startswith("110101")
    assert await refused(order, await a_slot(product, starts=time(14))) == "change-category"


async def test_a_category_that_is_no_longer_sold_stays_where_it_is() -> None:
    product = await a_product()
    order = await an_order(await a_slot(product))
    await db.execute("UPDATE category SET active = false WHERE code = 'adult'")
    await noticed()
    assert await refused(order, await a_slot(product, starts=time(14))) == "change-category"


async def test_what_is_paid_moves_along_and_what_costs_less_goes_back() -> None:
    order = await a_paid_order(2)
    await costs_on(order.product.id, day_after(3), 7_000)
    code = await change(order, await a_slot(order.product.id, day=day_after(3)))
    old, new = await an_order_row(order.code), await an_order_row(code)
    assert (old["paid_fen"], old["owed_fen"]) == (0, 0)
    assert (new["total_fen"], new["paid_fen"], new["owed_fen"]) == (14_000, 20_000, 6_000)
    await run_jobs()
    assert (await an_order_row(code))["refunded_fen"] == 6_000
    await check()
    await orders.cancel(code)
    await run_jobs()
    new = await an_order_row(code)
    assert (new["state"], new["refunded_fen"]) == ("refunded", 20_000)
    await check()


async def test_what_costs_more_than_was_paid_is_refused() -> None:
    order = await a_paid_order()
    await costs_on(order.product.id, day_after(3), 10_001)
    assert await refused(order, await a_slot(order.product.id, day=day_after(3))) == "change-price"


async def test_a_fee_that_was_kept_is_not_given_back_by_a_change(
    at: Callable[[datetime], None],
) -> None:
    """Two tickets, one cancelled late for a fee: the change carries what the other one was paid with, no more."""
    product = await a_product(payment="online")
    order = await a_paid_order(2, product)
    later = await a_slot(product, day=day_after(3))
    at(clock.at(order.visit_day, time(7)))
    await orders.cancel(order.code, [0])
    code = await change(order, later)
    await run_jobs()
    old, new = await an_order_row(order.code), await an_order_row(code)
    assert (old["paid_fen"], old["refunded_fen"]) == (10_000, 8_000)
    assert (new["paid_fen"], new["owed_fen"]) == (10_000, 0)
    await check()
    await orders.cancel(code)
    await run_jobs()
    assert (await an_order_row(code))["refunded_fen"] == 10_000
    await check()


async def test_a_refund_on_its_way_stays_with_the_order_it_was_asked_for() -> None:
    product = await a_product(payment="online")
    order = await a_paid_order(2, product)
    await orders.cancel(order.code, [0])
    code = await change(order, await a_slot(product, day=day_after(3)))
    await run_jobs()
    old, new = await an_order_row(order.code), await an_order_row(code)
    assert (old["state"], old["paid_fen"], old["refunded_fen"]) == ("replaced", 10_000, 10_000)
    assert (new["paid_fen"], new["refunded_fen"]) == (10_000, 0)
    await check()


async def test_paying_at_the_gate_moves_to_whatever_it_costs_there() -> None:
    product = await a_product()
    order = await an_order(await a_slot(product))
    await costs_on(product, day_after(3), 99_900)
    code = await change(order, await a_slot(product, day=day_after(3)))
    row = await an_order_row(code)
    assert (row["payment"], row["total_fen"], row["paid_fen"]) == ("at_gate", 99_900, 0)


@pytest.mark.parametrize(
    ("payment", "outcome"), [("online", "change-price"), ("at_gate", "at_gate")]
)
async def test_what_was_free_is_not_free_where_it_costs(payment: str, outcome: str) -> None:
    product = await a_product(payment=payment, prices={})
    await costs_on(product, day_after(3), 5_000)
    order = await an_order(await a_slot(product))
    assert order.payment == "free"
    later = await a_slot(product, day=day_after(3))
    if outcome == "change-price":
        assert await refused(order, later) == outcome
    else:
        assert (await an_order_row(await change(order, later)))["payment"] == outcome


async def test_what_becomes_free_is_free() -> None:
    product = await a_product()
    order = await an_order(await a_slot(product))
    await costs_on(product, day_after(3), 0)
    code = await change(order, await a_slot(product, day=day_after(3)))
    assert (await an_order_row(code))["payment"] == "free"


@pytest.mark.charter("BK-10")
async def test_what_was_paid_at_the_window_moves_with_its_money() -> None:
    product = await a_product()
    seller = await an_account("window1")
    await window.open_drawer(seller, 0)
    slot = await a_slot(product)
    sold = await an_unsent_order(slot, visitors(1, 2), sale=Sale(WINDOW, "cash", seller))
    code = (await window.sell(seller, sold, window.Payment("cash", 20_000))).code
    await costs_on(product, day_after(3), 6_000)
    moved = await change(code, await a_slot(product, day=day_after(3)))
    row = await an_order_row(moved)
    assert (row["payment"], row["paid_fen"], row["owed_fen"]) == ("cash", 20_000, 8_000)
    await check()
    assert await window.pay_back(seller, moved) == 8_000
    assert await window.pay_back(seller, moved) == 0
    await check()
    await costs_on(product, day_after(4), 60_000)
    await site_settings.change("booking.change_limit", "5")
    assert await refused(moved, await a_slot(product, day=day_after(4))) == "change-price"


@pytest.mark.charter("BK-12")
async def test_a_change_is_no_attempt_to_book() -> None:
    product = await a_product()
    order = await an_order(await a_slot(product))
    await change(order, await a_slot(product, starts=time(14)))
    assert await attempts_by_outcome() == {"booked": 1}


async def test_states_go_only_the_published_ways() -> None:
    witness = await Witness().enter()
    order = await a_paid_order(2)
    code = await change(order, await a_slot(order.product.id, day=day_after(3)))
    await orders.cancel(code)
    await run_jobs()
    await witness.check()
    await witness.leave()
