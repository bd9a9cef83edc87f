"""A role on its way: looked at and handed over by the security administrator, released by the CEO, then ended."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from e2e.browsing import TABLET, day
from e2e.inspection import barriers, misfits
from e2e.pages.staff import press
from e2e.words import said

PERSON = "techdept"  # whom no other test needs


@pytest.mark.charter("PO-4", "AP-3")
def test_a_role_is_granted_by_one_and_released_by_another(staff: Callable[..., Page]) -> None:
    page = staff("secadmin", TABLET)
    page.goto(f"/policy/roles/new?person={PERSON}")
    page.get_by_label(said("Role")).select_option("role:gate")
    page.get_by_label(said("Group")).select_option("*")
    page.get_by_label(said("Last day", part=True)).fill(day(-1))
    press(page, "Look what it gives")
    expect(page.locator("#error-last")).to_be_visible()
    page.get_by_label(said("Last day", part=True)).fill(day(3))
    press(page, "Look what it gives")
    expect(page.locator(".diff .more").first).to_be_visible()
    assert barriers(page) + misfits(page) == []
    press(page, "Hand over for release")
    expect(page).to_have_url(re.compile(rf"/policy/roles/of/{PERSON}"))
    draft = page.locator(".tasks a").get_attribute("href")
    assert draft

    ceo = staff("ceo")
    expect(ceo.locator(".tasks")).to_contain_text(
        said("drafts of the policy to review and release", part=True)
    )
    ceo.goto(draft)
    ceo.get_by_label(said("Your password")).fill("demo-ceo")
    ceo.get_by_role("button", name=said("Release as version %(number)s")).click()
    expect(ceo.locator(".notice[role=status]")).to_be_visible()

    page.goto(f"/policy/roles/of/{PERSON}")
    gate = page.get_by_role("row").filter(has_text=re.compile("检票员|gate staff"))
    expect(gate).to_be_visible()
    gate.get_by_role("link").click()
    press(page, "Look what it takes")
    expect(page.locator(".diff .less").first).to_be_visible()
