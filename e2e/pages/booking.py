"""The visitor's pages, from the first to the ticket."""

import re
from re import Pattern

from playwright.sync_api import Locator, Page, expect

from e2e.people import Somebody
from e2e.words import said

CONSENT = (
    "I agree to the use of names, document numbers and the phone number for this visit. "
    "They are stored encrypted and destroyed afterwards."
)
MOUNTAIN = re.compile("^(山门门票|Mountain ticket)$")
CABLE_CAR = re.compile("^(索道单程票|Cable car, one way)$")


class DayPage:
    """Home and the page of a day: the strip of days and the slots of one of them."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.days = page.get_by_role("navigation", name=said("Choose a day"))
        self.title = page.locator("#day-title")

    def open(self) -> "DayPage":
        self.page.goto("/")
        return self

    def day(self, ahead: int) -> Locator:
        """A day of the strip, by how many days after the first one."""
        return self.days.get_by_role("link").nth(ahead)

    def choose(self, ahead: int) -> "DayPage":
        """Go to another day; with scripts it comes into the same page."""
        self.day(ahead).click()
        expect(self.day(ahead)).to_have_attribute("aria-current", "date")
        return self

    def slots(self, product: Pattern[str]) -> Locator:
        """The times of a product that can be booked."""
        return self.page.get_by_role("region", name=product).get_by_role(
            "link", name=said("Book", part=True)
        )


class BookingForm:
    """The one form between a time and its ticket."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.phone = page.get_by_label(said("Mobile number"))
        self.consent = page.get_by_role("checkbox", name=said(CONSENT))
        self.guardian = page.get_by_role(
            "checkbox",
            name=said("There are children under 14 in the party, and I consent as their guardian."),
        )
        self.add = page.get_by_role("button", name=said("Add a visitor"))
        # the last: Enter in a field presses an unseen one before it
        self.book = page.get_by_role("button", name=said("Book", "Book and pay"))
        self.total = page.locator("#total")
        self.errors = page.get_by_role("alert")
        self.nearest = page.get_by_role("region", name=said("The nearest free times"))

    def switch(self, language: str) -> Locator:
        """Shows the form in the other language, as it is typed."""
        return self.page.get_by_role("banner").get_by_role("button", name=language)

    def visitor(self, row: int) -> Locator:
        return self.page.get_by_role("group", name=said("Visitor %(number)s", number=row + 1))

    def name(self, row: int = 0) -> Locator:
        return self.visitor(row).get_by_label(said("Name"))

    def number(self, row: int = 0) -> Locator:
        return self.visitor(row).get_by_label(said("Document number"))

    def ticket(self, row: int = 0) -> Locator:
        return self.visitor(row).get_by_label(said("Ticket"))

    def document(self, row: int = 0) -> Locator:
        return self.visitor(row).get_by_label(said("Document type"))

    def country(self, row: int = 0) -> Locator:
        return self.visitor(row).get_by_label(said("Country of the passport", part=True))

    def fill(self, row: int, who: Somebody, ticket: str | None = None) -> None:
        self.name(row).fill(who.name)
        self.number(row).fill(who.id_number)
        if ticket:
            self.ticket(row).select_option(ticket)

    def send(self, *people: Somebody, phone: str) -> None:
        """Fill the form in for these people and book."""
        for row, who in enumerate(people):
            if row:
                self.add.click()
            self.fill(row, who)
        self.phone.fill(phone)
        self.consent.check()
        self.book.click()


class OrderPage:
    """An order with its tickets, and what can be done with it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.heading = page.get_by_role("heading", level=1)
        self.code = page.locator("#order .outcome-code .code")
        self.tickets = page.get_by_role("article")
        self.news = page.get_by_role("status").first
        self.pdf = page.get_by_role("link", name=said("PDF"))
        self.calendar = page.get_by_role("link", name=said("Calendar"))
        self.print = page.get_by_role("link", name=said("Print"))
        self.cancel = page.get_by_role("link", name=said("Cancel"))
        self.move = page.get_by_role("link", name=said("Move to another time"))
        self.data = page.get_by_role("link", name=said("See, download or delete my data"))

    def qr(self, ticket: int = 0) -> Locator:
        return self.tickets.nth(ticket).locator(".qr svg")

    @property
    def shown_code(self) -> str:
        return self.code.inner_text().strip()
