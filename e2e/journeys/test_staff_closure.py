"""A manager closes a time and follows how its holders decide."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from e2e.browsing import DESKTOP, day
from e2e.inspection import barriers
from e2e.pages.booking import OrderPage
from e2e.pages.staff import press
from e2e.visitors import Visitors
from e2e.words import said

AHEAD = 10


def figure(page: Page, label: str) -> int:
    tile = page.get_by_role("link", name=said(label, part=True)).locator(".figure")
    return int(tile.inner_text())


@pytest.mark.charter("BK-11")
def test_a_manager_closes_a_time_and_follows_its_holders(
    staff: Callable[..., Page], visit: Callable[..., Page], visitors: Visitors
) -> None:
    slot = visitors.slots(day(AHEAD), "mountain")[1]
    moves, leaves = visitors.book(slot, 2), visitors.book(slot)
    page = staff("manager.systems", DESKTOP, lang="en")
    page.goto(f"/closures/new?date={day(AHEAD)}")
    press(page, "See who is affected")
    expect(page.get_by_role("alert")).to_be_visible()  # no time was chosen
    page.locator(f"input[name=slot-{slot}]").check()
    press(page, "See who is affected")
    expect(
        page.get_by_text(said("Is this right? Sale stops at once and every holder is told."))
    ).to_be_visible()
    assert barriers(page) == []
    press(page, "Close and tell the holders")
    told = said("%(done)s of %(all)s told", done=2, all=2, part=True)
    expect(page.locator("#progress")).to_contain_text(told)
    one = visit()
    one.goto(moves)
    one.get_by_role("link", name=said("Choose another time")).click()
    one.get_by_role("radio").first.check()
    press(one, "Move the order")
    expect(OrderPage(one).tickets.locator(".qr")).to_have_count(2)
    other = visit()
    other.goto(leaves)
    other.get_by_role("link", name=said("Cancel and refund")).click()
    press(other, "Cancel now")
    expect(other.get_by_text(said("Cancelled")).first).to_be_visible()
    page.reload()
    assert [figure(page, "Moved"), figure(page, "Refunded")] == [1, 1]
    assert barriers(page) == []
