"""A price that changes while somebody fills in the form: told before anything is booked (BK-3)."""

from uuid import uuid4

import pytest

from portal.core import db
from portal.features.booking import attempts, orders, waitlist
from portal.features.catalogue.availability import SlotView
from portal.features.catalogue.snapshot import catalogue
from tests.browser import HTMX, Browser, forms
from tests.factories.booking import PHONE, a_visitor
from tests.factories.catalogue import a_price, a_product, a_slot, categories, noticed
from tests.features.booking.acts import attempts_by_outcome, book, run_jobs, visitors

pytestmark = pytest.mark.charter("BK-3")

TYPED = {
    "visitors-0-name": "游客",
    "visitors-0-category": "adult",
    "visitors-0-id_type": "resident_id",
    "visitors-0-id_number": a_visitor().document.number,
    "contact_phone": PHONE,
    "consent": "yes",
}


async def dearer(slot: SlotView) -> None:
    adult = (await categories())["adult"]
    await a_price(slot.product, adult, 12_000, valid_from=slot.visit_day)
    await noticed()


async def booked() -> list[int]:
    rows = await db.fetch("SELECT total_fen FROM booking_order")
    return [row["total_fen"] for row in rows]


async def test_the_new_price_is_shown_and_then_booked(visitor: Browser) -> None:
    slot = await a_slot()
    form = await visitor.form(f"/book/{slot.id}", action=f"/book/{slot.id}")
    await dearer(slot)
    answer = await visitor.post(f"/book/{slot.id}", data=form.fields | TYPED)
    assert answer.status_code == 409
    assert "价格" in answer.text
    assert "¥120" in answer.text
    assert await booked() == []
    [again] = [found for found in forms(answer.text) if found.action == f"/book/{slot.id}"]
    assert again.fields["contact_phone"] == PHONE
    answer = await visitor.post(f"/book/{slot.id}", data=again.fields)
    assert answer.status_code == 303, answer.text
    assert await booked() == [12_000]


async def test_a_program_that_does_not_say_what_it_saw_books(visitor: Browser) -> None:
    slot = await a_slot()
    form = await visitor.form(f"/book/{slot.id}", action=f"/book/{slot.id}")
    fields = form.fields | TYPED
    del fields["prices"]
    await dearer(slot)
    assert (await visitor.post(f"/book/{slot.id}", data=fields)).status_code == 303
    assert await booked() == [12_000]


async def test_a_price_that_is_shown_again_while_typing_counts_as_seen(visitor: Browser) -> None:
    slot = await a_slot()
    form = await visitor.form(f"/book/{slot.id}", action=f"/book/{slot.id}")
    await dearer(slot)
    shown = await visitor.post(f"/book/{slot.id}/price", data=form.fields | TYPED, headers=HTMX)
    bill = shown.text[shown.text.index('id="bill"') :]  # all that the browser takes of it
    mark = catalogue().price_mark(slot.product, slot.visit_day)
    assert f'name="prices" value="{mark}"' in bill
    fields = form.fields | TYPED | {"prices": mark}
    assert (await visitor.post(f"/book/{slot.id}", data=fields)).status_code == 303


async def test_the_same_prices_have_the_same_mark_in_every_process(database: None) -> None:
    slot = await a_slot()
    mark = catalogue().price_mark(slot.product, slot.visit_day)
    await noticed()
    assert catalogue().price_mark(slot.product, slot.visit_day) == mark
    await dearer(slot)
    assert catalogue().price_mark(slot.product, slot.visit_day) != mark


async def test_an_offer_of_the_waiting_list_tells_it_too(visitor: Browser) -> None:
    slot = await a_slot(await a_product(), capacity=1)
    first = await book(slot, visitors(500), phone="13700000900")
    number = await waitlist.join(slot, 1, PHONE, uuid4())
    await orders.cancel(first.code)
    await run_jobs()
    url = waitlist.entry_url(number)
    form = await visitor.form(url, action="/waitlist/entry")
    await dearer(slot)
    answer = await visitor.post(url, data=form.fields | TYPED)
    assert answer.status_code == 409
    assert "¥120" in answer.text
    await attempts.write()
    assert (await attempts_by_outcome())["price-changed"] == 1
    [again] = [found for found in forms(answer.text) if found.action.startswith("/waitlist/entry")]
    assert (await visitor.post(url, data=again.fields)).status_code == 303
