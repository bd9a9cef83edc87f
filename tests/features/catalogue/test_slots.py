from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.features.catalogue.rules import slots
from portal.features.catalogue.rules.slots import DayException, Pattern, PlannedSlot

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = date(2026, 11, 30)
DAILY = frozenset(range(1, 8))
MORNING = Pattern(DAILY, time(9), time(12), 500, 50, 100, date(2026, 1, 1), None)
AFTERNOON = Pattern(DAILY, time(13), time(17), 301, 0, 0, date(2026, 1, 1), date(2026, 11, 30))


@pytest.mark.charter("BK-2")
def test_patterns_make_the_slots_of_a_day_in_order() -> None:
    assert slots.slots_for(MONDAY, [AFTERNOON, MORNING], None) == [
        PlannedSlot(time(9), time(12), 500, 50, 100),
        PlannedSlot(time(13), time(17), 301, 0, 0),
    ]


def test_a_pattern_holds_on_its_weekdays_and_within_its_dates() -> None:
    tuesdays = Pattern(frozenset({2}), time(18), time(20), 10, 0, 0, date(2026, 1, 1), None)
    patterns = [MORNING, AFTERNOON, tuesdays]
    assert [slot.starts for slot in slots.slots_for(MONDAY, patterns, None)] == [time(9), time(13)]
    after = MONDAY + timedelta(days=1)
    assert [slot.starts for slot in slots.slots_for(after, patterns, None)] == [time(9), time(18)]
    assert slots.slots_for(date(2025, 12, 31), patterns, None) == []


@pytest.mark.parametrize("turned", [False, True])
def test_a_pattern_that_begins_later_replaces_an_earlier_one(
    turned: bool,  # noqa: FBT001  a table of samples
) -> None:
    later = Pattern(DAILY, time(9), time(11), 7, 0, 0, date(2026, 6, 1), None)
    patterns = [later, MORNING] if turned else [MORNING, later]
    assert [slot.capacity for slot in slots.slots_for(MONDAY, patterns, None)] == [7]
    assert [slot.capacity for slot in slots.slots_for(date(2026, 5, 31), patterns, None)] == [500]


@pytest.mark.charter("BK-2")
def test_an_exception_closes_a_day_or_changes_its_capacity() -> None:
    assert slots.slots_for(MONDAY, [MORNING], DayException(closed=True)) == []
    half = slots.slots_for(MONDAY, [MORNING, AFTERNOON], DayException(capacity_percent=50))
    assert [(slot.capacity, slot.quota_window, slot.quota_agency) for slot in half] == [
        (250, 25, 50),
        (150, 0, 0),
    ]


@given(st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 200))
def test_quotas_fit_into_every_share_of_the_capacity(
    window: int, agency: int, rest: int, percent: int
) -> None:
    capacity = window + agency + rest
    assert slots.pattern_error(time(9), time(12), capacity, window, agency) is None
    pattern = Pattern(DAILY, time(9), time(12), capacity, window, agency, MONDAY, None)
    [slot] = slots.slots_for(MONDAY, [pattern], DayException(capacity_percent=percent))
    assert slot.quota_window + slot.quota_agency <= slot.capacity


@pytest.mark.parametrize(
    ("starts", "ends", "capacity", "quotas", "code"),
    [
        (time(9), time(12), 100, (50, 50), None),
        (time(9), time(12), 100, (50, 51), "slot-quotas"),
        (time(12), time(12), 100, (0, 0), "slot-hours"),
        (time(12), time(9), 100, (0, 0), "slot-hours"),
    ],
)
def test_a_pattern_makes_sense(
    starts: time, ends: time, capacity: int, quotas: tuple[int, int], code: str | None
) -> None:
    assert slots.pattern_error(starts, ends, capacity, *quotas) == code


@pytest.mark.charter("BK-2")
def test_a_day_stays_within_the_daily_maximum() -> None:
    day = slots.slots_for(MONDAY, [MORNING, AFTERNOON], None)
    assert slots.within_maxima(day, 801, 1_000) == day
    assert slots.within_maxima(day, 400, 1_000) == [
        PlannedSlot(time(9), time(12), 249, 24, 49),
        PlannedSlot(time(13), time(17), 150, 0, 0),
    ]


@pytest.mark.charter("BK-2")
def test_no_slot_is_larger_than_the_instantaneous_maximum() -> None:
    day = slots.slots_for(MONDAY, [MORNING, AFTERNOON], None)
    assert [slot.capacity for slot in slots.within_maxima(day, 10_000, 250)] == [250, 250]
    assert [slot.capacity for slot in slots.within_maxima(day, 10_000, 0)] == [0, 0]


def test_capacities_follow_the_standard() -> None:
    instant = slots.instant_capacity([(3_000, 1.5), (100, 60)])
    assert instant == 2_001
    assert slots.daily_capacity(2_000, 9, 3) == 6_000


def test_a_day_goes_on_sale_at_the_release_time() -> None:
    opens = slots.sale_opens_at(MONDAY, 7, time(20), SHANGHAI)
    assert opens == datetime(2026, 11, 23, 12, tzinfo=UTC)
    before = opens - timedelta(microseconds=1)
    assert slots.last_day_on_sale(opens, 7, time(20), SHANGHAI) == MONDAY
    assert slots.last_day_on_sale(before, 7, time(20), SHANGHAI) == MONDAY - timedelta(days=1)


@pytest.mark.charter("BK-2")
@given(
    now=st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    ahead=st.integers(1, 90),
    release=st.times(),
    offset=st.integers(-3, 95),
)
def test_the_last_day_and_the_opening_agree(
    now: datetime, ahead: int, release: time, offset: int
) -> None:
    day = now.astimezone(SHANGHAI).date() + timedelta(days=offset)
    on_sale = day <= slots.last_day_on_sale(now, ahead, release, SHANGHAI)
    assert on_sale == (now >= slots.sale_opens_at(day, ahead, release, SHANGHAI))
