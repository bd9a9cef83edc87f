"""Chinese and English. Message ids are English; each slice brings its Chinese in a file of its own.

``portal/locale/zh/<slice>.po`` are read and merged once at start. ``_`` translates now, into the language of the
request; ``_l`` remembers the text and translates when it is shown.
"""

from collections.abc import Callable
from contextvars import ContextVar
from functools import cache, lru_cache
from gettext import NullTranslations
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from babel.messages.pofile import read_po

Value = TypeVar("Value")

LANGUAGES: Final = ("zh", "en")
DEFAULT: Final = "zh"
LOCALE = Path(__file__).parent.parent / "locale"

_language: ContextVar[str] = ContextVar("language", default=DEFAULT)


class Catalogue(NullTranslations):
    """The merged texts of one language; a text that is missing stays English."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self._texts: dict[str, tuple[str, ...]] = {}
        for path in sorted((LOCALE / language).glob("*.po")):
            with path.open("rb") as file:
                for message in read_po(file, locale=language):
                    ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
                    texts = (
                        message.string
                        if isinstance(message.string, tuple | list)
                        else (message.string,)
                    )
                    if ids[0] and texts[0]:
                        self._texts[str(ids[0])] = tuple(str(text) for text in texts)

    def gettext(self, message: str) -> str:
        found = self._texts.get(message)
        return found[0] if found else message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        found = self._texts.get(msgid1)
        if found:
            return found[0]  # Chinese has one plural form
        return msgid1 if n == 1 else msgid2


@cache
def catalogue(language: str) -> Catalogue:
    return Catalogue(language)


def language() -> str:
    return _language.get()


def set_language(language: str) -> None:
    """For the rest of this task (a request or a job run)."""
    _language.set(language)


def in_language(wanted: str, text: object) -> str:
    """A remembered text in this language, whatever the reader's is: for what is written for others."""
    token = _language.set(wanted)
    try:
        return str(text)
    finally:
        _language.reset(token)


def gettext(message: str) -> str:
    return catalogue(_language.get()).gettext(message)


def ngettext(singular: str, plural: str, n: int) -> str:
    return catalogue(_language.get()).ngettext(singular, plural, n)


def _(message: str, /, **values: object) -> str:
    """Translate now; ``%(name)s`` in the text takes the values given."""
    text = gettext(message)
    return text % values if values else text


class LazyText:
    """A text that becomes words in the language of whoever looks at it."""

    __slots__ = ("_message", "_values")

    def __init__(self, message: str, **values: object) -> None:
        self._message = message
        self._values = values

    def __str__(self) -> str:
        return _(self._message, **self._values)

    def __html__(self) -> str:
        from markupsafe import escape  # noqa: PLC0415  only where HTML is made

        return escape(str(self))

    def __mod__(self, values: dict[str, Any]) -> str:
        return str(self) % values

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LazyText) and str(other) == str(self)

    def __hash__(self) -> int:
        return hash(self._message)

    def __repr__(self) -> str:
        return f"LazyText({self._message!r})"


def _l(message: str, /, **values: object) -> LazyText:
    return LazyText(message, **values)


class Said(Generic[Value]):
    """A value that ``say`` puts into words when it is shown: a day in a text whose language is chosen later."""

    __slots__ = ("_say", "_value")

    def __init__(self, say: Callable[[Value], str], value: Value) -> None:
        self._say = say
        self._value = value

    def __str__(self) -> str:
        return self._say(self._value)


@lru_cache(maxsize=2048)
def choose(query: str | None, cookie: str | None, accept: str | None) -> str:
    """``?lang=`` wins over the cookie, the cookie over Accept-Language, which falls back to Chinese."""
    for wish in (query, cookie):
        if wish in LANGUAGES:
            return wish
    ranked: list[tuple[float, str]] = []
    for part in (accept or "").split(","):
        tag, _sep, weight = part.strip().partition(";q=")
        try:
            liking = float(weight or 1)
        except ValueError:
            continue
        if liking > 0:
            ranked.append((-liking, tag[:2].lower()))
    for _weight, tag in sorted(ranked, key=lambda pair: pair[0]):
        if tag in LANGUAGES:
            return tag
    return DEFAULT
