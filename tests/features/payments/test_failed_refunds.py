"""Refunds that a provider refused: staff see them, whatever became of their orders, and ask again."""

from collections.abc import Iterator

import pytest

from portal.core import db
from portal.features.booking import orders
from portal.features.booking.queries import OrderView
from portal.features.payments import service
from tests.browser import SignIn
from tests.factories.booking import an_order
from tests.features.booking.acts import an_order_row, run_jobs, visitors
from tests.features.payments.bank import NAME, Bank, close_bank, open_bank
from tests.invariants import check

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.charter("BK-5")]


@pytest.fixture
def bank() -> Iterator[Bank]:
    yield open_bank()
    close_bank()


async def a_partial_refund_refused(bank: Bank) -> OrderView:
    """One of two tickets cancelled: the order stays confirmed, so nothing else tells of the money."""
    order = await an_order(visitors=visitors(1, 2), online=True)
    assert order.hold_until is not None
    payment = await service.start(order.code, order.total_fen, NAME, order.hold_until)
    await bank.pays(payment, order.total_fen)
    bank.refuses = True
    await orders.cancel(order.code, [0])
    await run_jobs()
    assert (await an_order_row(order.code))["state"] == "confirmed"
    return order


async def test_a_refused_refund_waits_on_the_desk_and_is_asked_for_again(
    bank: Bank, signed_in_as: SignIn
) -> None:
    manager = await signed_in_as("manager.systems")
    assert "the payment service refused" not in (await manager.get("/desk?lang=en")).text
    assert "No refund has failed" in (await manager.get("/refunds?lang=en")).text
    order = await a_partial_refund_refused(bank)
    assert "refunds that the payment service refused" in (await manager.get("/desk?lang=en")).text
    shown = (await manager.get("/refunds?lang=en")).text
    assert order.shown_code in shown
    assert "¥100" in shown

    bank.refuses = False
    refund = await db.fetchval("SELECT id FROM refund")
    again = await manager.form("/refunds", action=f"/refunds/{refund}/again")
    first = await manager.post(again.action, data=again.fields)
    assert first.headers["location"] == "/refunds?done=asked"
    repeat = await manager.post(again.action, data=again.fields)
    assert repeat.headers["location"] == "/refunds?done=nothing"
    await run_jobs()
    assert list(bank.refunded.values()) == [10_000]
    assert (await an_order_row(order.code))["refunded_fen"] == 10_000
    assert order.shown_code not in (await manager.get("/refunds")).text
    trail = await db.fetch(
        "SELECT object_id FROM audit_entry WHERE subject = 'manager.systems' AND act = 'refund:create'"
    )
    assert [row["object_id"] for row in trail] == [str(refund)]
    await check()


async def test_one_that_is_refused_again_comes_back(bank: Bank, signed_in_as: SignIn) -> None:
    order = await a_partial_refund_refused(bank)
    manager = await signed_in_as("manager.systems")
    await manager.post_form("/refunds", action="/refunds/")
    assert order.shown_code not in (await manager.get("/refunds")).text
    await run_jobs()
    assert order.shown_code in (await manager.get("/refunds")).text


@pytest.mark.charter("PO-1")
@pytest.mark.parametrize("username", ["ops1", "window1", "gate1"])
async def test_others_neither_see_nor_ask(bank: Bank, signed_in_as: SignIn, username: str) -> None:
    await a_partial_refund_refused(bank)
    browser = await signed_in_as(username)
    assert (await browser.get("/refunds")).status_code == 403
    refund = await db.fetchval("SELECT id FROM refund")
    token = {"_csrf_token": await browser.token("/desk")}
    assert (await browser.post(f"/refunds/{refund}/again", data=token)).status_code == 403
    assert await db.fetchval("SELECT state FROM refund") == "failed"


@pytest.mark.charter("PO-1")
async def test_finance_sees_what_is_owed_and_is_offered_nothing_else(
    bank: Bank, signed_in_as: SignIn
) -> None:
    order = await a_partial_refund_refused(bank)
    answer = await (await signed_in_as("finance")).get("/refunds")
    assert order.shown_code in answer.text
    assert f"/bookings/{order.code}" not in answer.text
    assert "/again" not in answer.text
