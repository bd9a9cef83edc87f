"""Every page of staff can be read and touched by anybody: phone, tablet, desk, in the dark and in large text."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from e2e.browsing import DESKTOP, PHONE, TABLET, Device
from e2e.inspection import barriers, misfits

PAGES = {
    "manager.systems": (
        "/desk", "/desk/help", "/account", "/catalogue", "/catalogue/products", "/catalogue/products/1",
        "/catalogue/categories/1", "/catalogue/prices", "/catalogue/prices/1", "/catalogue/prices/new",
        "/catalogue/slot-patterns", "/catalogue/slot-patterns/1", "/catalogue/slot-exceptions/new",
        "/catalogue/seasons", "/catalogue/calendar", "/catalogue/capacity", "/catalogue/attractions/1",
        "/catalogue/gates", "/bookings", "/closures", "/closures/new", "/calls", "/blocks", "/goals",
        "/window/drawers", "/refunds",
    ),
    "window1": ("/window", "/window/back", "/bookings"),
    "sysadmin": ("/settings", "/accounts", "/accounts/new", "/accounts/ops1"),
    "secadmin": (
        "/policy", "/policy/versions", "/policy/versions/1",
        "/policy/simulate?who=proc1&what=refund:decide", "/policy/who?what=contract:open",
        "/policy/who?of=1&who=ops1", "/policy/menu?who=ops1", "/policy/requests", "/policy/import",
        "/policy/foreign",
        "/policy/roles", "/policy/roles/new?person=ops1", "/policy/roles/of/ops1",
        "/policy/roles/end?line=g, ops1, role:specialist, operations",
        "/policy/grid?area=approvals&role=role:manager", "/policy/inclusions",
        "/policy/rules?role=role:director&on=approval:decide",
        "/policy/rules/rule?line=p, role:specialist, *, project, read, any, , allow",
    ),
    "auditadmin": ("/audit", "/audit/anchors", "/audit/verifications"),
    "hr": (
        "/people", "/people?view=list", "/people/posts", "/people/posts/7", "/people/7",
        "/people/changes/new?kind=transfer&person=ops2",
    ),
}  # fmt: skip


@pytest.mark.charter("BK-2", "BK-10", "BK-11", "BK-12")
@pytest.mark.parametrize("username", PAGES)
@pytest.mark.parametrize(
    ("device", "lang", "looks"),
    [(PHONE, "zh", ""), (TABLET, "en", ""), (DESKTOP, "zh", ""), (PHONE, "en", "large-dark")],
    ids=["phone", "tablet", "desk", "large-dark"],
)
def test_staff_pages_have_no_barriers(
    staff: Callable[..., Page], username: str, device: Device, lang: str, looks: str
) -> None:
    page = staff(username, device, lang=lang)
    if looks:
        page.context.add_cookies([{"name": "prefs", "value": looks, "url": page.url}])
    found = {}
    for path in PAGES[username]:
        page.goto(path)
        wrong = barriers(page) + (misfits(page) if device.touch else [])
        if wrong:
            found[path] = wrong
    assert found == {}


@pytest.mark.charter("BK-12")
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_table_wider_than_a_tablet_is_scrolled_by_the_keyboard(
    visit: Callable[..., Page], lang: str
) -> None:
    """On the pattern page, where a table is too wide whatever the data; with the control."""
    page = visit(TABLET, lang=lang)
    page.goto("/patterns")
    wide = page.get_by_role("group", name="16")
    wide.focus()
    page.keyboard.press("ArrowRight")
    expect(wide).not_to_have_js_property("scrollLeft", 0)
    assert not unreachable(page)
    wide.evaluate("box => box.removeAttribute('tabindex')")
    assert unreachable(page), "the control: axe sees a scroller that no key reaches"


def unreachable(page: Page) -> list[str]:
    return [line for line in barriers(page) if line.startswith("scrollable-region-focusable")]
