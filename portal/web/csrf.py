"""Forged requests are refused: by origin for every change, and by a token that only our pages hold.

The token is tied to a random cookie and to our key, and salted anew in each page, so that a compressed page gives
nothing away by its length. It needs no store. A form carries it as ``_csrf_token``, htmx as ``X-CSRF-Token``.
"""

import secrets
from contextvars import ContextVar
from typing import Any, Final

from litestar.connection import ASGIConnection, Request
from litestar.exceptions import PermissionDeniedException
from litestar.handlers import BaseRouteHandler

from portal.core.keyring import Keyring
from portal.core.signing import token, token_is_good
from portal.web.forms import read
from portal.web.headers import header

COOKIE: Final = "csrf"
FIELD: Final = "_csrf_token"
HEADER: Final = b"x-csrf-token"
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})

#: Route option for changes that need no token: payment notices, which are signed, and preferences.
EXEMPT: Final = "csrf_exempt"


class ForgedRequest(PermissionDeniedException):
    """The request does not come from one of our own pages, or the page is too old."""


class CsrfToken:
    """The token of one page. Made only if the page shows it; then the envelope sets the cookie."""

    __slots__ = ("_fresh", "_keyring", "_made", "nonce")

    def __init__(self, keyring: Keyring, cookie: str) -> None:
        self._keyring = keyring
        self.nonce = cookie
        self._fresh = False
        self._made = ""

    @property
    def needs_cookie(self) -> bool:
        return self._fresh

    def __str__(self) -> str:
        if not self._made:
            if not self.nonce:
                self._fresh = True
                self.nonce = secrets.token_urlsafe(18)
            salt = secrets.token_urlsafe(6)
            self._made = f"{salt}.{token(self._keyring, 'csrf', f'{salt}.{self.nonce}')}"
        return self._made

    __html__ = __str__

    def accepts(self, given: str) -> bool:
        salt, _dot, mark = given.partition(".")
        return bool(self.nonce) and token_is_good(
            self._keyring, "csrf", f"{salt}.{self.nonce}", mark
        )


_current: ContextVar[object] = ContextVar("csrf_token")


def set_current(made: object) -> None:
    """What templates show as the token, for the rest of this request."""
    _current.set(made)


class CurrentToken:
    """The token of the request being answered, for templates: imported macros see globals only."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(_current.get())

    __str__ = __html__


def same_origin(scope: Any) -> bool:
    """Whether the browser says that the request comes from our own pages; tools that say nothing pass."""
    headers: dict[bytes, bytes] = dict(scope["headers"])
    if headers.get(b"sec-fetch-site", b"same-origin") not in (b"same-origin", b"none"):
        return False
    origin = headers.get(b"origin")
    return origin is None or origin.partition(b"://")[2] == headers.get(b"host", b"")


async def refuse_forged(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """Raise ``ForgedRequest`` unless this change comes from our own page. Every route's guard asks this first."""
    exempt = handler.opt.get(EXEMPT)
    if exempt == "signed":
        return
    if not same_origin(connection.scope):
        raise ForgedRequest("foreign-origin")
    if exempt:
        return
    expected: CsrfToken = connection.scope["state"]["csrf"]
    given = header(connection.scope, HEADER)
    if not given and isinstance(connection, Request):
        given = (await read(connection)).get(FIELD, "")
    if not expected.accepts(given):
        raise ForgedRequest("csrf-token")
