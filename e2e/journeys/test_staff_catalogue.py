"""A day's capacity is lowered below what is sold: sold tickets stay, nothing more is sold."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from e2e.browsing import TABLET, day
from e2e.inspection import barriers, misfits
from e2e.pages.booking import OrderPage
from e2e.pages.staff import press
from e2e.visitors import Visitors
from e2e.words import said

SOLD = 5  # of a time with 300 places, of which one percent is left


@pytest.mark.charter("BK-1", "BK-2")
@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no-scripts"])
def test_sold_tickets_stay_when_a_day_is_made_smaller(
    staff: Callable[..., Page], visit: Callable[..., Page], visitors: Visitors, javascript: bool
) -> None:
    ahead = 11 + javascript
    slot = visitors.slots(day(ahead), "mountain")[-1]
    order = visitors.book(slot, SOLD)
    page = staff("ops1", TABLET, lang="en", javascript=javascript)
    page.goto("/catalogue")
    if javascript:
        assert barriers(page) + misfits(page) == []
    row = page.get_by_role("row").filter(has=page.locator(f"a[href*='{day(ahead)}']"))
    row.get_by_role("link", name=said("Change this day")).click()
    page.get_by_label(said("Share of the capacity in percent")).fill("1")
    press(page, "Save")
    expect(page.get_by_role("alert")).to_contain_text(
        said("This is what the change does:", part=True)
    )
    if javascript:
        assert barriers(page) + misfits(page) == []
    press(page, "Do it")
    expect(page.get_by_text(said("Saved; in force everywhere."))).to_be_visible()
    visitor = visit()
    visitor.goto(order)
    expect(OrderPage(visitor).tickets.locator(".qr")).to_have_count(SOLD)
    assert visitors.left(slot, day(ahead)) == 0
