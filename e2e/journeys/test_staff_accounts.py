"""Accounts by the system administrator, and passkeys: made and handed over, changed at once, opened by a device."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page, expect

from e2e.browsing import DESKTOP, TABLET, Watch
from e2e.inspection import barriers, misfits
from e2e.pages.signing_in import SignIn
from e2e.pages.staff import press
from e2e.server import Portal
from e2e.words import said

NEW = "steps through the mist"
WITH_PASSKEY = "tech6"  # of whom no other test knows


@pytest.mark.charter("PO-1")
def test_an_account_is_made_handed_over_and_made_one_s_own(
    staff: Callable[..., Page], visit: Callable[..., Page]
) -> None:
    page = staff("sysadmin", TABLET)
    page.goto("/accounts/new")
    page.get_by_label(said("Name")).fill("林小满")
    page.get_by_label(said("User name")).fill("Xiao Man")
    press(page, "Make the account")
    expect(page.locator("#error-username")).to_be_visible()
    expect(page.get_by_label(said("Name"))).to_have_value("林小满")
    page.get_by_label(said("User name")).fill("xiaoman")
    press(page, "Make the account")
    slip = page.locator(".handover")
    password = slip.locator("strong").inner_text()
    assert password not in page.url
    assert barriers(page) + misfits(page) == []
    page.emulate_media(media="print")
    expect(slip).to_be_visible()
    expect(page.locator("#menu")).to_be_hidden()
    page.emulate_media(media="screen")
    page.get_by_role("link", name=said("Done: to the account")).click()
    expect(page.get_by_text(password)).to_have_count(0)

    own = visit(javascript=False)
    own.goto("/login")
    SignIn(own).sign_in("xiaoman", password)
    expect(own).to_have_url(re.compile("/account"))
    own.get_by_label(said("Current password")).fill(password)
    own.get_by_label(said("New password")).fill(NEW)
    own.get_by_label(said("New password again")).fill(NEW)
    press(own, "Change the password")
    expect(own.get_by_role("status")).to_contain_text(
        said(
            "Your password is in force. Add a second factor now, and a stolen password alone opens nothing.",
            part=True,
        )
    )
    own.get_by_role("link", name=said("Later: to my desk")).click()
    expect(own.get_by_role("heading", level=1)).to_contain_text("林小满")

    page.goto("/accounts?q=xiaoman")
    page.get_by_role("link", name="林小满").click()
    page.get_by_text(said("Disable the account")).first.click()
    page.locator("#disable_reason").fill("a test of the journey")
    press(page, "Disable the account")
    expect(page.locator(".notice[role=status]")).to_be_visible()
    own.goto("/desk")
    expect(own).to_have_url(re.compile("/login"))


def with_device(page: Page) -> tuple[CDPSession, str]:
    """A device of its own that unlocks itself, as Chromium's developer tools make one."""
    tools = page.context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    device: dict[str, Any] = tools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return tools, device["authenticatorId"]


@pytest.mark.charter("PO-1")
def test_a_passkey_is_made_and_signs_in_until_it_is_copied(
    visit: Callable[..., Page], portal: Portal, watch: Watch
) -> None:
    named = portal.url.replace("127.0.0.1", "localhost")  # passkeys are bound to a name
    watch.allow(f"foreign host: {named}")
    page = visit(DESKTOP)
    tools, device = with_device(page)
    page.goto("/login")
    passkey = page.get_by_role("button", name=said("Sign in with a passkey"))
    passkey.click()
    expect(page.locator("[data-passkey-error]")).to_contain_text(f"{named}/login")

    page.goto(f"{named}/login")
    SignIn(page).sign_in(WITH_PASSKEY, f"demo-{WITH_PASSKEY}")
    page.goto(f"{named}/account")
    page.get_by_label(said("Name of the passkey")).fill("蓝色手机")
    page.locator("#passkey_password").fill("not this one")
    press(page, "Add a passkey")
    expect(page.locator("#passkey_password")).to_have_attribute("aria-invalid", "true")
    assert barriers(page) == []
    page.locator("#passkey_password").fill(f"demo-{WITH_PASSKEY}")
    press(page, "Add a passkey")
    expect(page.locator(".recovery .code")).to_have_count(10)
    expect(page.get_by_text("蓝色手机").first).to_be_visible()
    assert barriers(page) + misfits(visit_small(page)) == []

    def sign_out_and_in() -> None:
        press(page, "Sign out")
        page.goto(f"{named}/login?next=/account")
        passkey.click()

    sign_out_and_in()
    expect(page).to_have_url(f"{named}/account")

    held = tools.send("WebAuthn.getCredentials", {"authenticatorId": device})["credentials"][0]
    tools.send("WebAuthn.clearCredentials", {"authenticatorId": device})
    copy = held | {"signCount": 0}
    tools.send("WebAuthn.addCredential", {"authenticatorId": device, "credential": copy})
    sign_out_and_in()
    expect(
        page.get_by_text(
            said("This passkey may have been copied and opens nothing any more. Remove it.")
        ).first
    ).to_be_visible()
    page.goto(f"{named}/desk")
    expect(page).to_have_url(re.compile("/login"))


def visit_small(page: Page) -> Page:
    """The same page as a phone has room for it."""
    page.set_viewport_size({"width": 390, "height": 844})
    return page
