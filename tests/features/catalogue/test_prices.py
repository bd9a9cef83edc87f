from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.features.catalogue.rules import prices
from portal.features.catalogue.rules.holidays import DEFAULT_CALENDAR
from portal.features.catalogue.rules.prices import PriceRule, Season

CALENDAR = {day.day: day.kind for day in DEFAULT_CALENDAR}
START = date(2026, 1, 1)
DAY = date(2026, 12, 1)


def a_price(
    fen: int, season: str = "any", day_type: str = "any", valid_from: date = START
) -> PriceRule:
    return PriceRule(1, "adult", season, day_type, fen, valid_from, START)


@pytest.mark.charter("BK-2")
@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (date(2026, 9, 30), "weekday"),
        (date(2026, 10, 1), "public_holiday"),
        (date(2026, 10, 7), "public_holiday"),
        (date(2026, 10, 10), "weekday"),  # a Saturday on which people work
        (date(2026, 10, 11), "weekend"),
        (date(2026, 2, 14), "weekday"),
        (date(2026, 2, 28), "weekday"),
    ],
)
def test_a_day_has_a_kind(day: date, kind: str) -> None:
    assert prices.day_type(day, CALENDAR) == kind


def test_a_free_day_is_one_of_its_own() -> None:
    assert prices.day_type(DAY, {DAY: "free_day"}) == "free_day"


def test_a_day_outside_the_seasons_is_off_peak() -> None:
    spans = [Season("peak", date(2026, 4, 1), date(2026, 10, 31))]
    days = (date(2026, 3, 31), date(2026, 4, 1), date(2026, 10, 31), date(2026, 11, 1))
    assert [prices.season(day, spans) for day in days] == ["off_peak", "peak", "peak", "off_peak"]


@pytest.mark.charter("BK-1")
@pytest.mark.parametrize(
    ("season", "kind", "fen"),
    [
        ("off_peak", "weekday", 100),
        ("peak", "weekday", 200),
        ("peak", "weekend", 300),
        ("off_peak", "weekend", 300),
        ("peak", "public_holiday", 400),
        ("off_peak", "public_holiday", 100),
    ],
)
def test_the_most_specific_price_holds(season: str, kind: str, fen: int) -> None:
    rules = [
        a_price(100),
        a_price(200, "peak"),
        a_price(300, "any", "weekend"),
        a_price(400, "peak", "public_holiday"),
        a_price(50, valid_from=DAY + timedelta(days=1)),
    ]
    found = prices.price_on(rules, DAY, season, kind)
    assert found
    assert found.fen == fen


def test_of_equal_prices_the_latest_in_force_holds_and_is_named() -> None:
    found = prices.price_on([a_price(120, valid_from=DAY), a_price(100)], DAY, "peak", "weekday")
    assert found
    assert (found.fen, found.name) == (120, "adult/any/any/2026-12-01")


@pytest.mark.parametrize("kind", ["weekday", "free_day"])
def test_what_has_no_price_is_not_sold(kind: str) -> None:
    assert prices.price_on([], DAY, "peak", kind) is None
    assert prices.price_on([a_price(100, "off_peak", "weekend")], DAY, "peak", kind) is None


def test_a_free_day_costs_nothing_unless_a_price_is_published_for_it() -> None:
    general = [a_price(100), a_price(80, "any", "weekday")]
    found = prices.price_on(general, DAY, "peak", "free_day")
    assert found
    assert (found.fen, found.name) == (0, "adult/any/free_day/2026-01-01")
    published = prices.price_on([*general, a_price(20, "any", "free_day")], DAY, "peak", "free_day")
    assert published
    assert published.fen == 20


RULES = st.lists(
    st.builds(
        a_price,
        st.integers(0, 10_000),
        st.sampled_from(["any", "peak", "off_peak"]),
        st.sampled_from(["any", "weekday", "weekend", "public_holiday", "free_day"]),
        st.dates(START, date(2027, 12, 31)),
    ),
    max_size=8,
    unique_by=lambda rule: (rule.season, rule.day_type, rule.valid_from),
)
KINDS = st.sampled_from(["weekday", "weekend", "public_holiday", "free_day"])


@given(RULES, st.sampled_from(["peak", "off_peak"]), KINDS)
def test_the_order_of_the_rules_decides_nothing(
    rules: list[PriceRule], season: str, kind: str
) -> None:
    found = prices.price_on(rules, DAY, season, kind)
    again = prices.price_on(list(reversed(rules)), DAY, season, kind)
    assert (found and found.fen) == (again and again.fen)
    if found:
        assert found.valid_from <= DAY
        assert found.season in {"any", season}
        assert found.day_type in {"any", kind}


PUBLISHED = date(2026, 3, 1)
NOTICE_ENDS = date(2026, 9, 1)
DAYS = prices.Days(CALENDAR, [Season("peak", date(2026, 4, 1), date(2026, 10, 31))])


@pytest.mark.charter("BK-1")
@pytest.mark.parametrize(
    ("new", "raised"),
    [
        (a_price(120, valid_from=NOTICE_ENDS), None),
        (a_price(120, valid_from=date(2026, 8, 31)), date(2026, 8, 31)),
        (a_price(120, valid_from=PUBLISHED), PUBLISHED),
        (a_price(80, valid_from=PUBLISHED), None),
        (a_price(100, valid_from=PUBLISHED), None),
        (a_price(120, "peak", valid_from=PUBLISHED), date(2026, 4, 1)),
        (a_price(120, "any", "weekend", PUBLISHED), date(2026, 3, 1)),  # a Sunday
        (a_price(120, "any", "public_holiday", PUBLISHED), date(2026, 4, 4)),
        (a_price(120, "off_peak", "weekend", date(2026, 4, 1)), None),
    ],
)
def test_a_rise_is_published_six_months_ahead(new: PriceRule, raised: date | None) -> None:
    """A price for some days raises those days, whatever stands beside it."""
    before = [a_price(100)]
    assert prices.first_rise(before, [*before, new], PUBLISHED, DAYS) == raised


def test_a_price_that_is_taken_back_may_raise_what_it_had_lowered() -> None:
    lowered = [a_price(100), a_price(80, valid_from=date(2026, 5, 1))]
    assert prices.first_rise(lowered, lowered[:1], PUBLISHED, DAYS) == date(2026, 5, 1)
    assert prices.first_rise(lowered[:1], lowered, PUBLISHED, DAYS) is None


def test_what_was_not_sold_has_no_price_that_could_rise() -> None:
    assert prices.first_rise([], [a_price(100)], PUBLISHED, DAYS) is None
    assert prices.first_rise([a_price(100)], [], PUBLISHED, DAYS) is None


@pytest.mark.parametrize(
    ("published_on", "ends"),
    [
        (date(2026, 8, 31), date(2027, 2, 28)),
        (date(2026, 12, 15), date(2027, 6, 15)),
        (date(2028, 8, 30), date(2029, 2, 28)),
    ],
)
def test_six_months_end_on_the_same_day_or_the_months_last(published_on: date, ends: date) -> None:
    before = [a_price(100)]
    late = [*before, a_price(120, valid_from=ends - timedelta(days=1))]
    good = [*before, a_price(120, valid_from=ends)]
    assert prices.first_rise(before, late, published_on, DAYS) == ends - timedelta(days=1)
    assert prices.first_rise(before, good, published_on, DAYS) is None


def test_a_combined_ticket_costs_no_more_than_its_parts() -> None:
    assert prices.combined_error(300, [100, 200]) is None
    assert prices.combined_error(301, [100, 200]) == "price-combined"
