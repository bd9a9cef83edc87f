"""Whoever reads a public page: any eyes, any window, a slow line. Each page in its states."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from e2e.browsing import DESKTOP, PHONE, TABLET, Device, Watch, day
from e2e.inspection import barriers, misfits
from e2e.pages.booking import MOUNTAIN, DayPage
from e2e.visitors import Visitors
from e2e.words import said

NARROW = Device(320, 640, touch=True)
PAGES = [
    "/",
    "/book",
    f"/book?date={day(-1)}",
    f"/book?date={day(60)}",
    "/book/3",
    "/waitlist/3",
    "/orders",
    "/help",
    "/rules",
    "/privacy",
    "/appeal",
    "/login",
]
COLD, WARM = 60_000, 15_000  # octets, compressed, headers included
MOST_REQUESTS = 6


@pytest.mark.parametrize(
    ("device", "lang", "theme", "text"),
    [
        (PHONE, "zh", "light", "normal"),
        (NARROW, "en", "dark", "large"),
        (TABLET, "en", "light", "normal"),
        (DESKTOP, "zh", "dark", "large"),
    ],
    ids=["phone", "narrow-dark-large", "tablet", "desktop-dark-large"],
)
def test_no_page_has_a_barrier(
    visit: Callable[..., Page], device: Device, lang: str, theme: str, text: str
) -> None:
    page = visit(device, lang=lang)
    page.goto("/")
    cookie = {"name": "prefs", "value": f"{text}-{theme}", "url": page.url}
    page.context.add_cookies([cookie])  # type: ignore[list-item]
    found = {}
    for path in PAGES:
        page.goto(path)
        found[path] = misfits(page)
        if device in (
            PHONE,
            DESKTOP,
        ):  # between them: both languages, both themes, both sizes of text
            found[path] += barriers(page)
    assert {path: problems for path, problems in found.items() if problems} == {}


@pytest.mark.parametrize("path", ["/", "/book", "/book/3", "/orders", "/rules"])
def test_a_page_weighs_little_and_asks_for_little(visit: Callable[..., Page], path: str) -> None:
    page = visit()
    loads: list[tuple[int, list[str]]] = []
    browser = page.context.new_cdp_session(page)
    browser.send("Network.enable")
    asked: list[str] = []
    weights: list[float] = []
    browser.on("Network.requestWillBeSent", lambda event: asked.append(event["request"]["url"]))
    browser.on("Network.loadingFinished", lambda event: weights.append(event["encodedDataLength"]))
    for _view in range(2):
        asked.clear()
        weights.clear()
        page.goto(path, wait_until="networkidle")
        loads.append((round(sum(weights)), list(asked)))
    (cold, requests), (warm, _asked) = loads
    assert len(requests) <= MOST_REQUESTS, requests
    assert cold <= COLD
    assert warm <= WARM


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no-scripts"])
def test_language_text_and_colours_are_chosen_on_any_page_and_stay(
    visit: Callable[..., Page], javascript: bool
) -> None:
    page = visit(javascript=javascript)
    page.goto(f"/book?date={day(2)}")
    page.get_by_role("link", name="English").click()
    expect(page.locator("#day-title")).to_contain_text(str(day(2))[:4])
    assert f"date={day(2)}" in page.url
    expect(page.get_by_role("heading", level=1)).to_have_text(said("Choose a day and a time"))
    html, view = page.locator("html"), page.locator(".view summary")
    view.click()
    if javascript:
        assert barriers(page) + misfits(page) == []
    page.get_by_role("button", name=said("Large")).click()
    expect(html).to_have_css("font-size", "21px")
    assert f"date={day(2)}" in page.url
    view.click()
    page.get_by_role("button", name=said("Dark")).click()
    expect(page.locator("body")).to_have_css("background-color", "rgb(21, 25, 26)")
    page.goto("/help")
    expect(html).to_have_css("font-size", "21px")
    expect(page.get_by_role("heading", level=1)).to_have_text(said("Help"))


@pytest.mark.charter("BK-2")
def test_places_are_renewed_in_place_and_disturb_nobody(
    visit: Callable[..., Page], visitors: Visitors
) -> None:
    """Another visitor books; the number changes, and focus, page and strip stay where they are."""
    page = visit(lang="en")
    page.clock.install()
    shown = DayPage(page).open().choose(4)
    days = page.locator(".days")
    days.evaluate("strip => { strip.scrollLeft = 200; }")
    slot = shown.slots(MOUNTAIN).nth(1)
    slot.focus()
    page.evaluate("window.scrollTo(0, 300)")
    before = slot.inner_text()
    kept = (
        "() => [document.activeElement.href, scrollY, document.querySelector('.days').scrollLeft]"
    )
    stood = page.evaluate(kept)
    visitors.book(int(str(slot.get_attribute("href")).rpartition("/")[2]), 5)
    page.wait_for_timeout(1100)  # what is shown may be a second old
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.fast_forward(10_000)
    expect(slot).not_to_have_text(before)
    assert page.evaluate(kept) == stood
    expect(slot).to_be_focused()
    assert len(asked) == 1
    page.evaluate("Object.defineProperty(document, 'hidden', { get: () => true })")
    page.clock.fast_forward(60_000)
    page.wait_for_timeout(200)
    assert len(asked) == 1  # nobody looks at a hidden tab


def test_places_that_cannot_be_renewed_say_so(visit: Callable[..., Page], watch: Watch) -> None:
    watch.allow("ERR_INTERNET_DISCONNECTED")
    watch.allow("Failed to fetch")
    page = visit(lang="en")
    page.clock.install()
    DayPage(page).open()
    words = page.get_by_text(said("No connection: places may have changed since."))
    expect(words).to_be_hidden()
    page.context.set_offline(True)
    page.clock.fast_forward(10_000)
    expect(words).to_be_visible()
    page.context.set_offline(False)
    page.clock.fast_forward(10_000)
    expect(words).to_be_hidden()


def test_a_day_is_reached_again_by_its_address_and_by_going_back(
    visit: Callable[..., Page],
) -> None:
    page = visit(lang="en")
    DayPage(page).open().choose(3)
    title = page.locator("#day-title").inner_text()
    assert "date=" in page.url
    DayPage(page).slots(MOUNTAIN).first.click()
    expect(page.get_by_role("link", name=said("Another time"))).to_be_visible()
    page.go_back()
    expect(page.locator("#day-title")).to_have_text(title)
    page.reload()
    expect(page.locator("#day-title")).to_have_text(title)


def test_an_error_is_told_above_the_form_that_was_refused(
    visit: Callable[..., Page], watch: Watch
) -> None:
    """A page that is too old is refused; what was typed stays."""
    page = visit(lang="en")
    page.goto("/orders")
    page.get_by_label(said("Order code")).fill("0AB-CDEF-GHJK")
    page.locator("input[name=_csrf_token]").first.evaluate("field => { field.value = 'old'; }")
    page.get_by_role("button", name=said("Find")).click()
    expect(page.get_by_role("alert")).to_contain_text(said("This page has expired", part=True))
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_label(said("Order code"))).to_have_value("0AB-CDEF-GHJK")
    assert barriers(page) + misfits(page) == []


def test_search_engines_are_told_what_is_theirs(visit: Callable[..., Page]) -> None:
    page = visit()
    robots = page.request.get("/robots.txt")
    assert robots.ok
    assert "Disallow: /desk" in robots.text()
    page.goto(f"/book?date={day(1)}")
    here = page.url.partition("?")[0]
    expect(page.locator("link[rel=canonical]")).to_have_attribute("href", here)
    assert page.locator("meta[name=description]").get_attribute("content")
    assert page.locator("meta[name=robots]").count() == 0
    page.goto("/login")
    expect(page.locator("meta[name=robots]")).to_have_attribute("content", "noindex, nofollow")
