"""Places given back: to the waiting list first, to everybody later (BK-8, DOMAIN A2).

What is given back leaves ``sold_…`` at once and stands in ``withheld`` until somebody on the waiting list takes it or
its time comes, so that nobody can cancel and book the same place again under another name.
"""

import random
from typing import Final

from portal.core import clock, db
from portal.core.jobs import enqueue
from portal.core.notify import notify
from portal.features.booking.limits import RELEASE_POLICY
from portal.features.booking.rules.waitlist import IMMEDIATE, release_at
from portal.features.catalogue import availability

OFFER_JOB: Final = "waitlist.offer"

_SOLD: Final = {"online": "sold_online", "window": "sold_window", "agency": "sold_agency"}
_random: Final = random.SystemRandom()


async def lock(*slots: int) -> None:
    """Lock slots in the order of their ids, as the booker does, so that nobody waits in a circle."""
    await db.execute(
        "SELECT FROM slot WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE", sorted(set(slots))
    )


async def give_back(slot: int, channel: str, places: int) -> None:
    """Free sold places of a slot, in the open transaction. A closed slot's places are sold to nobody."""
    if places <= 0:
        return
    closed = await db.fetchval(
        f"UPDATE slot SET {_SOLD[channel]} = {_SOLD[channel]} - $2 WHERE id = $1 RETURNING closed",  # noqa: S608
        slot,
        places,
    )
    if RELEASE_POLICY() != IMMEDIATE and not closed:
        await withhold(slot, places)
    await changed(slot)


async def withhold(slot: int, places: int) -> None:
    """Keep free places back: for the waiting list now, for everybody at a moment nobody knows."""
    await db.execute("UPDATE slot SET withheld = withheld + $2 WHERE id = $1", slot, places)
    await db.execute(
        "INSERT INTO released_place (slot, places, release_at) VALUES ($1, $2, $3)",
        slot,
        places,
        release_at(RELEASE_POLICY(), clock.now(), _random.randint),
    )


async def changed(slot: int) -> None:
    """Tell every process, and see whether somebody waits for these places."""
    await notify(availability.CHANNEL, str(slot))
    await enqueue(OFFER_JOB, {"slot": slot})


async def release_due() -> int:
    """Sell to everybody what nobody on the waiting list took in time; returns how many places."""
    async with db.transaction():
        rows = await db.fetch(
            "UPDATE released_place SET done_at = $1 WHERE done_at IS NULL AND release_at <= $1 "
            "RETURNING slot, places",
            clock.now(),
        )
        by_slot: dict[int, int] = {}
        for row in rows:
            by_slot[row["slot"]] = by_slot.get(row["slot"], 0) + row["places"]
        for slot, places in sorted(by_slot.items()):
            await db.execute("UPDATE slot SET withheld = withheld - $2 WHERE id = $1", slot, places)
            await notify(availability.CHANNEL, str(slot))
    return sum(by_slot.values())
