from collections import Counter

import pytest

from portal.features.catalogue.rules.holidays import DEFAULT_CALENDAR


def days_of(year: int, kind: str) -> Counter[str]:
    return Counter(
        day.name_en for day in DEFAULT_CALENDAR if day.day.year == year and day.kind == kind
    )


def test_2026_is_as_announced() -> None:
    assert days_of(2026, "public_holiday") == {
        "New Year": 3,
        "Spring Festival": 9,
        "Qingming": 3,
        "Labour Day": 5,
        "Dragon Boat Festival": 3,
        "Mid-Autumn Festival": 3,
        "National Day": 7,
    }
    assert days_of(2026, "makeup_workday").total() == 6


def test_2027_has_its_thirteen_legal_days_unconfirmed() -> None:
    assert days_of(2027, "public_holiday").total() == 13
    assert not days_of(2027, "makeup_workday")
    assert all(day.confirmed == (day.day.year == 2026) for day in DEFAULT_CALENDAR)


@pytest.mark.charter("BK-2")
def test_each_day_stands_once_and_people_work_only_on_weekends_instead() -> None:
    days = [day.day for day in DEFAULT_CALENDAR]
    assert len(days) == len(set(days))
    for day in DEFAULT_CALENDAR:
        assert day.name_zh
        if day.kind == "makeup_workday":
            assert day.day.isoweekday() >= 6
