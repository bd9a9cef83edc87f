"""Before and after the visit day (BK-7): reminded once, and what becomes of tickets that nobody used."""

import asyncio
from collections.abc import Callable
from datetime import datetime, time, timedelta

import pytest

from portal.core import clock, db, site_settings
from portal.features.booking import day_end, orders
from portal.features.booking.place import document_index, phone_index
from portal.features.booking.queries import OrderView
from tests.factories.booking import PHONE, a_visitor, an_order, the_order
from tests.factories.catalogue import a_product, a_slot
from tests.features.booking.acts import (
    a_phone,
    an_order_row,
    book,
    local,
    the_slot,
    tickets,
    view,
    visitors,
)
from tests.invariants import Witness, check

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.charter("BK-7")]


async def reminded() -> list[str]:
    rows = await db.fetch("SELECT order_code FROM visitor_message WHERE kind = 'reminder'")
    return sorted(row["order_code"] for row in rows)


async def an_order_for(days: int, number: int = 1) -> OrderView:
    product = await db.fetchval("SELECT id FROM product") or await a_product()
    day = clock.today() + timedelta(days=days)
    known = await db.fetchval("SELECT id FROM slot WHERE visit_day = $1", day)
    slot = view(known) if known else await a_slot(product, day=day)
    return await an_order(slot, visitors=visitors(number), phone=a_phone(number))


async def test_holders_of_tomorrow_are_reminded_once(at: Callable[[datetime], None]) -> None:
    at(local(clock.today(), 8))
    first, second = await an_order_for(2), await an_order_for(2, 2)
    other = await an_order_for(3, 3)
    at(local(clock.today() + timedelta(days=1), 9, 59))
    assert await day_end.remind() == 0
    at(local(clock.today(), 10))
    assert await day_end.remind() == 2
    assert await day_end.remind() == 0
    assert await reminded() == sorted([first.code, second.code])
    at(local(other.visit_day - timedelta(days=1), 12))
    assert await day_end.remind() == 1


@pytest.mark.commits
async def test_two_processes_remind_once(at: Callable[[datetime], None]) -> None:
    at(local(clock.today(), 8))
    for number in range(1, 6):
        await an_order_for(2, number)
    at(local(clock.today() + timedelta(days=1), 12))
    counts = await asyncio.gather(day_end.remind(), day_end.remind(), day_end.remind())
    assert sum(counts) == 5
    assert len(await reminded()) == 5


async def test_who_has_just_booked_cancelled_or_is_not_awaited_is_not_reminded(
    at: Callable[[datetime], None],
) -> None:
    at(local(clock.today(), 8))
    cancelled, closed = await an_order_for(2), await an_order_for(3, 2)
    await orders.cancel(cancelled.code)
    at(local(clock.today() + timedelta(days=1), 12))
    fresh = await an_order_for(1, 3)
    assert await day_end.remind() == 0
    at(local(clock.today(), 15, 1))
    assert await day_end.remind() == 1
    assert await reminded() == [fresh.code]
    at(local(closed.visit_day - timedelta(days=1), 12))
    await db.execute("UPDATE slot SET closed = true")
    assert await day_end.remind() == 0


async def test_the_hour_is_a_setting_in_the_site_s_time(at: Callable[[datetime], None]) -> None:
    await site_settings.change("booking.reminder_hour", "18")
    at(local(clock.today(), 8))
    await an_order_for(2)
    at(local(clock.today() + timedelta(days=1), 17, 59))
    assert await day_end.remind() == 0
    at(local(clock.today(), 18))
    assert await day_end.remind() == 1


async def test_unused_tickets_of_past_days_expire(at: Callable[[datetime], None]) -> None:
    order = await an_order_for(1)
    held = await an_order(await a_slot(await a_product("online", payment="online")))
    at(local(order.visit_day, 23, 59))
    assert await day_end.close_past_days() == 0
    at(local(order.visit_day + timedelta(days=1), 0))
    assert await day_end.close_past_days() == 1
    assert await day_end.close_past_days() == 0
    assert (await the_order(order.code)).state == "closed"
    assert [row["state"] for row in await tickets(order.code)] == ["expired"]
    assert (await the_order(held.code)).state == "held"  # the hold's own end is another act
    assert (await the_slot(order.slot))["sold_online"] == 1  # it was sold: figures keep it
    assert await db.fetchval("SELECT count(*) FROM no_show") == 0
    await check()


async def test_who_entered_in_part_is_closed_too_and_used_tickets_stay_used(
    at: Callable[[datetime], None],
) -> None:
    order = await an_order(visitors=visitors(1, 2))
    await db.execute("UPDATE ticket SET state = 'used', used_at = now() WHERE ordinal = 0")
    await db.execute("UPDATE booking_order SET state = 'partly_used'")
    witness = await Witness().enter()
    at(order.ends_at + timedelta(days=1))
    await day_end.close_past_days()
    assert (await the_order(order.code)).state == "closed"
    assert [row["state"] for row in await tickets(order.code)] == ["used", "expired"]
    await witness.check()
    await witness.leave()


async def test_where_entries_are_counted_who_did_not_come_is_noted(
    at: Callable[[datetime], None],
) -> None:
    await site_settings.change("no_show.counted", "yes")
    order = await an_order(visitors=visitors(1, 2))
    at(order.ends_at + timedelta(days=1))
    await day_end.close_past_days()
    assert [row["state"] for row in await tickets(order.code)] == ["no_show"] * 2
    rows = await db.fetch("SELECT subject_index, kind, visit_day FROM no_show")
    assert {(bytes(row["subject_index"]), row["kind"]) for row in rows} == {
        (phone_index(PHONE), "phone"),
        (document_index(a_visitor(1).document), "document"),
        (document_index(a_visitor(2).document), "document"),
    }
    assert {row["visit_day"] for row in rows} == {order.visit_day}


async def test_three_missed_visits_suspend_and_the_suspension_ends(
    at: Callable[[datetime], None],
) -> None:
    await site_settings.change("no_show.counted", "yes")
    for _ in range(3):
        order = await an_order_for(1)
        at(order.ends_at + timedelta(days=1))
        await day_end.close_past_days()
    product = await db.fetchval("SELECT id FROM product")
    slot = await a_slot(product, starts=time(15))
    assert (await book(slot, visitors(1), phone=a_phone(9))).kind == "blocked"
    assert (await book(slot, visitors(5), phone=a_phone(1))).kind == "blocked"
    assert (await book(slot, visitors(5), phone=a_phone(9))).kind == "booked"
    at(clock.now() + timedelta(days=60, minutes=1))
    slot = await a_slot(product, starts=time(15))
    assert (await book(slot, visitors(1), phone=a_phone(1))).kind == "booked"
    await check()


async def test_one_order_that_cannot_be_closed_holds_up_no_other(
    at: Callable[[datetime], None],
) -> None:
    codes = [(await an_order_for(1, number)).code for number in (1, 2, 3)]
    await db.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$"
    )
    await db.execute(
        f"CREATE TRIGGER refuse BEFORE UPDATE ON booking_order FOR EACH ROW WHEN (OLD.code = '{codes[0]}') "
        "EXECUTE FUNCTION refuse()"
    )
    at(clock.now() + timedelta(days=2))
    assert await day_end.close_past_days() == 2
    assert (await an_order_row(codes[0]))["state"] == "confirmed"
