"""Booking (BK-2, BK-3, BK-4, BK-12): every outcome, every repeat, and what stands in the database after it."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from uuid import uuid4

import pytest

from portal.core import clock, db, site_settings
from portal.features.booking import attempts, blocks
from portal.features.booking.booker import book_now
from portal.features.booking.place import WINDOW, Sale, document_index, phone_index
from portal.features.booking.process import booker
from portal.features.booking.rules.documents import HK_MACAU, PASSPORT, Document
from portal.features.booking.rules.party import Visitor
from portal.features.booking.window import NO_PHONE_LIMIT
from tests.factories.booking import PHONE, a_visitor, an_order, the_order
from tests.factories.catalogue import a_product, a_slot
from tests.features.booking.acts import (
    ANOTHER_PHONE,
    a_phone,
    an_order_row,
    an_unsent_order,
    attempts_by_outcome,
    book,
    the_slot,
    tickets,
    visitors,
)
from tests.invariants import check

pytestmark = pytest.mark.usefixtures("database")


@pytest.mark.charter("BK-3", "BK-4")
async def test_a_party_is_booked_whole() -> None:
    slot = await a_slot(capacity=10)
    outcome = await book(slot, visitors(1, 3))
    assert (outcome.kind, outcome.visit_day) == ("booked", slot.visit_day)
    order = await an_order_row(outcome.code)
    assert (order["state"], order["party"], order["places"]) == ("confirmed", 3, 3)
    assert (order["payment"], order["total_fen"], order["paid_fen"]) == ("at_gate", 30_000, 0)
    assert [ticket["state"] for ticket in await tickets(outcome.code)] == ["valid"] * 3
    assert (await the_slot(slot))["left_online"] == 7
    await check()


@pytest.mark.charter("RK-6")
async def test_nothing_personal_stands_in_plain_text() -> None:
    slot = await a_slot()
    outcome = await book(slot)
    stored = str(
        [
            [dict(row) for row in await db.fetch(f"SELECT * FROM {table}")]
            for table in ("booking_order", "ticket", "audit_entry", "booking_key", "job")
        ]
    )
    visitor = a_visitor()
    assert outcome.code in stored
    for secret in (visitor.name, visitor.document.number, PHONE):
        assert secret not in stored
        assert secret.encode().hex() not in stored


@pytest.mark.charter("BK-5")
async def test_an_order_that_costs_nothing_confirms_at_once() -> None:
    slot = await a_slot(await a_product(payment="online", prices={}))
    order = await an_order_row((await book(slot)).code)
    assert (order["state"], order["payment"], order["hold_until"]) == ("confirmed", "free", None)


@pytest.mark.charter("BK-5")
async def test_an_online_order_is_held_for_the_set_time() -> None:
    await site_settings.change("booking.hold_minutes", "20")
    slot = await a_slot(await a_product(payment="online"))
    before = clock.now()
    order = await an_order_row((await book(slot)).code)
    assert order["state"] == "held"
    assert timedelta(minutes=19) < order["hold_until"] - before <= timedelta(minutes=21)
    assert [ticket["state"] for ticket in await tickets(order["code"])] == ["reserved"]
    await check()


@pytest.mark.charter("BK-4")
async def test_a_slot_that_is_full_leaves_no_trace_but_the_attempt() -> None:
    slot = await a_slot(capacity=2)
    assert (await book(slot, visitors(1, 2))).kind == "booked"
    outcome = await book(slot, visitors(5), phone=ANOTHER_PHONE)
    assert outcome.kind == "sold-out"
    assert await db.fetchval("SELECT count(*) FROM booking_order") == 1
    assert await db.fetchval("SELECT count(*) FROM booking_key") == 1
    assert await attempts_by_outcome() == {"booked": 1, "sold-out": 1}
    await check()


@pytest.mark.charter("BK-4")
async def test_a_party_too_large_for_what_is_left_is_not_split() -> None:
    slot = await a_slot(capacity=3)
    assert (await book(slot, visitors(1, 2))).kind == "booked"
    assert (await book(slot, visitors(5, 2), phone=ANOTHER_PHONE)).kind == "sold-out"
    assert (await book(slot, visitors(7), phone=ANOTHER_PHONE)).kind == "booked"
    assert (await the_slot(slot))["left_online"] == 0


@pytest.mark.charter("BK-4")
async def test_a_repeated_key_answers_with_the_first_order() -> None:
    slot, key = await a_slot(), uuid4()
    first = await book(slot, visitors(1, 2), key=key)
    again = await book(slot, visitors(1, 2), key=key)
    assert (again.kind, again.code) == ("repeated", first.code)
    assert (await the_slot(slot))["sold_online"] == 2
    assert await attempts_by_outcome() == {"booked": 1}
    await check()


@pytest.mark.charter("BK-4")
async def test_a_repeat_finds_its_order_even_when_the_slot_is_full_closed_or_over(
    at: Callable[[datetime], None],
) -> None:
    slot, key = await a_slot(capacity=1), uuid4()
    first = await book(slot, key=key)
    assert (await book(slot, key=key)).code == first.code
    await db.execute("UPDATE slot SET closed = true WHERE id = $1", slot.id)
    assert (await book(slot, key=key)).code == first.code
    at(slot.ends_at + timedelta(hours=1))
    assert (await book(slot, key=key)).code == first.code


@pytest.mark.charter("BK-4")
@pytest.mark.parametrize("other", ["slot", "visitors", "phone", "category"])
async def test_the_same_key_with_another_wish_is_refused(other: str) -> None:
    """Or somebody who corrects a name after a lost answer would be told that the wrong name is booked."""
    product = await a_product()
    slot, key = await a_slot(product), uuid4()
    assert (await book(slot, key=key)).kind == "booked"
    if other == "slot":
        outcome = await book(await a_slot(product, starts=time(14)), key=key)
    elif other == "visitors":
        outcome = await book(slot, visitors(1, 2), key=key)
    elif other == "phone":
        outcome = await book(slot, phone=ANOTHER_PHONE, key=key)
    else:
        outcome = await book(slot, [a_visitor(category="student")], key=key)
    assert outcome.kind == "key-reused"
    assert await db.fetchval("SELECT count(*) FROM booking_order") == 1


@pytest.mark.charter("BK-3")
async def test_a_document_books_once_for_a_product_and_day() -> None:
    product = await a_product()
    slot = await a_slot(product)
    assert (await book(slot)).kind == "booked"
    again = await book(slot, [a_visitor(2), a_visitor(1)], phone=ANOTHER_PHONE)
    assert again.kind == "duplicate-document"
    afternoon = await a_slot(product, starts=time(14))
    assert (await book(afternoon, phone=ANOTHER_PHONE)).kind == "duplicate-document"
    assert (await the_slot(slot))["sold_online"] == 1
    await check()


@pytest.mark.charter("BK-3")
async def test_another_day_and_another_product_are_other_bookings() -> None:
    product = await a_product()
    tomorrow, later = (
        await a_slot(product),
        await a_slot(product, day=clock.today() + timedelta(days=2)),
    )
    cable = await a_slot(await a_product("cable"))
    for slot in (tomorrow, later, cable):
        assert (await book(slot)).kind == "booked"


@pytest.mark.charter("BK-3")
async def test_a_renewed_permit_is_the_same_document() -> None:
    slot = await a_slot()
    first = Visitor("陈先生", "adult", Document(HK_MACAU, "H1234567801"), None)
    renewed = Visitor("陈先生", "adult", Document(HK_MACAU, "H12345678"), None)
    assert (await book(slot, [first])).kind == "booked"
    assert (await book(slot, [renewed], phone=ANOTHER_PHONE)).kind == "duplicate-document"
    passport = Visitor("CHAN TAI MAN", "adult", Document(PASSPORT, "K1234567", "CHN"), None)
    assert (await book(slot, [passport], phone=ANOTHER_PHONE)).kind == "booked"


@pytest.mark.charter("BK-7")
@pytest.mark.parametrize("subject", ["document", "phone"])
async def test_who_is_suspended_cannot_book(subject: str) -> None:
    slot = await a_slot()
    index = document_index(a_visitor().document) if subject == "document" else phone_index(PHONE)
    block = await blocks.suspend(index, subject, 10, "")
    assert (await book(slot)).kind == "blocked"
    await blocks.lift(block, "appeal")
    assert (await book(slot)).kind == "booked"


@pytest.mark.charter("BK-7")
async def test_a_suspension_ends_by_itself(at: Callable[[datetime], None]) -> None:
    await blocks.suspend(phone_index(PHONE), "phone", 10, "")
    at(clock.now() + timedelta(days=10, minutes=1))
    assert (await book(await a_slot())).kind == "booked"


@pytest.mark.charter("BK-7")
async def test_a_phone_books_so_often_for_a_day() -> None:
    product = await a_product()
    morning, noon = await a_slot(product), await a_slot(product, starts=time(12))
    assert (await book(morning, visitors(1))).kind == "booked"
    assert (await book(noon, visitors(2))).kind == "booked"
    assert (await book(morning, visitors(3))).kind == "phone-limit"
    next_day = await a_slot(product, day=clock.today() + timedelta(days=2))
    assert (await book(next_day, visitors(3))).kind == "booked"
    await site_settings.change("booking.orders_per_phone", "3")
    assert (await book(morning, visitors(3))).kind == "booked"


@pytest.mark.charter("BK-2")
@pytest.mark.parametrize("why", ["closed", "retired", "over", "missing"])
async def test_a_slot_that_is_not_on_sale_is_not_booked(
    why: str, at: Callable[[datetime], None]
) -> None:
    slot = await a_slot()
    if why == "over":
        at(slot.ends_at)
    elif why == "missing":
        await db.execute("DELETE FROM slot")
    else:
        await db.execute(f"UPDATE slot SET {why} = true")
    assert (await book(slot)).kind == "slot-closed"
    await check()


@pytest.mark.charter("BK-2")
async def test_a_slot_can_be_booked_until_its_last_second(at: Callable[[datetime], None]) -> None:
    slot = await a_slot()
    at(slot.ends_at - timedelta(seconds=1))
    assert (await book(slot)).kind == "booked"


@pytest.mark.charter("BK-2", "BK-10")
async def test_a_quota_is_kept_for_its_channel_while_it_is_unsold() -> None:
    slot = await a_slot(capacity=10, quota_window=4, quota_agency=3)
    assert (await book(slot, visitors(1, 3))).kind == "booked"
    assert (await book(slot, visitors(9), phone=ANOTHER_PHONE)).kind == "sold-out"
    row = await the_slot(slot)
    assert (row["left_online"], row["left_window"], row["left_agency"]) == (0, 4, 3)
    sale = Sale(WINDOW, "cash")
    for serial in range(20, 24):
        order = await an_unsent_order(slot, visitors(serial), phone="", sale=sale)
        async with db.transaction():
            assert (await book_now(order, NO_PHONE_LIMIT)).kind == "booked"
    order = await an_unsent_order(slot, visitors(30), phone="", sale=sale)
    async with db.transaction():
        assert (await book_now(order, NO_PHONE_LIMIT)).kind == "sold-out"
    row = await the_slot(slot)
    assert (row["sold_online"], row["sold_window"], row["left_agency"]) == (3, 4, 3)


@pytest.mark.charter("BK-10")
async def test_beyond_its_quota_the_window_sells_what_everybody_may_have() -> None:
    slot = await a_slot(capacity=4, quota_window=1)
    order = await an_unsent_order(slot, visitors(1, 4), phone="", sale=Sale(WINDOW, "cash"))
    async with db.transaction():
        assert (await book_now(order, NO_PHONE_LIMIT)).kind == "booked"
    assert (await book(slot, visitors(9))).kind == "sold-out"


async def test_a_tampered_price_is_impossible() -> None:
    """A price is never taken from the request: it is worked out from the catalogue on the visit day."""
    slot = await a_slot()
    order = await an_order(slot, visitors=[a_visitor(1), a_visitor(2, category="senior")])
    assert [ticket.price_fen for ticket in order.tickets] == [10_000, 5_000]
    assert order.total_fen == 15_000


@pytest.mark.charter("BK-12")
async def test_each_attempt_is_counted_once_by_its_outcome() -> None:
    slot = await a_slot(capacity=3)
    key = uuid4()
    await book(slot, visitors(1), key=key)
    await book(slot, visitors(1), key=key)  # a repeat is the same attempt
    await book(slot, visitors(1), phone=a_phone(2))
    await book(slot, visitors(2), phone=a_phone(3))
    await book(slot, visitors(3, 2), phone=a_phone(4))
    await blocks.suspend(phone_index(a_phone(5)), "phone", 1, "")
    await book(slot, visitors(5), phone=a_phone(5))
    attempts.count("input-error", slot.product)
    attempts.count("input-error", slot.product)
    await attempts.write()
    assert await attempts_by_outcome() == {
        "booked": 2,
        "duplicate-document": 1,
        "sold-out": 1,
        "blocked": 1,
        "input-error": 2,
    }


@pytest.mark.charter("BK-12")
async def test_a_fault_of_the_portal_is_counted_as_one() -> None:
    slot = await a_slot()
    await db.execute("ALTER TABLE booking_key ADD CONSTRAINT broken CHECK (false) NOT VALID")
    with pytest.raises(db.CheckViolation):
        await book(slot)
    await attempts.write()
    assert await attempts_by_outcome() == {"fault": 1}
    await db.execute("ALTER TABLE booking_key DROP CONSTRAINT broken")
    assert (await book(slot)).kind == "booked"


async def test_the_order_is_on_the_trail_with_who_and_from_where() -> None:
    outcome = await book(await a_slot())
    [entry] = await db.fetch("SELECT * FROM audit_entry WHERE act = 'booking:create'")
    assert (entry["object_id"], entry["outcome"]) == (outcome.code, "allowed")
    await check()


async def test_the_database_itself_refuses_to_oversell() -> None:
    slot = await a_slot(capacity=1)
    await book(slot)
    with pytest.raises(db.CheckViolation):
        await db.execute("UPDATE slot SET sold_window = 1")
    with pytest.raises(db.CheckViolation):
        await db.execute("UPDATE slot SET capacity = 0")


async def test_an_order_shows_itself_masked() -> None:
    order = await the_order((await book(await a_slot())).code)
    assert order.phone == "138****8000"
    [ticket] = order.tickets
    assert a_visitor().document.number not in ticket.id_number
    assert booker() is not None
