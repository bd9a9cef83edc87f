"""Forms under a rush: a page is rendered once with holes, and each reader's own words are put into them.

When a release is on, thousands ask for the same form and are refused with the same page; only what they
typed differs. Rendering costs most of a millisecond, filling holes some microseconds. What decides more than
a text (errors, choices, ticked boxes, the number of rows) is part of a stencil's key; every other field of
the form is a hole, and so is the token against forged requests. Filled text is escaped as a template would.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from copy import copy
from typing import Any, Final
from zlib import DEFLATED, MAX_WBITS, Z_FULL_FLUSH, compressobj, crc32

from litestar import MediaType, Response
from markupsafe import escape

from portal.core import i18n
from portal.web import csrf
from portal.web.actor import actor_of
from portal.web.forms import Form
from portal.web.headers import header
from portal.web.respond import VARY, page, wants_fragment

MOST_KEPT: Final = 300
LONGEST_KEY: Final = 600  # characters of what was chosen and asked; no page of ours sends more

_MARK: Final = "\x02"
_GZIP_HEAD: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"  # deflate, no name, no time
_LAST_BLOCK: Final = b"\x03\x00"  # empty, final
_LONGEST_BLOCK: Final = 0xFFFF
_HOLE: Final = re.compile(f"{_MARK}([^{_MARK}]*){_MARK}")

Choice = tuple[tuple[str, str], ...]


class _Hole:
    """Stands in a rendered page for the text of a field."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __html__(self) -> str:
        return f"{_MARK}{self.name}{_MARK}"

    __str__ = __html__


class _Holes(dict[str, Any]):
    """The values of a form in which everything but the choices is a hole."""

    def __init__(self, chosen: Choice, choices: Collection[str]) -> None:
        super().__init__(chosen)
        self._choices = choices

    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key, default) if key in self._choices else _Hole(key)

    def __missing__(self, key: str) -> _Hole:
        return _Hole(key)


class Stencil:
    """A rendered page in pieces, plain and compressed, and the names of the fields between them."""

    __slots__ = ("_deflated", "_names", "_pieces", "version")

    def __init__(self, html: str, version: object) -> None:
        parts = _HOLE.split(html)
        self._pieces = [part.encode() for part in parts[0::2]]
        self._deflated = [deflated(piece) for piece in self._pieces]
        self._names = parts[1::2]
        self.version = version

    def texts(self, values: Mapping[str, str]) -> list[bytes]:
        """What goes into the holes, escaped; a field without a text is left empty."""
        return [escape(values.get(name, "")).encode() for name in self._names]

    def plain(self, texts: list[bytes]) -> bytes:
        out = [self._pieces[0]]
        for text, piece in zip(texts, self._pieces[1:], strict=True):
            out += (text, piece)
        return b"".join(out)

    def gzipped(self, texts: list[bytes]) -> bytes:
        """The same page as gzip (RFC 1952): ready-made blocks for the pieces, stored blocks for the texts.

        Costs a tenth of compressing the page anew; the price is a twentieth more octets.
        """
        out = [_GZIP_HEAD, self._deflated[0]]
        crc, size = crc32(self._pieces[0]), len(self._pieces[0])
        for text, piece, block in zip(texts, self._pieces[1:], self._deflated[1:], strict=True):
            out += (*_stored(text), block)
            crc = crc32(piece, crc32(text, crc))
            size += len(text) + len(piece)
        out += (_LAST_BLOCK, crc.to_bytes(4, "little"), (size & 0xFFFFFFFF).to_bytes(4, "little"))
        return b"".join(out)


def deflated(piece: bytes) -> bytes:
    """A run of deflate blocks that ends on an octet and refers to nothing before it."""
    packer = compressobj(9, DEFLATED, -MAX_WBITS)
    return packer.compress(piece) + packer.flush(Z_FULL_FLUSH)


def _stored(text: bytes) -> Iterator[bytes]:
    """A text as it is, in blocks of type 0 (RFC 1951, 3.2.4)."""
    for start in range(0, len(text), _LONGEST_BLOCK):
        part = text[start : start + _LONGEST_BLOCK]
        yield b"\x00" + len(part).to_bytes(2, "little") + (len(part) ^ 0xFFFF).to_bytes(2, "little")
        yield part


_kept: dict[object, Stencil] = {}


def stencilled(  # noqa: PLR0913  a page, and what decides it
    request: Any,
    template: str,
    *,
    block: str,
    status: int,
    form: Form,
    choices: Collection[str],
    version: object,
    context: Callable[[], Mapping[str, Any]],
) -> Response[bytes]:
    """Answer with the page of this form.

    ``choices`` are the fields whose values decide more than a text; ``version`` changes with anything else
    that the page shows. Staff, whose pages differ, get a plain page.
    """
    scope = request.scope
    chosen: Choice = tuple((name, form.values[name]) for name in choices if name in form.values)
    decided = (
        sum(len(value) for _name, value in chosen) + len(scope["path"]) + len(scope["query_string"])
    )
    if actor_of(request).signed_in or decided > LONGEST_KEY:
        return page(request, template, block=block, status=status, form=form, **context())
    key = (
        template,
        scope["path"],
        scope["query_string"],
        wants_fragment(request),
        i18n.language(),
        scope["state"]["prefs"],
        tuple(form.errors.items()),
        tuple(form.parameters.items()),
        chosen,
    )
    kept = _kept.get(key)
    if kept is None or kept.version != version:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        blank = copy(form)
        blank.values = _Holes(chosen, choices)
        html = _rendered(request, template, block, blank, context())
        kept = _kept[key] = Stencil(html, version)
    token: csrf.CsrfToken = scope["state"]["csrf"]
    texts = kept.texts({**form.values, csrf.FIELD: str(token)})
    headers = {"Vary": f"{VARY}, Accept-Encoding"}
    if "gzip" in header(scope, b"accept-encoding"):
        headers["Content-Encoding"] = "gzip"
        body = kept.gzipped(texts)
    else:
        body = kept.plain(texts)
    return Response(body, status_code=status, media_type=MediaType.HTML, headers=headers)


def _rendered(
    request: Any, template: str, block: str, blank: Form, context: Mapping[str, Any]
) -> str:
    """The page of a form full of holes; the token is one too."""
    csrf.set_current(_Hole(csrf.FIELD))
    try:
        made = page(request, template, block=block, form=blank, **context)
    finally:
        csrf.set_current(request.scope["state"]["csrf"])
    return made.content.decode()
