"""Races made certain: everybody is stopped at the same gate, then let through at once; and a guard can be taken away.

A race that is left to chance proves nothing when it passes. Here a connection of its own holds a lock that all
contestants need, until each of them is seen waiting behind it in ``pg_stat_activity``.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

from portal.core import audit, db
from portal.features.booking.booker import Booker
from portal.features.booking.limits import ORDERS_PER_PHONE
from portal.features.booking.place import place
from portal.features.catalogue.availability import SlotView
from tests.features.booking.acts import a_request, goods

PATIENCE = 5.0  # seconds
_GATE = "shanmen gate"  # the name of a connection that holds one
# Behind a gate, or behind somebody who is. Whoever waits for anything else, such as the day's data key that another
# makes in this moment, has not come to the gate yet.
BEHIND_A_GATE = f"""
    WITH RECURSIVE behind AS (
        SELECT pid, true AS gate FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = '{_GATE}'
        UNION
        SELECT a.pid, false FROM pg_stat_activity a JOIN behind b ON b.pid = ANY (pg_blocking_pids(a.pid))
        WHERE a.datname = current_database() AND a.wait_event_type = 'Lock')
    SELECT count(*) FROM behind WHERE NOT gate"""
ANYWHERE = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@asynccontextmanager
async def gate(lock: str, *args: Any) -> AsyncIterator[None]:
    """Whoever needs what this statement locks waits until the block is left."""
    holder = await db.engine().get_new_connection()
    try:
        await holder.execute(f"SET application_name = '{_GATE}'")
        async with holder.transaction():
            await holder.execute(lock, *args)
            yield
    finally:
        await holder.close()


def slot_gate(slot: SlotView | int) -> Any:
    return gate(
        "SELECT FROM slot WHERE id = $1 FOR UPDATE", slot if isinstance(slot, int) else slot.id
    )


def insert_gate(table: str) -> Any:
    """Reading goes on, writing waits."""
    return gate(f"LOCK TABLE {table} IN SHARE MODE")


async def waiting(count: int, where: str = BEHIND_A_GATE) -> None:
    """Until so many connections wait for a lock there."""
    watcher = await db.engine().get_new_connection()
    try:
        async with asyncio.timeout(PATIENCE):
            while await watcher.fetchval(where) < count:  # noqa: ASYNC110  the database sets no event
                await asyncio.sleep(0.005)
    finally:
        await watcher.close()


async def together(*acts: Awaitable[Any]) -> list[Any]:
    """What becomes of acts that run at once: their answers, or what they raised."""
    async with asyncio.timeout(30):
        return list(await asyncio.gather(*acts, return_exceptions=True))


def started(*acts: Awaitable[Any]) -> "asyncio.Future[list[Any]]":
    """The same, to be awaited later."""
    return asyncio.ensure_future(together(*acts))


class Process:
    """A booker as another process has one: its own connection and lane."""

    def __init__(self, number: int) -> None:
        self.booker = Booker(
            db.engine().get_new_connection, audit.booking_lane() + number, ORDERS_PER_PHONE
        )

    async def book(self, slot: SlotView, people: Any, phone: str, key: Any = None) -> Any:
        return await place(self.booker, a_request(people, phone=phone, key=key), goods(slot))


@asynccontextmanager
async def processes(count: int = 2) -> AsyncIterator[list[Process]]:
    made = [Process(number) for number in range(1, count + 1)]
    for process in made:
        await process.booker.start()
    try:
        yield made
    finally:
        for process in made:
            await process.booker.stop()


@asynccontextmanager
async def without(drop: str, restore: str) -> AsyncIterator[None]:
    """The database without one of its guards. What could happen then is thrown away before it is put back."""
    await db.execute(drop)
    try:
        yield
    finally:
        await db.execute("TRUNCATE slot CASCADE")
        await db.execute("TRUNCATE booking_key")
        await db.execute(restore)


NEVER_OVERSOLD = (
    "ALTER TABLE slot DROP CONSTRAINT never_oversold",
    """ALTER TABLE slot ADD CONSTRAINT never_oversold
    CHECK (sold_online + sold_window + sold_agency + withheld <= capacity)""",
)
ONE_DOCUMENT = (
    "DROP INDEX one_document_a_day",
    """CREATE UNIQUE INDEX one_document_a_day ON ticket (visit_day, product, id_index)
    WHERE state IN ('reserved', 'valid', 'used') AND id_index IS NOT NULL""",
)
ONE_KEY = (
    "ALTER TABLE booking_key DROP CONSTRAINT booking_key_pkey",
    "ALTER TABLE booking_key ADD PRIMARY KEY (key)",
)


@asynccontextmanager
async def booking_without(guard: str, instead: str = "") -> AsyncIterator[None]:
    """The booking function with a piece of its text taken out."""
    text = await db.fetchval("SELECT pg_get_functiondef('book_batch'::regproc)")
    assert text.count(guard) == 1, f"{guard!r} stands {text.count(guard)} times in book_batch"
    await db.execute(text.replace(guard, instead))
    try:
        yield
    finally:
        await db.execute(text)


SLOT_LOCK = "PERFORM FROM slot WHERE id = ANY (p_slots) ORDER BY id FOR NO KEY UPDATE;"
PHONE_LOCK = "PERFORM pg_advisory_xact_lock(20045, q.phone) FROM ("
