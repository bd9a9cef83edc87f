"""Paying as the visitor sees it: to the provider, and back to the order."""

from urllib.parse import urlencode
from uuid import uuid4

import pytest

from portal.core import db
from portal.features.booking import queries
from portal.features.payments import providers
from tests.browser import Browser, SignIn
from tests.factories.booking import a_payment, an_order, the_order
from tests.features.booking.acts import ANOTHER_PHONE, view, visitors

pytestmark = pytest.mark.charter("BK-5")


async def test_the_visitor_pays_and_comes_back_to_the_order(visitor: Browser) -> None:
    order = await an_order(online=True)
    sent = await visitor.post_form(order.url, action=f"/orders/{order.code}/pay")
    bank = sent.headers["location"]
    payment = await db.fetchval("SELECT id FROM payment WHERE reference = $1", order.code)
    assert bank.startswith(f"/pay/test/{payment}?")
    paid = await visitor.post_form(bank, {"act": "pay"}, action="/pay/test/")
    back = await visitor.get(paid.headers["location"])
    assert back.headers["location"] == order.url
    assert (await the_order(order.code)).state == "confirmed"
    assert paid.headers["location"].replace("&", "&amp;") in (await visitor.get(bank)).text


@pytest.mark.charter("PO-1")
async def test_a_payment_s_id_opens_no_order(visitor: Browser, signed_in_as: SignIn) -> None:
    """The id and the order's code stand on the trail and in a provider's statements."""
    order = await an_order(online=True)
    payment = await a_payment(order)
    another = await an_order(view(order.slot), visitors=visitors(9), phone=ANOTHER_PHONE)
    other = await visitor.post_form(another.url, action=f"/orders/{another.code}/pay")
    token = other.headers["location"].rpartition("token%3D")[2]
    reader = await signed_in_as("ops1")
    for guess in ("", "&token=", "&token=guessed", f"&token={order.key}", f"&token={token}"):
        for browser in (visitor, reader):
            answer = await browser.get(f"/orders/{order.code}/return?payment={payment}{guess}")
            assert answer.status_code in (403, 404)
            assert "location" not in answer.headers
    page = await visitor.get(f"/pay/test/{payment}")
    assert order.code not in page.text


async def test_the_way_back_is_that_of_the_payment_s_own_order(visitor: Browser) -> None:
    order = await an_order(online=True)
    payment = await a_payment(order)
    good = queries.return_address(order.code, payment)
    assert (await visitor.get(good)).headers["location"] == order.url
    assert (await visitor.get(good.replace(order.code, "00000000000"))).status_code == 404
    unknown = queries.return_address(order.code, uuid4())
    assert (await visitor.get(unknown)).status_code == 404
    assert (await visitor.get(good.replace(str(payment), "no-number"))).status_code == 404


@pytest.mark.parametrize(
    "back",
    ["https://evil.example/", "//evil.example/", "/orders/../evil", "/orders/\\evil/return?a", ""],
)
async def test_the_test_bank_sends_nobody_elsewhere(visitor: Browser, back: str) -> None:
    payment = await a_payment(paid=False)
    page = f"/pay/test/{payment}?{urlencode({'back': back})}"
    answer = await visitor.post_form(page, {"act": "fail"}, action="/pay/test/")
    assert answer.headers["location"] == "/orders"


async def test_where_nothing_takes_money_the_page_says_where_to_go(
    visitor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A button that leads back to the page would be worse than none."""
    order = await an_order(online=True)
    token = await visitor.token("/orders")
    monkeypatch.setattr(providers, "_providers", {})
    page = await visitor.get(f"{order.url}&lang=en")
    assert f"/orders/{order.code}/pay" not in page.text
    assert "please come to the ticket window or call" in page.text
    answer = await visitor.post(order.at("pay"), data={"_csrf_token": token})
    assert answer.headers["location"] == order.url
    assert await db.fetchval("SELECT count(*) FROM payment") == 0
