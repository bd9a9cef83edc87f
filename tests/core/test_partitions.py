from datetime import date

import pytest

from portal.core import clock, db, partitions
from portal.features.booking.slice import cut_months
from tests.factories.booking import an_order

pytestmark = pytest.mark.usefixtures("database")


def test_every_month_of_a_span_is_named_once() -> None:
    assert partitions.months(date(2026, 11, 25), date(2027, 2, 1)) == [
        date(2026, 11, 1),
        date(2026, 12, 1),
        date(2027, 1, 1),
        date(2027, 2, 1),
    ]
    assert partitions.months(date(2026, 12, 31), date(2026, 12, 31)) == [date(2026, 12, 1)]


async def test_orders_lie_in_the_partition_of_their_month_and_a_repeat_changes_nothing() -> None:
    tables = ("booking_order", "ticket", "audit_entry")
    made = await partitions.ensure(tables, clock.today(), clock.today())
    assert made == [f"{table}_{clock.today():%Y_%m}" for table in tables]
    assert await partitions.ensure(tables, clock.today(), clock.today()) == []

    await cut_months()
    order = await an_order()
    name = f"booking_order_{order.visit_day:%Y_%m}"
    assert await db.fetchval(f"SELECT count(*) FROM {name} WHERE code = $1", order.code) == 1


async def test_a_new_partition_of_the_trail_is_as_append_only_as_the_rest() -> None:
    (name,) = await partitions.ensure(("audit_entry",), date(2031, 5, 9), date(2031, 5, 9))
    with pytest.raises(Exception, match="append-only"):
        async with db.transaction():
            await db.execute(f"TRUNCATE {name}")


async def test_rows_in_the_way_stay_where_they_are() -> None:
    order = await an_order()
    month = order.visit_day
    assert await partitions.ensure(("booking_order",), month, month) == []
    assert await db.fetchval("SELECT count(*) FROM booking_order_rest") == 1


@pytest.mark.commits
async def test_a_cut_does_not_queue_bookings_behind_a_long_reading(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(partitions, "PATIENCE", "50ms")
    reader = await db.engine().get_new_connection()
    try:
        async with reader.transaction():
            await reader.fetch("SELECT FROM audit_entry LIMIT 1")
            assert (
                await partitions.ensure(("audit_entry",), date(2031, 5, 9), date(2031, 5, 9)) == []
            )
        made = await partitions.ensure(("audit_entry",), date(2031, 5, 9), date(2031, 5, 9))
        assert made == ["audit_entry_2031_05"]
    finally:
        await reader.close()
