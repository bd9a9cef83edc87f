"""Prices: the published rule that fits the visit day, and its name (DOMAIN A4).

A price depends on product, category, season and kind of day, never on who asks (PIPL art. 24). The
most specific rule wins: kind of day before season; of equal ones the latest in force.
"""

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

ANY: Final = "any"
RAISE_NOTICE_MONTHS: Final = 6  # Tourism Law art. 43
LARGEST_PRICE: Final = (
    10_000_000  # fen; the largest party at it can still be stored (constraint price_fits_an_order)
)
_MONTHS: Final = 12

WEEKDAY: Final = "weekday"
WEEKEND: Final = "weekend"
PUBLIC_HOLIDAY: Final = "public_holiday"
FREE_DAY: Final = "free_day"
MAKEUP_WORKDAY: Final = "makeup_workday"

PEAK: Final = "peak"
OFF_PEAK: Final = "off_peak"
_SATURDAY: Final = 6


@dataclass(frozen=True, slots=True)
class PriceRule:
    """One published price. ``valid_from`` is a visit day."""

    product: int
    category: str
    season: str
    day_type: str
    fen: int
    valid_from: date
    published_on: date

    @property
    def name(self) -> str:
        """What is kept with a ticket: the rule that set its price."""
        return f"{self.category}/{self.season}/{self.day_type}/{self.valid_from.isoformat()}"


@dataclass(frozen=True, slots=True)
class Season:
    code: str
    first_day: date
    last_day: date


def day_type(day: date, calendar: Mapping[date, str]) -> str:
    """Weekday, weekend, public holiday or free day; a make-up working day (调休) is a weekday."""
    kind = calendar.get(day)
    if kind in (PUBLIC_HOLIDAY, FREE_DAY):
        return kind
    if kind == MAKEUP_WORKDAY or day.isoweekday() < _SATURDAY:
        return WEEKDAY
    return WEEKEND


def season(day: date, seasons: Iterable[Season]) -> str:
    """Name the season of a day; one that no range covers is off-peak."""
    for span in seasons:
        if span.first_day <= day <= span.last_day:
            return span.code
    return OFF_PEAK


def price_on(rules: Iterable[PriceRule], day: date, day_season: str, kind: str) -> PriceRule | None:
    """Find the rule among those of one product and category; None where it is not sold on that day.

    A free-admission day without a price of its own costs nothing for whatever has a price at all:
    nobody need publish one.
    """
    in_force = [
        rule for rule in rules if rule.valid_from <= day and rule.season in (ANY, day_season)
    ]
    fitting = [rule for rule in in_force if rule.day_type == kind]
    if not fitting and kind == FREE_DAY:
        fitting = [replace(rule, day_type=FREE_DAY, fen=0) for rule in in_force]
    fitting = fitting or [rule for rule in in_force if rule.day_type == ANY]
    if not fitting:
        return None
    return max(fitting, key=lambda rule: (rule.season != ANY, rule.valid_from))


@dataclass(frozen=True, slots=True)
class Days:
    """What kind of day each is, and in which season."""

    calendar: Mapping[date, str]
    seasons: Sequence[Season]

    def price(self, rules: Iterable[PriceRule], day: date) -> PriceRule | None:
        return price_on(rules, day, season(day, self.seasons), day_type(day, self.calendar))


def first_rise(
    before: Sequence[PriceRule], after: Sequence[PriceRule], published_on: date, days: Days
) -> date | None:
    """Find the first day that gets dearer without six months' notice: the law wants it published so far ahead.

    Days are compared, not rules: a price for weekends beside a general one raises weekends, and a price that is taken
    back may raise what it had lowered. What was not sold before has no price that could rise.
    """
    day = published_on
    while day < _notice_ends(published_on):
        old, new = days.price(before, day), days.price(after, day)
        if old is not None and new is not None and new.fen > old.fen:
            return day
        day += timedelta(days=1)
    return None


def combined_error(combined_fen: int, parts_fen: Iterable[int]) -> str | None:
    """Refuse a combined ticket dearer than its parts together (Tourism Law art. 43)."""
    return "price-combined" if combined_fen > sum(parts_fen) else None


def _notice_ends(published_on: date) -> date:
    """Find the same day six months later, or the last of a month that has no such day."""
    months = published_on.year * _MONTHS + published_on.month - 1 + RAISE_NOTICE_MONTHS
    year, month = months // _MONTHS, months % _MONTHS + 1
    return date(year, month, min(published_on.day, monthrange(year, month)[1]))
