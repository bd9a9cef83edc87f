from datetime import UTC, date, datetime

import pytest

from portal.core.i18n import set_language
from portal.web.templating import (
    full_date,
    hours,
    local_date,
    local_datetime,
    message_date,
    message_datetime,
    stamp,
)

NIGHT = datetime(2026, 9, 30, 16, 30, 5, tzinfo=UTC)  # half past midnight at the site


class Slot:
    starts_at = NIGHT
    ends_at = datetime(2026, 9, 30, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("zh", ("2026年10月1日", "2026年10月1日 周四", "2026年10月1日 00:30")),
        ("en", ("1 October 2026", "Thu 1 October 2026", "1 October 2026, 00:30")),
    ],
)
def test_days_and_instants_are_said_in_the_language_and_zone(
    language: str, shown: tuple[str, str, str]
) -> None:
    set_language(language)
    assert (local_date(NIGHT), full_date(NIGHT), local_datetime(NIGHT)) == shown
    assert full_date(date(2026, 10, 1)) == shown[1]


@pytest.mark.parametrize(
    ("language", "day", "instant"),
    [
        ("zh", "10月1日（周四）", "10月1日（周四）00:30"),
        ("en", "Thu 1 Oct 2026", "Thu 1 Oct 2026, 00:30"),
    ],
)
def test_a_message_says_them_as_people_write_them(language: str, day: str, instant: str) -> None:
    set_language(language)
    assert message_date(NIGHT) == message_date(date(2026, 10, 1)) == day
    assert message_datetime(NIGHT) == instant


def test_hours_and_stamps_are_not_broken_between_lines() -> None:
    assert hours(Slot) == '<span class="nowrap">00:30–02:00</span>'
    assert stamp(NIGHT) == (
        '<time class="stamp" datetime="2026-09-30T16:30:05+00:00">2026-10-01 00:30:05</time>'
    )
