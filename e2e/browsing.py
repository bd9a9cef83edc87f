"""How a page is looked at: on which device, in which language; and what must not happen on it."""

from dataclasses import dataclass, field
from datetime import timedelta

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response

from portal.core import clock

NOT_FOUND = 404
SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Device:
    width: int
    height: int
    touch: bool = False
    scale: float = 1


PHONE = Device(390, 844, touch=True, scale=2)
TABLET = Device(1024, 768, touch=True)
DESKTOP = Device(1440, 900)


@dataclass
class Watch:
    """What went wrong while a test looked at pages: each is a failure, unless the test allows it.

    A script error, a failed request, a request to a foreign host, an answer of 404 or of 500 and above.
    """

    origin: str
    found: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)  # the pages that were loaded whole, in order
    _allowed: list[str] = field(default_factory=list)

    def allow(self, words: str) -> None:
        """A problem with these words in it is part of this test, such as ``404``."""
        self._allowed.append(words)

    @property
    def problems(self) -> list[str]:
        return [
            problem
            for problem in self.found
            if not any(words in problem for words in self._allowed)
        ]

    def follow(self, context: BrowserContext) -> None:
        context.on("console", self._console)
        context.on("weberror", lambda error: self.found.append(f"script: {error.error}"))
        context.on("request", self._request)
        context.on("requestfailed", self._failed)
        context.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        # The browser repeats each answer of 400 and above here; `_response` judges those.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.found.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.origin, "data:", "blob:")):
            self.found.append(f"foreign host: {request.url}")

    def _failed(self, request: Request) -> None:
        # A download or a page left while it still loads is reported as aborted.
        if request.failure != "net::ERR_ABORTED":
            self.found.append(f"failed: {request.method} {request.url} {request.failure}")

    def _response(self, response: Response) -> None:
        if response.request.resource_type == "document" and response.ok:
            self.loads.append(response.url.removeprefix(self.origin))
        if response.status == NOT_FOUND or response.status >= SERVER_ERROR:
            self.found.append(f"{response.status}: {response.request.method} {response.url}")


def day(ahead: int) -> str:
    """A day as addresses have it, by how many days from today at the site."""
    return (clock.today() + timedelta(days=ahead)).isoformat()


def language_of(page: Page) -> str:
    return "zh" if (page.locator("html").get_attribute("lang") or "").startswith("zh") else "en"
