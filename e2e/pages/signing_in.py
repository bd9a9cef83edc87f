"""The staff sign-in."""

import re

from playwright.sync_api import Page


class SignIn:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.username = page.get_by_label(re.compile("User name|用户名"))
        self.password = page.get_by_label(re.compile("Password|密码"))
        self.button = page.get_by_role("button", name=re.compile("Sign in|登录"))

    def sign_in(self, username: str, password: str) -> None:
        """From wherever one was asked to sign in, to where one wanted to go."""
        self.username.fill(username)
        self.password.fill(password)
        self.button.click()
        self.page.wait_for_url(lambda url: "/login" not in url)
