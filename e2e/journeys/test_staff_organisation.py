"""Somebody goes to another group: proposed, submitted, released by three people, and the rights follow the lines."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from e2e.browsing import TABLET
from e2e.inspection import barriers, misfits
from e2e.pages.staff import press
from e2e.words import said

MOVER = "周采薇"  # proc1, a specialist of procurement


@pytest.mark.charter("PE-1", "PE-4", "PO-4")
def test_a_specialist_is_moved_to_another_group(staff: Callable[..., Page]) -> None:
    mover = staff("proc1", lang="en", javascript=False)
    mover.goto("/bookings")
    expect(mover.locator("main")).not_to_contain_text(said("Bookings", part=True))

    hr = staff("hr", TABLET, lang="en")
    hr.goto("/people")
    hr.get_by_role("searchbox").fill(MOVER)
    press(hr, "Show")
    hr.get_by_role("status").get_by_role("link", name=MOVER).click()
    expect(hr.get_by_role("heading", level=1)).to_have_text(MOVER)
    hr.get_by_role("link", name=said("Move")).click()
    hr.locator("#post").select_option(label="Operations group · Operations specialist (5/5)")
    hr.locator("#superior").select_option("manager.systems")
    hr.locator("#dual_1").select_option("director")
    hr.get_by_label(said("Reason", part=True)).fill("short of hands")
    press(hr, "Show what it does")
    told = hr.get_by_role("region", name=MOVER)
    expect(told).to_contain_text("list and search orders")
    expect(hr.get_by_role("region", name="沈亦舟")).to_contain_text(MOVER)
    assert barriers(hr) + misfits(hr) == []
    press(hr, "Propose")
    expect(hr.get_by_role("status").first).to_contain_text(
        said("Proposed. It waits for the security administrator and a second person.")
    )
    assert barriers(hr) + misfits(hr) == []
    change = hr.url.partition("?")[0]
    draft = hr.get_by_role("definition").filter(has_text=re.compile(r"^\d+$")).inner_text()

    secadmin = staff("secadmin", lang="en", javascript=False)
    secadmin.goto(f"/policy/drafts/{draft}/review")
    press(secadmin, "Submit for release")
    ceo = staff("ceo", lang="en", javascript=False)
    ceo.goto(f"/policy/drafts/{draft}/review")
    ceo.locator("#password").fill("demo-ceo")
    ceo.get_by_role("button", name=said("Release as version %(number)s")).click()

    hr.goto(change)
    expect(hr.locator("main .head")).to_contain_text(said("in force", part=True))
    hr.goto("/people?view=list")
    led = hr.get_by_role("listitem").filter(has_text=re.compile("^\\s*沈亦舟"))
    expect(led.get_by_role("link", name=MOVER)).to_be_visible()
    hr.goto("/people/posts")
    expect(hr.get_by_role("region", name="Procurement specialist")).to_contain_text(
        said("%(held)s of %(plan)s held", part=True, held=2, plan=3)
    )
    mover.goto("/bookings")
    expect(mover.get_by_role("heading", level=1)).to_have_text(said("Bookings"))
