"""Attempts as Prometheus sees them agree with those in the database (BK-12)."""

from uuid import uuid4

import pytest

from portal.features.booking import orders, waitlist, window
from portal.features.booking.place import WINDOW, Sale
from portal.features.booking.window import Payment
from portal.web import metrics
from tests.factories.catalogue import a_product, a_slot
from tests.factories.people import an_account
from tests.features.booking.acts import (
    a_phone,
    an_unsent_order,
    attempts_by_outcome,
    book,
    run_jobs,
    visitors,
)

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.charter("BK-12")]


def measured() -> dict[str, float]:
    return {
        sample.labels["outcome"]: sample.value
        for family in metrics.BOOKINGS.collect()
        for sample in family.samples
        if sample.name.endswith("_total")
    }


def since(before: dict[str, float]) -> dict[str, float]:
    grown = {kind: value - before.get(kind, 0) for kind, value in measured().items()}
    return {kind: value for kind, value in grown.items() if value}


async def test_each_outcome_is_counted_once() -> None:
    before = measured()
    slot = await a_slot(capacity=2)
    key = uuid4()
    for _ in range(2):  # the second is the same attempt
        await book(slot, visitors(1), phone=a_phone(1), key=key)
    await book(slot, visitors(1), phone=a_phone(2))
    await book(slot, visitors(2, 2), phone=a_phone(3))
    wanted = {"booked": 1, "duplicate-document": 1, "sold-out": 1}
    assert since(before) == wanted
    assert await attempts_by_outcome() == wanted


async def test_a_sale_at_the_window_and_an_offer_taken_count_too() -> None:
    before = measured()
    slot = await a_slot(await a_product(), capacity=1)
    person = await an_account("window1")
    await window.open_drawer(person, 0)
    booked = await book(slot, visitors(1), phone=a_phone(1))
    entry = await waitlist.join(slot, 1, a_phone(2), uuid4())
    await orders.cancel(booked.code)
    await run_jobs()
    order = await an_unsent_order(slot, visitors(2), phone=a_phone(2))
    assert (await waitlist.take(entry, order)).placed
    sale = await an_unsent_order(slot, visitors(3), sale=Sale(WINDOW, "cash", person))
    assert (await window.sell(person, sale, Payment("cash", 10_000))).kind == "sold-out"
    assert since(before) == {"booked": 2, "sold-out": 1}
