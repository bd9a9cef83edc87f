"""Staff sign in: with a second factor, and not at all after too many guesses."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from e2e.browsing import DESKTOP
from e2e.inspection import barriers, misfits
from e2e.pages.signing_in import SignIn
from e2e.pages.staff import Account, press
from e2e.words import said

PERSON = "tech4"  # of whom no other test knows
LOCKED = "tech5"


@pytest.mark.charter("PO-1")
def test_a_second_factor_is_set_up_and_asked_for(visit: Callable[..., Page]) -> None:
    page = visit(lang="en")
    page.goto("/account")
    SignIn(page).sign_in(PERSON, f"demo-{PERSON}")
    account = Account(page)
    authenticator = account.set_up(f"demo-{PERSON}")
    account.confirm("000000")
    expect(page.locator("#error-code")).to_be_visible()
    assert account.secret == authenticator.secret, "a slip does not ask for another entry"
    assert barriers(page) + misfits(page) == []
    account.confirm(authenticator.now())
    expect(account.recovery_codes).to_have_count(10)
    recovery = account.recovery_codes.first.inner_text()
    assert barriers(page) + misfits(page) == []

    elsewhere = visit(DESKTOP, javascript=False)
    elsewhere.goto("/bookings")
    sign_in = SignIn(elsewhere)
    sign_in.username.fill(PERSON)
    sign_in.password.fill(f"demo-{PERSON}")
    sign_in.button.click()
    code = Account(elsewhere).code
    code.fill(authenticator.now())  # the code that was confirmed with is good no more
    sign_in.button.click()
    expect(elsewhere.locator("#error-code")).to_be_visible()
    code.fill(recovery)
    sign_in.button.click()
    expect(elsewhere).to_have_url(re.compile("/(bookings|desk)"))

    page.goto("/account")
    expect(page.get_by_text("9 recovery codes are left.")).to_be_visible()
    press(page, "End all others")
    elsewhere.goto("/desk")
    expect(sign_in.username).to_be_visible()


@pytest.mark.charter("PO-1")
def test_too_many_guesses_lock_the_account_for_a_while(visit: Callable[..., Page]) -> None:
    page = visit(lang="en")
    page.goto("/login")
    sign_in = SignIn(page)
    for _guess in range(5):
        sign_in.username.fill(LOCKED)
        sign_in.password.fill("not this one")
        with page.expect_response("**/login"):
            sign_in.button.click()
        expect(sign_in.password).to_have_value("")
    expect(page.get_by_text(re.compile(r"opens again at \d\d:\d\d"))).to_be_visible()
    assert barriers(page) + misfits(page) == []
    sign_in.username.fill(LOCKED)
    sign_in.password.fill(f"demo-{LOCKED}")  # the right one comes too late
    sign_in.button.click()
    expect(
        page.get_by_text(said("Too many wrong attempts. Please try again later.")).first
    ).to_be_visible()
    page.goto("/desk")
    expect(sign_in.username).to_be_visible()
