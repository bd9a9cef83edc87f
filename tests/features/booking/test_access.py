"""Who gets at an order by its address: the holder of the link, and staff as far as the policy says."""

from datetime import time

import pytest

from portal.core import db
from tests.browser import Browser, SignIn
from tests.factories.booking import a_payment, an_order, the_order
from tests.factories.catalogue import a_slot

SEE = "/orders/{code}"
CANCEL = "/orders/{code}/cancel"
DATA = "/orders/{code}/data"


@pytest.mark.charter("BK-3", "PO-1")
async def test_without_its_link_an_order_is_not_found(visitor: Browser) -> None:
    order = await an_order()
    for address in (SEE, CANCEL, DATA):
        path = address.format(code=order.code)
        assert (await visitor.get(path)).status_code == 404
        assert (await visitor.get(f"{path}?key={'0' * len(order.key)}")).status_code == 404
        assert (await visitor.get(f"{path}?key={order.key}")).status_code == 200


@pytest.mark.charter("PO-1")
@pytest.mark.parametrize(
    ("username", "see", "cancel", "data"),
    [
        ("manager.systems", 200, 200, 403),
        ("ops1", 200, 403, 403),
        ("window1", 200, 403, 403),  # this order was not sold at the window
        ("gate1", 404, 404, 404),
        ("manager.procurement", 404, 404, 404),
        ("sysadmin", 404, 404, 404),
    ],
)
async def test_staff_get_as_far_as_their_duties(
    signed_in_as: SignIn, username: str, see: int, cancel: int, data: int
) -> None:
    code = (await an_order()).code
    browser = await signed_in_as(username)
    answers = [
        (await browser.get(address.format(code=code))).status_code
        for address in (SEE, CANCEL, DATA)
    ]
    assert answers == [see, cancel, data]


@pytest.mark.charter("PO-1", "AU-1")
async def test_a_specialist_cannot_cancel_a_visitors_order(signed_in_as: SignIn) -> None:
    order = await an_order()
    browser = await signed_in_as("ops1")
    answer = await browser.post(
        CANCEL.format(code=order.code), data={"_csrf_token": await browser.token("/desk")}
    )
    assert answer.status_code == 403
    assert (await the_order(order.code)).state == order.state
    trail = await db.fetch(
        "SELECT subject, act, object_id FROM audit_entry WHERE outcome = 'refused'"
    )
    assert [tuple(row) for row in trail] == [("ops1", "booking:cancel", order.code)]


@pytest.mark.charter("BK-10")
async def test_the_window_cancels_what_it_sold(signed_in_as: SignIn) -> None:
    code = (await an_order()).code
    await db.execute("UPDATE booking_order SET channel = 'window' WHERE code = $1", code)
    answer = await (await signed_in_as("window1")).get(CANCEL.format(code=code))
    assert answer.status_code == 200


async def test_staff_with_the_link_are_like_everybody(signed_in_as: SignIn) -> None:
    order = await an_order()
    answer = await (await signed_in_as("gate1")).get(order.url)
    assert answer.status_code == 200


@pytest.mark.charter("PO-1")
@pytest.mark.parametrize("username", ["ops1", "window1", "manager.systems"])
async def test_no_page_hands_staff_the_link_that_makes_them_the_owner(
    signed_in_as: SignIn, username: str
) -> None:
    """Whoever comes without the key must leave without it, or reading would be cancelling and erasing too."""
    order = await an_order(online=True)
    held = await (await signed_in_as(username)).get(SEE.format(code=order.code))
    await a_payment(order)
    browser = await signed_in_as(username)
    pages = [held] + [
        await browser.get(f"/orders/{order.code}{part}")
        for part in ("", "/print", "/visit.ics", "/cancel", "/change")
    ]
    assert [page.status_code for page in pages[:4]] == [200] * 4
    for page in pages:
        assert order.key not in page.text
    assert f"/orders/{order.code}/pay" not in held.text
    assert f"/orders/{order.code}/data" not in pages[1].text
    may_cancel = f"/orders/{order.code}/cancel" in pages[1].text
    assert may_cancel == (pages[4].status_code == 200)
    may_change = f"/orders/{order.code}/change" in pages[1].text
    assert may_change == (pages[5].status_code == 200)


@pytest.mark.charter("PO-1")
async def test_what_staff_do_leads_back_without_the_link(signed_in_as: SignIn) -> None:
    order = await an_order()
    browser = await signed_in_as("manager.systems")
    other = await a_slot(order.product.id, starts=time(15))
    moved = await browser.post_form(f"/orders/{order.code}/change", {"slot": str(other.id)})
    assert moved.status_code == 303
    code = (await the_order(order.code)).changed_to
    assert moved.headers["location"] == f"/orders/{code}?done=changed"
    done = await browser.post_form(f"/orders/{code}/cancel")
    assert done.headers["location"] == f"/orders/{code}?done=cancelled"
    again = await browser.get(f"/orders/{code}/cancel")
    assert again.headers["location"] == f"/orders/{code}"


async def test_the_holder_of_the_link_keeps_it_from_page_to_page(visitor: Browser) -> None:
    order = await an_order()
    page = await visitor.get(order.url)
    for part in ("cancel", "change", "print", "ticket.pdf", "visit.ics", "data"):
        assert f"/orders/{order.code}/{part}?key={order.key}" in page.text
