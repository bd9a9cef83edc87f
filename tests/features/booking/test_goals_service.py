"""The measured goals (BK-12): rates by their published definitions, per day and quarter of the site."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime

import pytest

from portal.core import db
from portal.features.booking import attempts, goals
from portal.features.booking.goals import measured
from tests.factories.catalogue import a_slot
from tests.features.booking.acts import a_phone, book, visitors

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.charter("BK-12")]


async def counted(minute: datetime, outcomes: Mapping[str, int], channel: str = "online") -> None:
    for outcome, many in outcomes.items():
        await db.execute(
            "INSERT INTO booking_attempt (minute, lane, product, channel, outcome, attempts) "
            "VALUES ($1, 32, 1, $2, $3, $4)",
            minute,
            channel,
            outcome,
            many,
        )


def test_rates_are_what_their_definition_says() -> None:
    figures = measured(
        "x",
        {
            "booked": 950,
            "sold-out": 45,
            "busy": 2,
            "timeout": 2,
            "fault": 1,
            "duplicate-document": 60,
            "blocked": 20,
            "phone-limit": 10,
            "slot-closed": 10,
            "input-error": 500,
        },
    )
    assert (figures.succeeded, figures.failed, figures.sold_out) == (950, 5, 45)
    assert (figures.by_rule, figures.input_errors, figures.attempts) == (100, 500, 1_100)
    assert figures.success_rate == 0.95
    assert figures.failure_rate == 5 / 1_100
    assert figures.success_met
    assert figures.failure_met
    assert not measured("x", {"booked": 949, "sold-out": 51}).success_met
    assert not measured("x", {"booked": 199, "busy": 1}).failure_met  # 0.5 % is not below 0.5 %


def test_without_an_attempt_there_is_no_figure() -> None:
    figures = measured("x", {})
    assert (figures.success_rate, figures.failure_rate) == (None, None)
    assert figures.success_met
    assert figures.failure_met
    assert not figures.seen


async def test_a_day_is_the_site_s_and_other_channels_are_not_counted(
    at: Callable[[datetime], None],
) -> None:
    at(datetime(2026, 12, 1, 20, tzinfo=UTC))  # 2 December, 4:00 at the site
    await counted(datetime(2026, 12, 1, 15, 59, tzinfo=UTC), {"booked": 1})
    await counted(datetime(2026, 12, 1, 16, 0, tzinfo=UTC), {"booked": 2, "sold-out": 1})
    await counted(datetime(2026, 12, 1, 16, 1, tzinfo=UTC), {"booked": 500}, "window")
    daily = await goals.daily(3)
    assert [(day.label, day.succeeded) for day in daily] == [
        ("2026-12-02", 2),
        ("2026-12-01", 1),
        ("2026-11-30", 0),
    ]
    assert (await goals.today()).sold_out == 1


async def test_quarters_are_whole_and_the_site_s(at: Callable[[datetime], None]) -> None:
    at(datetime(2027, 1, 2, 1, tzinfo=UTC))
    await counted(datetime(2026, 12, 31, 15, 59, tzinfo=UTC), {"booked": 1})
    await counted(datetime(2026, 12, 31, 16, 0, tzinfo=UTC), {"booked": 2})
    await counted(datetime(2025, 3, 31, 15, 59, tzinfo=UTC), {"booked": 7})
    await counted(datetime(2025, 3, 31, 16, 0, tzinfo=UTC), {"booked": 4})
    quarterly = await goals.quarterly()
    assert [quarter.succeeded for quarter in quarterly] == [2, 1, 4]
    assert goals.quarter_start(date(2027, 2, 3), 7) == date(2025, 4, 1)


async def test_real_attempts_are_the_figures() -> None:
    slot = await a_slot(capacity=2)
    for number in range(1, 5):
        await book(slot, visitors(number), phone=a_phone(number))
    attempts.count("busy", slot.product)
    await attempts.write()
    await attempts.write()  # nothing is counted twice
    figures = await goals.today()
    assert (figures.succeeded, figures.sold_out, figures.failed) == (2, 2, 1)
    assert figures.success_rate == 2 / 5


async def test_what_could_not_be_written_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    slot = await a_slot()
    attempts.count("fault", slot.product)

    async def away(*_args: object) -> str:
        raise ConnectionResetError

    with monkeypatch.context() as broken:
        broken.setattr(attempts.db, "execute", away)
        with pytest.raises(ConnectionResetError):
            await attempts.write()
    attempts.count("fault", slot.product)
    await attempts.write()
    assert (await goals.today()).failed == 2
