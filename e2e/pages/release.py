"""A draft on its way into force: its review, its release, the versions."""

import re

from playwright.sync_api import Page, expect

from e2e.pages.staff import press
from e2e.words import said


class Review:
    """What whoever releases a draft sees."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.lines = page.locator(".lines").first
        self.people = page.locator(".radius")

    def open(self) -> "Review":
        self.page.goto(f"{self.url}/review")
        return self

    def submit(self) -> None:
        press(self.page, "Submit for release")
        expect(self.page.locator(".notice[role=status]")).to_contain_text(
            said("Handed over. It waits for its release.", part=True)
        )

    def release(self, password: str) -> None:
        self.page.get_by_label(said("Your password")).fill(password)
        self.page.locator("form", has=self.page.locator("[name=password]")).get_by_role(
            "button"
        ).click()

    def released(self) -> int:
        """The number of the version that it became."""
        expect(self.page).to_have_url(re.compile(r"/policy/versions/\d+\?done=released$"))
        expect(self.page.locator(".notice[role=status]")).to_be_visible()
        return int(re.findall(r"\d+", self.page.url)[-1])
