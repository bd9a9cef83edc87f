"""The pages of those who work here: ticket window, orders, account, catalogue, trail."""

import re
from decimal import Decimal

import pyotp
from playwright.sync_api import Locator, Page, expect

from e2e.words import said


def press(page: Page, message: str) -> None:
    page.get_by_role("button", name=said(message)).last.click()


def yuan(shown: Locator) -> Decimal:
    """The amount that a page shows, such as ``¥1,234.50``."""
    return Decimal(shown.inner_text().replace("¥", "").replace(",", "").strip())


class Window:
    """The till: a drawer, the times of today and tomorrow, a sale, its receipt."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.total = page.locator("[data-total]")
        self.change = page.locator("[data-change]")
        self.change_due = page.get_by_role("status").locator("strong")
        self.slips = page.locator(".slip .qr svg")
        self.times = page.locator(".times a")

    def open_drawer(self, amount: str) -> "Window":
        self.page.goto("/window")
        self.page.get_by_label(said("Opening float (yuan)")).fill(amount)
        press(self.page, "Open the drawer")
        return self

    def tickets(self, category: str) -> Locator:
        """The field with the number of tickets of a category."""
        return self.page.locator(f"#count-{category}")

    def one_more(self, ticket: str) -> None:
        self.page.get_by_role("button", name=ticket).click()

    @property
    def given(self) -> Locator:
        return self.page.get_by_label(said("Cash given (yuan)", part=True))

    def close_drawer(self, counted: Decimal) -> None:
        self.page.goto("/window/close")
        self.page.get_by_label(said("Counted (yuan)")).fill(str(counted))
        press(self.page, "Count and close")


class StaffOrder:
    """An order as staff see it: masked until somebody says why they must know."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.tickets = page.get_by_role("table").first
        self.reason = page.get_by_label(said("Show names and numbers: for what reason?"))

    def find(self, code: str) -> "StaffOrder":
        self.page.goto("/bookings")
        self.page.locator("#q").fill(code)
        self.page.keyboard.press("Enter")
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(code)
        return self

    def reveal(self, reason: str) -> None:
        self.reason.fill(reason)
        press(self.page, "Show")


class Account:
    """One's own password, second factor and sessions."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.second_factor = page.get_by_role("region", name=said("Two-step sign-in", part=True))
        self.recovery_codes = page.locator(".recovery .code")
        self.code = page.get_by_label(said("Verification code"))

    def set_up(self, password: str) -> pyotp.TOTP:
        """As far as the QR code; what the authenticator would read from it."""
        self.page.goto("/account")
        self.second_factor.get_by_label(said("Password")).fill(password)
        press(self.page, "Set up an authenticator")
        expect(self.page.locator(".secret svg")).to_be_visible()
        return pyotp.TOTP(self.secret)

    @property
    def secret(self) -> str:
        return self.page.locator(".secret .code").inner_text()

    def confirm(self, code: str) -> None:
        self.code.fill(code)
        press(self.page, "Confirm")


class Trail:
    """The audit trail."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.entries = page.locator(".trail tbody tr")

    def look_at(self, words: str) -> "Trail":
        self.page.goto("/audit")
        self.page.get_by_role("link", name=said(words)).click()
        return self

    def entry_on(self, thing: str) -> Locator:
        return self.entries.filter(has_text=re.compile(re.escape(thing)))
