"""Forms: raw text in, values or errors out. What was typed always survives.

A slice's ``forms.py`` is the only place that reads raw text. Errors are codes; ``messages`` turns them into words in
the language of whoever looks at the form.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import unquote
from uuid import UUID, uuid4

from litestar import Request
from litestar.exceptions import ClientException

from portal.core.i18n import LazyText, _l
from portal.web.headers import header

MAX_FIELDS: Final = 400
MAX_TEXT: Final = 20_000
POSTED: Final = "posted"
URL_ENCODED: Final = "application/x-www-form-urlencoded"

#: Words for the codes that every form may use; a slice adds its own.
COMMON: Final[Mapping[str, LazyText]] = {
    "required": _l("Please fill this in."),
    "not-a-number": _l("Please enter a whole number."),
    "too-small": _l("This number is too small."),
    "too-large": _l("This number is too large."),
    "too-long": _l("This text is too long."),
    "not-a-choice": _l("Please choose one of the options."),
    "bad-date": _l("Please enter a date such as 2026-10-01."),
    "bad-time": _l("Please enter a time such as 08:30."),
    "bad-format": _l("This is not in the expected format."),
    "key-reused": _l("This form has already been used. Please start again."),
}


class Form:
    """The typed text, its errors and their words. ``messages`` are the slice's own codes."""

    def __init__(
        self,
        raw: Mapping[str, str] | None = None,
        messages: Mapping[str, LazyText] | None = None,
        *,
        key: str | None = None,
    ) -> None:
        self.values: dict[str, str] = dict(raw or {})
        self.errors: dict[str, str] = {}
        self.labels: dict[str, str] = {}
        self.parameters: dict[str, object] = {}
        self._messages = messages or {}
        if "idempotency_key" not in self.values:
            self.values["idempotency_key"] = key or str(uuid4())

    @property
    def valid(self) -> bool:
        return not self.errors

    def message(self, name: str) -> str | None:
        """The words of a field's error, or None."""
        code = self.errors.get(name)
        if code is None:
            return None
        words = self._messages.get(code) or COMMON.get(code)
        if words is None:
            return code
        return str(words) % self.parameters if self.parameters else str(words)

    def bare(self, name: str) -> bool:
        """Whether the words of this error would fit any field, so that its label must stand before them."""
        code = self.errors.get(name)
        return code in COMMON and code not in self._messages

    def key(self, name: str) -> UUID | None:
        """The key that makes a second sending a repeat. Spoilt, it is an error of this field and renewed."""
        try:
            return UUID(self.values["idempotency_key"])
        except ValueError:
            self.error(name, "key-reused")
            self.renew_key()
            return None

    def renew_key(self) -> None:
        """Give the form a key of its own again: what was sent with the old one stays apart."""
        self.values["idempotency_key"] = str(uuid4())

    def error(self, name: str, code: str) -> None:
        """Note an error; the first one of a field stays."""
        self.errors.setdefault(name, code)

    def text(
        self,
        name: str,
        *,
        required: bool = True,
        longest: int = 200,
        check: Callable[[str], str | None] | None = None,
    ) -> str:
        value = self.values.get(name, "").strip()
        if not value:
            if required:
                self.error(name, "required")
            return ""
        if len(value) > longest:
            self.error(name, "too-long")
        elif check and (code := check(value)):
            self.error(name, code)
        return value

    def integer(
        self,
        name: str,
        *,
        required: bool = True,
        minimum: int | None = None,
        maximum: int | None = None,
        check: Callable[[int], str | None] | None = None,
    ) -> int:
        """The number typed, 0 when there is none or it does not fit (then ``errors`` says so)."""
        value = self.text(name, required=required, longest=20)
        if not value:
            return 0
        try:
            number = int(value)
        except ValueError:
            self.error(name, "not-a-number")
            return 0
        if minimum is not None and number < minimum:
            self.error(name, "too-small")
        elif maximum is not None and number > maximum:
            self.error(name, "too-large")
        elif check and (code := check(number)):
            self.error(name, code)
        return number

    def choice(self, name: str, options: Mapping[str, Any] | tuple[str, ...]) -> str:
        value = self.text(name)
        if value and value not in options:
            self.error(name, "not-a-choice")
        return value

    def checked(self, name: str) -> bool:
        return self.values.get(name, "") in ("yes", "on", "1", "true")


async def read(request: Request[Any, Any, Any]) -> dict[str, str]:
    """The posted fields as text, the last of each name; files are read by ``web/uploads.py``.

    Refuses more fields or longer ones than any of our forms has, before anything looks at them. Read once
    in a request: whoever asks again (first the check against forged requests) gets the same fields.
    """
    state = request.scope["state"]
    fields: dict[str, str] | None = state.get(POSTED)
    if fields is None:
        try:
            fields = state[POSTED] = await _fields(request)
        except (ValueError, UnicodeError) as error:
            raise ClientException("unreadable-form") from error
    return fields


async def _fields(request: Request[Any, Any, Any]) -> dict[str, str]:
    if header(request.scope, b"content-type").startswith(URL_ENCODED):
        return decode(await request.body())
    posted = await request.form()
    fields = {name: value for name, value in posted.multi_items() if isinstance(value, str)}
    return _checked(fields, len(posted))


def decode(body: bytes) -> dict[str, str]:
    """The fields of an urlencoded body; ``ValueError`` when it is not one of ours.

    Done here because it stands in each booking, and the framework's way costs six times as much.
    """
    parts = body.decode("ascii").replace("+", " ").split("&") if body else []
    fields = {}
    for part in parts:
        name, _equals, value = part.partition("=")
        if "%" in part:
            name, value = unquote(name, errors="strict"), unquote(value, errors="strict")
        fields[name] = value
    return _checked(fields, len(parts))


def _checked(fields: dict[str, str], count: int) -> dict[str, str]:
    if count > MAX_FIELDS:
        raise ValueError("too many fields")
    if any(len(value) > MAX_TEXT or "\x00" in value for value in fields.values()):
        raise ValueError("a field is too long, or holds a zero")
    return fields
