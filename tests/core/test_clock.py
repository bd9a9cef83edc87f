"""The one clock: instants in UTC, days of the site."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest

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


@pytest.mark.parametrize("text", [None, "", "2026-02-30", "tomorrow", "0001-01-01", "9999-12-31"])
def test_a_day_that_nobody_can_mean_is_none(text: str | None) -> None:
    assert clock.asked_day(text) is None


def test_a_day_of_an_address_is_read() -> None:
    assert clock.asked_day("2026-11-24") == date(2026, 11, 24)
