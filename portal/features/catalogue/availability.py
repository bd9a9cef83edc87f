"""Places left, from memory: what day pages and the API show, at most a second old.

Each process keeps the slots of the days on sale and renews those that a booking somewhere has
changed (NOTIFY ``slots`` with their ids). Notices that come together are one query. A process that
cannot hear notices has no policy either and answers 503 (``portal/app.py``), so nobody is shown old
places. The truth is asked again by the booking itself.
"""

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import structlog

from portal.core import clock, db

log = structlog.get_logger(__name__)

CHANNEL: Final = "slots"
GATHER_SECONDS: Final = 0.15
DAYS_BACK: Final = 1
DAYS_AHEAD: Final = 120


@dataclass(frozen=True, slots=True)
class SlotView:
    """A slot as visitors see it. ``left`` is what the online channel may still sell."""

    id: int
    product: int
    visit_day: date
    starts_at: datetime
    ends_at: datetime
    capacity: int
    left: int
    closed: bool

    def open_at(self, now: datetime) -> bool:
        """Whether it can be booked at all: neither closed nor over. Entry ends when the slot ends."""
        return not self.closed and now < self.ends_at


_SELECT: Final = (
    "SELECT id, product, visit_day, starts_at, ends_at, capacity, slot_left_online(slot) AS left, "
    "closed FROM slot "
)


class Availability:
    """The slots as this process knows them. ``version`` grows with each change seen."""

    def __init__(self) -> None:
        self._slots: dict[int, SlotView] = {}
        self._by_day: dict[date, dict[int, SlotView]] = defaultdict(dict)
        self._days: dict[date, tuple[SlotView, ...]] = {}
        self.version = 0
        self._wanted: set[int] = set()
        self._reading = (
            asyncio.Lock()
        )  # an answer that was overtaken must not overwrite a newer one
        self._gathering: asyncio.Task[None] | None = None

    def day(self, day: date) -> tuple[SlotView, ...]:
        """The slots of a day, in the order of product and time."""
        return self._days.get(day, ())

    def slot(self, slot_id: int) -> SlotView | None:
        return self._slots.get(slot_id)

    async def load(self) -> None:
        """Read everything on sale anew."""
        async with self._reading:
            today = clock.today()
            rows = await db.fetch(
                _SELECT + "WHERE visit_day BETWEEN $1 AND $2 AND NOT retired",
                today - timedelta(days=DAYS_BACK),
                today + timedelta(days=DAYS_AHEAD),
            )
            known = set(self._by_day)
            self._slots.clear()
            self._by_day.clear()
            self.take(rows)
            for day in known - set(self._by_day):
                self._arrange(day)

    async def heard(self, payload: str) -> None:
        """Listener of ``CHANNEL``: these slots changed; an empty payload means that any may have."""
        if not payload:
            await self.load()
            return
        self._wanted.update(int(part) for part in payload.split(","))
        if self._gathering is None or self._gathering.done():
            self._gathering = asyncio.create_task(self._renew(), name="availability")

    async def stop(self) -> None:
        """Renew nothing more: the process ends."""
        if self._gathering is not None:
            self._gathering.cancel()
            await asyncio.gather(self._gathering, return_exceptions=True)

    async def _renew(self) -> None:
        while self._wanted:
            await asyncio.sleep(GATHER_SECONDS)
            wanted, self._wanted = self._wanted, set()
            try:
                await self._read(list(wanted))
            except Exception:  # asked again until it is known: nothing else would renew them
                log.exception("availability.unread")
                self._wanted |= wanted

    async def _read(self, wanted: list[int]) -> None:
        async with self._reading:
            rows = await db.fetch(_SELECT + "WHERE id = ANY ($1) AND NOT retired", wanted)
            self.take(rows)
            for gone in set(wanted) - {row["id"] for row in rows}:
                if slot := self._slots.pop(gone, None):
                    del self._by_day[slot.visit_day][gone]
                    self._arrange(slot.visit_day)

    def take(self, rows: list[Any]) -> None:
        """Put the rows of a query into the snapshot."""
        days = set()
        for row in rows:
            slot = SlotView(**row)
            self._slots[slot.id] = self._by_day[slot.visit_day][slot.id] = slot
            days.add(slot.visit_day)
        for day in days:
            self._arrange(day)

    def _arrange(self, day: date) -> None:
        self._days[day] = tuple(
            sorted(self._by_day[day].values(), key=lambda slot: (slot.product, slot.starts_at))
        )
        self.version += 1


availability = Availability()
