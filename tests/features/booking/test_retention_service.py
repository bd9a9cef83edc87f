"""Personal data ends in time (RK-6): numbers first, then all of a day with its key, marks and suspensions last."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from portal.core import clock, db, site_settings
from portal.core.crypto import Unreadable, Vault
from portal.core.keyring import keyring
from portal.features.booking import blocks, orders, privacy, waitlist
from portal.features.booking.place import phone_index
from portal.features.booking.queries import GONE
from tests.factories.booking import PHONE, a_visitor, an_order, the_order
from tests.factories.catalogue import a_product, a_slot
from tests.features.booking.acts import a_phone, an_order_row, book, run_jobs, tickets
from tests.invariants import check

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.charter("RK-6")]


async def everything() -> str:
    """All that stands in the database, as a thief would have it."""
    tables = await db.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') "
        "AND NOT relispartition"
    )
    rows: list[Any] = []
    for table in tables:
        rows += [dict(row) for row in await db.fetch(f'SELECT * FROM "{table["relname"]}"')]
    return repr(rows)


async def test_document_numbers_go_after_thirty_days_and_names_stay(
    at: Callable[[datetime], None],
) -> None:
    order = await an_order()
    at(clock.at(order.visit_day + timedelta(days=30), datetime.min.time()))
    await privacy.destroy_old()
    [ticket] = await tickets(order.code)
    assert ticket["id_index"] is not None
    at(clock.now() + timedelta(days=1))
    assert await privacy.destroy_old() == []
    [ticket] = await tickets(order.code)
    assert (ticket["id_sealed"], ticket["id_index"]) == (None, None)
    plain = await privacy.plain(order.code)
    assert plain["phone"] == PHONE
    assert plain["visitors"][0]["name"] == a_visitor().name
    assert plain["visitors"][0]["id_number"] == ""


async def test_after_its_time_nothing_of_a_day_can_be_read_any_more(
    at: Callable[[datetime], None],
) -> None:
    product = await a_product()
    slot = await a_slot(product, capacity=1)
    order = await an_order(slot)
    waits = await waitlist.join(slot, 1, a_phone(7), uuid4())
    other = await an_order(await a_slot(product, day=clock.today() + timedelta(days=5)))
    await orders.cancel(order.code)
    await run_jobs()
    sealed = (await an_order_row(order.code))["phone_sealed"]
    assert await db.fetchval("SELECT count(*) FROM visitor_message") == 1
    at(clock.at(order.visit_day + timedelta(days=180, hours=1), datetime.min.time()))
    await waitlist.end_missed()
    assert await privacy.destroy_old() == []
    at(clock.now() + timedelta(days=1))
    assert await privacy.destroy_old() == [order.visit_day]
    assert await privacy.destroy_old() == []
    row = await an_order_row(order.code)
    assert (row["phone_sealed"], row["phone_index"]) == (None, None)
    assert await db.fetchval("SELECT count(*) FROM visitor_message") == 0
    entry = await db.fetchrow(
        "SELECT phone_sealed, phone_index FROM waitlist_entry WHERE id = $1", waits
    )
    assert entry is not None
    assert tuple(entry) == (None, None)
    with pytest.raises(Unreadable):  # a copy from an older backup
        await Vault(keyring()).open(sealed, f"order.phone:{order.code}")
    assert phone_index(a_phone(7)).hex() not in await everything()
    assert (await the_order(other.code)).phone == "138****8000"
    await check()


async def test_the_time_is_a_setting(at: Callable[[datetime], None]) -> None:
    await site_settings.change("privacy.retention_days", "60")
    await site_settings.change("privacy.document_days", "10")
    order = await an_order()
    at(clock.now() + timedelta(days=62))
    assert await privacy.destroy_old() == [order.visit_day]


async def test_what_is_destroyed_shows_stars_and_erasing_twice_changes_nothing(
    at: Callable[[datetime], None],
) -> None:
    order = await an_order()
    sealed = (await an_order_row(order.code))["phone_sealed"]
    at(clock.now() + timedelta(days=190))
    await privacy.destroy_old()
    await db.execute("UPDATE booking_order SET phone_sealed = $1", sealed)
    assert (await privacy.plain(order.code))["phone"] == GONE


async def test_marks_of_missed_visits_go_when_they_no_longer_count(
    at: Callable[[datetime], None],
) -> None:
    await site_settings.change("no_show.window_days", "90")
    await db.execute(
        "INSERT INTO no_show (subject_index, kind, visit_day, order_code) VALUES ($1, 'phone', $2, 'x')",
        phone_index(PHONE),
        clock.today(),
    )
    at(clock.now() + timedelta(days=90))
    await privacy.destroy_old()
    assert await db.fetchval("SELECT count(*) FROM no_show") == 1
    at(clock.now() + timedelta(days=1))
    await privacy.destroy_old()
    assert await db.fetchval("SELECT count(*) FROM no_show") == 0


async def test_a_suspension_stays_until_its_end_and_is_forgotten_two_years_later(
    at: Callable[[datetime], None],
) -> None:
    block = await blocks.suspend(phone_index(PHONE), "phone", 300, "Note")
    assert await blocks.file_appeal(block, "我没有倒票")
    at(clock.now() + timedelta(days=299))
    await privacy.destroy_old()
    assert (await book(await a_slot())).kind == "blocked"
    at(clock.now() + timedelta(days=729))
    await privacy.destroy_old()
    assert await blocks.in_force(phone_index(PHONE)) is None
    assert await db.fetchval("SELECT count(*) FROM booking_block") == 1
    at(clock.now() + timedelta(days=3))
    await privacy.destroy_old()
    assert await db.fetchval("SELECT count(*) FROM booking_block") == 0
    assert await db.fetchval("SELECT count(*) FROM appeal") == 0
    assert (
        await db.fetchval(
            "SELECT count(*) FROM data_key WHERE purpose = 'appeal' AND destroyed_at IS NULL"
        )
        == 0
    )
    assert phone_index(PHONE).hex() not in await everything()


async def test_an_appeal_that_is_still_kept_keeps_its_year_s_key(
    at: Callable[[datetime], None],
) -> None:
    block = await blocks.suspend(phone_index(PHONE), "phone", 700, "Note")
    assert await blocks.file_appeal(block, "我没有倒票")
    at(clock.now() + timedelta(days=500))
    await privacy.destroy_old()
    [listed] = await blocks.listed("all", 10, 0)
    assert listed.appeal is not None
    shown = await blocks.appeal(listed.appeal)
    assert shown is not None
    assert shown["text"] == "我没有倒票"


@pytest.mark.charter("BK-4")
async def test_a_key_is_remembered_longer_than_any_day_is_on_sale(
    at: Callable[[datetime], None],
) -> None:
    slot, key = await a_slot(), uuid4()
    first = await book(slot, key=key)
    at(clock.now() + timedelta(days=119))
    await privacy.destroy_old()
    assert (await book(slot, key=key)).code == first.code
    at(clock.now() + timedelta(days=2))
    await privacy.destroy_old()
    assert (await book(slot, key=key)).kind == "slot-closed"


async def test_figures_without_a_person_stay(at: Callable[[datetime], None]) -> None:
    order = await an_order()
    at(clock.now() + timedelta(days=400))
    await privacy.destroy_old()
    row = await an_order_row(order.code)
    assert (row["party"], row["total_fen"], row["channel"]) == (1, 10_000, "online")


async def test_plain_data_leave_a_trace_before_they_are_shown() -> None:
    order = await an_order()
    shown = await privacy.reveal(order.code, "电话核对姓名")
    assert shown["phone"] == PHONE
    [entry] = await db.fetch("SELECT detail FROM audit_entry WHERE act = 'visitor:reveal'")
    assert "电话核对姓名" in entry["detail"]
    assert PHONE not in entry["detail"]
    assert await privacy.plain("2AB0000000A") == {}


async def test_the_visitor_takes_everything_along() -> None:
    order = await an_order()
    taken = await privacy.export(order.code)
    assert taken["order"]["code"] == order.code
    assert taken["personal"]["visitors"][0]["id_number"] == a_visitor().document.number
    assert taken["tickets"][0]["state"] == "valid"
