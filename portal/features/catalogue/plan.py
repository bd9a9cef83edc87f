"""What patterns and exceptions ask for, before slots are made of it.

The maxima that the authority set (Tourism Law art. 45) hold for everybody who comes in, whatever ticket they come with:
the products that count are looked at together. What is sold inside (a cable car) counts its own visitors only, who are
counted at the entrance already.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from portal.core import clock, db
from portal.features.catalogue import sale
from portal.features.catalogue.rules.slots import (
    DayException,
    Pattern,
    PlannedSlot,
    slots_for,
    within_maxima,
)

#: How far ahead a change is judged; every pattern's own first week is judged besides.
HORIZON: Final = timedelta(days=400)
WEEK: Final = 7


@dataclass(frozen=True, slots=True)
class Plan:
    """Patterns by product, exceptions by product and day; ``counting`` are the products that the maxima look at."""

    patterns: Mapping[int, Sequence[Pattern]]
    exceptions: Mapping[tuple[int, date], DayException]
    counting: frozenset[int]

    def wanted(self, day: date) -> dict[int, list[PlannedSlot]]:
        """The slots of each product as they are asked for."""
        return {
            product: slots_for(day, own, self.exceptions.get((product, day)))
            for product, own in self.patterns.items()
        }

    def visitors(self, day: date) -> int:
        """How many could come in on a day if all of it were sold."""
        return sum(
            slot.capacity
            for product, slots in self.wanted(day).items()
            if product in self.counting
            for slot in slots
        )

    def slots(self, day: date) -> dict[int, list[PlannedSlot]]:
        """The slots of each product as they are made: a day that is planned too large is made smaller."""
        wanted = self.wanted(day)
        maxima = sale.daily_maximum(day), sale.instant_maximum(day)
        together = [
            (product, slot)
            for product, slots in wanted.items()
            if product in self.counting
            for slot in slots
        ]
        made: dict[int, list[PlannedSlot]] = {product: [] for product in wanted}
        shrunk = within_maxima([slot for _product, slot in together], *maxima)
        for (product, _slot), slot in zip(together, shrunk, strict=True):
            made[product].append(slot)
        for product, slots in wanted.items():
            if product not in self.counting:
                made[product] = within_maxima(slots, *maxima)
        return made

    def days_judged(self) -> Iterator[date]:
        """Every day of the horizon, and the first week of what begins after it."""
        today = clock.today()
        yield from (today + timedelta(days=ahead) for ahead in range(HORIZON.days))
        for own in self.patterns.values():
            for pattern in own:
                if pattern.valid_from >= today + HORIZON:
                    yield from (pattern.valid_from + timedelta(days=ahead) for ahead in range(WEEK))


async def read(first: date | None = None, last: date | None = None) -> Plan:
    """The plan as the open transaction sees it, with the exceptions of these days (default: from today on)."""
    patterns: dict[int, list[Pattern]] = defaultdict(list)
    for row in await db.fetch("SELECT * FROM slot_pattern ORDER BY id"):
        patterns[row["product"]].append(
            Pattern(
                frozenset(row["weekdays"]),
                row["starts"],
                row["ends"],
                row["capacity"],
                row["quota_window"],
                row["quota_agency"],
                row["valid_from"],
                row["valid_until"],
            )
        )
    exceptions = {
        (row["product"], row["day"]): DayException(row["closed"], row["capacity_percent"])
        for row in await db.fetch(
            "SELECT * FROM slot_exception WHERE day >= $1 AND ($2::date IS NULL OR day <= $2)",
            first or clock.today(),
            last,
        )
    }
    counting = await db.fetch("SELECT id FROM product WHERE counts")
    return Plan(patterns, exceptions, frozenset(row["id"] for row in counting))


def overfull(before: Plan, after: Plan) -> date | None:
    """The first day that a change makes larger than the daily maximum; one that was so before does not count."""
    for day in after.days_judged():
        visitors = after.visitors(day)
        if visitors > sale.daily_maximum(day) and visitors > before.visitors(day):
            return day
    return None
