"""Places left, from memory (BK-2): what another process sells is known within a second, and nothing is forgotten."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from portal.core import clock, db
from portal.core.notify import Notices, notify
from portal.features.catalogue import availability as module
from portal.features.catalogue.availability import CHANNEL, Availability
from tests.factories.catalogue import a_product, a_slot
from tests.features.booking.acts import a_phone, book, day_after, visitors

pytestmark = [
    pytest.mark.usefixtures("database"),
    pytest.mark.commits,
    pytest.mark.charter("BK-2"),
]


@pytest.fixture
async def other(database: None) -> AsyncIterator[Availability]:
    """What another process knows."""
    known, notices = Availability(), Notices()
    notices.on(CHANNEL, known.heard)
    await notices.start()
    await known.load()
    yield known
    await notices.stop()


async def until(true: Callable[[], Any], seconds: float = 1.0) -> float:
    """How long it took to become true."""
    started = time.monotonic()
    while not true():
        assert time.monotonic() - started < seconds
        await asyncio.sleep(0.01)
    return time.monotonic() - started


async def test_what_is_sold_elsewhere_is_known_within_a_second(other: Availability) -> None:
    slot = await a_slot(capacity=10)
    await notify(CHANNEL)
    await until(lambda: other.slot(slot.id))
    for sold in (1, 2, 3):
        assert (await book(slot, visitors(sold), phone=a_phone(sold))).kind == "booked"
        await until(lambda sold=sold: other.slot(slot.id).left == 10 - sold)  # type: ignore[misc,union-attr]
    assert other.day(slot.visit_day) == (other.slot(slot.id),)


async def test_slots_that_come_close_or_end_are_known_too(other: Availability) -> None:
    slot = await a_slot()
    await notify(CHANNEL)
    await until(lambda: other.slot(slot.id))
    await db.execute("UPDATE slot SET closed = true")
    await notify(CHANNEL, str(slot.id))
    await until(lambda: other.slot(slot.id).closed)  # type: ignore[union-attr]
    version = other.version
    await db.execute("UPDATE slot SET retired = true")
    await notify(CHANNEL, str(slot.id))
    await until(lambda: other.slot(slot.id) is None)
    assert other.day(slot.visit_day) == ()
    assert other.version > version


async def test_a_crowd_of_notices_is_few_queries(
    other: Availability, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot = await a_slot()
    asked = 0
    fetch = db.fetch

    async def counted(sql: str, *args: Any) -> Any:
        nonlocal asked
        asked += "ANY" in sql
        return await fetch(sql, *args)

    monkeypatch.setattr(module.db, "fetch", counted)
    for _ in range(50):
        await other.heard(str(slot.id))
    await asyncio.sleep(2 * module.GATHER_SECONDS)
    assert asked <= 2


async def test_an_answer_that_was_overtaken_does_not_overwrite_a_newer_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slot = await a_slot(capacity=10)
    known = Availability()
    await known.load()
    fetch, gate = db.fetch, asyncio.Event()

    async def slow(sql: str, *args: Any) -> Any:
        rows = await fetch(sql, *args)
        if "ANY" in sql:
            await gate.wait()  # the answer is on its way while the world goes on
        return rows

    monkeypatch.setattr(module.db, "fetch", slow)
    await known.heard(str(slot.id))
    await asyncio.sleep(2 * module.GATHER_SECONDS)
    await db.execute("UPDATE slot SET sold_online = 4")
    loading = asyncio.ensure_future(known.load())
    await asyncio.sleep(0.05)
    gate.set()
    await loading
    await asyncio.sleep(0.05)
    found = known.slot(slot.id)
    assert found is not None
    assert found.left == 6


async def test_what_could_not_be_read_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    slot = await a_slot(capacity=10)
    known = Availability()
    await known.load()
    fetch, fails = db.fetch, 2

    async def failing(sql: str, *args: Any) -> Any:
        nonlocal fails
        if "ANY" in sql and fails:
            fails -= 1
            raise ConnectionResetError
        return await fetch(sql, *args)

    monkeypatch.setattr(module.db, "fetch", failing)
    await db.execute("UPDATE slot SET sold_online = 4")
    await known.heard(str(slot.id))
    await until(lambda: known.slot(slot.id).left == 6, 2.0)  # type: ignore[union-attr]


async def test_days_that_are_past_are_dropped(at: Callable[[datetime], None]) -> None:
    product = await a_product()
    slot = await a_slot(product)
    later = await a_slot(product, day=day_after(5))
    known = Availability()
    await known.load()
    at(clock.now() + timedelta(days=4))
    await known.load()
    assert known.slot(slot.id) is None
    assert known.day(slot.visit_day) == ()
    assert known.slot(later.id) is not None


async def test_places_shown_are_what_the_online_channel_may_sell() -> None:
    slot = await a_slot(capacity=10, quota_window=3, quota_agency=2)
    await db.execute("UPDATE slot SET withheld = 1, sold_online = 2, sold_window = 4")
    known = Availability()
    await known.load()
    found = known.slot(slot.id)
    assert found is not None
    assert (found.left, found.open_at(clock.now()), found.open_at(found.ends_at)) == (
        1,
        True,
        False,
    )
