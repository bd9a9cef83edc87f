"""A name is shown to whoever says why, and whoever watches reads who it was."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from e2e.inspection import barriers
from e2e.pages.booking import OrderPage
from e2e.pages.staff import StaffOrder, Trail
from e2e.words import said

REASON = "A wallet was found at the gate."


@pytest.mark.charter("RK-6", "AU-1")
def test_a_revealed_name_stands_on_the_trail(
    an_order: Callable[..., OrderPage], staff: Callable[..., Page]
) -> None:
    code = an_order(ahead=5).shown_code
    page = staff("director", lang="en")
    order = StaffOrder(page).find(code)
    expect(order.tickets).not_to_contain_text("张三")
    order.reveal("")
    expect(order.tickets).not_to_contain_text("张三")
    order.reveal(REASON)
    expect(order.tickets).to_contain_text("张三")
    assert barriers(page) == []
    expect(order.find(code).tickets).not_to_contain_text("张三")

    auditor = staff("auditadmin", lang="en")
    entry = Trail(auditor).look_at("Names revealed").entry_on(code.replace("-", ""))
    expect(entry).to_have_count(1)
    expect(entry).to_contain_text("director")
    expect(entry).to_contain_text(REASON)
    assert barriers(auditor) == []
    auditor.get_by_role("button", name=said("Verify the chains")).click()
    expect(auditor.get_by_text(said("The trail holds: %(seen)s entries verified."))).to_be_visible()
