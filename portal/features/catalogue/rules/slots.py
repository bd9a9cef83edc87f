"""Slots: from weekly patterns and exceptions to the slots of a day; when a day goes on sale."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

HUNDRED: Final = 100


@dataclass(frozen=True, slots=True)
class Pattern:
    """A slot that returns on these weekdays (1 is Monday) within these dates, ends included."""

    weekdays: frozenset[int]
    starts: time
    ends: time
    capacity: int
    quota_window: int
    quota_agency: int
    valid_from: date
    valid_until: date | None


@dataclass(frozen=True, slots=True)
class DayException:
    """What is different on one day: closed, or another share of the capacity."""

    closed: bool = False
    capacity_percent: int = HUNDRED


@dataclass(frozen=True, slots=True)
class PlannedSlot:
    """A slot as the pattern wants it, in the site's local time."""

    starts: time
    ends: time
    capacity: int
    quota_window: int
    quota_agency: int


def slots_for(
    day: date, patterns: Iterable[Pattern], exception: DayException | None
) -> list[PlannedSlot]:
    """Plan the slots of a day; of patterns at one hour the one that begins later holds."""
    if exception and exception.closed:
        return []
    percent = exception.capacity_percent if exception else HUNDRED
    planned: dict[time, tuple[date, PlannedSlot]] = {}
    for pattern in patterns:
        if day.isoweekday() not in pattern.weekdays or day < pattern.valid_from:
            continue
        if pattern.valid_until and day > pattern.valid_until:
            continue
        slot = PlannedSlot(
            pattern.starts,
            pattern.ends,
            pattern.capacity * percent // HUNDRED,
            pattern.quota_window * percent // HUNDRED,
            pattern.quota_agency * percent // HUNDRED,
        )
        known = planned.get(pattern.starts)
        if known is None or known[0] <= pattern.valid_from:
            planned[pattern.starts] = (pattern.valid_from, slot)
    return [slot for _from, slot in sorted(planned.values(), key=lambda pair: pair[1].starts)]


def pattern_error(
    starts: time, ends: time, capacity: int, quota_window: int, quota_agency: int
) -> str | None:
    if starts >= ends:
        return "slot-hours"
    if quota_window + quota_agency > capacity:
        return "slot-quotas"
    return None


def within_maxima(
    slots: Sequence[PlannedSlot], daily_max: int, instant_max: int
) -> list[PlannedSlot]:
    """The slots of one product and day, none larger than the instantaneous maximum, together within the daily one.

    Everybody of a slot may be inside at the same moment. What the day is too large by is taken from every slot in
    proportion, quotas too.
    """
    within = [_shrunk(slot, min(slot.capacity, instant_max)) for slot in slots]
    wanted = sum(slot.capacity for slot in within)
    if wanted <= daily_max:
        return within
    return [_shrunk(slot, slot.capacity * daily_max // wanted) for slot in within]


def _shrunk(slot: PlannedSlot, capacity: int) -> PlannedSlot:
    if capacity == slot.capacity:
        return slot
    return PlannedSlot(
        slot.starts,
        slot.ends,
        capacity,
        slot.quota_window * capacity // slot.capacity,
        slot.quota_agency * capacity // slot.capacity,
    )


def instant_capacity(parts: Iterable[tuple[float, float]]) -> int:
    """Instantaneous maximum: usable area over the area for one person, in m² (LB/T 034)."""
    return int(sum(area / per_person for area, per_person in parts))


def daily_capacity(instant: int, opening_hours: float, mean_stay_hours: float) -> int:
    """Daily maximum: the instantaneous one times the turnover of the day (LB/T 034)."""
    return int(instant * opening_hours / mean_stay_hours)


def sale_opens_at(visit_day: date, days_ahead: int, release: time, zone: tzinfo) -> datetime:
    """Tell when a day goes on sale: so many days before, at the release time."""
    return datetime.combine(visit_day - timedelta(days=days_ahead), release, tzinfo=zone)


def last_day_on_sale(now: datetime, days_ahead: int, release: time, zone: tzinfo) -> date:
    """Tell the farthest day that can be booked now."""
    local = now.astimezone(zone)
    ahead = days_ahead if local.time() >= release else days_ahead - 1
    return local.date() + timedelta(days=ahead)
