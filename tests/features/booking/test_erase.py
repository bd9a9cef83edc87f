"""Deleting one's data (RK-6, PIPL art. 47): every copy goes, and what stands against it is said truly."""

from datetime import time
from uuid import uuid4

import pytest

from portal.core import db
from portal.features.booking import change as changing
from portal.features.booking import orders, privacy, waitlist, window
from portal.features.booking.place import WINDOW, Sale
from portal.features.booking.privacy import StillNeeded
from portal.features.booking.window import Payment
from tests.browser import Browser
from tests.factories.booking import PHONE, a_payment, an_order
from tests.factories.catalogue import a_product, a_slot
from tests.factories.people import an_account
from tests.features.booking.acts import (
    a_phone,
    an_order_row,
    an_unsent_order,
    book,
    run_jobs,
    view,
    visitors,
)

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.charter("RK-6")]


async def copies() -> int:
    """How many rows still hold something of a person."""
    return int(
        await db.fetchval(
            "SELECT (SELECT count(*) FROM booking_order WHERE num_nonnulls(phone_sealed, phone_index) > 0) "
            "+ (SELECT count(*) FROM ticket WHERE num_nonnulls(name_sealed, id_sealed, id_index) > 0) "
            "+ (SELECT count(*) FROM visitor_message) "
            "+ (SELECT count(*) FROM waitlist_entry WHERE num_nonnulls(phone_sealed, phone_index) > 0)"
        )
    )


async def test_the_orders_that_an_order_was_moved_from_are_forgotten_with_it() -> None:
    order = await an_order(visitors=visitors(1, 2))
    code = order.code
    for hour in (12, 15):
        await db.execute("UPDATE booking_order SET changes = 0")  # whatever the limit is
        code = await changing.change(
            code, await a_slot(order.product.id, starts=time(hour)), uuid4()
        )
    await orders.cancel(code)
    assert await copies() == 9
    await privacy.erase(code)
    assert await copies() == 0
    assert await privacy.plain(order.code) == await privacy.plain(code)
    await privacy.erase(code)


async def test_the_offer_of_the_waiting_list_is_forgotten_with_the_order_that_it_led_to() -> None:
    slot = await a_slot(await a_product(), capacity=1)
    first = await book(slot, visitors(1))
    entry = await waitlist.join(view(slot.id), 1, a_phone(2), uuid4())
    await orders.cancel(first.code)
    await run_jobs()
    assert await db.fetchval("SELECT count(*) FROM visitor_message") == 1
    taken = await waitlist.take(entry, await an_unsent_order(slot, visitors(2), phone=a_phone(2)))
    await orders.cancel(taken.code)
    await privacy.erase(first.code)
    assert await db.fetchval("SELECT count(*) FROM visitor_message") == 1  # somebody else's
    await privacy.erase(taken.code)
    assert await copies() == 0


async def test_before_the_visit_the_data_are_needed() -> None:
    order = await an_order()
    with pytest.raises(StillNeeded, match="still-needed"):
        await privacy.erase(order.code)
    assert await copies() == 2


async def test_a_refund_under_way_is_named_as_what_it_is(visitor: Browser) -> None:
    order = await an_order(online=True)
    await a_payment(order)
    await orders.cancel(order.code)
    page = f"/orders/{order.code}/data?key={order.key}&lang=en"
    erase = f"/orders/{order.code}/data/erase?key={order.key}&lang=en"
    form = await visitor.form(page, action=f"/orders/{order.code}/data/erase")
    answer = await visitor.post(erase, data=form.fields | {"phone": PHONE})
    assert answer.status_code == 422
    assert "Your refund is not finished" in answer.text
    assert "still to come" not in answer.text
    await run_jobs()
    done = await visitor.post(erase, data=form.fields | {"phone": PHONE})
    assert done.headers["location"] == order.at("data", done="erased")
    assert await copies() == 0


async def test_money_that_nobody_fetches_at_the_window_keeps_no_data() -> None:
    seller = await an_account("window1")
    await window.open_drawer(seller, 50_000)
    sale = Sale(WINDOW, "cash")
    sold = await an_unsent_order(await a_slot(), visitors(1), phone=PHONE, sale=sale)
    outcome = await window.sell(seller, sold, Payment("cash", 10_000))
    await orders.cancel(outcome.code)
    row = await an_order_row(outcome.code)
    assert (row["state"], row["owed_fen"]) == ("refunding", 10_000)
    await privacy.erase(outcome.code)
    assert await copies() == 0
    assert await window.give_back(seller, outcome.code, [], "cash") == (0, 10_000)
