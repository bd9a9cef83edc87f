"""What the trail says of each act on bookings (AU-1): who, what, on which thing, with the figures that matter later."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from portal.core import db
from portal.features.booking import blocks, closure, orders, waitlist, window
from portal.features.booking import change as changing
from portal.features.booking.closure import NewClosure
from portal.features.booking.place import WINDOW, Sale, phone_index
from portal.features.booking.queries import OrderView
from portal.features.booking.window import Payment
from portal.features.payments import service as payments
from tests.factories.booking import PHONE, a_payment, an_order, the_order
from tests.factories.catalogue import a_product, a_slot
from tests.factories.people import an_account
from tests.features.booking.acts import (
    a_phone,
    act_as,
    an_unsent_order,
    book,
    day_after,
    pay,
    run_jobs,
    view,
    visitors,
)

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.charter("AU-1")]

Noted = list[tuple[str, str, dict[str, Any]]]


async def noted(act: str) -> Noted:
    """Who did this to what, and how, in the order in which it was done."""
    rows = await db.fetch(
        "SELECT subject, object_id, detail::text AS detail FROM audit_entry "
        "WHERE act = $1 AND outcome = 'allowed' ORDER BY at, lane, seq",
        act,
    )
    return [(row["subject"], row["object_id"], json.loads(row["detail"])) for row in rows]


async def a_paid_order(count: int = 2) -> OrderView:
    """For the day after tomorrow, of ¥100 each."""
    slot = await a_slot(await a_product(payment="online"), day=day_after(2))
    order = await an_order(slot, visitors=visitors(1, count))
    await a_payment(order)
    return await the_order(order.code)


# Orders


async def test_a_payment_that_confirms() -> None:
    order = await a_paid_order()
    _booked, (_who, code, detail) = await noted("booking:create")
    assert (code, detail) == (order.code, {"paid": 20_000})


async def test_a_cancellation_in_parts_with_places_rule_and_refund() -> None:
    order = await a_paid_order()
    act_as("manager.systems")
    await orders.cancel(order.code, [1])
    await orders.cancel(order.code)
    with pytest.raises(orders.OrderGone):
        await orders.cancel(order.code)
    one = {"places": 1, "rule": "free", "refund": 10_000}
    assert await noted("booking:cancel") == [("manager.systems", order.code, one)] * 2


async def test_a_late_cancellation_with_its_fee(at: Callable[[datetime], None]) -> None:
    order = await a_paid_order()
    at(order.starts_at - timedelta(minutes=1))
    await orders.cancel(order.code)
    [(_who, code, detail)] = await noted("booking:cancel")
    assert code == order.code
    assert detail == {"places": 2, "rule": "late", "refund": 16_000}


async def test_a_hold_that_ran_out(at: Callable[[datetime], None]) -> None:
    order = await an_order(online=True, visitors=visitors(1, 2))
    assert order.hold_until is not None
    at(order.hold_until + timedelta(seconds=1))
    for _ in range(2):
        await orders.expire_holds()
    [(_who, code, detail)] = await noted("booking:cancel")
    assert (code, detail) == (order.code, {"places": 2, "rule": "hold-expired"})


async def test_late_money_that_confirms_after_all(at: Callable[[datetime], None]) -> None:
    order = await an_order(online=True)
    assert order.hold_until is not None
    payment = await payments.start(order.code, order.total_fen, "test", order.hold_until)
    at(order.hold_until + timedelta(seconds=1))
    await orders.expire_holds()
    assert await pay(payment, order.total_fen)
    assert (await noted("booking:create"))[-1][1:] == (order.code, {"paid": 10_000})


async def test_a_move_to_another_slot() -> None:
    order = await an_order()
    other = await a_slot(order.product.id, day=day_after(2))
    act_as("window1")
    key = uuid4()
    fresh = await changing.change(order.code, other, key)
    assert await changing.change(order.code, other, key) == fresh
    moved = {"to": fresh, "slot": other.id}
    assert await noted("booking:change") == [("window1", order.code, moved)]


# Closures


async def test_a_closure_its_resumption_and_its_end() -> None:
    order = await a_paid_order()
    act_as("ops1")
    number = await closure.close(
        NewClosure(
            (order.slot,),
            order.visit_day,
            "weather",
            "雷雨预警",
            "Thunderstorm",
            24,
            key := uuid4(),
        )
    )
    assert number == await closure.close(
        NewClosure((order.slot,), order.visit_day, "weather", "雷雨预警", "Thunderstorm", 24, key)
    )
    assert await closure.resume(number)
    await run_jobs()
    assert not await closure.resume(number)
    act_as("director")
    for _ in range(2):
        await closure.lift(number)
    assert await noted("closure:create") == [
        ("ops1", str(number), {"slots": 1, "kind": "weather"}),
        ("ops1", str(number), {"resumed": 1}),
    ]
    assert await noted("closure:lift") == [("director", str(number), {})]


async def test_a_refund_for_a_closure_is_a_cancellation_by_the_sites_rule() -> None:
    order = await a_paid_order()
    act_as("ops1")
    await closure.close(
        NewClosure((order.slot,), order.visit_day, "weather", "大风", "Storm", 24, uuid4())
    )
    await closure.refund(order.code)
    [(_who, code, detail)] = await noted("booking:cancel")
    assert (code, detail) == (order.code, {"places": 2, "rule": "site", "refund": 20_000})


# Waiting list


async def a_waiting_party() -> tuple[OrderView, int]:
    """Somebody who waits for the one place of a slot, and the order that has it."""
    slot = await a_slot(capacity=1)
    order = await the_order((await book(slot, visitors(1))).code)
    return order, await waitlist.join(view(slot.id), 1, a_phone(1), uuid4())


async def test_a_place_on_the_waiting_list_that_is_offered_and_missed(
    at: Callable[[datetime], None],
) -> None:
    order, entry = await a_waiting_party()
    await orders.cancel(order.code)
    await run_jobs()
    offered = await waitlist.entry(entry)
    assert offered is not None
    assert offered.offer_until is not None
    at(offered.offer_until + timedelta(seconds=1))
    for _ in range(2):
        await waitlist.end_missed()
    assert [(number, detail) for _who, number, detail in await noted("waitlist:join")] == [
        (str(entry), {"slot": order.slot, "party": 1}),
        (str(entry), {"offered_until": offered.offer_until.isoformat()}),
        (str(entry), {"ended": "missed"}),
    ]


async def test_who_leaves_the_waiting_list() -> None:
    _order, entry = await a_waiting_party()
    for _ in range(2):
        await waitlist.leave(entry)
    assert [detail for _who, _number, detail in await noted("waitlist:join")][1:] == [
        {"ended": "left"}
    ]


async def test_an_offer_that_a_closure_takes_back() -> None:
    order, entry = await a_waiting_party()
    await orders.cancel(order.code)
    await run_jobs()
    act_as("ops1")
    await closure.close(
        NewClosure((order.slot,), order.visit_day, "weather", "大风", "Storm", 24, uuid4())
    )
    assert (await noted("waitlist:join"))[-1] == ("ops1", str(entry), {"withdrawn": True})


async def test_an_offer_that_is_taken_is_a_booking() -> None:
    order, entry = await a_waiting_party()
    await orders.cancel(order.code)
    await run_jobs()
    wish = await an_unsent_order(view(order.slot), visitors(2), phone=a_phone(1))
    taken = await waitlist.take(entry, wish)
    _first, (_who, code, detail) = await noted("booking:create")
    assert code == taken.code
    assert detail == {"slot": order.slot, "party": 1, "fen": 10_000, "channel": "online"}


# Window


async def test_a_drawer_from_its_float_to_its_check() -> None:
    person = await an_account("window1")
    act_as("window1")
    drawer = await window.open_drawer(person, 50_000)
    slot = await a_slot()
    wish = await an_unsent_order(slot, visitors(1, 2), sale=Sale(WINDOW, "cash"))
    sold = await window.sell(person, wish, Payment("cash", 25_000))
    await window.sell(person, wish, Payment("cash", 25_000))
    await window.give_back(person, sold.code, [1], "cash")
    assert await window.pay_back(person, sold.code) == 0
    with pytest.raises(window.Uneven):
        await window.close_drawer(person, 59_000, "")
    await window.close_drawer(person, 59_000, "a note is missing")
    act_as("manager.systems")
    for _ in range(2):
        await window.check_drawer(drawer, "talked about")
    assert await noted("window_sale:create") == [
        ("window1", sold.code, {"fen": 20_000, "method": "cash"})
    ]
    assert await noted("window_sale:refund") == [
        ("window1", sold.code, {"fen": 10_000, "method": "cash"})
    ]
    assert await noted("window_sale:cash_up") == [
        ("window1", str(drawer), {"float": 50_000}),
        ("window1", str(drawer), {"counted": 59_000, "expected": 60_000}),
    ]
    assert await noted("window_sale:report") == [
        ("manager.systems", str(drawer), {"remark": "talked about"})
    ]


# Suspensions


async def test_a_suspension_its_appeals_and_its_end() -> None:
    act_as("secadmin")
    number = await blocks.suspend(phone_index(PHONE), "phone", 60, "Scalping", key := uuid4())
    assert await blocks.suspend(phone_index(PHONE), "phone", 60, "Scalping", key) == number
    act_as("visitor")
    assert await blocks.file_appeal(number, "当天暴雨")
    assert not await blocks.file_appeal(number, "再次申诉")
    act_as("director")
    appeal = await db.fetchval("SELECT id FROM appeal")
    for _ in range(2):
        await blocks.decide(appeal, granted=True, answer="准许")
    assert await noted("booking_block:create") == [
        ("secadmin", str(number), {"kind": "phone", "days": 60})
    ]
    assert await noted("appeal:file") == [("visitor", str(appeal), {"block": number})]
    assert await noted("appeal:decide") == [("director", str(appeal), {"granted": True})]
    assert await noted("booking_block:lift") == [("director", str(number), {"why": "appeal"})]


async def test_no_entry_for_what_changed_nothing() -> None:
    before = await db.fetchval("SELECT count(*) FROM audit_entry")
    await orders.expire_holds()
    await waitlist.end_missed()
    await waitlist.leave(1)
    await closure.lift(1)
    await window.check_drawer(1, "")
    await blocks.lift(1, "")
    await blocks.decide(1, granted=False, answer="")
    assert await db.fetchval("SELECT count(*) FROM audit_entry") == before
