"""An attraction that is closed for a time is sold in no way (BK-7): online, at the window, by a move, by waiting."""

from datetime import date
from uuid import uuid4

import pytest

from portal.core import db
from portal.features.booking import change as changing
from portal.features.booking import day as days
from portal.features.booking import orders, waitlist
from portal.features.booking.change import CannotChange
from portal.features.booking.waitlist import CannotWait, Refused
from tests.browser import Browser, SignIn
from tests.factories.booking import PHONE, an_order, the_order
from tests.factories.catalogue import a_product, a_slot, noticed
from tests.features.booking.acts import (
    a_phone,
    an_unsent_order,
    attempts_by_outcome,
    book,
    day_after,
    run_jobs,
    visitors,
)
from tests.invariants import check

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.charter("BK-7")]


async def close(product: int, first: date, last: date | None = None) -> None:
    await db.execute(
        "UPDATE attraction SET closed_from = $2, closed_until = $3 "
        "WHERE id = (SELECT attraction FROM product WHERE id = $1)",
        product,
        first,
        last,
    )
    await noticed()


async def end_sale(product: int) -> None:
    await db.execute("UPDATE product SET on_sale = false WHERE id = $1", product)
    await noticed()


async def test_the_form_and_the_strip_of_days_say_so(visitor: Browser) -> None:
    slot = await a_slot()
    beside = await a_slot(slot.product, day=day_after(2))
    await close(slot.product, slot.visit_day, slot.visit_day)
    page = await visitor.get(f"/book/{slot.id}?lang=en")
    assert "This time can no longer be booked." in page.text
    assert f"/book/{beside.id}" in page.text, "the nearest day that is open"
    left = {shown.day: shown.left for shown in days.strip()}
    assert (left[slot.visit_day], left[beside.visit_day]) == (0, 100)
    assert [found.id for found in days.nearest(beside, 1)] == []


async def test_no_order_moves_to_it() -> None:
    product = await a_product()
    order = await an_order(await a_slot(product))
    other = await a_slot(product, day=day_after(2))
    await close(product, other.visit_day)
    with pytest.raises(CannotChange, match="slot-closed"):
        await changing.change(order.code, other, uuid4())
    assert (await the_order(order.code)).state == "confirmed"


async def test_no_order_moves_to_a_product_that_is_sold_no_more() -> None:
    product = await a_product()
    order = await an_order(await a_slot(product))
    other = await a_slot(product, day=day_after(2))
    await end_sale(product)
    with pytest.raises(CannotChange, match="slot-closed"):
        await changing.change(order.code, other, uuid4())


async def test_nobody_waits_for_it() -> None:
    slot = await a_slot(await a_product(), capacity=1)
    await book(slot, visitors(1))
    await close(slot.product, slot.visit_day)
    with pytest.raises(CannotWait, match="slot-closed"):
        await waitlist.join(slot, 1, a_phone(1), uuid4())


async def test_who_waits_already_is_offered_nothing() -> None:
    slot = await a_slot(await a_product(), capacity=1)
    booked = await book(slot, visitors(1))
    number = await waitlist.join(slot, 1, a_phone(1), uuid4())
    await close(slot.product, slot.visit_day)
    await orders.cancel(booked.code)
    await run_jobs()
    entry = await waitlist.entry(number)
    assert entry is not None
    assert entry.state == "waiting"


async def test_an_offer_made_before_is_not_taken_any_more() -> None:
    slot = await a_slot(await a_product(), capacity=1)
    booked = await book(slot, visitors(1))
    number = await waitlist.join(slot, 1, a_phone(1), uuid4())
    await orders.cancel(booked.code)
    await run_jobs()
    order = await an_unsent_order(slot, visitors(2), phone=a_phone(1))
    await close(slot.product, slot.visit_day)
    with pytest.raises(Refused, match="slot-closed"):
        await waitlist.take(number, order)
    await check()


async def test_the_window_does_not_sell_it(signed_in_as: SignIn) -> None:
    seller = await signed_in_as("window1")
    await seller.post_form("/window", {"float": "300"}, action="/window/open")
    slot = await a_slot()
    family = {"count-adult": "2"}
    form = await seller.form(f"/window/{slot.id}")
    await close(slot.product, slot.visit_day)
    assert f"/window/{slot.id}" not in (await seller.get("/window")).text
    answer = await seller.post(f"/window/{slot.id}", data=form.fields | family)
    assert answer.status_code == 409
    assert await attempts_by_outcome("window") == {}
    assert await db.fetchval("SELECT count(*) FROM booking_order") == 0
    await close(slot.product, day_after(2))
    assert (await seller.post(f"/window/{slot.id}", data=form.fields | family)).status_code == 303


async def test_an_order_placed_before_stands() -> None:
    order = await an_order(phone=PHONE)
    await close(order.product.id, order.visit_day)
    assert (await the_order(order.code)).state == "confirmed"
