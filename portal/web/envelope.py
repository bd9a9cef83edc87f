"""The outermost layer: what holds for every request and every answer.

It finds language, preferences and actor, gives the request an id, sets the standard headers on whatever comes back
(framework error answers too), compresses pages, counts and logs. Written as one ASGI function because each layer costs
time in every request.
"""

import gzip
import time
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qs

import structlog

from portal.core import db
from portal.core.context import Act, new_request_id, set_act
from portal.core.i18n import choose, set_language
from portal.core.keyring import Keyring
from portal.core.settings import settings
from portal.web import csrf, metrics, prefs, session
from portal.web.actor import UNKNOWN, VISITOR, Actor
from portal.web.cookies import read_cookies, set_cookie_header
from portal.web.headers import header, standard_headers

log = structlog.get_logger("portal.access")

YEAR: Final = 365 * 24 * 3600
SLOW_SECONDS: Final = 1.0
COMPRESS_FROM: Final = 1_000  # octets
SERVER_ERROR: Final = 500


class Envelope:
    """Wraps the Litestar application."""

    def __init__(
        self, app: Any, keyring: Callable[[], Keyring], sessions: Callable[[], session.Sessions]
    ) -> None:
        self.app = app
        self.keyring = keyring
        self.sessions = sessions
        self.headers = standard_headers(secure=settings().secure)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        answer = Answer(send, scope, self.headers)
        if (
            scope["method"] == "HEAD"
        ):  # whatever can be read can be asked for its headers (RFC 9110, 9.3.2)
            scope["method"] = "GET"
            answer.without_body = True
        _spare_nul(scope)
        await self._introduce(scope, answer)
        try:
            await self.app(scope, receive, answer.send)
        finally:
            seconds = time.perf_counter() - started
            metrics.answered(answer.status or SERVER_ERROR, seconds)
            if answer.status >= SERVER_ERROR or seconds > SLOW_SECONDS:
                log.warning(
                    "request",
                    method=scope["method"],
                    path=scope["path"],
                    status=answer.status,
                    ms=round(seconds * 1000),
                    request_id=answer.request_id,
                )

    async def _introduce(self, scope: Any, answer: "Answer") -> None:
        cookies = read_cookies(scope)
        wish = _language_wish(scope["query_string"])
        language = choose(wish, cookies.get("lang"), header(scope, b"accept-language"))
        if wish == language and cookies.get("lang") != language:
            answer.cookies.append(set_cookie_header("lang", language, YEAR))
        set_language(language)
        actor = await self._actor(cookies.get(session.COOKIE))
        address = str((scope.get("client") or ("",))[0])
        set_act(Act(actor.subject, actor.person_id, address, answer.request_id))
        state = scope.setdefault("state", {})
        state["language"] = language
        state["prefs"] = prefs.decode(cookies.get(prefs.COOKIE))
        state["csrf"] = answer.csrf = csrf.CsrfToken(self.keyring(), cookies.get(csrf.COOKIE, ""))
        csrf.set_current(answer.csrf)
        state["actor"] = actor
        state["address"] = address
        state["request_id"] = answer.request_id
        state["cookies"] = answer.cookies

    async def _actor(self, cookie: str | None) -> Actor:
        if cookie is None:
            return VISITOR
        try:
            found = await self.sessions().find(cookie)
        except db.ConnectionLost:
            return UNKNOWN
        if found is None:
            return VISITOR
        return Actor(
            found.subject,
            found.person_id,
            found.name,
            found.id_hash,
            must_change_password=found.must_change_password,
            second_factor=found.second_factor,
        )


def _spare_nul(scope: Any) -> None:
    """NUL in an address becomes U+FFFD: PostgreSQL refuses it in any text, and no address of ours has it."""
    if "\x00" in scope["path"]:
        scope["path"] = scope["path"].replace("\x00", "\ufffd")
    if b"%00" in scope["query_string"]:
        scope["query_string"] = scope["query_string"].replace(b"%00", b"%EF%BF%BD")


class Answer:
    """The way out: headers, cookies, compression."""

    __slots__ = (
        "_accept",
        "_held",
        "_send",
        "_standard",
        "cookies",
        "csrf",
        "request_id",
        "status",
        "without_body",
    )

    def __init__(self, send: Any, scope: Any, standard: tuple[tuple[bytes, bytes], ...]) -> None:
        self._send = send
        self._accept = header(scope, b"accept-encoding")
        self._standard = standard
        self._held: Any = None
        self.request_id = new_request_id()
        self.status = 0
        self.without_body = False
        self.cookies: list[tuple[bytes, bytes]] = []
        self.csrf: csrf.CsrfToken | None = None

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self._held = message
            return
        if self._held is not None:
            start, self._held = self._held, None
            await self._start(start, message)
        await self._send(message | {"body": b""} if self.without_body else message)

    async def _start(self, start: Any, first: Any) -> None:
        self.status = start["status"]
        headers = [*start["headers"], *self._standard, (b"x-request-id", self.request_id.encode())]
        if self.csrf is not None and self.csrf.needs_cookie:
            headers.append(set_cookie_header(csrf.COOKIE, self.csrf.nonce))
        headers += self.cookies
        names = {name.lower() for name, _value in start["headers"]}
        if b"cache-control" not in names:
            headers.append((b"cache-control", b"no-store"))
        if self._compressible(headers, names, first):
            first["body"] = gzip.compress(first["body"], 5, mtime=0)
            headers = [pair for pair in headers if pair[0].lower() != b"content-length"]
            headers += [
                (b"content-encoding", b"gzip"),
                (b"content-length", str(len(first["body"])).encode()),
            ]
        await self._send({**start, "headers": headers})

    def _compressible(
        self, headers: list[tuple[bytes, bytes]], names: set[bytes], first: Any
    ) -> bool:
        """Whole pages only. Secrets in them are salted per page (``csrf``), so length tells nothing."""
        if "gzip" not in self._accept or first.get("more_body") or b"content-encoding" in names:
            return False
        if len(first.get("body", b"")) < COMPRESS_FROM:
            return False
        kind = next((value for name, value in headers if name.lower() == b"content-type"), b"")
        return kind.startswith((b"text/", b"application/json", b"image/svg"))


def _language_wish(query: bytes) -> str | None:
    if b"lang=" not in query:
        return None
    return parse_qs(query.decode("latin-1")).get("lang", [None])[-1]
