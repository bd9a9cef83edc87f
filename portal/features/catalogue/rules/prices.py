"""Prices: the published rule that fits the visit day, and its name (DOMAIN A4).

A price depends on product, category, season and kind of day, never on who asks (PIPL art. 24). The most
specific rule wins: kind of day before season; of equal ones the latest in force.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

ANY: Final = "any"
RAISE_NOTICE: Final = timedelta(days=183)  # six months (Tourism Law art. 43)

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
    """The season of a day; one that no range covers is off-peak."""
    for span in seasons:
        if span.first_day <= day <= span.last_day:
            return span.code
    return OFF_PEAK


def price_on(rules: Iterable[PriceRule], day: date, day_season: str, kind: str) -> PriceRule | None:
    """The rule among those of one product and category; None where it is not sold on that day.

    A free-admission day without a price of its own costs nothing: the caller need not publish one.
    """
    fitting = [
        rule
        for rule in rules
        if rule.valid_from <= day
        and rule.season in (ANY, day_season)
        and rule.day_type in (ANY, kind)
    ]
    if not fitting:
        return None
    return max(fitting, key=lambda rule: (rule.day_type != ANY, rule.season != ANY, rule.valid_from))


def change_error(
    old_fen: int | None, new_fen: int, valid_from: date, published_on: date, legal_basis: str
) -> str | None:
    """A raise is published six months ahead unless somebody with the right states the legal basis."""
    if valid_from < published_on:
        return "price-backdated"
    raised = old_fen is not None and new_fen > old_fen
    if raised and valid_from - published_on < RAISE_NOTICE and not legal_basis.strip():
        return "price-raise-notice"
    return None


def combined_error(combined_fen: int, parts_fen: Iterable[int]) -> str | None:
    """A combined ticket costs no more than its parts, and the parts stay on sale (Tourism Law art. 43)."""
    return "price-combined" if combined_fen > sum(parts_fen) else None
