"""The ticket window: a family pays cash and gets its change; the drawer balances in the evening."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from e2e.browsing import TABLET
from e2e.inspection import barriers, misfits
from e2e.pages.staff import Window, press, yuan
from e2e.words import said

FLOAT = Decimal(200)
GIVEN = Decimal(500)


@pytest.mark.charter("BK-10")
@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no-scripts"])
def test_a_family_pays_cash_and_gets_its_change(
    staff: Callable[..., Page], javascript: bool
) -> None:
    """Nobody of the four has a telephone, and nobody asks for their names."""
    page = staff("window1", TABLET, lang="en", javascript=javascript)
    window = Window(page).open_drawer(str(FLOAT))
    if javascript:
        assert barriers(page) + misfits(page) == []
    window.times.nth(-12).click()
    if javascript:  # a finger on the steppers, and a note that is handed over
        for ticket in ("One Adult more", "One Adult more", "One Youth more"):
            window.one_more(ticket)
        page.get_by_role("button", name="500", exact=True).click()
        assert barriers(page) + misfits(page) == []
    else:
        window.tickets("adult").fill("2")
        window.tickets("youth").fill("1")
        window.given.fill(str(GIVEN))
        press(page, "Work out the total and the change")
    total = yuan(window.total)
    assert total > 0
    expect(window.change).to_have_text(f"¥{GIVEN - total}")
    press(page, "Sell")
    expect(window.change_due).to_have_text(f"¥{GIVEN - total}")
    expect(window.slips).to_have_count(3)
    if javascript:
        assert barriers(page) == []
    window.close_drawer(FLOAT + total)
    expect(page.get_by_text(said("The drawer is closed."))).to_be_visible()


@pytest.mark.charter("BK-10")
def test_money_goes_back_from_the_drawer_once(staff: Callable[..., Page]) -> None:
    page = staff("window1", TABLET, lang="en")
    window = Window(page).open_drawer(str(FLOAT))
    window.times.nth(-11).click()
    window.one_more("One Adult more")
    press(page, "Sell")
    code = page.locator(".receipt .code").first.inner_text()
    page.goto(f"/window/back?code={code}")
    assert barriers(page) + misfits(page) == []
    page.get_by_role("checkbox").check()
    press(page, "Give back")
    expect(page.get_by_role("status").first).to_be_visible()
    page.goto(f"/window/back?code={code}")
    expect(page.get_by_role("button", name=said("Give back"))).to_be_hidden()
    window.close_drawer(FLOAT)
    expect(page.get_by_text(said("The drawer is closed."))).to_be_visible()
