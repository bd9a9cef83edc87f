"""The policy editor: the grid, the sentences, one rule."""

import re

from playwright.sync_api import Locator, Page, expect

from e2e.pages.staff import press
from e2e.words import said


class Editor:
    """A draft of the policy, in whichever of its views."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.news = page.locator("#news")
        self.line = page.locator("#line")
        self.reading = page.locator("#reading")

    @classmethod
    def begun(cls, page: Page, title: str) -> "Editor":
        """A draft of one's own."""
        page.goto("/policy")
        page.get_by_label(said("What is to change")).fill(title)
        press(page, "Begin the draft")
        expect(page).to_have_url(re.compile(r"/policy/drafts/\d+$"))
        return cls(page)

    @property
    def url(self) -> str:
        found = re.search(r"/policy/drafts/\d+", self.page.url)
        assert found, f"{self.page.url} is no page of a draft"
        return found[0]

    def look_at(self, area: str, role: str = "") -> None:
        self.page.goto(f"{self.url}?area={area}&role={role}")

    def cell(self, role: str, permission: str) -> Locator:
        """The box of a cell."""
        columns = self.page.locator("[name=columns]").first.get_attribute("value") or ""
        return self.page.locator(f'input[name="{columns.split().index(role) + 1}/{permission}"]')

    def undo(self) -> None:
        press(self.page, "Undo this")

    def find(self, words: str, role: str = "") -> Locator:
        """The sentences that are found."""
        self.page.goto(f"{self.url}/rules")
        self.page.get_by_role("searchbox").fill(words)
        if role:
            self.page.locator("#role").select_option(role)
        press(self.page, "Show")
        return self.page.locator(".said .who a")
