"""What staff may edit of the catalogue: one description for each table, from which lists and forms are made."""

from typing import Final

from portal.core.i18n import _l
from portal.features.catalogue import checks, tables
from portal.features.catalogue.fields import Field, Resource
from portal.features.catalogue.rules.categories import PROOFS
from rbac.permissions import Permission

_TEXTS: Final = _l("Name and texts")
_SHOWN: Final = _l("Where and when it is shown")
_WHEN: Final = _l("When it holds")
_WHAT: Final = _l("For what")
_RULES: Final = _l("Rules")
_CHANGED: Final = _l("What is different")

_NAME: Final = (
    Field("name_zh", _l("Name (Chinese)"), group=_TEXTS),
    Field("name_en", _l("Name (English)"), group=_TEXTS),
)
_SUMMARY: Final = (
    Field(
        "summary_zh", _l("Summary (Chinese)"), "long", required=False, in_list=False, group=_TEXTS
    ),
    Field(
        "summary_en", _l("Summary (English)"), "long", required=False, in_list=False, group=_TEXTS
    ),
)
_PRODUCT: Final = Field("product", _l("Ticket"), "reference", refers_to=tables.Product, group=_WHAT)
_POSITION: Final = Field(
    "position", _l("Position in lists"), "integer", in_list=False, group=_SHOWN
)

RESOURCES: Final = {
    resource.name: resource
    for resource in (
        Resource(
            "products", _l("Tickets on sale"), _l("Ticket"), tables.Product,
            (
                *_NAME, *_SUMMARY,
                Field("attraction", _l("Attraction"), "reference", refers_to=tables.Attraction, group=_RULES),
                Field(
                    "payment", _l("Payment"), "choice", group=_RULES,
                    choices=(("at_gate", _l("when they arrive")), ("online", _l("online, places are held"))),
                    hint=_l("Online only where a payment service is connected."),
                ),
                Field("id_required", _l("A document is needed"), "switch", required=False, in_list=False, group=_RULES),
                Field("counts", _l("Its visitors count to the maxima of the area"), "switch", required=False,
                      in_list=False, group=_RULES,
                      hint=_l("Off for what is sold inside, such as a cable car: its visitors were counted at the "
                              "entrance.")),
                Field("on_sale", _l("On sale"), "switch", required=False, group=_SHOWN),
                Field("slug", _l("Short name"), group=_SHOWN, pattern=("[a-z][a-z0-9-]{1,39}", "slug-form"),
                      hint=_l("Lower-case letters and dashes; used by programs.")),
                _POSITION,
            ),
            ("position", "id"), Permission.CATALOGUE_EDIT, _l("What visitors can book or buy."),
            check=checks.product,
        ),
        Resource(
            "categories", _l("Categories and concessions"), _l("Category"), tables.Category,
            (
                *_NAME,
                Field("eligibility_zh", _l("Who it is for (Chinese)"), "long", required=False, in_list=False,
                      group=_TEXTS),
                Field("eligibility_en", _l("Who it is for (English)"), "long", required=False, in_list=False,
                      group=_TEXTS),
                Field("age_min", _l("Minimum age"), "integer", required=False, group=_RULES,
                      hint=_l("Years on the visit day, that age included.")),
                Field("age_max", _l("Maximum age"), "integer", required=False, group=_RULES,
                      hint=_l("Years on the visit day, that age included.")),
                Field("height_max_cm", _l("Maximum height in cm"), "integer", required=False, group=_RULES,
                      hint=_l("Either age or height is enough; height is measured at the gate.")),
                Field("residence_prefixes", _l("Area codes of residence"), "list", required=False, in_list=False,
                      group=_RULES,
                      hint=_l("First digits of the resident number, separated by commas; empty for everybody.")),
                Field(
                    "proof", _l("Proof at the gate"), "choice", group=_RULES,
                    choices=tuple(
                        zip(PROOFS, (_l("none"), _l("document"), _l("height"), _l("certificate")), strict=True)
                    ),
                ),
                Field("companions", _l("Free companions"), "integer", required=False, in_list=False, group=_RULES),
                Field("not_on_public_holidays", _l("Not on public holidays"), "switch", required=False, in_list=False,
                      group=_RULES),
                Field("needs_companion", _l("Must be accompanied"), "switch", required=False, in_list=False,
                      group=_RULES),
                Field("basis", _l("Legal basis"), required=False, in_list=False, group=_RULES),
                Field("active", _l("Active"), "switch", required=False, group=_SHOWN),
                Field("code", _l("Code"), group=_SHOWN, fixed=True, pattern=("[a-z][a-z0-9_]{1,29}", "code-form"),
                      hint=_l("Lower-case letters; stays with sold tickets.")),
                _POSITION,
            ),
            ("position", "id"), Permission.CATALOGUE_EDIT,
            _l("Who pays which price. The statutory concessions are there; what the law gives may not be taken away."),
            check=checks.category,
        ),
        Resource(
            "prices", _l("Prices"), _l("Price"), tables.Price,
            (
                _PRODUCT,
                Field("category", _l("Category"), "reference", refers_to=tables.Category, group=_WHAT),
                Field(
                    "season", _l("Season"), "choice", group=_WHAT,
                    choices=(("any", _l("all year")), ("peak", _l("peak season")), ("off_peak", _l("off season"))),
                ),
                Field(
                    "day_type", _l("Kind of day"), "choice", group=_WHAT,
                    choices=(
                        ("any", _l("every day")), ("weekday", _l("weekday")), ("weekend", _l("weekend")),
                        ("public_holiday", _l("public holiday")), ("free_day", _l("free day")),
                    ),
                ),
                Field("fen", _l("Price in yuan"), "money", group=_l("How much, and from when")),
                Field("valid_from", _l("For visits from"), "date", group=_l("How much, and from when")),
                Field("legal_basis", _l("Legal basis for a rise without notice"), required=False, in_list=False,
                      group=_l("How much, and from when"),
                      hint=_l("Only for a rise within six months: the document that allows it.")),
            ),
            ("product", "category", "season", "day_type", "valid_from"), Permission.CATALOGUE_EDIT,
            _l("A rise must be published six months before it holds (Tourism Law art. 43). A published price is not "
               "changed: a new one takes its place from a day on. The most exact price holds: the kind of day before "
               "the season."),
            check=checks.price, keep=checks.price_is_kept,
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
            ("first_day",), Permission.CATALOGUE_EDIT,
            _l("A day that no season covers is off season."), check=checks.season,
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
                Field("name_zh", _l("Name (Chinese)")),
                Field("name_en", _l("Name (English)")),
                Field("confirmed", _l("Confirmed by the State Council’s notice"), "switch", required=False,
                      hint=_l("The plan of a year is announced in November of the year before.")),
            ),
            ("day",), Permission.CATALOGUE_EDIT,
            _l("Holidays, make-up working days and free days decide prices and concessions."),
        ),
        Resource(
            "slot-patterns", _l("Weekly slots"), _l("Weekly slot"), tables.SlotPattern,
            (
                _PRODUCT,
                Field("starts", _l("Begins"), "time", group=_WHEN),
                Field("ends", _l("Ends"), "time", group=_WHEN),
                Field("weekdays", _l("Weekdays"), "weekdays", group=_WHEN),
                Field("valid_from", _l("Valid from"), "date", group=_WHEN),
                Field("valid_until", _l("Valid until"), "date", required=False, group=_WHEN,
                      hint=_l("Empty: until further notice.")),
                Field("capacity", _l("Capacity"), "integer", group=_l("How many")),
                Field("quota_window", _l("Kept for the window"), "integer", required=False, group=_l("How many"),
                      hint=_l("Places that are not sold online.")),
                Field("quota_agency", _l("Kept for agencies"), "integer", required=False, group=_l("How many"),
                      hint=_l("What agencies have not sold returns to everybody before the visit.")),
            ),
            ("product", "starts", "valid_from"), Permission.SLOT_EDIT,
            _l("Of two slots at the same hour the one that begins later holds. Sold tickets stay valid whatever is "
               "changed here."),
            slots=True, check=checks.pattern,
        ),
        Resource(
            "slot-exceptions", _l("Exceptions"), _l("Exception"), tables.SlotException,
            (
                _PRODUCT,
                Field("day", _l("Day"), "date", group=_WHAT),
                Field("capacity_percent", _l("Share of the capacity in percent"), "integer", group=_CHANGED,
                      hint=_l("100 is the usual capacity, 50 half of it, at most 200.")),
                Field("closed", _l("No slots on this day"), "switch", required=False, group=_CHANGED,
                      hint=_l("Slots with sold tickets stay valid; to turn their holders away, use a closure.")),
                Field("reason_zh", _l("Reason (Chinese)"), required=False, in_list=False, group=_CHANGED),
                Field("reason_en", _l("Reason (English)"), required=False, in_list=False, group=_CHANGED),
            ),
            ("day",), Permission.SLOT_EDIT,
            _l("Another capacity on one day, or no slots at all."), slots=True, check=checks.exception,
        ),
        Resource(
            "attractions", _l("Attractions"), _l("Attraction"), tables.Attraction,
            (
                *_NAME, *_SUMMARY,
                Field("opening_hours_zh", _l("Opening hours (Chinese)"), required=False, group=_l("Opening")),
                Field("opening_hours_en", _l("Opening hours (English)"), required=False, in_list=False,
                      group=_l("Opening")),
                Field("closed_from", _l("Closed from"), "date", required=False, group=_l("Opening"),
                      hint=_l("Its tickets are not sold for these days.")),
                Field("closed_until", _l("Closed until"), "date", required=False, group=_l("Opening"),
                      hint=_l("That day included. Empty: until further notice.")),
                Field("core", _l("Core attraction"), "switch", required=False, group=_SHOWN,
                      hint=_l("While it is closed, the law asks for a notice and a reduced price (Tourism Law "
                              "art. 44).")),
                _POSITION,
            ),
            ("position", "id"), Permission.ATTRACTION_EDIT,
            _l("What visitors come to see."), check=checks.attraction,
        ),
        Resource(
            "gates", _l("Gates"), _l("Gate"), tables.Gate,
            (Field("attraction", _l("Attraction"), "reference", refers_to=tables.Attraction), *_NAME),
            ("id",), Permission.ATTRACTION_EDIT, _l("Where tickets are checked."),
        ),
    )
}  # fmt: skip
