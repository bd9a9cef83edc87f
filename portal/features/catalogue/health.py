"""What in the catalogue wants somebody's eye: said on its first page and counted on the desk."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from portal.core import clock, db
from portal.core.i18n import LazyText, _l
from portal.features.catalogue import plan, sale
from portal.features.catalogue.snapshot import Attraction, catalogue

SOON: Final = timedelta(days=180)
LOOKED_AHEAD: Final = 60


@dataclass(frozen=True, slots=True)
class Concern:
    """A sentence, and the page where it is put right."""

    words: LazyText
    url: str


async def concerns() -> list[Concern]:
    """Everything that wants an eye now."""
    found = [
        Concern(
            _l("%(attraction)s is a core attraction and closed, and no reduced price is published for these days "
               "(Tourism Law art. 44).", attraction=attraction.name),
            f"/catalogue/prices?on={(attraction.closed_from or clock.today()).isoformat()}",
        )
        for attraction in core_without_reduction()
    ]  # fmt: skip
    found += [
        Concern(
            _l("%(ticket)s has no price today, so nothing can be booked.", ticket=product.name), "/catalogue/prices"
        )
        for product in catalogue().products
        if product.on_sale and not catalogue().prices_on(product.id, clock.today())
    ]  # fmt: skip
    if unconfirmed := await unconfirmed_days():
        found.append(
            Concern(
                _l("Holidays of the next six months that are not confirmed: %(days)s.", days=unconfirmed),
                "/catalogue/calendar",
            )
        )  # fmt: skip
    if large := await days_made_smaller():
        found.append(
            Concern(
                _l(
                    "From %(day)s on days are planned larger than the daily maximum and are made smaller.",
                    day=large[0].isoformat(),
                ),
                "/catalogue/slot-patterns",
            )
        )  # fmt: skip
    if sale.factor_is_over():
        found.append(
            Concern(_l("The share of the maxima has run out and is still set."), "/settings#capacity.factor_percent")
        )  # fmt: skip
    return found


async def unconfirmed_days() -> int:
    return int(
        await db.fetchval(
            "SELECT count(*) FROM calendar_day WHERE NOT confirmed AND day BETWEEN $1 AND $2",
            clock.today(),
            clock.today() + SOON,
        )
    )


async def days_made_smaller() -> list[date]:
    """Days whose patterns together ask for more than the daily maximum."""
    asked = await plan.read()
    days = [clock.today() + timedelta(days=ahead) for ahead in range(LOOKED_AHEAD)]
    return [day for day in days if asked.visitors(day) > sale.daily_maximum(day)]


def core_without_reduction() -> list[Attraction]:
    """Core attractions that are closed now or soon while other tickets cost what they did before."""
    today = clock.today()
    return [
        attraction
        for attraction in catalogue().attractions.values()
        if attraction.core
        and attraction.closed_from
        and (attraction.closed_until is None or attraction.closed_until >= today)
        and _costs_as_before(attraction)
    ]


def _costs_as_before(closed: Attraction) -> bool:
    """Whether what is still sold while it is closed is as dear as on the day before."""
    assert closed.closed_from is not None
    first = max(closed.closed_from, clock.today())
    before = closed.closed_from - timedelta(days=1)
    others = [
        product
        for product in catalogue().products
        if product.on_sale and product.attraction.id != closed.id
    ]
    return bool(others) and all(_full(one.id, first) >= _full(one.id, before) for one in others)


def _full(product: int, day: date) -> int:
    """What somebody without a concession pays; nothing where it is not sold."""
    priced = catalogue().full_price(product, day)
    return priced.fen if priced else 0
