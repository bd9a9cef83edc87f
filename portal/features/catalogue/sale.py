"""When days go on sale, and how much the area takes: site settings of the catalogue."""

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Final

from portal.core import clock
from portal.core.i18n import _l
from portal.core.site_settings import SiteSetting, declare
from portal.features.catalogue.rules.slots import last_day_on_sale, sale_opens_at
from portal.features.catalogue.snapshot import Product, catalogue

GENERATE_JOB: Final = "catalogue.generate"

DAYS_AHEAD: Final = declare(
    SiteSetting(
        "booking.days_ahead",
        7,
        _l("Days that can be booked ahead"),
        minimum=1,
        maximum=90,
        then=GENERATE_JOB,
    )
)
RELEASE_TIME: Final = declare(
    SiteSetting(
        "booking.release_time",
        "20:00",
        _l("Time of day at which a new day goes on sale"),
        check=lambda text: _hour(text) is not None,
        input="time",
    )
)
DAILY_MAXIMUM: Final = declare(
    SiteSetting(
        "capacity.daily_maximum",
        20_000,
        _l("Daily maximum of visitors"),
        _l("Set by the authority; published on the home page (Tourism Law art. 45)."),
        minimum=1,
        maximum=1_000_000,
        then=GENERATE_JOB,
    )
)
INSTANT_MAXIMUM: Final = declare(
    SiteSetting(
        "capacity.instant_maximum",
        6_000,
        _l("Instantaneous maximum of visitors"),
        _l("Published on the home page; no slot is larger, and the gates stop entry there."),
        minimum=1,
        maximum=1_000_000,
        then=GENERATE_JOB,
    )
)
AGENCY_RETURN_HOURS: Final = declare(
    SiteSetting(
        "booking.agency_return_hours",
        24,
        _l("Hours before a slot at which agencies' unsold places return to everybody"),
        minimum=0,
        maximum=720,
        then=GENERATE_JOB,
    )
)
FACTOR: Final = declare(
    SiteSetting(
        "capacity.factor_percent",
        100,
        _l("Share of the maxima that holds for a time, in percent"),
        _l(
            "Such as 50 where the authority allows half of them. Needs its days and a reason below."
        ),
        minimum=1,
        maximum=100,
        then=GENERATE_JOB,
    )
)
FACTOR_FROM: Final = declare(
    SiteSetting(
        "capacity.factor_from",
        "",
        _l("The share holds from"),
        check=lambda text: not text or _day(text) is not None,
        then=GENERATE_JOB,
        input="date",
    )
)
FACTOR_UNTIL: Final = declare(
    SiteSetting(
        "capacity.factor_until",
        "",
        _l("The share holds until"),
        _l("That day included; empty: until somebody changes it."),
        check=lambda text: not text or _day(text) is not None,
        then=GENERATE_JOB,
        input="date",
    )
)
FACTOR_REASON: Final = declare(
    SiteSetting("capacity.factor_reason", "", _l("Reason and document of the authority"))
)
BOOKING_NEEDED: Final = declare(
    SiteSetting(
        "booking.needed",
        True,  # noqa: FBT003  the value of a switch
        _l("Booking required"),
        _l("Switch off on days that never fill up: visitors can then simply come."),
    )
)


#: Who can say whether money can be paid online at this moment; the catalogue itself knows no payments.
_payable: list[Callable[[], bool]] = []


def on_payable(answer: Callable[[], bool]) -> None:
    """Register who knows whether anything takes money online."""
    _payable.append(answer)


def payable_online() -> bool:
    return any(answer() for answer in _payable)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def factor(day: date) -> int:
    """The share of the maxima that holds on a day, in percent."""
    first, last = _day(FACTOR_FROM()), _day(FACTOR_UNTIL())
    holds = first is not None and first <= day and (last is None or day <= last)
    return FACTOR() if holds else 100


def factor_is_over() -> bool:
    """Whether a share is still set whose time is over."""
    last = _day(FACTOR_UNTIL())
    return FACTOR() != 100 and last is not None and last < clock.today()  # noqa: PLR2004  percent


def daily_maximum(day: date) -> int:
    """How many visitors may come on a day."""
    return DAILY_MAXIMUM() * factor(day) // 100


def instant_maximum(day: date) -> int:
    """How many may be inside at a time on a day."""
    return INSTANT_MAXIMUM() * factor(day) // 100


def _hour(text: str) -> time | None:
    try:
        return time.fromisoformat(text)
    except ValueError:
        return None


def release_time() -> time:
    return _hour(RELEASE_TIME()) or time(20, 0)


def last_day() -> date:
    """The farthest day on sale at this moment."""
    return last_day_on_sale(clock.now(), DAYS_AHEAD(), release_time(), clock.site_zone())


def opens_at(day: date) -> datetime:
    return sale_opens_at(day, DAYS_AHEAD(), release_time(), clock.site_zone())


def on_sale(day: date) -> bool:
    return clock.today() <= day <= last_day()


def sold(product: Product | None, day: date) -> bool:
    """Whether everybody may book this product for a day: asked by each way to a place."""
    return product is not None and product.sold_on(day) and on_sale(day)


def still_sold(product: int, day: date) -> bool:
    """Whether somebody may book the places that are kept for them, whatever days are on sale by now."""
    found = catalogue().product(product)
    return found is not None and found.sold_on(day)
