"""Places given back: to the waiting list first, to everybody later (BK-8, DOMAIN A2).

What is given back leaves ``sold_…`` at once and stands in ``withheld`` until somebody on the waiting list takes it or
its time comes, so that nobody can cancel and book the same place again under another name.

At every moment ``withheld`` is what waits in ``released_place`` and what is offered to parties of the waiting list.
Whoever moves places holds the slot's lock first, then waiting parties and released places: see ``lock``.
"""

import random
from dataclasses import dataclass
from typing import Any, Final

from portal.core import clock, db
from portal.core.jobs import each, enqueue
from portal.core.notify import notify
from portal.features.booking.limits import RELEASE_POLICY
from portal.features.booking.rules.waitlist import IMMEDIATE, release_at
from portal.features.catalogue import availability

OFFER_JOB: Final = "waitlist.offer"

#: Per channel: its counter, and how much of it the online channel cannot have in any case.
_SOLD: Final = {"online": "sold_online", "window": "sold_window", "agency": "sold_agency"}
_QUOTA: Final = {"online": "0", "window": "quota_window", "agency": "quota_agency"}
#: Places free to the online channel; below 0 where a quota was raised above what is unsold: what comes free is its.
_FREE: Final = (
    "capacity - withheld - sold_online "
    "- greatest(sold_window, quota_window) - greatest(sold_agency, quota_agency)"
)
_random: Final = random.SystemRandom()


async def lock(*slots: int) -> None:
    """Lock slots in the order of their ids, as the booker does, so that nobody waits in a circle."""
    await db.execute(
        "SELECT FROM slot WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE", sorted(set(slots))
    )


async def give_back(slot: int, channel: str, places: int) -> None:
    """Free sold places of a slot, in the open transaction. A closed slot's places are sold to nobody.

    Places within a channel's quota return to that quota: only what everybody could have had is withheld.
    """
    if places <= 0:
        return
    sold, quota = _SOLD[channel], _QUOTA[channel]
    row = await db.fetchrow(
        f"UPDATE slot SET {sold} = {sold} - $2 WHERE id = $1 RETURNING closed OR retired AS ended, {_FREE} AS free, "  # noqa: S608
        f"greatest({sold} + $2, {quota}) - greatest({sold}, {quota}) AS open_to_all",
        slot,
        places,
    )
    if row and RELEASE_POLICY() != IMMEDIATE and not row["ended"]:
        await withhold(slot, max(0, row["free"]) - max(0, row["free"] - row["open_to_all"]))
    await changed(slot)


async def withhold(slot: int, places: int) -> None:
    """Keep free places back: for the waiting list now, for everybody at a moment nobody knows."""
    if places <= 0:
        return
    await db.execute("UPDATE slot SET withheld = withheld + $2 WHERE id = $1", slot, places)
    await db.execute(
        "INSERT INTO released_place (slot, places, release_at) VALUES ($1, $2, $3)",
        slot,
        places,
        release_at(RELEASE_POLICY(), clock.now(), _random.randint),
    )


async def reclaim(slot: int, places: int) -> None:
    """Take back so many withheld places, in the open transaction: their holder books them, or lets them go."""
    await db.execute("UPDATE slot SET withheld = withheld - $2 WHERE id = $1", slot, places)


async def changed(slot: int) -> None:
    """Tell every process, and see whether somebody waits for these places."""
    await notify(availability.CHANNEL, str(slot))
    await enqueue(OFFER_JOB, {"slot": slot})


@dataclass(frozen=True, slots=True)
class Reach:
    """What the waiting list may have of a slot: places free to all, and those released that wait for their moment."""

    free: int
    released: int

    @property
    def places(self) -> int:
        return self.free + self.released


async def reach(slot: int) -> Reach | None:
    """The caller holds the slot's lock. None while the slot cannot be sold."""
    row = await db.fetchrow(
        f"SELECT {_FREE} AS free, (SELECT coalesce(sum(places), 0)::int FROM released_place r "  # noqa: S608
        "WHERE r.slot = s.id) AS released FROM slot s WHERE id = $1 AND NOT closed AND NOT retired AND ends_at > $2",
        slot,
        clock.now(),
    )
    return Reach(**row) if row else None


async def take_released(slot: int, wanted: int) -> None:
    """Hand so many released places over: they stay withheld, but no longer wait for their moment."""
    for row in await db.fetch(
        "SELECT id, places FROM released_place WHERE slot = $1 ORDER BY id FOR UPDATE", slot
    ):
        taken = min(wanted, row["places"])
        if not taken:
            return
        if taken == row["places"]:
            await db.execute("DELETE FROM released_place WHERE id = $1", row["id"])
        else:
            await db.execute(
                "UPDATE released_place SET places = places - $2 WHERE id = $1", row["id"], taken
            )
        wanted -= taken


async def release_due() -> int:
    """Sell to everybody what nobody on the waiting list took in time; returns in how many slots. Safe to repeat."""
    due = await db.fetch(
        "SELECT DISTINCT slot FROM released_place WHERE release_at <= $1 ORDER BY 1",
        clock.now(),
    )
    return await each([row["slot"] for row in due], _release)


async def _release(slot: int) -> bool:
    async with db.transaction():
        await lock(slot)
        rows: list[Any] = await db.fetch(
            "DELETE FROM released_place WHERE slot = $1 AND release_at <= $2 RETURNING places",
            slot,
            clock.now(),
        )
        await reclaim(slot, sum(row["places"] for row in rows))
        await notify(availability.CHANNEL, str(slot))
    return bool(rows)
