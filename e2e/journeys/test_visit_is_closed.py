"""A storm closes a time: its visitors read why, choose another, or have their money back."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from e2e.browsing import day
from e2e.inspection import barriers, misfits
from e2e.pages.booking import OrderPage
from e2e.visitors import Visitors
from e2e.words import said

AHEAD = 9


@pytest.mark.charter("BK-11")
def test_visitors_of_a_closed_time_choose_another_or_their_money(
    visit: Callable[..., Page], staff: Callable[..., Page], visitors: Visitors
) -> None:
    slot = visitors.slots(day(AHEAD), "mountain")[2]
    orders = [visitors.book(slot, 2), visitors.book(slot)]
    desk = staff("director", lang="en")
    desk.goto(f"/closures/new?date={day(AHEAD)}")
    desk.locator(f"input[name=slot-{slot}]").check()
    desk.get_by_label(said("Reason (Chinese)", part=True)).fill("雷电预警，暂停入园。")
    desk.get_by_label(said("Reason (English)", part=True)).fill("Thunderstorm: closed.")
    desk.get_by_role("button", name=said("See who is affected")).last.click()
    desk.get_by_role("button", name=said("Close and tell the holders")).click()
    pages = [visit(), visit(lang="en")]
    for page, order in zip(pages, orders, strict=True):
        page.goto(order)
        expect(OrderPage(page).heading).to_have_text(said("Your visit cannot take place"))
        expect(OrderPage(page).qr()).to_have_count(0)
        assert barriers(page) + misfits(page) == []
    moved, cancelled = pages
    expect(moved.get_by_text("雷电预警，暂停入园。")).to_be_visible()
    moved.get_by_role("link", name=said("Choose another time")).click()
    moved.get_by_role("radio").first.check()
    moved.get_by_role("button", name=said("Move the order")).click()
    expect(OrderPage(moved).heading).to_have_text(said("Your places are booked"))
    expect(OrderPage(moved).tickets).to_have_count(2)
    expect(cancelled.get_by_text("Thunderstorm: closed.")).to_be_visible()
    cancelled.get_by_role("link", name=said("Cancel and refund")).click()
    cancelled.get_by_role("button", name=said("Cancel now")).click()
    expect(cancelled.get_by_text(said("Cancelled")).first).to_be_visible()
    visitor = visit(lang="en")
    visitor.goto(f"/book/{slot}")
    expect(visitor.get_by_text(said("This time is closed to visitors."))).to_be_visible()
    assert barriers(visitor) + misfits(visitor) == []
