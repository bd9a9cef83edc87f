"""Somebody is refused, asks for the duty, and may: by a draft that one administrator prepared and the CEO released."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from e2e.browsing import PHONE, TABLET, Watch
from e2e.inspection import barriers, misfits
from e2e.pages.staff import press
from e2e.words import said

REASON = "the window is short of people on Saturday"


@pytest.mark.charter("PO-3", "PO-4", "PO-6")
@pytest.mark.parametrize(
    ("person", "javascript"), [("tech6", True), ("tech7", False)], ids=["scripts", "no-scripts"]
)
def test_a_refused_specialist_asks_and_may_once_it_is_released(
    staff: Callable[..., Page], watch: Watch, person: str, *, javascript: bool
) -> None:
    watch.allow("403")
    asker = staff(person, PHONE, lang="en", javascript=javascript)
    assert _refused(asker)
    asker.get_by_role("link", name=said("Ask for this duty")).click()
    asker.get_by_label(said("What do you need it for?")).fill(REASON)
    if javascript:  # without them axe would wait for ever
        assert barriers(asker) + misfits(asker) == []
    press(asker, "Send the request")
    expect(asker.get_by_text(re.compile("^Sent"))).to_be_visible()

    secadmin = staff("secadmin", TABLET, javascript=javascript)
    secadmin.get_by_role("link", name=said("requests for access to decide", part=True)).click()
    secadmin.get_by_role("row").filter(has_text=person).get_by_role("link").click()
    expect(secadmin.get_by_text(REASON)).to_be_visible()
    if javascript:
        assert barriers(secadmin) + misfits(secadmin) == []
    first = secadmin.locator(".proposals > li").first
    expect(first).to_contain_text(f"p, {person}, *, order, list")
    secadmin.get_by_role("link", name=said("Try this case")).click()
    expect(secadmin.locator(".verdict.no")).to_be_visible()
    secadmin.go_back()
    first.get_by_role("button", name=said("Open a draft with this")).click()
    secadmin.wait_for_url(re.compile(r"/policy/drafts/\d+"))
    draft = re.search(r"/policy/drafts/(\d+)", secadmin.url)[1]  # type: ignore[index]
    tried = f"/policy/simulate?who={person}&what=order:list&policy=d{draft}"
    secadmin.goto(tried)
    expect(secadmin.locator(".verdict.yes .changes")).to_be_visible()
    secadmin.goto(f"/policy/drafts/{draft}/review")
    press(secadmin, "Submit for release")
    assert _refused(asker), "nothing is in force before the release"

    ceo = staff("ceo", javascript=javascript)
    ceo.goto(f"/policy/drafts/{draft}/review")
    ceo.locator("input[type=password]").fill("demo-ceo")
    ceo.get_by_role("button", name=said("Release as version %(number)s")).click()
    expect(ceo).to_have_url(re.compile("/policy/(versions|drafts)"))

    asker.goto("/desk")
    asker.get_by_role("link", name=said("answers to your requests for access", part=True)).click()
    expect(asker.get_by_text(said("in force"))).to_be_visible()
    assert not _refused(asker)


def _refused(page: Page) -> bool:
    answer = page.goto("/bookings")
    assert answer is not None
    return answer.status == 403
