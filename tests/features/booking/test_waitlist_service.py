"""The waiting list (BK-8): parties as units, in the order of request, until a stated hour; nothing lost on the way."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest

from portal.core import clock, db, site_settings
from portal.features.booking import attempts, blocks, orders, places, waitlist
from portal.features.booking.place import phone_index
from portal.features.booking.waitlist import CannotWait, Entry, NoOffer, Refused
from portal.features.catalogue.availability import SlotView
from tests.factories.booking import a_visitor, an_order, the_order
from tests.factories.catalogue import a_product, a_slot, noticed
from tests.features.booking.acts import (
    a_phone,
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
from tests.invariants import check

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.charter("BK-8")]


async def a_full_slot(capacity: int = 4, *, payment: str = "at_gate") -> SlotView:
    """Sold out in orders of two."""
    slot = await a_slot(await a_product(payment=payment), capacity=capacity)
    for number in range(capacity // 2):
        outcome = await book(slot, visitors(500 + 2 * number, 2), phone=a_phone(900 + number))
        assert outcome.kind == "booked"
    return view(slot.id)


async def join(slot: SlotView, party: int, number: int) -> int:
    return await waitlist.join(slot, party, a_phone(number), uuid4())


async def entry(number: int) -> Entry:
    found = await waitlist.entry(number)
    assert found is not None
    return found


async def states(*numbers: int) -> list[str]:
    return [(await entry(number)).state for number in numbers]


async def cancel_one(slot: SlotView) -> None:
    """The oldest order of the slot gives its two places back, and the work that follows is done."""
    code = await db.fetchval(
        "SELECT code FROM booking_order WHERE slot = $1 AND places > 0 ORDER BY created_at LIMIT 1",
        slot.id,
    )
    await orders.cancel(code)
    await run_jobs()
    await check()


async def take(number: int, slot: SlotView, people: list[Any], phone: int) -> Any:
    return await waitlist.take(number, await an_unsent_order(slot, people, phone=a_phone(phone)))


async def test_a_freed_place_is_offered_at_once_to_the_first() -> None:
    slot = await a_full_slot()
    first, second = await join(slot, 2, 1), await join(slot, 2, 2)
    assert [(await entry(first)).ahead, (await entry(second)).ahead] == [0, 1]
    await cancel_one(slot)
    assert await states(first, second) == ["offered", "waiting"]
    row = await the_slot(slot)
    assert (row["withheld"], row["left_online"]) == (2, 0)
    assert (await book(slot, visitors(1), phone=a_phone(77))).kind == "sold-out"


async def test_who_is_offered_is_told_once_with_the_link() -> None:
    slot = await a_full_slot()
    first = await join(slot, 2, 1)
    await cancel_one(slot)
    for _ in range(2):
        await waitlist.offer(slot.id)
    [message] = await db.fetch("SELECT * FROM visitor_message")
    assert message["kind"] == "waitlist-offer"
    assert waitlist.key_is_good(first, waitlist.entry_key(first))
    assert not waitlist.key_is_good(first + 1, waitlist.entry_key(first))
    assert waitlist.entry_key(first) in (await entry(first)).url


async def test_a_party_is_offered_whole_or_not_and_a_larger_one_keeps_its_turn() -> None:
    slot = await a_full_slot()
    large, small = await join(slot, 4, 1), await join(slot, 1, 2)
    await cancel_one(slot)
    assert await states(large, small) == ["waiting", "offered"]
    await waitlist.leave(small)
    await run_jobs()
    await cancel_one(slot)
    assert await states(large, small) == ["offered", "left"]
    assert (await the_slot(slot))["withheld"] == 4


async def test_an_offer_is_booked_and_the_order_is_the_party_s() -> None:
    slot = await a_full_slot()
    first = await join(slot, 2, 1)
    await cancel_one(slot)
    outcome = await take(first, slot, visitors(1, 2), 1)
    assert outcome.kind == "booked"
    taken = await entry(first)
    assert (taken.state, taken.order_code) == ("taken", outcome.code)
    row = await the_slot(slot)
    assert (row["sold_online"], row["withheld"]) == (4, 0)
    assert await attempts_by_outcome() == {"booked": 3}
    await check()


@pytest.mark.charter("BK-4")
async def test_a_repeat_of_taking_answers_with_the_order() -> None:
    """The answer was lost: whoever presses again must not be told that the offer has run out."""
    slot = await a_full_slot()
    first = await join(slot, 2, 1)
    await cancel_one(slot)
    order = await an_unsent_order(slot, visitors(1, 2), phone=a_phone(1))
    booked = await waitlist.take(first, order)
    again = await waitlist.take(first, order)
    assert (again.kind, again.code, again.visit_day) == ("repeated", booked.code, slot.visit_day)
    assert await db.fetchval("SELECT count(*) FROM booking_order") == 3
    await check()


async def test_fewer_people_than_the_party_leave_the_rest_to_others() -> None:
    slot = await a_full_slot()
    first, second = await join(slot, 2, 1), await join(slot, 1, 2)
    await cancel_one(slot)
    assert (await take(first, slot, visitors(1), 1)).kind == "booked"
    await check()
    await run_jobs()
    assert await states(first, second) == ["taken", "offered"]
    await check()


async def test_more_people_than_the_party_are_not_booked() -> None:
    slot = await a_full_slot()
    first = await join(slot, 2, 1)
    await cancel_one(slot)
    with pytest.raises(NoOffer):
        await take(first, slot, visitors(1, 3), 1)
    other = await a_slot(slot.product, starts=time(14))
    with pytest.raises(NoOffer):
        await take(first, other, visitors(1), 1)
    assert await states(first) == ["offered"]
    await check()


async def test_who_was_offered_nothing_takes_nothing() -> None:
    slot = await a_full_slot()
    first = await join(slot, 2, 1)
    with pytest.raises(NoOffer):
        await take(first, slot, visitors(1, 2), 1)
    with pytest.raises(NoOffer):
        await take(first + 100, slot, visitors(1, 2), 1)
    await waitlist.leave(first + 100)


async def test_an_offer_not_taken_in_time_goes_to_the_next(
    at: Callable[[datetime], None],
) -> None:
    slot = await a_full_slot()
    first, second = await join(slot, 2, 1), await join(slot, 2, 2)
    await cancel_one(slot)
    until = (await entry(first)).offer_until
    assert until is not None
    at(until + timedelta(seconds=1))
    with pytest.raises(NoOffer):
        await take(first, slot, visitors(1, 2), 1)
    assert await waitlist.end_missed() == 1
    assert await waitlist.end_missed() == 0
    await check()
    await run_jobs()
    assert await states(first, second) == ["missed", "offered"]
    await check()


async def test_who_leaves_with_an_offer_passes_it_on() -> None:
    slot = await a_full_slot()
    first, second = await join(slot, 2, 1), await join(slot, 2, 2)
    await cancel_one(slot)
    await waitlist.leave(first)
    await waitlist.leave(first)
    await check()
    await run_jobs()
    assert await states(first, second) == ["left", "offered"]


async def test_waiting_ends_at_its_hour_and_nobody_is_offered_after_it(
    at: Callable[[datetime], None],
) -> None:
    slot = await a_full_slot()
    first = await join(slot, 2, 1)
    at(waitlist.latest_wait(slot) + timedelta(seconds=1))
    await cancel_one(slot)
    assert await states(first) == ["waiting"]
    await waitlist.end_missed()
    assert await states(first) == ["ended"]
    with pytest.raises(CannotWait, match="slot-closed"):
        await join(slot, 2, 5)


async def test_an_offer_ends_no_later_than_the_wait(at: Callable[[datetime], None]) -> None:
    slot = await a_full_slot()
    first = await join(slot, 2, 1)
    at(waitlist.latest_wait(slot) - timedelta(minutes=5))
    await cancel_one(slot)
    assert (await entry(first)).offer_until == waitlist.latest_wait(slot)


async def test_nobody_waits_where_the_party_can_book() -> None:
    slot = await a_slot(capacity=3)
    with pytest.raises(CannotWait, match="places-free"):
        await join(slot, 3, 1)
    assert await join(slot, 4, 1)


@pytest.mark.charter("BK-2")
async def test_nobody_waits_for_a_day_that_is_not_on_sale_yet() -> None:
    """Or an offer would open it before its time, to whoever knows the address."""
    slot = await a_slot(day=day_after(30), capacity=0)
    with pytest.raises(CannotWait, match="slot-closed"):
        await join(slot, 1, 1)
    later = await a_slot(slot.product, day=day_after(5), capacity=0)
    waiting = await join(later, 1, 1)
    await site_settings.change("booking.days_ahead", "3")
    await db.execute("UPDATE slot SET capacity = 5")
    assert await waitlist.offer(later.id) == 0
    await site_settings.change("booking.days_ahead", "7")
    assert await waitlist.offer(later.id) == 1
    assert await states(waiting) == ["offered"]


@pytest.mark.parametrize("why", ["closed", "retired"])
async def test_nobody_waits_for_what_is_not_sold(why: str) -> None:
    slot = await a_full_slot()
    waiting = await join(slot, 2, 1)
    await db.execute(f"UPDATE slot SET {why} = true")
    with pytest.raises(CannotWait, match="slot-closed"):
        await join(slot, 2, 2)
    await orders.cancel(await db.fetchval("SELECT code FROM booking_order LIMIT 1"))
    await run_jobs()
    assert await states(waiting) == ["waiting"]
    await check()


async def test_a_product_off_sale_offers_nothing() -> None:
    slot = await a_full_slot()
    waiting = await join(slot, 2, 1)
    await db.execute("UPDATE product SET on_sale = false")
    await noticed()
    await cancel_one(slot)
    assert await states(waiting) == ["waiting"]


async def test_a_repeated_key_is_the_same_entry_and_a_phone_waits_once() -> None:
    slot, key = await a_full_slot(), uuid4()
    first = await waitlist.join(slot, 2, a_phone(1), key)
    assert await waitlist.join(slot, 2, a_phone(1), key) == first
    with pytest.raises(waitlist.AlreadyWaiting):
        await join(slot, 1, 1)
    await waitlist.leave(first)
    assert await join(slot, 1, 1) != first


@pytest.mark.charter("BK-4")
async def test_a_repeat_finds_its_entry_after_places_came_free() -> None:
    slot, key = await a_full_slot(), uuid4()
    first = await waitlist.join(slot, 2, a_phone(1), key)
    await site_settings.change("booking.released_place_policy", "immediate")
    await orders.cancel(await db.fetchval("SELECT code FROM booking_order LIMIT 1"))
    assert await waitlist.join(slot, 2, a_phone(1), key) == first


async def test_a_booking_that_is_refused_leaves_the_offer_and_is_counted() -> None:
    slot = await a_full_slot()
    first = await join(slot, 2, 1)
    await cancel_one(slot)
    await book(await a_slot(slot.product, starts=time(14)), visitors(1), phone=a_phone(60))
    with pytest.raises(Refused, match="duplicate-document"):
        await take(first, slot, [a_visitor(1), a_visitor(2)], 1)
    await blocks.suspend(phone_index(a_phone(1)), "phone", 1, "")
    with pytest.raises(Refused, match="blocked"):
        await take(first, slot, visitors(3, 2), 1)
    assert await states(first) == ["offered"]
    await attempts.write()
    counted = await attempts_by_outcome()
    assert (counted["duplicate-document"], counted["blocked"]) == (1, 1)
    await check()
    assert (await take(first, slot, visitors(3, 2), 2)).kind == "booked"


@pytest.mark.charter("BK-4")
async def test_a_key_that_booked_something_else_does_not_use_the_offer_up() -> None:
    slot = await a_full_slot(6)
    await orders.cancel(await db.fetchval("SELECT code FROM booking_order LIMIT 1"))
    await site_settings.change("booking.released_place_policy", "immediate")
    await db.execute("DELETE FROM released_place")
    await db.execute("UPDATE slot SET withheld = 0")
    order = await an_unsent_order(slot, visitors(1, 2), phone=a_phone(1))
    assert (await book(slot, visitors(1, 2), phone=a_phone(1), key=order.key)).kind == "booked"
    first = await join(slot, 2, 2)
    await cancel_one(slot)
    with pytest.raises(Refused, match="key-reused"):
        await waitlist.take(first, order)
    assert await states(first) == ["offered"]
    await check()


@pytest.mark.charter("BK-5")
async def test_an_offer_of_what_is_paid_online_is_held_until_it_is_paid() -> None:
    slot = await a_full_slot(payment="online")
    first = await join(slot, 2, 1)
    await cancel_one(slot)
    outcome = await take(first, slot, visitors(1, 2), 1)
    assert (await the_order(outcome.code)).state == "held"
    assert [row["state"] for row in await tickets(outcome.code)] == ["reserved"] * 2
    await check()


async def test_places_that_come_free_in_another_way_are_found(
    at: Callable[[datetime], None],
) -> None:
    slot = await a_full_slot()
    first = await join(slot, 2, 1)
    assert await waitlist.offer_wherever_one_waits() == 0
    await db.execute("UPDATE slot SET capacity = capacity + 2")
    assert await waitlist.offer_wherever_one_waits() == 1
    assert await states(first) == ["offered"]
    await check()


async def test_a_quota_raised_above_what_is_unsold_is_made_up_for_before_anything_is_offered() -> (
    None
):
    """What is offered can be taken: an offer that the booking then refuses as sold out would be none."""
    slot = await a_full_slot(4)
    await db.execute("UPDATE slot SET quota_window = 1")  # one more than there is
    first = await join(slot, 2, 1)
    await cancel_one(slot)
    assert await states(first) == ["waiting"]
    second = await join(slot, 1, 2)
    await run_jobs()
    assert await states(first, second) == ["waiting", "offered"]
    assert (await take(second, slot, visitors(1), 2)).kind == "booked"
    await check()


async def test_released_places_go_to_whoever_waits_until_their_moment(
    at: Callable[[datetime], None],
) -> None:
    slot = await a_full_slot()
    await cancel_one(slot)
    row = await the_slot(slot)
    assert (row["withheld"], row["left_online"]) == (2, 0)
    first = await join(slot, 1, 1)
    await run_jobs()
    assert await states(first) == ["offered"]
    await check()
    at(clock.now() + timedelta(hours=1, seconds=1))
    await places.release_due()
    await check()
    assert (await the_slot(slot))["left_online"] == 1


async def test_many_who_wait_are_offered_places_a_few_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All of them, but not in one act that keeps everybody else from booking."""
    monkeypatch.setattr(waitlist, "OFFERS_AT_ONCE", 2)
    slot = await a_slot(capacity=0)
    parties = [await join(slot, 1, number) for number in range(1, 6)]
    await db.execute("UPDATE slot SET capacity = 4")
    acts = await db.fetchval("SELECT count(*) FROM audit_link")
    assert await waitlist.offer(slot.id) == 4
    assert await db.fetchval("SELECT count(*) FROM audit_link") == acts + 2
    assert await states(*parties) == ["offered"] * 4 + ["waiting"]
    await check()


async def test_withdrawn_offers_wait_again_at_their_turn() -> None:
    slot = await a_full_slot()
    first, second = await join(slot, 2, 1), await join(slot, 2, 2)
    await cancel_one(slot)
    async with db.transaction():
        await places.lock(slot.id)
        await waitlist.withdraw_offers([slot.id])
    assert await states(first, second) == ["waiting", "waiting"]
    await check()
    await waitlist.offer(slot.id)
    assert await states(first, second) == ["offered", "waiting"]
    await check()


async def test_an_entry_that_does_not_exist_is_none() -> None:
    assert await waitlist.entry(1) is None


async def test_an_order_of_the_factory_is_booked_beside() -> None:
    slot = await a_full_slot(2)
    other = await an_order(await a_slot(slot.product, starts=time(14)), visitors=visitors(1))
    assert other.state == "confirmed"
