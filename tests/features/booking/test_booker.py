"""The booker (DESIGN 2): batches, order, refusals under pressure, and what it outlives."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from portal.core import audit, db
from portal.features.booking import attempts, booker
from portal.features.booking.booker import Booker, Busy, NewOrder
from portal.features.booking.limits import ORDERS_PER_PHONE
from portal.features.booking.place import place
from portal.features.catalogue.availability import SlotView
from tests.factories.catalogue import a_product, a_slot
from tests.features.booking.acts import (
    a_phone,
    a_request,
    an_unsent_order,
    attempts_by_outcome,
    goods,
    visitors,
)
from tests.invariants import check

pytestmark = [
    pytest.mark.usefixtures("database"),
    pytest.mark.commits,
    pytest.mark.charter("BK-4"),
]


class Watched(Booker):
    """Notes how many orders were sent in each batch; can be told how its connection fails."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        super().__init__(connect, audit.booking_lane() + 1, ORDERS_PER_PHONE)
        self.batches: list[int] = []
        self.failures: list[Exception] = []

    async def _send(self, orders: Any) -> Any:
        self.batches.append(len(orders))
        if self.failures:
            raise self.failures.pop(0)
        return await super()._send(orders)


@pytest.fixture
async def watched(database: None) -> AsyncIterator[Watched]:
    made = Watched(db.engine().get_new_connection)
    await made.start()
    yield made
    await made.stop()


async def wishes(slot: SlotView, count: int, first: int = 1) -> list[NewOrder]:
    return [
        await an_unsent_order(slot, visitors(first + n), phone=a_phone(first + n))
        for n in range(count)
    ]


async def kinds(*books: Any) -> list[str]:
    answers = await asyncio.gather(*books, return_exceptions=True)
    return [a.kind if not isinstance(a, BaseException) else type(a).__name__ for a in answers]


async def test_who_waits_while_one_batch_commits_is_the_next(watched: Watched) -> None:
    slot = await a_slot(capacity=500)
    orders = await wishes(slot, 200)
    assert set(await kinds(*(watched.book(order) for order in orders))) == {"booked"}
    assert watched.batches[0] in (1, booker.MAX_BATCH)  # a lone visitor waits for nobody
    assert max(watched.batches) == booker.MAX_BATCH
    assert sum(watched.batches) == 200
    await check()


async def test_places_go_in_the_order_of_arrival(watched: Watched) -> None:
    slot = await a_slot(capacity=3)
    orders = await wishes(slot, 5)
    assert (
        await kinds(*(watched.book(order) for order in orders)) == ["booked"] * 3 + ["sold-out"] * 2
    )


async def test_one_bad_request_fails_nobody_else(watched: Watched) -> None:
    """A value that the database refuses, and one that cannot even be sent to it."""
    slot = await a_slot()
    orders = await wishes(slot, 6)
    orders[1] = replace(orders[1], language="xx")
    orders[3] = replace(orders[3], total_fen=2**40)
    orders[4] = replace(orders[4], address="\ud800")
    said = await kinds(*(watched.book(order) for order in orders))
    assert said[1] == "CheckViolationError"
    assert said[3:5] == ["DataError"] * 2
    assert [said[n] for n in (0, 2, 5)] == ["booked"] * 3
    assert watched.alive()
    await check()


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.DeadlockDetectedError("circle"),
        asyncpg.SerializationError("again"),
        asyncpg.QueryCanceledError("cancelled"),
        asyncpg.ReadOnlySQLTransactionError("a standby"),
        ConnectionResetError(),
        TimeoutError(),
        asyncpg.AdminShutdownError("restart"),
        asyncpg.InterfaceError("closed"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_says_nothing_of_the_request_is_tried_again(
    error: Exception, watched: Watched
) -> None:
    orders = await wishes(await a_slot(), 2)
    watched.failures = [error, error]
    assert await kinds(*(watched.book(order) for order in orders)) == ["booked"] * 2
    await check()


async def test_what_clashes_for_ever_is_told_in_the_end(watched: Watched) -> None:
    [order] = await wishes(await a_slot(), 1)
    watched.failures = [asyncpg.UniqueViolationError("always")] * 50
    assert await kinds(watched.book(order)) == ["UniqueViolationError"]
    assert len(watched.batches) == booker.MAX_TRIES + 1


async def test_whoever_shares_a_phone_or_document_waits_for_the_next_batch(
    watched: Watched,
) -> None:
    product = await a_product()
    slot = await a_slot(product)
    first = await an_unsent_order(slot, visitors(1), phone=a_phone(1))
    same_phone = await an_unsent_order(slot, visitors(2), phone=a_phone(1))
    same_document = await an_unsent_order(slot, visitors(1), phone=a_phone(3))
    stranger = await an_unsent_order(slot, visitors(4), phone=a_phone(4))
    waiting = [watched.book(o) for o in (first, same_phone, same_document, stranger)]
    assert await kinds(*waiting) == ["booked", "booked", "duplicate-document", "booked"]
    await check()


async def test_above_its_bound_it_says_at_once_that_it_is_busy(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(booker, "MAX_WAITING", 3)
    orders = await wishes(await a_slot(), 6)
    said = await kinds(*(watched.book(order) for order in orders))
    assert said == ["booked"] * 3 + ["Busy"] * 3


@pytest.mark.charter("BK-12")
@pytest.mark.parametrize(("sent", "kind"), [(False, "busy"), (True, "timeout")])
async def test_without_a_database_in_time_it_says_so_and_the_key_still_stands(
    sent: bool,  # noqa: FBT001
    kind: str,
    watched: Watched,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(booker, "DEADLINE_SECONDS", 0.4)
    slot, key = await a_slot(), uuid4()
    request = a_request(visitors(1), key=key)
    finding_out = None
    connect, watched._connect = watched._connect, _away
    watched.failures = [ConnectionResetError()]
    if not sent:  # another one finds out that the database is away
        [other] = await wishes(slot, 1, first=50)
        finding_out = asyncio.ensure_future(kinds(watched.book(other)))
        await asyncio.sleep(0.1)
    with pytest.raises(Busy) as busy:
        await place(watched, request, goods(slot))
    assert busy.value.kind == kind
    if finding_out is not None:
        assert await finding_out == ["Busy"]
    watched._connect = connect
    monkeypatch.undo()
    assert (await place(watched, request, goods(slot))).kind == "booked"
    await attempts.write()
    assert await attempts_by_outcome() == {kind: 1, "booked": 1}
    await check()


async def _away() -> Any:
    raise ConnectionRefusedError


async def test_stopping_books_what_waits_and_takes_nothing_more(watched: Watched) -> None:
    orders = await wishes(await a_slot(), 20)
    waiting = [asyncio.ensure_future(watched.book(order)) for order in orders]
    await asyncio.sleep(0)
    stopping = asyncio.ensure_future(watched.stop())
    await asyncio.sleep(0)
    assert await kinds(watched.book(orders[0])) == ["Busy"]
    await stopping
    assert await kinds(*waiting) == ["booked"] * 20
    assert not watched.alive()


async def test_stopping_without_a_database_gives_up_at_once(watched: Watched) -> None:
    orders = await wishes(await a_slot(), 3)
    watched.failures = [ConnectionResetError()]
    watched._connect = _away
    waiting = [asyncio.ensure_future(watched.book(order)) for order in orders]
    await asyncio.sleep(0.3)
    async with asyncio.timeout(2):
        await watched.stop()
    assert await kinds(*waiting) == ["Busy"] * 3


async def test_who_hangs_up_before_anything_was_sent_is_not_booked(watched: Watched) -> None:
    orders = await wishes(await a_slot(), 2)
    gone = asyncio.ensure_future(watched.book(orders[0]))
    stays = asyncio.ensure_future(watched.book(orders[1]))
    await asyncio.sleep(0)
    watched._waiting[0].outcome.cancel()
    assert await kinds(stays) == ["booked"]
    assert gone.done()
    assert await db.fetchval("SELECT count(*) FROM booking_order") == 1
