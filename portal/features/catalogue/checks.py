"""What a changed row of the catalogue must keep to; the database's constraints say some of it again."""

from collections.abc import Mapping
from typing import Any, Final

from portal.core import clock, db
from portal.core.i18n import LazyText, _l
from portal.core.money import yuan
from portal.features.catalogue import sale
from portal.features.catalogue.fields import Values
from portal.features.catalogue.rules import prices, slots
from portal.features.catalogue.rules.prices import PriceRule, Season

WORDS: Final[Mapping[str, LazyText]] = {
    "amount-form": _l("Please enter an amount such as 120 or 99.50."),
    "amount-negative": _l("The amount cannot be negative."),
    "amount-large": _l("This amount is too large."),
    "slot-hours": _l("The end must come after the beginning."),
    "slot-quotas": _l("The quotas together are larger than the capacity."),
    "instant-maximum": _l("No slot may be larger than the instantaneous maximum."),
    "daily-maximum": _l("With this, the slots of a day would exceed the daily maximum."),
    "weekdays-needed": _l("Please choose at least one weekday."),
    "price-raise-notice": _l(
        "A price rise must be published six months ahead. For an exception, state the legal basis."
    ),
    "price-large": _l("A ticket costs at most %(most)s.", most=yuan(prices.LARGEST_PRICE)),
    "price-backdated": _l("A price cannot begin before it is published."),
    "price-in-force": _l(
        "A price that holds or has held stays as it was published. Publish a new one."
    ),
    "dates-order": _l("The last day must not come before the first."),
    "closed-until-alone": _l("Please say from when it is closed."),
    "ages-order": _l("The maximum age must not be below the minimum."),
    "percent-large": _l("At most 200 percent."),
    "slug-form": _l("Lower-case letters, digits and dashes only, beginning with a letter."),
    "code-form": _l("Lower-case letters, digits and underscores only, beginning with a letter."),
    "online-unpayable": _l(
        "No payment service is connected: nobody could pay for this ticket online."
    ),
    "taken": _l("Such an entry already exists."),
    "in-use": _l("This is in use and cannot be deleted; switch it off instead."),
    "not-allowed": _l("The database refused this value."),
}

MOST_PERCENT: Final = 200


async def price(values: Values, row_id: int | None) -> tuple[str, str] | None:
    """A rise needs six months' notice or a legal basis (Tourism Law art. 43)."""
    values["published_on"] = today = clock.today()
    if values["fen"] > prices.LARGEST_PRICE:
        return "fen", "price-large"
    if values["valid_from"] < today:
        return "valid_from", "price-backdated"
    code = await _category_code(values["category"])
    new = PriceRule(
        values["product"], code, values["season"], values["day_type"], values["fen"], values["valid_from"], today
    )  # fmt: skip
    before = await rules_of(values["product"], values["category"])
    after = [rule for number, rule in before if number != row_id] + [new]
    raised = await first_rise([rule for _number, rule in before], after)
    if raised and not values["legal_basis"].strip():
        return "legal_basis", "price-raise-notice"
    return None


async def price_gone(row: Mapping[str, Any]) -> str | None:
    """Taking a published price back may raise it too."""
    before = await rules_of(row["product"], row["category"])
    after = [rule for number, rule in before if number != row["id"]]
    raised = await first_rise([rule for _number, rule in before], after)
    return "price-raise-notice" if raised else None


def price_is_kept(row: Mapping[str, Any]) -> str | None:
    """A price that holds or has held is what visitors were told: it stays."""
    return "price-in-force" if row["valid_from"] <= clock.today() else None


async def rules_of(product: int, category: int) -> list[tuple[int, PriceRule]]:
    """The published prices of a product and category with their numbers."""
    rows = await db.fetch(
        "SELECT p.id, p.product, c.code AS category, p.season, p.day_type, p.fen, p.valid_from, p.published_on "
        "FROM price p JOIN category c ON c.id = p.category WHERE p.product = $1 AND p.category = $2 ORDER BY p.id",
        product,
        category,
    )
    return [
        (row["id"], PriceRule(**{name: value for name, value in row.items() if name != "id"}))
        for row in rows
    ]


async def _category_code(category: int) -> str:
    return str(await db.fetchval("SELECT code FROM category WHERE id = $1", category))


async def first_rise(before: list[PriceRule], after: list[PriceRule]) -> Any:
    """The first day, before six months from now, on which the price is higher than it was published; or None."""
    kinds = {
        row["day"]: row["kind"] for row in await db.fetch("SELECT day, kind FROM calendar_day")
    }
    seasons = [
        Season(**row)
        for row in await db.fetch("SELECT code, first_day, last_day FROM season ORDER BY first_day")
    ]
    return prices.first_rise(before, after, clock.today(), prices.Days(kinds, seasons))


async def pattern(values: Values, _row_id: int | None) -> tuple[str, str] | None:
    """Hours and quotas fit, and no slot is larger than may be inside at a time; the day is judged when it is saved."""
    values["quota_window"] = values["quota_window"] or 0
    values["quota_agency"] = values["quota_agency"] or 0
    if code := slots.pattern_error(
        values["starts"],
        values["ends"],
        values["capacity"],
        values["quota_window"],
        values["quota_agency"],
    ):
        return ("ends" if code == "slot-hours" else "capacity"), code
    if values["capacity"] > sale.INSTANT_MAXIMUM():
        return "capacity", "instant-maximum"
    if values["valid_until"] and values["valid_until"] < values["valid_from"]:
        return "valid_until", "dates-order"
    return None


async def exception(values: Values, _row_id: int | None) -> tuple[str, str] | None:
    return (
        ("capacity_percent", "percent-large") if values["capacity_percent"] > MOST_PERCENT else None
    )


async def product(values: Values, _row_id: int | None) -> tuple[str, str] | None:
    """What must be paid online is not put on sale where nothing takes the money: its places would only be held."""
    unpayable = values["payment"] == "online" and not sale.payable_online()
    return ("payment", "online-unpayable") if values["on_sale"] and unpayable else None


async def season(values: Values, _row_id: int | None) -> tuple[str, str] | None:
    return ("last_day", "dates-order") if values["last_day"] < values["first_day"] else None


async def attraction(values: Values, _row_id: int | None) -> tuple[str, str] | None:
    first, last = values["closed_from"], values["closed_until"]
    if last and not first:
        return "closed_from", "closed-until-alone"
    return ("closed_until", "dates-order") if first and last and last < first else None


async def category(values: Values, _row_id: int | None) -> tuple[str, str] | None:
    low, high = values["age_min"], values["age_max"]
    values["companions"] = values["companions"] or 0
    if low is not None and high is not None and high < low:
        return "age_max", "ages-order"
    return None
