"""Cookies: HttpOnly, SameSite=Lax; behind https also Secure and bound to the host by name.

Over plain http neither is set, or command-line clients and old browsers would lose their session.
"""

from typing import Any

from portal.core.settings import settings


def cookie_name(name: str) -> str:
    return f"__Host-{name}" if settings().secure else name


def set_cookie_header(name: str, value: str, max_age: int | None = None) -> tuple[bytes, bytes]:
    """A ``Set-Cookie`` header; ``max_age`` in seconds, None until the browser closes, 0 to delete it."""
    parts = [f"{cookie_name(name)}={value}", "Path=/", "HttpOnly", "SameSite=Lax"]
    if max_age is not None:
        parts.append(f"Max-Age={max_age}")
    if settings().secure:
        parts.append("Secure")
    return b"set-cookie", "; ".join(parts).encode("latin-1")


def read_cookies(scope: Any) -> dict[str, str]:
    """The request's cookies by their plain name, the last of each."""
    for name, value in scope["headers"]:
        if name == b"cookie":
            return _parse(value.decode("latin-1"))
    return {}


def _parse(header: str) -> dict[str, str]:
    """Split by hand: our own values need no unquoting, and a foreign odd one must not hide them."""
    found: dict[str, str] = {}
    prefix = cookie_name("")
    for part in header.split(";"):
        name, _equals, value = part.strip().partition("=")
        if name.startswith(prefix):
            found[name.removeprefix(prefix)] = value
    return found
