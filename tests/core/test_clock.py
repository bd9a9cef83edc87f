"""The one clock: instants in UTC, days of the site."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from portal.core import clock


def test_the_site_s_day_begins_at_its_own_midnight(at: Callable[[datetime], None]) -> None:
    at(datetime(2026, 11, 24, 15, 59, 59, tzinfo=UTC))
    assert clock.today() == date(2026, 11, 24)
    at(datetime(2026, 11, 24, 16, 0, 1, tzinfo=UTC))
    assert clock.today() == date(2026, 11, 25)


def test_an_instant_is_aware_and_in_utc() -> None:
    assert clock.now().tzinfo is UTC
    assert clock.local(clock.now()).utcoffset() == timedelta(hours=8)


def test_a_day_and_hour_are_one_instant() -> None:
    instant = clock.at(date(2026, 10, 1), time(8, 30))
    assert instant == datetime(2026, 10, 1, 0, 30, tzinfo=UTC)
    assert instant.tzinfo is UTC
    assert clock.local(instant).time() == time(8, 30)
