import pytest

from portal.core import db
from portal.core.settings import settings
from tests.browser import Browser
from tests.factories.booking import an_order


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_SMS_URL", "http://127.0.0.1:9/sms")
    settings.cache_clear()


async def test_without_a_gateway_nobody_is_offered_it(visitor: Browser) -> None:
    order = await an_order()
    page = await visitor.get(order.url)
    assert "/resend" not in page.text
    token = await visitor.token("/orders")
    sent = await visitor.post(order.url.replace("?", "/resend?"), data={"_csrf_token": token})
    assert sent.headers["location"].endswith("&done=not-sent")


@pytest.mark.charter("BK-6")
@pytest.mark.usefixtures("gateway")
async def test_the_link_goes_to_the_phone_of_the_order_once_in_an_hour(visitor: Browser) -> None:
    order = await an_order()
    action = f"/orders/{order.code}/resend"
    first = await visitor.post_form(order.url, action=action)
    again = await visitor.post_form(order.url, action=action)
    assert first.headers["location"] == f"{order.url}&done=sent"
    assert again.headers["location"] == f"{order.url}&done=not-sent"
    assert await db.fetchval("SELECT count(*) FROM visitor_message WHERE kind = 'link'") == 1
    assert await db.fetchval("SELECT count(*) FROM job WHERE name = 'booking.send_message'") == 1
    assert 'role="status"' in (await visitor.get(first.headers["location"])).text


@pytest.mark.usefixtures("gateway")
async def test_whoever_does_not_hold_the_link_sends_nothing(visitor: Browser) -> None:
    order = await an_order()
    token = await visitor.token("/orders")
    answer = await visitor.post(
        f"/orders/{order.code}/resend?key=guessed", data={"_csrf_token": token}
    )
    assert answer.status_code == 404
    assert await db.fetchval("SELECT count(*) FROM visitor_message") == 0
