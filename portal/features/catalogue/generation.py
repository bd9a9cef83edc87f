"""Slots from patterns: made ahead of the sale, renewed when a pattern or exception changes.

A change never strands sold tickets: a slot is not made smaller than what is sold, and one that the
pattern no longer wants is retired: nothing more is sold, tickets stay good. Closing it to those who
hold tickets is an act of its own (closure), because they must be told.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from portal.core import audit, clock, db
from portal.core.notify import notify
from portal.features.catalogue import availability
from portal.features.catalogue.rules.slots import DayException, Pattern, PlannedSlot, slots_for
from portal.features.catalogue.sale import DAYS_AHEAD

MARGIN_DAYS: Final = 14


@dataclass(frozen=True, slots=True)
class Generated:
    """How many slots a run made, changed and retired; ``stranded`` of the retired hold sold tickets."""

    made: int
    changed: int
    retired: int
    stranded: int


async def generate(first: date | None = None, last: date | None = None) -> Generated:
    """Bring the slots of these days (default: all ahead) to the plan. Safe to repeat."""
    first = first or clock.today()
    last = last or clock.today() + timedelta(days=DAYS_AHEAD() + MARGIN_DAYS)
    async with db.transaction():
        await db.execute("SELECT pg_advisory_xact_lock(hashtext('catalogue.generate'))")
        planned = await _planned(first, last)
        made, changed = await _put(planned)
        retired, stranded = await _retire(planned, first, last)
        done = Generated(made, changed, retired, stranded)
        if made + changed + retired:
            audit.record(
                "slot:edit", "slots", f"{first}/{last}", made=made, changed=changed, retired=retired
            )
            await notify(availability.CHANNEL)
    return done


Planned = dict[tuple[int, date], list[PlannedSlot]]


async def _planned(first: date, last: date) -> Planned:
    patterns: dict[int, list[Pattern]] = defaultdict(list)
    for row in await db.fetch("SELECT * FROM slot_pattern"):
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
            "SELECT * FROM slot_exception WHERE day BETWEEN $1 AND $2", first, last
        )
    }
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    return {
        (product, day): slots_for(day, wanted, exceptions.get((product, day)))
        for product, wanted in patterns.items()
        for day in days
    }


async def _put(planned: Planned) -> tuple[int, int]:
    """Insert what is missing; change capacity and quotas where that does not undercut what is sold."""
    rows = [
        (product, day, clock.at(day, slot.starts), clock.at(day, slot.ends), slot)
        for (product, day), slots in planned.items()
        for slot in slots
    ]
    done = await db.fetch(
        "INSERT INTO slot AS s (product, visit_day, starts_at, ends_at, capacity, quota_window, quota_agency) "
        "SELECT * FROM unnest($1::int[], $2::date[], $3::timestamptz[], $4::timestamptz[], $5::int[], "
        "$6::int[], $7::int[]) ON CONFLICT (product, visit_day, starts_at) DO UPDATE SET "
        "capacity = greatest(excluded.capacity, s.sold_online + s.sold_window + s.sold_agency + s.withheld), "
        "quota_window = excluded.quota_window, quota_agency = excluded.quota_agency, ends_at = excluded.ends_at, "
        "retired = false WHERE s.retired OR (s.capacity, s.quota_window, s.quota_agency, s.ends_at) IS DISTINCT FROM "
        "(greatest(excluded.capacity, s.sold_online + s.sold_window + s.sold_agency + s.withheld), "
        "excluded.quota_window, excluded.quota_agency, excluded.ends_at) RETURNING (s.xmax = 0) AS fresh",
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
        [row[3] for row in rows],
        [row[4].capacity for row in rows],
        [row[4].quota_window for row in rows],
        [row[4].quota_agency for row in rows],
    )
    made = sum(row["fresh"] for row in done)
    return made, len(done) - made


async def _retire(planned: Planned, first: date, last: date) -> tuple[int, int]:
    """Stop the sale of slots that the plan no longer has; returns how many, and how many of them are sold."""
    wanted = [
        (product, clock.at(day, slot.starts))
        for (product, day), slots in planned.items()
        for slot in slots
    ]
    retired = await db.fetch(
        "UPDATE slot s SET retired = true WHERE s.visit_day BETWEEN $1 AND $2 AND s.starts_at > $5 "
        "AND NOT s.retired AND NOT EXISTS (SELECT FROM unnest($3::int[], $4::timestamptz[]) "
        "AS w(product, starts_at) WHERE (w.product, w.starts_at) = (s.product, s.starts_at)) "
        "RETURNING sold_online + sold_window + sold_agency AS sold",
        first,
        last,
        [product for product, _at in wanted],
        [at for _product, at in wanted],
        clock.now(),
    )
    return len(retired), sum(row["sold"] > 0 for row in retired)
