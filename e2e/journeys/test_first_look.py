"""The portal answers a visitor and lets staff in: the fixtures themselves."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from e2e.browsing import TABLET


def test_home_opens_on_a_phone_without_scripts(visit: Callable[..., Page]) -> None:
    page = visit(javascript=False)
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("云岫山景区")


def test_staff_sign_in_on_a_tablet(staff: Callable[..., Page]) -> None:
    page = staff("ops1", TABLET, lang="en")
    expect(page).to_have_url(re.compile("/desk"))
