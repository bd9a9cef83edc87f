"""The booker outlives its connection, whatever the way to the database says meanwhile."""

import socket
from typing import Any

import pytest

from portal.core import audit, db, order_code
from portal.features.booking import process
from portal.features.booking.booker import Booker
from portal.features.booking.limits import ORDERS_PER_PHONE
from portal.features.booking.place import place
from tests.browser import Browser
from tests.factories.catalogue import a_slot
from tests.features.booking.acts import ANOTHER_PHONE, a_request, book, goods, visitors

FAILURES: tuple[Exception, ...] = (
    socket.gaierror(-2, "Name or service not known"),
    FileNotFoundError("no socket"),
    OSError(113, "No route to host"),
    ZeroDivisionError(),
)


@pytest.mark.commits
@pytest.mark.usefixtures("database")
@pytest.mark.charter("BK-4")
async def test_a_failover_delays_a_booking_and_stops_none() -> None:
    failures = list(FAILURES)

    async def connect() -> Any:
        if booker.alive() and failures:
            raise failures.pop(0)
        return await db.engine().get_new_connection()

    booker = Booker(connect, audit.booking_lane(), ORDERS_PER_PHONE)
    await booker.start()
    try:
        await db.execute(
            "SELECT pg_terminate_backend($1, 1000)", booker._connection.get_server_pid()
        )
        slot = await a_slot()
        outcome = await place(booker, a_request(), goods(slot))
        assert outcome.placed
        assert not failures, "every way to fail was met"
        assert booker.alive()
    finally:
        await booker.stop()


async def test_a_process_that_cannot_book_is_not_ready(visitor: Browser) -> None:
    assert process._booker is not None
    await process._booker.stop()
    answer = await visitor.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["booking"] == "stopped"


@pytest.mark.commits
@pytest.mark.usefixtures("database")
@pytest.mark.charter("BK-4")
async def test_a_code_that_is_taken_costs_nobody_a_booking(monkeypatch: pytest.MonkeyPatch) -> None:
    slot = await a_slot()
    taken = (await book(slot)).code
    codes = [taken, order_code.new(slot.visit_day)]
    monkeypatch.setattr(order_code, "new", lambda _day: codes.pop(0))
    outcome = await book(slot, visitors(2), phone=ANOTHER_PHONE)
    assert outcome.placed
    assert outcome.code != taken
