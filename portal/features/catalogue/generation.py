"""Slots from patterns: made ahead of the sale, renewed when a pattern or exception changes.

A change never strands sold tickets: a slot is not made smaller than what is sold, and one that the
pattern no longer wants is retired: nothing more is sold, tickets stay good. Closing it to those who
hold tickets is an act of its own (closure), because they must be told.

A day that is planned larger than the maxima allow is made smaller (``plan.py``).
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from portal.core import audit, clock, db
from portal.core.notify import notify
from portal.features.catalogue import availability, plan
from portal.features.catalogue.rules.slots import PlannedSlot
from portal.features.catalogue.sale import AGENCY_RETURN_HOURS, DAYS_AHEAD

MARGIN_DAYS: Final = 14


@dataclass(frozen=True, slots=True)
class Sold:
    """A slot whose sold tickets a change leaves alone; ``wanted`` is the capacity that was asked for."""

    product: int
    starts_at: datetime
    ends_at: datetime
    sold: int
    wanted: int


@dataclass(frozen=True, slots=True)
class Generated:
    """How many slots a run made, changed and retired; ``stranded`` of the retired hold sold tickets.

    ``tight`` could not be made as small as wanted, because more is sold; ``kept`` are the retired that hold tickets.
    """

    made: int
    changed: int
    retired: int
    stranded: int
    tight: tuple[Sold, ...] = ()
    kept: tuple[Sold, ...] = ()

    @property
    def touches(self) -> bool:
        """Whether slots that stand are changed, not only new ones made."""
        return bool(self.changed or self.retired)


async def generate(first: date | None = None, last: date | None = None) -> Generated:
    """Bring the slots of these days (default: all ahead) to the plan. Safe to repeat."""
    first = first or clock.today()
    last = last or clock.today() + timedelta(days=DAYS_AHEAD() + MARGIN_DAYS)
    async with db.transaction():
        await db.execute("SELECT pg_advisory_xact_lock(hashtext('catalogue.generate'))")
        planned = await _planned(first, last)
        made, changed = await _put(planned)
        kept, retired = await _retire(planned, first, last)
        tight = await _tight(planned) if changed else ()
        done = Generated(made, changed, retired, len(kept), tight, kept)
        if made + changed + retired:
            audit.record(
                "slot:edit", "slots", f"{first}/{last}", made=made, changed=changed, retired=retired
            )
            await notify(availability.CHANNEL)
    return done


Planned = dict[tuple[int, date], list[PlannedSlot]]


async def _planned(first: date, last: date) -> Planned:
    asked = await plan.read(first, last)
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    return {(product, day): slots for day in days for product, slots in asked.slots(day).items()}


async def _tight(planned: Planned) -> tuple[Sold, ...]:
    """Slots that hold more sold tickets than they should have places."""
    rows = [
        (product, clock.at(day, slot.starts), slot.capacity)
        for (product, day), slots in planned.items()
        for slot in slots
    ]
    found = await db.fetch(
        "SELECT s.product, s.starts_at, s.ends_at, s.sold_online + s.sold_window + s.sold_agency AS sold, "
        "p.wanted FROM unnest($1::int[], $2::timestamptz[], $3::int[]) AS p(product, starts_at, wanted) "
        "JOIN slot s USING (product, starts_at) WHERE s.capacity > p.wanted ORDER BY s.starts_at, s.product",
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
    )
    return tuple(Sold(**row) for row in found)


async def _put(planned: Planned) -> tuple[int, int]:
    """Insert what is missing, change what differs; returns how many of each.

    Only what must change is locked, in the order of ids as the booker does: a run that finds everything as it should
    be holds up no booking.
    """
    rows = [
        (product, day, clock.at(day, slot.starts), clock.at(day, slot.ends), slot)
        for (product, day), slots in planned.items()
        for slot in slots
    ]
    columns = (
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
        [row[3] for row in rows],
        [row[4].capacity for row in rows],
        [row[4].quota_window for row in rows],
        [_agency_quota(row[2], row[4]) for row in rows],
    )
    await _lock([row["id"] for row in await db.fetch(_DIFFERING, *columns)])
    changed = await db.fetch(_CHANGE, *columns)
    made = await db.fetch(_MAKE, *columns)
    return len(made), len(changed)


def _agency_quota(starts_at: datetime, slot: PlannedSlot) -> int:
    """What agencies have not sold returns to everybody some hours before (DOMAIN A5)."""
    returned = starts_at - clock.now() <= timedelta(hours=AGENCY_RETURN_HOURS())
    return 0 if returned else slot.quota_agency


_PLANNED: Final = (
    "unnest($1::int[], $2::date[], $3::timestamptz[], $4::timestamptz[], $5::int[], $6::int[], $7::int[]) "
    "AS p(product, visit_day, starts_at, ends_at, capacity, quota_window, quota_agency)"
)
#: Slots that are not as they should be, and how. None is made smaller than what is sold, no quota keeps what is sold.
_DIFFERING: Final = (
    "SELECT s.id, c.capacity, w.quota_window, a.quota_agency, p.ends_at FROM "  # noqa: S608  our constant
    f"{_PLANNED} JOIN slot s USING (product, visit_day, starts_at) CROSS JOIN LATERAL (SELECT "
    "greatest(p.capacity, s.sold_online + s.sold_window + s.sold_agency + s.withheld) AS capacity) c "
    "CROSS JOIN LATERAL (SELECT c.capacity - s.withheld - s.sold_online - s.sold_window - s.sold_agency AS free) f "
    "CROSS JOIN LATERAL (SELECT least(p.quota_window, s.sold_window + f.free) AS quota_window) w "
    "CROSS JOIN LATERAL (SELECT least(p.quota_agency, s.sold_agency + f.free "
    "- greatest(0, w.quota_window - s.sold_window)) AS quota_agency) a "
    "WHERE s.retired OR (s.capacity, s.quota_window, s.quota_agency, s.ends_at) IS DISTINCT FROM "
    "(c.capacity, w.quota_window, a.quota_agency, p.ends_at)"
)
_CHANGE: Final = (
    "UPDATE slot SET capacity = t.capacity, quota_window = t.quota_window, quota_agency = t.quota_agency, "  # noqa: S608
    f"ends_at = t.ends_at, retired = false FROM ({_DIFFERING}) t WHERE slot.id = t.id RETURNING slot.id"
)
_MAKE: Final = (
    "INSERT INTO slot (product, visit_day, starts_at, ends_at, capacity, quota_window, quota_agency) "  # noqa: S608
    f"SELECT * FROM {_PLANNED} ON CONFLICT (product, visit_day, starts_at) DO NOTHING RETURNING id"
)


async def _lock(slots: list[int]) -> None:
    if slots:
        await db.execute(
            "SELECT FROM slot WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE", slots
        )


async def _retire(planned: Planned, first: date, last: date) -> tuple[tuple[Sold, ...], int]:
    """Stop the sale of slots that the plan no longer has; returns those that hold tickets, and how many in all."""
    wanted = [
        (product, clock.at(day, slot.starts))
        for (product, day), slots in planned.items()
        for slot in slots
    ]
    unwanted = await db.fetch(
        "SELECT id FROM slot s WHERE s.visit_day BETWEEN $1 AND $2 AND s.starts_at > $5 "
        "AND NOT s.retired AND NOT EXISTS (SELECT FROM unnest($3::int[], $4::timestamptz[]) "
        "AS w(product, starts_at) WHERE (w.product, w.starts_at) = (s.product, s.starts_at))",
        first,
        last,
        [product for product, _at in wanted],
        [at for _product, at in wanted],
        clock.now(),
    )
    slots = [row["id"] for row in unwanted]
    await _lock(slots)
    retired = await db.fetch(
        "UPDATE slot SET retired = true WHERE id = ANY ($1) RETURNING product, starts_at, ends_at, "
        "sold_online + sold_window + sold_agency AS sold, 0 AS wanted",
        slots,
    )
    return tuple(Sold(**row) for row in retired if row["sold"]), len(retired)
