"""The pages that everybody asks for, as they go over the wire."""

import gzip
from datetime import timedelta

import pytest

from portal.core import clock, db
from tests.browser import HTMX, Browser, forms
from tests.factories.catalogue import a_slot, noticed


@pytest.mark.charter("BK-3")
@pytest.mark.parametrize(
    "path", ["/", "/book", "/book/1", "/orders", "/help", "/rules", "/privacy"]
)
async def test_a_page_is_html_each_time_it_is_asked_for(visitor: Browser, path: str) -> None:
    slot = await a_slot()
    for _ in range(2):  # the second comes from memory
        answer = await visitor.get(path.replace("/1", f"/{slot.id}"))
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.text.startswith("<!doctype html>")


async def test_the_slots_of_a_day_for_programs(visitor: Browser) -> None:
    slot = await a_slot(capacity=7)
    day = (clock.today() + timedelta(days=1)).isoformat()
    for _ in range(2):
        answer = await visitor.get(f"/api/slots?date={day}")
        assert answer.headers["content-type"] == "application/json"
        (shown,) = answer.json()
        assert shown["id"] == slot.id
        assert shown["left"] == 7
        assert shown.keys() == {
            "id",
            "product",
            "starts_at",
            "ends_at",
            "capacity",
            "left",
            "from_price",
        }


async def test_a_page_that_has_not_changed_is_not_sent_again(visitor: Browser) -> None:
    await a_slot()
    first = await visitor.get("/book")
    assert first.headers["cache-control"] == "private, no-cache"
    again = await visitor.get("/book", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    fragment = await visitor.get("/book", headers=HTMX | {"If-None-Match": first.headers["etag"]})
    assert fragment.status_code == 200
    assert "<html" not in fragment.text


async def test_a_page_from_memory_is_compressed_for_whoever_takes_it(visitor: Browser) -> None:
    await a_slot()
    plain = await visitor.get("/book", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    async with visitor.stream("GET", "/book", headers={"Accept-Encoding": "gzip"}) as packed:
        body = b"".join([part async for part in packed.aiter_raw()])
        assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(body) == plain.content


async def test_one_address_that_hammers_the_form_is_told_when_to_come_back(
    visitor: Browser,
) -> None:
    slot = await a_slot()
    form = await visitor.form(f"/book/{slot.id}", action=f"/book/{slot.id}")
    answers = [await visitor.post(f"/book/{slot.id}", data=form.fields) for _ in range(61)]
    assert {answer.status_code for answer in answers[:60]} == {422}
    assert answers[60].status_code == 429
    assert int(answers[60].headers["retry-after"]) >= 1
    assert "<h1>" in answers[60].text


@pytest.mark.charter("BK-3")
async def test_the_booking_form_is_shown_in_the_other_language_as_it_was_typed(
    visitor: Browser,
) -> None:
    slot = await a_slot()
    page = f"/book/{slot.id}"
    form = await visitor.form(page, action=page)
    typed = {"visitors-0-name": "Ada", "visitors-1-name": "", "contact_phone": "12", "quote": "1"}
    answer = await visitor.post(f"{page}?lang=en", data=form.fields | typed)
    assert answer.status_code == 200
    assert '<html lang="en"' in answer.text
    assert 'aria-invalid="true"' not in answer.text
    [again] = [found for found in forms(answer.text) if found.action == page]
    assert again.fields["visitors-0-name"] == "Ada"
    assert again.fields["contact_phone"] == "12"
    assert "visitors-1-name" in again.fields
    assert again.fields["idempotency_key"] == form.fields["idempotency_key"]
    assert '<html lang="en"' in (await visitor.get(page)).text, "remembered"


async def test_a_time_that_nobody_can_book_has_a_plain_link_to_the_other_language(
    visitor: Browser,
) -> None:
    slot = await a_slot()
    await db.execute("UPDATE slot SET closed = true")
    await noticed()
    assert f'href="/book/{slot.id}?lang=en"' in (await visitor.get(f"/book/{slot.id}")).text
