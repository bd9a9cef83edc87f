"""A day as visitors see it: what is on sale, how full it is, and which days there are beside it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from portal.core import clock, site_settings
from portal.features.catalogue import sale
from portal.features.catalogue.availability import SlotView, availability
from portal.features.catalogue.snapshot import Priced, Product, Words, catalogue

FEW_SHARE = 5  # a slot with less than a fifth of its places left says so
HUNDRED = 100
MINUTE = 60  # seconds


@dataclass(frozen=True, slots=True)
class ShownSlot:
    """``state`` is ``open``, ``few``, ``full``, ``closed`` or ``over``; ``percent`` of places left, for the ridge."""

    id: int
    starts_at: datetime
    ends_at: datetime
    left: int
    capacity: int
    state: str
    percent: int

    @property
    def bookable(self) -> bool:
        return self.state in ("open", "few")


@dataclass(frozen=True, slots=True)
class ShownProduct:
    """``adult`` is the price of a visitor without a concession, and the rule that sets it."""

    product: Product
    adult: Priced | None
    slots: tuple[ShownSlot, ...]

    @property
    def from_fen(self) -> int | None:
        return self.adult.fen if self.adult else None


@dataclass(frozen=True, slots=True)
class ShownDay:
    """A day in the strip. ``state`` is that of a slot, or ``later``: not on sale yet."""

    day: date
    state: str
    left: int
    holiday: Words | None


def version() -> object:
    """Changes with anything that decides a public page: places, catalogue, settings, and each minute."""
    minute = int(clock.now().timestamp()) // MINUTE
    return (availability.version, catalogue(), site_settings.version(), minute)


def shown_slot(slot: SlotView, now: datetime) -> ShownSlot:
    if slot.closed:
        state = "closed"
    elif now >= slot.ends_at:
        state = "over"
    elif slot.left <= 0:
        state = "full"
    else:
        state = "few" if slot.left * FEW_SHARE < slot.capacity else "open"
    left = slot.left if state in ("open", "few") else 0
    percent = left * HUNDRED // slot.capacity if slot.capacity else 0
    return ShownSlot(slot.id, slot.starts_at, slot.ends_at, left, slot.capacity, state, percent)


def products_on(day: date) -> list[ShownProduct]:
    """What is sold on a day, in the order of the catalogue."""
    now, on_sale = clock.now(), sale.on_sale(day)
    shown = []
    for product in catalogue().products:
        if not product.sold_on(day):
            continue
        slots = tuple(
            shown_slot(slot, now) for slot in availability.day(day) if slot.product == product.id
        )
        if slots and on_sale:
            shown.append(ShownProduct(product, catalogue().full_price(product.id, day), slots))
    return shown


def strip(first: date | None = None) -> list[ShownDay]:
    """The days on sale, and the one that opens next."""
    today, last = first or clock.today(), sale.last_day()
    days = [today + timedelta(days=offset) for offset in range((last - today).days + 2)]
    return [_shown_day(day, last) for day in days]


def _shown_day(day: date, last: date) -> ShownDay:
    calendar = catalogue().calendar
    holiday = calendar.names.get(day) if calendar.is_public_holiday(day) else None
    if day > last:
        return ShownDay(day, "later", 0, holiday)
    now = clock.now()
    sold = {product.id for product in catalogue().products if product.sold_on(day)}
    slots = [shown_slot(slot, now) for slot in availability.day(day) if slot.product in sold]
    left = sum(slot.left for slot in slots)
    if left:
        held = sum(slot.capacity for slot in slots if slot.state not in ("closed", "over"))
        return ShownDay(day, "few" if left * FEW_SHARE < held else "open", left, holiday)
    states = {slot.state for slot in slots}
    state = "full" if "full" in states else "over" if "over" in states else "closed"
    return ShownDay(day, state, 0, holiday)


def first_open_day() -> date:
    """The first day with a free place; today when there is none."""
    for shown in strip():
        if shown.left:
            return shown.day
    return clock.today()


def beside(day: date) -> tuple[date | None, date | None]:
    """The days on sale just before and after one."""
    before, after = day - timedelta(days=1), day + timedelta(days=1)
    return before if sale.on_sale(before) else None, after if sale.on_sale(after) else None


def nearest(slot: SlotView, party: int, wanted: int = 3) -> list[ShownSlot]:
    """Free slots of the same product nearest in time to this one, for as many people."""
    now, product = clock.now(), catalogue().product(slot.product)
    candidates = [
        other
        for shown in strip()
        if shown.left and sale.sold(product, shown.day)
        for other in availability.day(shown.day)
        if other.product == slot.product
        and other.id != slot.id
        and other.left >= party
        and other.open_at(now)
    ]
    candidates.sort(key=lambda other: abs(other.starts_at - slot.starts_at))
    return [shown_slot(other, now) for other in candidates[:wanted]]
