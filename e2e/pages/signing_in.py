"""The staff sign-in."""

from playwright.sync_api import Page

from e2e.words import said


class SignIn:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.username = page.get_by_label(said("User name"))
        self.password = page.get_by_label(said("Password"))
        self.button = page.get_by_role("button", name=said("Sign in"))

    def sign_in(self, username: str, password: str) -> None:
        """From wherever one was asked to sign in, to where one wanted to go."""
        self.username.fill(username)
        self.password.fill(password)
        self.button.click()
        self.page.wait_for_url(lambda url: "/login" not in url)
