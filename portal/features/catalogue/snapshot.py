"""The catalogue from memory: products, categories, prices, calendar, as every page and booking needs them.

Each process keeps one snapshot and reads it anew when staff changed something (NOTIFY ``catalogue``). A price
that changes between the form and the booking is noticed by the booking: the form carries the mark of the
prices that it showed (``Catalogue.price_mark``).
"""

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from portal.core import db, i18n
from portal.features.catalogue.rules import prices
from portal.features.catalogue.rules.categories import Category
from portal.features.catalogue.rules.prices import PriceRule, Season

CHANNEL: Final = "catalogue"


@dataclass(frozen=True, slots=True)
class Words:
    """A text in both languages; shown in the reader's, or in the other where one is missing."""

    zh: str
    en: str

    def __str__(self) -> str:
        if i18n.language() == "en":
            return self.en or self.zh
        return self.zh or self.en


@dataclass(frozen=True, slots=True)
class Attraction:
    id: int
    name: Words
    summary: Words
    opening_hours: Words
    core: bool
    closed_from: date | None
    closed_until: date | None

    def closed_on(self, day: date) -> bool:
        if self.closed_from is None or day < self.closed_from:
            return False
        return self.closed_until is None or day <= self.closed_until


@dataclass(frozen=True, slots=True)
class Product:
    """``payment`` is ``at_gate`` (confirmed at once) or ``online`` (held until paid)."""

    id: int
    slug: str
    attraction: Attraction
    name: Words
    summary: Words
    payment: str
    id_required: bool
    on_sale: bool

    def sold_on(self, day: date) -> bool:
        """Whether it is sold at all and its attraction open on a day. Whether the day is on sale yet, ``sale`` says."""
        return self.on_sale and not self.attraction.closed_on(day)


@dataclass(frozen=True, slots=True)
class Priced:
    """A category with its price on a day and the rule that set it."""

    category: Category
    fen: int
    rule: str

    @property
    def name(self) -> Words:
        return Words(self.category.name_zh, self.category.name_en)

    @property
    def eligibility(self) -> Words:
        return Words(self.category.eligibility_zh, self.category.eligibility_en)


class Catalogue:
    """One consistent view; replaced whole."""

    def __init__(
        self,
        attractions: dict[int, Attraction],
        products: tuple[Product, ...],
        categories: dict[str, Category],
        price_rules: tuple[PriceRule, ...],
        calendar: "Calendar",
    ) -> None:
        self.attractions = attractions
        self.products = products
        self.categories = categories
        self.calendar = calendar
        self._by_id = {product.id: product for product in products}
        self._rules: dict[tuple[int, str], list[PriceRule]] = defaultdict(list)
        for rule in price_rules:
            self._rules[rule.product, rule.category].append(rule)
        self._priced: dict[tuple[int, date], dict[str, Priced]] = {}
        self._marks: dict[tuple[int, date], str] = {}

    def product(self, product_id: int) -> Product | None:
        return self._by_id.get(product_id)

    def prices_on(self, product_id: int, day: date) -> dict[str, Priced]:
        """The categories sold for a product on a day, by code, in the order of the catalogue."""
        found = self._priced.get((product_id, day))
        if found is None:
            found = self._work_out(product_id, day)
            self._priced[product_id, day] = found
        return found

    def price_mark(self, product_id: int, day: date) -> str:
        """A short digest of what each category costs on a day, the same in every process; worked out once."""
        found = self._marks.get((product_id, day))
        if found is None:
            priced = self.prices_on(product_id, day).values()
            listed = ",".join(sorted(f"{one.category.code}:{one.fen}" for one in priced))
            found = hashlib.blake2b(listed.encode(), digest_size=8).hexdigest()
            self._marks[product_id, day] = found
        return found

    def full_price(self, product_id: int, day: date) -> Priced | None:
        """What an adult pays, or the dearest where there is none: what the day page may promise."""
        found = self.prices_on(product_id, day)
        if "adult" in found:
            return found["adult"]
        return max(found.values(), key=lambda priced: priced.fen, default=None)

    def _work_out(self, product_id: int, day: date) -> dict[str, Priced]:
        season = prices.season(day, self.calendar.seasons)
        kind = self.calendar.day_type(day)
        priced = {}
        for code, category in self.categories.items():
            rule = prices.price_on(self._rules[product_id, code], day, season, kind)
            if rule is not None:
                priced[code] = Priced(category, rule.fen, rule.name)
        return priced


@dataclass(frozen=True, slots=True)
class Calendar:
    """Holidays and seasons."""

    kinds: dict[date, str]
    names: dict[date, Words]
    seasons: tuple[Season, ...]

    def day_type(self, day: date) -> str:
        return prices.day_type(day, self.kinds)

    def is_public_holiday(self, day: date) -> bool:
        return self.kinds.get(day) == prices.PUBLIC_HOLIDAY


_current: Catalogue = Catalogue({}, (), {}, (), Calendar({}, {}, ()))


def catalogue() -> Catalogue:
    """The snapshot of this process."""
    return _current


async def load(_payload: str = "") -> None:
    """Listener of ``CHANNEL``, and at start."""
    global _current  # noqa: PLW0603  one snapshot per process, replaced whole
    _current = await read()


async def read() -> Catalogue:
    """Read the catalogue as the open transaction sees it."""
    attractions = {
        row["id"]: _attraction(row)
        for row in await db.fetch("SELECT * FROM attraction ORDER BY position, id")
    }
    products = await db.fetch("SELECT * FROM product ORDER BY position, id")
    categories = await db.fetch("SELECT * FROM category WHERE active ORDER BY position, id")
    rules = await db.fetch(
        "SELECT p.product, c.code AS category, p.season, p.day_type, p.fen, p.valid_from, "
        "p.published_on FROM price p JOIN category c ON c.id = p.category"
    )
    days = await db.fetch("SELECT day, kind, name_zh, name_en FROM calendar_day")
    seasons = await db.fetch("SELECT code, first_day, last_day FROM season ORDER BY first_day")
    return Catalogue(
        attractions,
        tuple(_product(row, attractions) for row in products),
        {row["code"]: _category(row) for row in categories},
        tuple(PriceRule(**row) for row in rules),
        Calendar(
            {row["day"]: row["kind"] for row in days},
            {row["day"]: Words(row["name_zh"], row["name_en"]) for row in days},
            tuple(Season(**row) for row in seasons),
        ),
    )


def _attraction(row: Any) -> Attraction:
    return Attraction(
        row["id"],
        Words(row["name_zh"], row["name_en"]),
        Words(row["summary_zh"], row["summary_en"]),
        Words(row["opening_hours_zh"], row["opening_hours_en"]),
        row["core"],
        row["closed_from"],
        row["closed_until"],
    )


def _product(row: Any, attractions: dict[int, Attraction]) -> Product:
    return Product(
        row["id"],
        row["slug"],
        attractions[row["attraction"]],
        Words(row["name_zh"], row["name_en"]),
        Words(row["summary_zh"], row["summary_en"]),
        row["payment"],
        row["id_required"],
        row["on_sale"],
    )


def _category(row: Any) -> Category:
    return Category(
        code=row["code"],
        name_zh=row["name_zh"],
        name_en=row["name_en"],
        eligibility_zh=row["eligibility_zh"],
        eligibility_en=row["eligibility_en"],
        age_min=row["age_min"],
        age_max=row["age_max"],
        height_max_cm=row["height_max_cm"],
        residence_prefixes=tuple(row["residence_prefixes"]),
        proof=row["proof"],
        not_on_public_holidays=row["not_on_public_holidays"],
        needs_companion=row["needs_companion"],
        companions=row["companions"],
        basis=row["basis"],
    )
