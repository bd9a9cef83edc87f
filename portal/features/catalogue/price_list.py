"""The published prices as a sheet: a row for each category, a column for each season and kind of day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from portal.core import db
from portal.features.catalogue.rules import prices
from portal.features.catalogue.snapshot import Product, Words, catalogue

_SEASONS: Final = (prices.ANY, prices.PEAK, prices.OFF_PEAK)
_KINDS: Final = (
    prices.ANY,
    prices.WEEKDAY,
    prices.WEEKEND,
    prices.PUBLIC_HOLIDAY,
    prices.FREE_DAY,
)

Column = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Published:
    """One published price with its number."""

    id: int
    product: int
    category: int
    season: str
    day_type: str
    fen: int
    valid_from: date
    published_on: date
    legal_basis: str


@dataclass(frozen=True, slots=True)
class Cell:
    """The price that holds on the day looked at, and the next one that is published."""

    now: Published | None
    coming: Published | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """``holds`` is the column that a visit on the day looked at falls under, as far as it has a price of its own."""

    product: Product
    columns: tuple[Column, ...]
    rows: tuple[tuple[int, Words, tuple[Cell, ...]], ...]
    season: str
    day_type: str


async def published() -> list[Published]:
    """All prices, the newest first."""
    rows = await db.fetch(
        "SELECT id, product, category, season, day_type, fen, valid_from, published_on, legal_basis FROM price "
        "ORDER BY valid_from DESC, published_on DESC, id DESC"
    )
    return [Published(**row) for row in rows]


async def categories() -> dict[int, Words]:
    rows = await db.fetch("SELECT id, name_zh, name_en FROM category ORDER BY position, id")
    return {row["id"]: Words(row["name_zh"], row["name_en"]) for row in rows}


def sheets(rules: list[Published], names: Mapping[int, Words], day: date) -> list[Sheet]:
    """The prices of each product as they hold for a visit on this day."""
    calendar = catalogue().calendar
    season, kind = prices.season(day, calendar.seasons), calendar.day_type(day)
    return [
        _sheet(product, [rule for rule in rules if rule.product == product.id], names, (day, season, kind))
        for product in catalogue().products
    ]  # fmt: skip


def _sheet(
    product: Product, own: list[Published], names: Mapping[int, Words], at: tuple[date, str, str]
) -> Sheet:
    day, season, kind = at
    used = {(rule.season, rule.day_type) for rule in own}
    columns = tuple(
        (one, other) for one in _SEASONS for other in _KINDS if (one, other) in used
    ) or ((prices.ANY, prices.ANY),)
    priced = {rule.category for rule in own}
    rows = tuple(
        (number, name, tuple(_cell(own, number, column, day) for column in columns))
        for number, name in names.items()
        if number in priced
    )
    return Sheet(product, columns, rows, season, kind)


def _cell(own: list[Published], category: int, column: Column, day: date) -> Cell:
    fitting = [
        rule for rule in own if rule.category == category and (rule.season, rule.day_type) == column
    ]
    begun = [rule for rule in fitting if rule.valid_from <= day]
    later = [rule for rule in fitting if rule.valid_from > day]
    by_day: Any = lambda rule: rule.valid_from  # noqa: E731
    return Cell(max(begun, key=by_day, default=None), min(later, key=by_day, default=None))
