"""The headers of every answer, whatever made it: page, redirect, 404, 405, 429 or 500.

They are set in the outermost ASGI layer (``web/envelope.py``), because a framework's own error answers pass by anything
further in.
"""

from typing import Any, Final

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; media-src 'self' blob:; "
    "object-src 'none'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

_ALWAYS: Final = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    # Not no-referrer: under it browsers send "Origin: null" with our own forms, which web/csrf.py refuses.
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(self), microphone=(self), geolocation=(), payment=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-embedder-policy", b"require-corp"),
)
_HTTPS: Final = ((b"strict-transport-security", b"max-age=63072000; includeSubDomains"),)


def standard_headers(*, secure: bool) -> tuple[tuple[bytes, bytes], ...]:
    """The fixed headers; HSTS only where visitors come by https."""
    return _ALWAYS + (_HTTPS if secure else ())


def header(scope: Any, wanted: bytes) -> str:
    """A request header by its lower-case name, empty when it was not sent.

    Read from the scope: the framework's own object copies all headers, in each request.
    """
    for name, value in scope["headers"]:
        if name == wanted:
            return str(value.decode("latin-1"))
    return ""
