"""What sends requests in page tests: the real application in its envelope, called in this process.

A request runs as a task of its own with an empty context, as it does on a server: the actor, language and
transaction of a test are not seen by the page, nor the page's by the test.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextvars import Context
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import httpx

HTMX = {"HX-Request": "true"}


class Browser(httpx.AsyncClient):
    """One visitor or one person at a desk: keeps cookies, follows no redirect by itself."""

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        sending = super().send(request, **options)
        return await asyncio.get_running_loop().create_task(sending, context=Context())

    async def post_form(
        self,
        page: str,
        data: Mapping[str, str] | None = None,
        *,
        action: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Fill in the form of a page and send it as a browser would.

        Its token, its key and whatever stands in its other fields go along. ``action`` (its
        beginning) tells which form, where a page has several.
        """
        form = await self.form(page, action=action)
        return await self.post(
            urljoin(page, form.action or page), data=form.fields | dict(data or {}), headers=headers
        )

    async def form(self, page: str, *, action: str | None = None) -> "PageForm":
        """The form of a page, with what stands in its fields."""
        answer = await self.get(page)
        assert answer.status_code == 200, f"GET {page} answers {answer.status_code}"
        found = forms(answer.text)
        if action is not None:
            found = [form for form in found if form.action.startswith(action)]
        else:  # every page carries the forms of the frame: sign-out, preferences
            found = [form for form in found if not form.action.startswith(FRAME)]
        assert found, f"GET {page} has no form for {action or 'anything'}"
        assert action is not None or len({form.action for form in found}) == 1, (
            f"GET {page} has several forms, name one: {sorted({form.action for form in found})}"
        )
        return found[0]

    async def token(self, page: str = "/login") -> str:
        """A CSRF token for a request made by hand."""
        for form in forms((await self.get(page)).text):
            if token := form.fields.get("_csrf_token"):
                return token
        raise AssertionError(f"no form of {page} carries a token")


#: The fixture ``signed_in_as``.
SignIn = Callable[[str], Awaitable[Browser]]

FRAME = ("/logout", "/preferences")


@dataclass
class PageForm:
    action: str
    fields: dict[str, str] = field(default_factory=dict)


def forms(html: str) -> list[PageForm]:
    """The POST forms of a page."""
    reader = _Forms()
    reader.feed(html)
    return reader.found


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[PageForm] = []
        self._form: PageForm | None = None
        self._select = ""
        self._textarea = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = PageForm(given.get("action", ""))
            scripted = "hidden" in given  # shown by a script alone
            if given.get("method", "get").lower() == "post" and not scripted:
                self.found.append(self._form)
        elif self._form is not None:
            self._field(tag, given, {name for name, _value in attrs})

    def _field(self, tag: str, given: dict[str, str], present: set[str]) -> None:
        assert self._form is not None
        fields, name = self._form.fields, given.get("name", "")
        if tag == "input" and name:
            if given.get("type") in ("checkbox", "radio"):
                if "checked" in present:
                    fields[name] = given.get("value", "on")
            elif given.get("type") not in ("submit", "file"):
                fields[name] = given.get("value", "")
        elif tag == "textarea":
            self._textarea = name
            fields[name] = ""
        elif tag == "select":
            self._select = name
        elif given.get("formaction"):  # a button that sends the same fields elsewhere
            self.found.append(PageForm(given["formaction"], fields))
        elif (
            tag == "option"
            and self._select
            and ("selected" in present or self._select not in fields)
        ):
            fields[self._select] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._textarea and self._form is not None:
            self._form.fields[self._textarea] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "textarea":
            self._textarea = ""
        elif tag == "select":
            self._select = ""
