"""Who gets at an order by its address: the holder of the link, and staff as far as the policy says."""

import pytest

from portal.core import db
from tests.browser import Browser, SignIn
from tests.factories.booking import an_order, the_order

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
