"""Slots from patterns (BK-2): never smaller than what is sold, within the maxima, back to everybody in time."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from portal.core import clock, db, jobs, site_settings
from portal.core.context import SYSTEM, set_act
from portal.features.catalogue import generation
from portal.features.catalogue.sale import on_sale
from tests.factories.catalogue import a_product, noticed
from tests.features.booking.acts import book, day_after, view, visitors
from tests.invariants import check

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.charter("BK-2")]


async def a_pattern(
    product: int,
    starts: int = 9,
    ends: int = 11,
    capacity: int = 100,
    quotas: tuple[int, int] = (0, 0),
) -> int:
    return int(
        await db.fetchval(
            "INSERT INTO slot_pattern (product, weekdays, starts, ends, capacity, quota_window, quota_agency, "
            "valid_from) VALUES ($1, '{1,2,3,4,5,6,7}', $2, $3, $4, $5, $6, '2026-01-01') RETURNING id",
            product,
            time(starts),
            time(ends),
            capacity,
            *quotas,
        )
    )


async def an_exception(
    product: int, day: date, *, closed: bool = False, percent: int = 100
) -> None:
    await db.execute(
        "INSERT INTO slot_exception (product, day, closed, capacity_percent) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (product, day) DO UPDATE SET closed = $3, capacity_percent = $4",
        product,
        day,
        closed,
        percent,
    )


async def slots(day: date | None = None) -> list[Any]:
    return await db.fetch(
        "SELECT * FROM slot WHERE visit_day = $1 ORDER BY product, starts_at", day or day_after(3)
    )


async def changed() -> tuple[int, int, int]:
    done = await generation.generate()
    await check()
    return done.made, done.changed, done.retired


async def test_every_day_ahead_has_its_slots_and_a_second_run_changes_nothing() -> None:
    product = await a_product()
    await a_pattern(product)
    await a_pattern(product, 13, 17)
    made, *rest = await changed()
    assert (made, rest) == (2 * (7 + generation.MARGIN_DAYS + 1), [0, 0])
    assert await changed() == (0, 0, 0)
    [morning, _noon] = await slots()
    assert morning["starts_at"] == clock.at(day_after(3), time(9))
    assert (morning["capacity"], morning["retired"]) == (100, False)


async def test_a_day_begins_and_ends_at_the_site_s_midnight(at: Callable[[datetime], None]) -> None:
    product = await a_product()
    await a_pattern(product, 0, 1)
    at(datetime(2026, 12, 1, 15, 59, 59, tzinfo=UTC))  # 23:59:59 at the site
    await changed()
    assert await db.fetchval("SELECT min(visit_day) FROM slot") == date(2026, 12, 1)
    last = await db.fetchval("SELECT max(visit_day) FROM slot")
    at(datetime(2026, 12, 1, 16, 0, 0, tzinfo=UTC))
    assert await changed() == (1, 0, 0)
    assert await db.fetchval("SELECT max(visit_day) FROM slot") == last + timedelta(days=1)
    assert not on_sale(date(2026, 12, 1))
    [first] = await slots(date(2026, 12, 2))
    assert first["starts_at"] == datetime(2026, 12, 1, 16, tzinfo=UTC)


async def test_what_is_sold_is_never_undercut() -> None:
    product = await a_product()
    await a_pattern(product)
    await changed()
    slot = (await slots())[0]["id"]
    await db.execute(
        "UPDATE slot SET sold_online = 30, sold_window = 5, withheld = 3 WHERE id = $1", slot
    )
    await db.execute("UPDATE slot_pattern SET capacity = 20")
    await generation.generate()
    row = next(row for row in await slots() if row["id"] == slot)
    assert row["capacity"] == 38
    assert {row["capacity"] for row in await slots(day_after(4))} == {20}
    await db.execute("UPDATE slot SET sold_online = 10, withheld = 0 WHERE id = $1", slot)
    await generation.generate()
    assert (await slots())[0]["capacity"] == 20


async def test_no_quota_keeps_more_than_is_unsold() -> None:
    """Or places would be offered that nobody can book."""
    product = await a_product()
    await a_pattern(product, capacity=10, quotas=(2, 1))
    await changed()
    slot = view_of(await slots())
    await db.execute("UPDATE slot SET sold_online = 7 WHERE id = $1", slot)
    await db.execute("UPDATE slot_pattern SET quota_window = 5, quota_agency = 3")
    await generation.generate()
    row = next(row for row in await slots() if row["id"] == slot)
    assert (row["quota_window"], row["quota_agency"]) == (3, 0)
    await db.execute("UPDATE slot SET sold_online = 3 WHERE id = $1", slot)
    await generation.generate()
    row = next(row for row in await slots() if row["id"] == slot)
    assert (row["quota_window"], row["quota_agency"]) == (5, 2)


def view_of(rows: list[Any]) -> int:
    return int(rows[0]["id"])


@pytest.mark.parametrize("by", ["pattern", "exception", "deleted"])
async def test_what_the_plan_no_longer_has_is_sold_no_more_and_tickets_stay_good(by: str) -> None:
    product = await a_product()
    pattern = await a_pattern(product)
    await changed()
    await noticed()
    slot = view(view_of(await slots()))
    assert (await book(slot)).kind == "booked"
    match by:
        case "pattern":
            await db.execute("UPDATE slot_pattern SET starts = '10:00'")
        case "exception":
            await an_exception(product, slot.visit_day, closed=True)
        case _:
            await db.execute("DELETE FROM slot_pattern WHERE id = $1", pattern)
    done = await generation.generate()
    assert done.retired >= 1
    assert done.stranded == 1
    [row] = [row for row in await slots() if row["id"] == slot.id]
    assert (row["retired"], row["sold_online"], row["closed"]) == (True, 1, False)
    assert (await book(slot, visitors(2), phone="13900139000")).kind == "slot-closed"
    await check()


async def test_what_returns_to_the_plan_is_sold_again() -> None:
    product = await a_product()
    await a_pattern(product)
    await changed()
    await an_exception(product, day_after(3), closed=True)
    assert await changed() == (0, 0, 1)
    await an_exception(product, day_after(3), percent=50)
    assert await changed() == (0, 1, 0)
    [row] = await slots()
    assert (row["retired"], row["capacity"]) == (False, 50)


async def test_a_closed_slot_stays_closed() -> None:
    product = await a_product()
    await a_pattern(product)
    await changed()
    await db.execute("UPDATE slot SET closed = true")
    await db.execute("UPDATE slot_pattern SET capacity = 50")
    await changed()
    assert {row["closed"] for row in await slots()} == {True}


async def test_a_lower_daily_maximum_makes_the_days_smaller() -> None:
    product = await a_product()
    await a_pattern(product, 9, 11, 600, (60, 30))
    await a_pattern(product, 13, 17, 400)
    await changed()
    await site_settings.change("capacity.daily_maximum", "500")
    await changed()
    rows = await slots()
    assert [row["capacity"] for row in rows] == [300, 200]
    assert (rows[0]["quota_window"], rows[0]["quota_agency"]) == (30, 15)
    await site_settings.change("capacity.daily_maximum", "20000")
    await changed()
    assert [row["capacity"] for row in await slots()] == [600, 400]


async def test_the_maximum_holds_for_a_day_that_was_planned_larger() -> None:
    product = await a_product()
    await a_pattern(product, capacity=600)
    await an_exception(product, day_after(3), percent=200)
    await site_settings.change("capacity.daily_maximum", "1000")
    await changed()
    assert [row["capacity"] for row in await slots()] == [1000]


async def test_no_slot_takes_more_than_may_be_inside_at_once() -> None:
    product = await a_product()
    await a_pattern(product, capacity=600)
    await site_settings.change("capacity.instant_maximum", "250")
    await changed()
    assert [row["capacity"] for row in await slots()] == [250]


async def test_a_change_of_the_maximum_is_carried_out_at_once() -> None:
    product = await a_product()
    await a_pattern(product, capacity=600)
    await changed()
    await jobs.run_due()
    await site_settings.change("capacity.daily_maximum", "100")
    try:
        assert await jobs.run_due() == 1
    finally:
        set_act(SYSTEM)
    assert [row["capacity"] for row in await slots()] == [100]


async def test_agencies_places_return_to_everybody_a_day_before(
    at: Callable[[datetime], None],
) -> None:
    product = await a_product()
    await a_pattern(product, capacity=100, quotas=(10, 40))
    await changed()
    day = day_after(3)
    await db.execute("UPDATE slot SET sold_agency = 15 WHERE visit_day = $1", day)
    at(clock.at(day, time(9)) - timedelta(hours=24, seconds=1))
    await generation.generate()
    [row] = await slots(day)
    assert row["quota_agency"] == 40
    at(clock.at(day, time(9)) - timedelta(hours=24))
    await generation.generate()
    [row] = await slots(day)
    assert (row["quota_agency"], row["sold_agency"], row["quota_window"]) == (0, 15, 10)
    left = await db.fetchval("SELECT slot_left_online(slot) FROM slot WHERE id = $1", row["id"])
    assert left == 100 - 10 - 15
    assert await generation.generate() == await generation.generate()


async def test_the_maximum_is_for_all_who_come_in_whatever_their_ticket() -> None:
    for slug in ("mountain", "east-gate"):
        await a_pattern(await a_product(slug), capacity=300)
    cable = await a_product("cable")
    await a_pattern(cable, capacity=300)
    await db.execute("UPDATE product SET counts = false WHERE id = $1", cable)
    await site_settings.change("capacity.daily_maximum", "400")
    await changed()
    assert [row["capacity"] for row in await slots()] == [200, 200, 300]
