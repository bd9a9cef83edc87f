"""Closing slots (BK-11): sale stops, every holder is told once, chooses or is refunded once, whatever is cut off."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from uuid import UUID, uuid4

import pytest

from portal.core import clock, db, site_settings
from portal.features.booking import calls, closure, day_end, orders, waitlist
from portal.features.booking import change as changing
from portal.features.booking.closure import NewClosure, Progress
from portal.features.booking.queries import OrderView
from portal.features.catalogue.availability import SlotView
from tests.factories.booking import a_payment, an_order, the_order
from tests.factories.catalogue import a_product, a_slot
from tests.features.booking.acts import (
    a_phone,
    act_as,
    an_order_row,
    book,
    day_after,
    run_jobs,
    the_slot,
    view,
    visitors,
)
from tests.invariants import Witness, check

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.charter("BK-11")]


async def close(*slots: SlotView, key: UUID | None = None, hours: int = 24) -> int:
    act_as("ops1")
    return await closure.close(
        NewClosure(
            tuple(slot.id for slot in slots),
            slots[0].visit_day,
            "weather",
            "雷雨预警",
            "Thunderstorm warning",
            hours,
            key or uuid4(),
        )
    )


async def progress(number: int) -> Progress:
    found = await closure.progress(number)
    assert found is not None
    return found


async def messages(kind: str = "closure") -> list[str]:
    rows = await db.fetch("SELECT order_code FROM visitor_message WHERE kind = $1", kind)
    return sorted(row["order_code"] for row in rows)


async def paid_orders(count: int = 2, *, day: int = 2) -> list[OrderView]:
    slot = await a_slot(await a_product(payment="online"), day=day_after(day))
    made = []
    for number in range(1, count + 1):
        order = await an_order(slot, visitors=visitors(number), phone=a_phone(number))
        await a_payment(order)
        made.append(await the_order(order.code))
    return made


async def test_sale_stops_at_once_and_every_holder_is_told_once() -> None:
    made = await paid_orders(3)
    slot = view(made[0].slot)
    number = await close(slot)
    assert (await book(slot, visitors(50), phone=a_phone(50))).kind == "slot-closed"
    await run_jobs()
    assert await messages() == sorted(order.code for order in made)
    for _ in range(2):
        assert await closure.tell_holders(number) == 0
    assert len(await messages()) == 3
    found = await progress(number)
    assert (found.orders, found.open, found.told, found.waiting) == (3, 3, 3, 0)
    [recent] = await closure.recent()
    assert recent == found
    await check()


async def test_who_does_not_choose_is_refunded_fully_and_once(
    at: Callable[[datetime], None],
) -> None:
    await site_settings.change("no_show.counted", "yes")
    made = await paid_orders(2)
    number = await close(view(made[0].slot))
    await run_jobs()
    assert await closure.refund_undecided() == 0
    at(clock.now() + timedelta(hours=24, seconds=1))
    assert await closure.refund_undecided() == 2
    assert await closure.refund_undecided() == 0
    await run_jobs()
    for order in made:
        row = await an_order_row(order.code)
        assert (row["state"], row["refunded_fen"]) == ("refunded", row["paid_fen"])
    assert await db.fetchval("SELECT count(*) FROM refund") == 2
    assert await db.fetchval("SELECT count(*) FROM no_show") == 0
    assert (await progress(number)).refunded == 2
    await check()


async def test_even_on_the_day_itself_there_is_no_fee(at: Callable[[datetime], None]) -> None:
    await site_settings.change("no_show.counted", "yes")
    [order] = await paid_orders(1, day=1)
    at(clock.at(order.visit_day, time(8)))
    await close(view(order.slot))
    done = await orders.cancel(order.code)
    assert (done.quote.rule, done.quote.fee_fen, done.quote.refund_fen) == ("site", 0, 10_000)
    assert await db.fetchval("SELECT count(*) FROM no_show") == 0


async def test_who_rebooks_moves_free_of_all_limits_and_is_not_refunded(
    at: Callable[[datetime], None],
) -> None:
    await site_settings.change("booking.change_limit", "0")
    await site_settings.change("booking.orders_per_phone", "1")
    made = await paid_orders(2)
    slot = view(made[0].slot)
    later = await a_slot(slot.product, day=day_after(3))
    await an_order(later, visitors=visitors(70), phone=a_phone(1))
    number = await close(slot)
    code = await changing.change(made[0].code, later, uuid4())
    assert (await an_order_row(code))["changes"] == 0
    assert (await progress(number)).rebooked == 1
    await run_jobs()
    assert await messages() == [made[1].code]
    at(clock.now() + timedelta(hours=25))
    await closure.refund_undecided()
    assert (await the_order(code)).state == "confirmed"
    assert (await the_order(made[1].code)).state == "refunding"
    await run_jobs()
    await check()


async def test_who_cancels_whole_has_chosen_and_in_part_has_not(
    at: Callable[[datetime], None],
) -> None:
    slot = await a_slot(await a_product(payment="online"), day=day_after(2))
    order = await an_order(slot, visitors=visitors(1, 2))
    await a_payment(order)
    number = await close(slot)
    await run_jobs()
    await orders.cancel(order.code, [0])
    found = await progress(number)
    assert (found.refunded, found.told) == (0, 1)
    at(clock.now() + timedelta(hours=25))
    assert await closure.refund_undecided() == 1
    await run_jobs()
    row = await an_order_row(order.code)
    assert (row["state"], row["refunded_fen"]) == ("refunded", 20_000)
    assert (await progress(number)).refunded == 1
    await check()


async def test_a_repeated_key_closes_once() -> None:
    [order] = await paid_orders(1)
    slot, key = view(order.slot), uuid4()
    number = await close(slot, key=key)
    assert await close(slot, key=key) == number
    await run_jobs()
    assert len(await messages()) == 1


async def test_a_slot_is_in_one_closure_so_that_nobody_is_told_twice() -> None:
    [order] = await paid_orders(1)
    slot = view(order.slot)
    afternoon = await a_slot(slot.product, day=slot.visit_day, starts=time(14))
    other = await an_order(afternoon, visitors=visitors(9), phone=a_phone(9))
    first, day = await close(slot), await close(slot, afternoon)
    await run_jobs()
    assert await messages() == sorted([order.code, other.code])
    assert ((await progress(first)).orders, (await progress(day)).orders) == (1, 1)
    await closure.lift(day)
    assert [(await the_slot(s))["closed"] for s in (slot, afternoon)] == [True, False]
    await closure.lift(first)
    assert not (await the_slot(slot))["closed"]


async def test_slots_of_another_day_are_not_closed_by_mistake() -> None:
    [order] = await paid_orders(1)
    slot = view(order.slot)
    other = await a_slot(slot.product, day=day_after(3))
    await close(slot, other)
    assert not (await the_slot(other))["closed"]


async def test_lifted_the_tickets_stay_and_nobody_is_refunded_any_more(
    at: Callable[[datetime], None],
) -> None:
    made = await paid_orders(2)
    slot = view(made[0].slot)
    number = await close(slot)
    await run_jobs()
    await orders.cancel(made[0].code)
    await closure.lift(number)
    await closure.lift(number)
    at(clock.now() + timedelta(hours=25))
    assert await closure.refund_undecided() == 0
    assert not await closure.refund(made[1].code)
    assert (await the_order(made[1].code)).state == "confirmed"
    found = await progress(number)
    assert (found.kept, found.refunded, found.lifted_at is not None) == (1, 1, True)
    assert (await book(slot, visitors(60), phone=a_phone(60))).kind == "booked"
    await run_jobs()
    await check()


async def test_lifting_offers_what_came_free_to_those_who_wait() -> None:
    slot = await a_slot(capacity=1, day=day_after(2))
    order = await an_order(slot)
    waiting = await waitlist.join(slot, 1, a_phone(1), uuid4())
    number = await close(slot)
    await orders.cancel(order.code)
    await run_jobs()
    entry = await waitlist.entry(waiting)
    assert entry is not None
    assert entry.state == "waiting"
    await closure.lift(number)
    await run_jobs()
    entry = await waitlist.entry(waiting)
    assert entry is not None
    assert entry.state == "offered"
    await check()


async def test_an_offer_of_a_slot_that_closes_is_taken_back() -> None:
    slot = await a_slot(capacity=1, day=day_after(2))
    order = await an_order(slot)
    waiting = await waitlist.join(slot, 1, a_phone(1), uuid4())
    await orders.cancel(order.code)
    await run_jobs()
    await close(slot)
    entry = await waitlist.entry(waiting)
    assert entry is not None
    assert (entry.state, entry.offer_until) == ("waiting", None)
    assert (await the_slot(slot))["withheld"] == 0
    await check()


async def test_what_is_held_when_the_slot_closes_runs_out_and_is_settled(
    at: Callable[[datetime], None],
) -> None:
    slot = await a_slot(await a_product(payment="online"), day=day_after(2))
    await an_order(slot)
    number = await close(slot)
    await run_jobs()
    at(clock.now() + timedelta(minutes=16))
    await orders.expire_holds()
    found = await progress(number)
    assert (found.open, found.kept) == (0, 1)
    await check()


async def test_one_holder_who_cannot_be_told_keeps_nobody_else_waiting() -> None:
    made = await paid_orders(3)
    first = min(order.code for order in made)
    await db.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$"
    )
    await db.execute(
        f"CREATE TRIGGER refuse BEFORE INSERT ON visitor_message FOR EACH ROW WHEN (NEW.order_code = '{first}') "
        "EXECUTE FUNCTION refuse()"
    )
    number = await close(view(made[0].slot))
    await run_jobs()
    assert len(await messages()) == 2
    assert (await progress(number)).waiting == 1
    assert await db.fetchval("SELECT count(*) FROM job WHERE done_at IS NULL") == 1  # it comes back
    await db.execute("DROP TRIGGER refuse ON visitor_message")
    assert await closure.tell_holders(number) == 1
    assert len(await messages()) == 3


async def test_who_has_cancelled_meanwhile_is_not_told() -> None:
    made = await paid_orders(2)
    number = await close(view(made[0].slot))
    await orders.cancel(made[0].code)
    await run_jobs()
    assert await messages() == [made[1].code]
    assert (await progress(number)).refunded == 1


async def test_an_order_all_of_whose_tickets_are_used_is_settled_without_a_refund(
    at: Callable[[datetime], None],
) -> None:
    slot = await a_slot(day=day_after(2))
    order = await an_order(slot, visitors=visitors(1, 2))
    await db.execute("UPDATE ticket SET state = 'used', used_at = now() WHERE ordinal = 0")
    await db.execute("UPDATE booking_order SET state = 'partly_used'")
    number = await close(slot)
    await db.execute("UPDATE ticket SET state = 'used', used_at = now()")
    await db.execute("UPDATE booking_order SET state = 'used'")
    at(clock.now() + timedelta(hours=25))
    assert await closure.refund_undecided() == 1
    assert (await progress(number)).kept == 1
    assert (await the_order(order.code)).state == "used"


async def test_the_order_page_knows_the_reason_while_a_choice_is_open() -> None:
    [order] = await paid_orders(1)
    assert await closure.of_order(order.code) is None
    number = await close(view(order.slot))
    found = await closure.of_order(order.code)
    assert found is not None
    assert (found["id"], found["reason_en"]) == (number, "Thunderstorm warning")
    await closure.lift(number)
    assert await closure.of_order(order.code) is None


@pytest.mark.charter("BK-7")
async def test_a_closure_never_counts_as_a_visit_that_did_not_happen(
    at: Callable[[datetime], None],
) -> None:
    """Not even one that was lifted: they had been told to stay at home."""
    await site_settings.change("no_show.counted", "yes")
    made = await paid_orders(1)
    slot = view(made[0].slot)
    number = await close(slot)
    await run_jobs()
    await closure.lift(number)
    at(slot.ends_at + timedelta(days=1))
    assert await day_end.close_past_days() == 1
    assert await db.fetchval("SELECT count(*) FROM no_show") == 0
    assert await db.fetchval("SELECT state FROM ticket") == "expired"
    await check()


async def test_without_a_gateway_somebody_calls(at: Callable[[datetime], None]) -> None:
    made = await paid_orders(2)
    await close(view(made[0].slot))
    await run_jobs()
    wanted = calls.Wanted(made[0].visit_day, "closure")
    listed = await calls.listed(wanted, 10, 0, plain=True)
    assert sorted(call.phone for call in listed) == [a_phone(1), a_phone(2)]
    assert all("雷雨预警" in call.text for call in listed)
    for _ in range(2):
        await calls.told(listed[0].id)
    assert len(await calls.listed(wanted, 10, 0)) == 1


async def test_a_closure_of_nothing_tells_nobody() -> None:
    [order] = await paid_orders(1)
    slot = view(order.slot)
    await close(slot)
    empty = await close(slot)
    assert (await progress(empty)).orders == 0
    assert await closure.progress(empty + 1) is None
    await closure.lift(empty)
    assert (await the_slot(slot))["closed"]


async def test_states_go_only_the_published_ways(at: Callable[[datetime], None]) -> None:
    witness = await Witness().enter()
    made = await paid_orders(3)
    slot = view(made[0].slot)
    await close(slot)
    await changing.change(made[0].code, await a_slot(slot.product, day=day_after(3)), uuid4())
    await orders.cancel(made[1].code)
    at(clock.now() + timedelta(hours=25))
    await closure.refund_undecided()
    await run_jobs()
    await witness.check()
    await witness.leave()
