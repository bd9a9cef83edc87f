"""Fixtures of all journeys: one portal for the session, browsers as people have them, staff signed in.

    def test_x(visit):                    # a visitor's page: visit(PHONE, lang="en", javascript=False)
    def test_y(staff):                    # a page at /desk: staff("director"), staff("ops1", TABLET, lang="en")
    def test_z(visit, watch):             # watch.allow("404"): a problem that belongs to the test
    def test_o(an_order):                 # the page of a booked order: an_order(ahead=3, party=2, lang="en")

Every page is watched: a script error, a failed request, a 404, a 500 or a foreign host fails the test. All share one
database, so each test takes people of its own (``e2e/people.py``) and relies on no number that others change.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from e2e import server
from e2e.browsing import DESKTOP, PHONE, Device, Watch, day
from e2e.pages.booking import OrderPage
from e2e.pages.signing_in import SignIn
from e2e.server import Portal
from e2e.visitors import Visitors

SYSTEM_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 10_000  # ms; a page of the portal answers in a hundredth of it


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with server.serving(tmp_path_factory.mktemp("portal")) as serving:
        yield serving


@pytest.fixture(scope="session")
def browser_type_launch_args(playwright: Any) -> dict[str, Any]:
    """Playwright's own Chromium where it is installed, else the system's."""
    arguments = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    if Path(playwright.chromium.executable_path).exists():
        return {"args": arguments}
    found = next((path for name in SYSTEM_BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.exit("no Chromium: run `playwright install chromium`", returncode=2)
    return {"args": arguments, "executable_path": found}


@pytest.fixture
def watch(portal: Portal) -> Iterator[Watch]:
    watch = Watch(portal.url)
    yield watch
    assert watch.problems == []


@pytest.fixture
def visit(browser: Browser, portal: Portal, watch: Watch) -> Iterator[Callable[..., Page]]:
    """Opens a browser of a visitor: device, language, scripts on or off, and whatever else a context takes."""
    contexts = []

    def open_page(
        device: Device = PHONE, *, lang: str = "zh", javascript: bool = True, **options: Any
    ) -> Page:
        context = browser.new_context(
            base_url=portal.url,
            viewport={"width": device.width, "height": device.height},
            has_touch=device.touch,
            is_mobile=device.touch,
            device_scale_factor=device.scale,
            locale={"zh": "zh-CN", "en": "en-GB"}[lang],
            timezone_id="Asia/Shanghai",
            java_script_enabled=javascript,
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(PATIENCE)
        watch.follow(context)
        contexts.append(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def visitors(portal: Portal) -> Iterator[Visitors]:
    others = Visitors(portal)
    yield others
    others.http.close()


@pytest.fixture
def an_order(visitors: Visitors, visit: Callable[..., Page]) -> Callable[..., OrderPage]:
    """The page of an order that was booked elsewhere: so many days ahead, for so many adults."""

    def open_order(
        ahead: int = 2,
        *,
        product: str = "mountain",
        party: int = 1,
        phone: str = "",
        **options: Any,
    ) -> OrderPage:
        slots = visitors.slots(day(ahead), product)
        page = visit(**options)
        page.goto(visitors.book(slots[0], party, phone))
        return OrderPage(page)

    return open_order


@pytest.fixture(scope="session")
def _signed_in() -> dict[str, Any]:
    """What the browser of each signed-in account holds, so that a session signs in once."""
    return {}


@pytest.fixture
def staff(visit: Callable[..., Page], _signed_in: dict[str, Any]) -> Callable[..., Page]:
    """A page of somebody who is signed in, at ``/desk``."""

    def open_desk(
        username: str, device: Device = DESKTOP, *, lang: str = "zh", **options: Any
    ) -> Page:
        page = visit(device, lang=lang, storage_state=_signed_in.get(username), **options)
        page.goto(f"/desk?lang={lang}")
        if "/login" in page.url:
            SignIn(page).sign_in(username, f"demo-{username}")
            _signed_in[username] = page.context.storage_state()
        return page

    return open_desk
