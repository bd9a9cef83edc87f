"""What staff may edit of the catalogue: one description for each table, from which lists and forms are made.

A description says what a field is and which rule the whole must keep. The database's constraints say it again;
where they speak first, their name is turned into words here.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any, Final

from piccolo.table import Table

from portal.core import clock, money
from portal.core.i18n import LazyText, _l
from portal.features.catalogue import tables
from portal.features.catalogue.rules import prices, slots
from portal.features.catalogue.rules.categories import PROOFS
from portal.features.catalogue.sale import DAILY_MAXIMUM, INSTANT_MAXIMUM
from portal.web.forms import Form
from rbac.permissions import Permission

Values = dict[str, Any]
Check = Callable[[Values, int | None], Awaitable[tuple[str, str] | None]]


@dataclass(frozen=True, slots=True)
class Field:
    """``kind``: text, long, integer, money, date, time, switch, choice, reference, weekdays, list."""

    name: str
    label: LazyText
    kind: str = "text"
    required: bool = True
    hint: LazyText | None = None
    choices: tuple[tuple[str, LazyText], ...] = ()
    refers_to: type[Table] | None = None
    in_list: bool = True


@dataclass(frozen=True, slots=True)
class Resource:
    """``slots`` tells that a change moves slots; ``check`` answers field and code of what is wrong, or None."""

    name: str
    title: LazyText
    one: LazyText
    table: type[Table]
    fields: tuple[Field, ...]
    order: tuple[str, ...]
    edit: Permission
    slots: bool = False
    check: Check | None = None

    def parse(self, form: Form) -> Values:
        """The typed values; errors are noted in the form."""
        return {field.name: _parse(field, form) for field in self.fields}

    def typed(self, row: Mapping[str, Any]) -> dict[str, str]:
        """A stored row as the form would have it typed."""
        typed: dict[str, str] = {}
        for field in self.fields:
            value = row[field.name]
            if field.kind == "weekdays":
                typed |= {f"{field.name}-{day}": "yes" for day in value}
            else:
                typed[field.name] = _typed(field, value)
        return typed


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
    "price-backdated": _l("A price cannot begin before it is published."),
    "dates-order": _l("The last day must not come before the first."),
    "ages-order": _l("The maximum age must not be below the minimum."),
    "taken": _l("Such an entry already exists."),
    "in-use": _l("This is in use and cannot be deleted; switch it off instead."),
    "not-allowed": _l("The database refused this value."),
}


def _parse(field: Field, form: Form) -> Any:  # noqa: PLR0911  an answer for each kind of field
    match field.kind:
        case "integer":
            value = form.integer(field.name, required=field.required, minimum=0, maximum=1_000_000)
            return value if form.values.get(field.name, "").strip() else None
        case "money":
            return _money(field, form)
        case "date":
            return _moment(field, form, date.fromisoformat, "bad-date")
        case "time":
            return _moment(field, form, time.fromisoformat, "bad-time")
        case "switch":
            return form.checked(field.name)
        case "choice":
            return form.choice(field.name, tuple(value for value, _words in field.choices))
        case "reference":
            return form.integer(field.name)
        case "weekdays":
            return _weekdays(field, form)
        case "list":
            return _parts(form.text(field.name, required=False))
        case _:
            return form.text(field.name, required=field.required, longest=2000)


def _weekdays(field: Field, form: Form) -> list[int]:
    days = [day for day in range(1, 8) if form.checked(f"{field.name}-{day}")]
    if not days:
        form.error(field.name, "weekdays-needed")
    return days


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _money(field: Field, form: Form) -> int:
    try:
        return money.parse_yuan(form.text(field.name, longest=20) or "0")
    except money.BadAmount as error:
        form.error(field.name, error.args[0])
        return 0


def _moment(field: Field, form: Form, parse: Callable[[str], Any], code: str) -> Any:
    text = form.text(field.name, required=field.required, longest=20)
    if not text:
        return None
    try:
        return parse(text)
    except ValueError:
        form.error(field.name, code)
        return None


def _typed(field: Field, value: Any) -> str:
    if value is None:
        return ""
    match field.kind:
        case "money":
            return money.plain_yuan(value)
        case "time":
            return f"{value:%H:%M}"
        case "switch":
            return "yes" if value else ""
        case "list":
            return ", ".join(value)
        case _:
            return str(value)


async def _price_check(values: Values, row_id: int | None) -> tuple[str, str] | None:
    """A raise needs six months' notice or a legal basis (Tourism Law art. 43)."""
    values["published_on"] = clock.today()
    query = tables.Price.select(tables.Price.fen).where(
        (tables.Price.product == values["product"])
        & (tables.Price.category == values["category"])
        & (tables.Price.season == values["season"])
        & (tables.Price.day_type == values["day_type"])
        & (tables.Price.valid_from <= values["valid_from"])
    )
    if row_id is not None:
        query = query.where(tables.Price.id != row_id)
    before = await query.order_by(tables.Price.valid_from, ascending=False).first()
    code = prices.change_error(
        before["fen"] if before else None,
        values["fen"],
        values["valid_from"],
        clock.today(),
        values["legal_basis"],
    )
    return ("valid_from", code) if code else None


async def _pattern_check(values: Values, row_id: int | None) -> tuple[str, str] | None:
    """Hours and quotas fit, and no weekday exceeds the daily maximum (Tourism Law art. 45)."""
    if code := slots.pattern_error(
        values["starts"],
        values["ends"],
        values["capacity"],
        values["quota_window"] or 0,
        values["quota_agency"] or 0,
    ):
        return ("ends" if code == "slot-hours" else "capacity"), code
    if values["capacity"] > INSTANT_MAXIMUM():
        return "capacity", "instant-maximum"
    if values["valid_until"] and values["valid_until"] < values["valid_from"]:
        return "valid_until", "dates-order"
    values["quota_window"] = values["quota_window"] or 0
    values["quota_agency"] = values["quota_agency"] or 0
    others = await tables.SlotPattern.select().where(
        tables.SlotPattern.product == values["product"]
    )
    for weekday in values["weekdays"]:
        total = values["capacity"] + sum(
            other["capacity"]
            for other in others
            if other["id"] != row_id
            and weekday in other["weekdays"]
            and other["starts"] != values["starts"]
            and (other["valid_until"] is None or other["valid_until"] >= values["valid_from"])
        )
        if total > DAILY_MAXIMUM():
            return "capacity", "daily-maximum"
    return None


async def _season_check(values: Values, _row_id: int | None) -> tuple[str, str] | None:
    return ("last_day", "dates-order") if values["last_day"] < values["first_day"] else None


async def _attraction_check(values: Values, _row_id: int | None) -> tuple[str, str] | None:
    first, last = values["closed_from"], values["closed_until"]
    return ("closed_until", "dates-order") if first and last and last < first else None


async def _category_check(values: Values, _row_id: int | None) -> tuple[str, str] | None:
    low, high = values["age_min"], values["age_max"]
    values["companions"] = values["companions"] or 0
    return (
        ("age_max", "ages-order") if low is not None and high is not None and high < low else None
    )


_NAME: Final = (Field("name_zh", _l("Name (Chinese)")), Field("name_en", _l("Name (English)")))
_SUMMARY: Final = (
    Field("summary_zh", _l("Summary (Chinese)"), "long", required=False, in_list=False),
    Field("summary_en", _l("Summary (English)"), "long", required=False, in_list=False),
)
_PRODUCT: Final = Field("product", _l("Ticket"), "reference", refers_to=tables.Product)
_POSITION: Final = Field("position", _l("Position in lists"), "integer", in_list=False)

RESOURCES: Final = {
    resource.name: resource
    for resource in (
        Resource(
            "attractions", _l("Attractions"), _l("Attraction"), tables.Attraction,
            (
                *_NAME, *_SUMMARY,
                Field("opening_hours_zh", _l("Opening hours (Chinese)"), required=False),
                Field("opening_hours_en", _l("Opening hours (English)"), required=False, in_list=False),
                Field("core", _l("Core attraction"), "switch", required=False),
                Field("closed_from", _l("Closed from"), "date", required=False),
                Field("closed_until", _l("Closed until"), "date", required=False),
                _POSITION,
            ),
            ("position", "id"), Permission.ATTRACTION_EDIT, check=_attraction_check,
        ),
        Resource(
            "gates", _l("Gates"), _l("Gate"), tables.Gate,
            (Field("attraction", _l("Attraction"), "reference", refers_to=tables.Attraction), *_NAME),
            ("id",), Permission.ATTRACTION_EDIT,
        ),
        Resource(
            "products", _l("Tickets on sale"), _l("Ticket"), tables.Product,
            (
                Field("slug", _l("Short name"), hint=_l("Lower-case letters and dashes; used by programs.")),
                Field("attraction", _l("Attraction"), "reference", refers_to=tables.Attraction),
                *_NAME, *_SUMMARY,
                Field(
                    "payment", _l("Payment"), "choice",
                    choices=(("at_gate", _l("when they arrive")), ("online", _l("online, places are held"))),
                ),
                Field("id_required", _l("A document is needed"), "switch", required=False, in_list=False),
                Field("on_sale", _l("On sale"), "switch", required=False),
                _POSITION,
            ),
            ("position", "id"), Permission.CATALOGUE_EDIT,
        ),
        Resource(
            "categories", _l("Categories and concessions"), _l("Category"), tables.Category,
            (
                Field("code", _l("Code"), hint=_l("Lower-case letters; stays with sold tickets.")),
                *_NAME,
                Field("eligibility_zh", _l("Who it is for (Chinese)"), "long", required=False, in_list=False),
                Field("eligibility_en", _l("Who it is for (English)"), "long", required=False, in_list=False),
                Field("age_min", _l("Minimum age"), "integer", required=False),
                Field("age_max", _l("Maximum age"), "integer", required=False),
                Field("height_max_cm", _l("Maximum height in cm"), "integer", required=False,
                      hint=_l("Either age or height is enough; height is measured at the gate.")),
                Field("residence_prefixes", _l("Area codes of residence"), "list", required=False, in_list=False,
                      hint=_l("First digits of the resident number, separated by commas; empty for everybody.")),
                Field(
                    "proof", _l("Proof at the gate"), "choice",
                    choices=tuple(
                        zip(PROOFS, (_l("none"), _l("document"), _l("height"), _l("certificate")), strict=True)
                    ),
                ),
                Field("not_on_public_holidays", _l("Not on public holidays"), "switch", required=False, in_list=False),
                Field("needs_companion", _l("Must be accompanied"), "switch", required=False, in_list=False),
                Field("companions", _l("Free companions"), "integer", required=False, in_list=False),
                Field("basis", _l("Legal basis"), required=False, in_list=False),
                Field("active", _l("Active"), "switch", required=False),
                _POSITION,
            ),
            ("position", "id"), Permission.CATALOGUE_EDIT, check=_category_check,
        ),
        Resource(
            "prices", _l("Prices"), _l("Price"), tables.Price,
            (
                _PRODUCT,
                Field("category", _l("Category"), "reference", refers_to=tables.Category),
                Field(
                    "season", _l("Season"), "choice",
                    choices=(("any", _l("all year")), ("peak", _l("peak season")), ("off_peak", _l("off season"))),
                ),
                Field(
                    "day_type", _l("Kind of day"), "choice",
                    choices=(
                        ("any", _l("every day")), ("weekday", _l("weekday")), ("weekend", _l("weekend")),
                        ("public_holiday", _l("public holiday")), ("free_day", _l("free day")),
                    ),
                ),
                Field("fen", _l("Price in yuan"), "money"),
                Field("valid_from", _l("For visits from"), "date"),
                Field("legal_basis", _l("Legal basis for a rise without notice"), required=False, in_list=False),
            ),
            ("product", "category", "season", "day_type", "valid_from"), Permission.CATALOGUE_EDIT, check=_price_check,
        ),
        Resource(
            "seasons", _l("Seasons"), _l("Season"), tables.Season,
            (
                Field(
                    "code", _l("Season"), "choice",
                    choices=(("peak", _l("peak season")), ("off_peak", _l("off season"))),
                ),
                Field("first_day", _l("First day"), "date"),
                Field("last_day", _l("Last day"), "date"),
            ),
            ("first_day",), Permission.CATALOGUE_EDIT, check=_season_check,
        ),
        Resource(
            "calendar", _l("Holidays"), _l("Day"), tables.CalendarDay,
            (
                Field("day", _l("Day"), "date"),
                Field(
                    "kind", _l("Kind"), "choice",
                    choices=(
                        ("public_holiday", _l("public holiday")), ("makeup_workday", _l("make-up working day")),
                        ("free_day", _l("free day")),
                    ),
                ),
                *_NAME,
                Field("confirmed", _l("Confirmed"), "switch", required=False),
            ),
            ("day",), Permission.CATALOGUE_EDIT,
        ),
        Resource(
            "slot-patterns", _l("Weekly slots"), _l("Weekly slot"), tables.SlotPattern,
            (
                _PRODUCT,
                Field("weekdays", _l("Weekdays"), "weekdays"),
                Field("starts", _l("Begins"), "time"),
                Field("ends", _l("Ends"), "time"),
                Field("capacity", _l("Capacity"), "integer"),
                Field("quota_window", _l("Kept for the window"), "integer", required=False),
                Field("quota_agency", _l("Kept for agencies"), "integer", required=False),
                Field("valid_from", _l("Valid from"), "date"),
                Field("valid_until", _l("Valid until"), "date", required=False),
            ),
            ("product", "starts", "valid_from"), Permission.SLOT_EDIT, slots=True, check=_pattern_check,
        ),
        Resource(
            "slot-exceptions", _l("Exceptions"), _l("Exception"), tables.SlotException,
            (
                _PRODUCT,
                Field("day", _l("Day"), "date"),
                Field("closed", _l("No slots on this day"), "switch", required=False,
                      hint=_l("Slots with sold tickets stay valid; to turn their holders away, use a closure.")),
                Field("capacity_percent", _l("Share of the capacity in percent"), "integer"),
                Field("reason_zh", _l("Reason (Chinese)"), required=False, in_list=False),
                Field("reason_en", _l("Reason (English)"), required=False, in_list=False),
            ),
            ("day",), Permission.SLOT_EDIT, slots=True,
        ),
    )
}  # fmt: skip
