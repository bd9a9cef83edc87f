"""Cancelling and expiring (BK-5, BK-7): by the published rules, whole or in part, once."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from portal.core import clock, db, site_settings
from portal.features.booking import no_shows, orders, places
from portal.features.booking.place import document_index, phone_index
from portal.features.booking.queries import OrderView
from portal.features.booking.rules import refunds
from tests.browser import Browser
from tests.factories.booking import PHONE, a_payment, a_visitor, an_order, the_order
from tests.factories.catalogue import a_product, a_slot
from tests.features.booking.acts import (
    ANOTHER_PHONE,
    a_phone,
    an_order_row,
    book,
    local,
    run_jobs,
    the_slot,
    tickets,
    view,
    visitors,
)
from tests.invariants import check

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.charter("BK-7")]


async def a_paid_order(count: int = 2) -> OrderView:
    order = await an_order(visitors=visitors(1, count), online=True)
    await a_payment(order)
    return await the_order(order.code)


async def test_before_the_visit_day_everything_goes_back() -> None:
    await site_settings.change("no_show.counted", "yes")
    order = await a_paid_order()
    done = await orders.cancel(order.code)
    assert (done.places, done.quote.rule, done.quote.refund_fen) == (2, refunds.FREE, 20_000)
    row = await an_order_row(order.code)
    assert (row["state"], row["places"], row["owed_fen"]) == ("refunding", 0, 20_000)
    assert [ticket["state"] for ticket in await tickets(order.code)] == ["cancelled"] * 2
    await run_jobs()
    assert (await the_order(order.code)).state == "refunded"
    assert await db.fetchval("SELECT count(*) FROM no_show") == 0
    await check()


async def test_on_the_visit_day_the_fee_is_kept_and_it_counts(
    at: Callable[[datetime], None],
) -> None:
    await site_settings.change("no_show.counted", "yes")
    order = await a_paid_order()
    at(local(order.visit_day, 7))
    done = await orders.cancel(order.code)
    assert (done.quote.rule, done.quote.fee_fen, done.quote.refund_fen) == ("late", 4_000, 16_000)
    await run_jobs()
    row = await an_order_row(order.code)
    assert (row["state"], row["paid_fen"], row["refunded_fen"]) == ("refunded", 20_000, 16_000)
    marks = {bytes(row["subject_index"]) for row in await db.fetch("SELECT * FROM no_show")}
    assert marks == {
        phone_index(PHONE),
        document_index(a_visitor(1).document),
        document_index(a_visitor(2).document),
    }
    await check()


async def test_nothing_is_remembered_while_missed_visits_are_not_counted(
    at: Callable[[datetime], None],
) -> None:
    order = await a_paid_order()
    at(local(order.visit_day, 7))
    assert (await orders.cancel(order.code)).quote.rule == "late"
    assert await db.fetchval("SELECT count(*) FROM no_show") == 0


@pytest.mark.parametrize("counted", ["yes", "no"])
async def test_the_pages_say_that_it_counts_only_where_it_does(
    at: Callable[[datetime], None], visitor: Browser, counted: str
) -> None:
    await site_settings.change("no_show.counted", counted)
    order = await a_paid_order()
    at(local(order.visit_day, 7))
    cancelling = order.url.replace("?", "/cancel?")
    for page in (f"{order.url}&lang=en", f"{cancelling}&lang=en", "/rules?lang=en"):
        shown = (await visitor.get(page)).text
        assert ("missed visit" in shown) == (counted == "yes"), page
        assert "fee" in shown
    assert 'href="/appeal"' in shown


async def test_after_the_last_entry_nothing_goes_back(at: Callable[[datetime], None]) -> None:
    order = await a_paid_order()
    at(order.ends_at)
    with pytest.raises(orders.TooLate):
        await orders.cancel(order.code)
    assert (await the_order(order.code)).state == "confirmed"
    at(order.ends_at - timedelta(seconds=1))
    assert (await orders.cancel(order.code)).quote.rule == "late"


async def test_within_ten_minutes_a_booking_for_today_is_undone_for_nothing(
    at: Callable[[datetime], None],
) -> None:
    await site_settings.change("no_show.counted", "yes")
    at(local(clock.today(), 8))
    slot = await a_slot(await a_product(payment="online"), day=clock.today())
    order = await an_order(slot)
    await a_payment(order)
    assert (await orders.cancel(order.code)).quote.rule == refunds.UNDONE
    assert await db.fetchval("SELECT count(*) FROM no_show") == 0


async def test_a_second_cancellation_finds_nothing_left() -> None:
    order = await a_paid_order()
    await orders.cancel(order.code)
    with pytest.raises(orders.OrderGone):
        await orders.cancel(order.code)
    assert await db.fetchval("SELECT count(*) FROM refund") == 1
    assert (await the_slot(order.slot))["sold_online"] == 0
    await check()


async def test_part_by_part_each_ticket_goes_back_once() -> None:
    order = await a_paid_order(3)
    first = await orders.cancel(order.code, [1])
    assert (first.places, first.quote.refund_fen) == (1, 10_000)
    assert (await the_order(order.code)).state == "confirmed"
    with pytest.raises(orders.OrderGone):
        await orders.cancel(order.code, [1])
    await orders.cancel(order.code, [0, 1])
    await orders.cancel(order.code)
    await run_jobs()
    row = await an_order_row(order.code)
    assert (row["state"], row["places"], row["refunded_fen"]) == ("refunded", 0, 30_000)
    assert await db.fetchval("SELECT count(*) FROM refund") == 3
    await check()


async def test_a_cancelled_document_may_book_again() -> None:
    order = await a_paid_order(2)
    await orders.cancel(order.code, [0])
    again = await an_order(view(order.slot), visitors=visitors(1), phone=ANOTHER_PHONE)
    assert again.state == "held"
    await check()


async def test_what_is_held_is_cancelled_whole_and_gives_nothing_back() -> None:
    order = await an_order(visitors=visitors(1, 2), online=True)
    done = await orders.cancel(order.code, [0])
    assert (done.places, done.quote.refund_fen) == (2, 0)
    assert (await the_order(order.code)).state == "cancelled"
    await check()


async def test_what_is_paid_at_the_gate_owes_nobody_anything() -> None:
    order = await an_order(visitors=visitors(1, 2))
    assert (await orders.cancel(order.code, [0])).quote.refund_fen == 0
    assert (await the_order(order.code)).state == "confirmed"
    await orders.cancel(order.code)
    assert (await the_order(order.code)).state == "cancelled"
    await check()


async def test_who_is_inside_already_stays_when_the_rest_cancels(
    at: Callable[[datetime], None],
) -> None:
    order = await a_paid_order(3)
    at(local(order.visit_day, 9, 30))
    await db.execute(
        "UPDATE ticket SET state = 'used', used_at = $1 WHERE ordinal = 0", clock.now()
    )
    await db.execute("UPDATE booking_order SET state = 'partly_used'")
    await orders.cancel(order.code, [1])
    assert (await the_order(order.code)).state == "partly_used"
    await orders.cancel(order.code)
    row = await an_order_row(order.code)
    assert (row["state"], row["places"], row["owed_fen"]) == ("used", 1, 16_000)
    with pytest.raises(orders.OrderGone):
        await orders.cancel(order.code)
    await run_jobs()
    await check()


@pytest.mark.parametrize("code", ["", "nonsense", "00000000000", "2AB0000000A"])
async def test_an_order_that_is_none_cannot_be_cancelled(code: str) -> None:
    with pytest.raises(orders.OrderGone):
        await orders.cancel(code)


@pytest.mark.charter("BK-5")
async def test_a_hold_that_ran_out_frees_its_places(at: Callable[[datetime], None]) -> None:
    order = await an_order(visitors=visitors(1, 2), online=True)
    assert await orders.expire_holds() == 0
    at(order.hold_until + timedelta(seconds=1))  # type: ignore[operator]
    assert await orders.expire_holds() == 1
    assert await orders.expire_holds() == 0
    row = await an_order_row(order.code)
    assert (row["state"], row["places"], row["hold_until"]) == ("expired", 0, None)
    assert [ticket["state"] for ticket in await tickets(order.code)] == ["expired"] * 2
    await check()


@pytest.mark.charter("BK-5")
async def test_one_order_that_cannot_be_expired_holds_up_no_other(
    at: Callable[[datetime], None],
) -> None:
    product = await a_product(payment="online")
    slot = await a_slot(product)
    codes = [(await book(slot, visitors(n), phone=a_phone(n))).code for n in range(1, 4)]
    await db.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$"
    )
    await db.execute(
        f"CREATE TRIGGER refuse BEFORE UPDATE ON booking_order FOR EACH ROW WHEN (OLD.code = '{codes[0]}') "
        "EXECUTE FUNCTION refuse()"
    )
    at(clock.now() + timedelta(minutes=16))
    assert await orders.expire_holds() == 2
    assert [(await the_order(code)).state for code in codes] == ["held", "expired", "expired"]
    await check()


# Places given back: who may have them, and when (BK-8)


async def test_a_freed_place_is_not_on_sale_at_once_and_then_is(
    at: Callable[[datetime], None],
) -> None:
    order = await an_order(await a_slot(capacity=1))
    await orders.cancel(order.code)
    row = await the_slot(order.slot)
    assert (row["sold_online"], row["withheld"], row["left_online"]) == (0, 1, 0)
    await check()
    at(clock.now() + timedelta(minutes=4, seconds=59))
    assert await places.release_due() == 0
    at(clock.now() + timedelta(minutes=56))
    assert await places.release_due() == 1
    assert await places.release_due() == 0
    row = await the_slot(order.slot)
    assert (row["withheld"], row["left_online"]) == (0, 1)
    await check()


async def test_where_the_setting_says_so_it_is_on_sale_at_once() -> None:
    await site_settings.change("booking.released_place_policy", "immediate")
    order = await an_order(await a_slot(capacity=1))
    await orders.cancel(order.code)
    assert (await the_slot(order.slot))["left_online"] == 1
    await check()


async def test_places_of_a_closed_slot_are_withheld_for_nobody() -> None:
    order = await an_order(await a_slot(capacity=1))
    await db.execute("UPDATE slot SET closed = true")
    await orders.cancel(order.code)
    row = await the_slot(order.slot)
    assert (row["sold_online"], row["withheld"]) == (0, 0)
    await db.execute("UPDATE slot SET closed = false")
    assert (await the_slot(order.slot))["left_online"] == 1
    await check()


@pytest.mark.parametrize(
    ("sold", "quota", "given_back", "withheld"),
    [(3, 4, 2, 0), (4, 4, 1, 0), (6, 4, 1, 1), (6, 4, 3, 2), (6, 0, 3, 3)],
)
async def test_a_place_within_a_channel_s_quota_returns_to_the_channel(
    sold: int, quota: int, given_back: int, withheld: int
) -> None:
    slot = await a_slot(capacity=10)
    await db.execute("UPDATE slot SET sold_window = $1, quota_window = $2", sold, quota)
    before = (await the_slot(slot))["left_window"]
    async with db.transaction():
        await places.give_back(slot.id, "window", given_back)
    row = await the_slot(slot)
    assert (row["sold_window"], row["withheld"]) == (sold - given_back, withheld)
    assert row["left_window"] == before + given_back - withheld


async def test_nothing_given_back_is_nothing() -> None:
    slot = await a_slot()
    async with db.transaction():
        await places.give_back(slot.id, "online", 0)
    assert await db.fetchval("SELECT count(*) FROM job") == 0


# What follows of visits that did not happen


async def late_cancellations(count: int, at: Callable[[datetime], None]) -> None:
    product = await a_product()
    for _ in range(count):
        slot = await a_slot(product)
        order = await an_order(slot)
        at(local(order.visit_day, 7))
        await orders.cancel(order.code)


async def blocks_of(index: bytes) -> list[int]:
    rows = await db.fetch(
        "SELECT step FROM booking_block WHERE subject_index = $1 ORDER BY id", index
    )
    return [row["step"] for row in rows]


async def test_three_within_the_window_suspend_document_and_phone(
    at: Callable[[datetime], None],
) -> None:
    await site_settings.change("no_show.counted", "yes")
    await late_cancellations(3, at)
    assert await blocks_of(phone_index(PHONE)) == [1]
    assert await blocks_of(document_index(a_visitor().document)) == [1]
    outcome = await book(await a_slot(await db.fetchval("SELECT id FROM product")))
    assert outcome.kind == "blocked"
    await check()


async def test_a_suspension_has_paid_for_what_led_to_it_and_grows_the_next_time(
    at: Callable[[datetime], None],
) -> None:
    await site_settings.change("no_show.counted", "yes")
    await late_cancellations(3, at)
    order = {"phone_index": phone_index(PHONE), "code": "x", "visit_day": clock.today()}
    for days in (0, 1, 2):
        async with db.transaction():
            await no_shows.note(order | {"visit_day": clock.today() + timedelta(days=days)}, [])
    assert await blocks_of(phone_index(PHONE)) == [1]  # the day of the third counts no second time
    async with db.transaction():
        await no_shows.note(order | {"visit_day": clock.today() + timedelta(days=3)}, [])
    assert await blocks_of(phone_index(PHONE)) == [1, 2]
    ends = await db.fetch("SELECT ends_at - starts_at AS lasts FROM booking_block ORDER BY step")
    assert [row["lasts"].days for row in ends if row["lasts"].days] == [60, 60, 120]


async def test_one_day_counts_once_however_many_orders(at: Callable[[datetime], None]) -> None:
    await site_settings.change("no_show.counted", "yes")
    day = clock.today()
    for code in ("a", "b", "c", "d"):
        async with db.transaction():
            await no_shows.note(
                {"phone_index": phone_index(PHONE), "code": code, "visit_day": day}, []
            )
    assert await blocks_of(phone_index(PHONE)) == []


async def test_where_entries_are_not_all_seen_nobody_is_suspended(
    at: Callable[[datetime], None],
) -> None:
    await late_cancellations(4, at)
    assert await db.fetchval("SELECT count(*) FROM booking_block") == 0
