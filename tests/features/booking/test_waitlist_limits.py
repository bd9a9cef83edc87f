"""The waiting list takes no more of one phone or one address than booking does (BK-8, BK-7)."""

import asyncio
from datetime import time
from uuid import uuid4

import pytest

from portal.core import db, site_settings
from portal.features.booking import blocks, waitlist
from portal.features.booking.place import phone_index
from portal.features.booking.waitlist import AlreadyWaiting, CannotWait
from portal.features.catalogue.availability import SlotView
from tests.browser import Browser
from tests.factories.catalogue import a_product, a_slot
from tests.features.booking.acts import a_phone, book, day_after, visitors

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.charter("BK-8")]

JOINED = {"party": "1", "phone": a_phone(1), "consent": "yes"}


async def full_slots(count: int, *, days: int = 1) -> list[SlotView]:
    product = await a_product()
    made = []
    for number in range(count):
        slot = await a_slot(product, capacity=1, day=day_after(days), starts=time(8 + number))
        assert (await book(slot, visitors(500 + number), phone=a_phone(900 + number))).placed
        made.append(slot)
    return made


async def join(slot: SlotView) -> int:
    return await waitlist.join(slot, 1, a_phone(1), uuid4())


async def test_a_phone_waits_for_as_many_times_of_a_day_as_it_may_book() -> None:
    slots = await full_slots(3)
    entry = await join(slots[0])
    await join(slots[1])
    with pytest.raises(CannotWait, match="waits-many"):
        await join(slots[2])
    with pytest.raises(AlreadyWaiting):
        await join(slots[0])
    await waitlist.leave(entry)
    await join(slots[2])


async def test_another_day_is_counted_apart() -> None:
    await site_settings.change("booking.orders_per_phone", "1")
    [slot] = await full_slots(1)
    other = await a_slot(slot.product, capacity=1, day=day_after(2))
    await book(other, visitors(600), phone=a_phone(800))
    await join(slot)
    await join(other)


@pytest.mark.commits
async def test_the_limit_holds_for_requests_of_the_same_moment() -> None:
    slots = await full_slots(6)
    ended = await asyncio.gather(*(join(slot) for slot in slots), return_exceptions=True)
    assert sorted(isinstance(end, CannotWait) for end in ended) == [False] * 2 + [True] * 4
    assert await db.fetchval("SELECT count(*) FROM waitlist_entry") == 2


async def test_a_suspended_phone_does_not_wait(visitor: Browser) -> None:
    [slot] = await full_slots(1)
    await blocks.suspend(phone_index(a_phone(1)), "phone", 10, "test")
    with pytest.raises(CannotWait, match="blocked"):
        await join(slot)
    answer = await visitor.post_form(f"/waitlist/{slot.id}", JOINED)
    assert answer.status_code == 422
    assert 'id="error-phone"' in answer.text


async def test_one_address_that_hammers_the_list_is_told_when_to_come_back(
    visitor: Browser,
) -> None:
    [slot] = await full_slots(1)
    form = await visitor.form(f"/waitlist/{slot.id}", action="/waitlist")
    answers = [await visitor.post(f"/waitlist/{slot.id}", data=form.fields) for _ in range(31)]
    assert {answer.status_code for answer in answers[:30]} == {422}
    assert answers[30].status_code == 429
