"""What the sources say against what the catalogues translate: the reading behind ``portal i18n``.

Everything is found from the source tree alone, so the check runs without a database and as a test.
"""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import PoFileError, denormalize, read_po
from jinja2.ext import babel_extract

ROOT: Final = Path(__file__).parents[2]
LANGUAGE: Final = "zh"
KEYWORDS: Final[Mapping[str, Any]] = {
    "_": None,
    "_l": None,
    "gettext": None,
    "ngettext": (1, 2),
}
TEMPLATE_OPTIONS: Final = {"extensions": "jinja2.ext.loopcontrols", "silent": "false"}

#: Files that are made of Chinese data, not of texts of the product.
CHINESE_DATA: Final = frozenset(
    {
        "portal/cli/bench/area.py",
        "portal/cli/bench/forms.py",
        "portal/demo.py",
        "portal/features/catalogue/rules/categories.py",
        "portal/features/catalogue/rules/holidays.py",
        "portal/features/people/organisation/structure.py",
    }
)
#: On a line of Python with a Chinese literal that is right there: ``# i18n: why``.
MARK: Final = "# i18n:"
SHOWN_ATTRIBUTES: Final = frozenset({"alt", "aria-label", "data-label", "placeholder", "title"})
NOT_WORDS: Final = frozenset({"code", "script", "style", "svg"})

_CHINESE: Final = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")
_WORD: Final = re.compile(r"[A-Za-z]{2,}")
_SAMPLE: Final = re.compile(r"[A-Z0-9]{2,}|[a-z_]+:[a-z_]+")
_ATTRIBUTE: Final = re.compile(r'[\w-]+="[^"]*"')  # of a macro that writes attributes
_JINJA: Final = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_PLACEHOLDER: Final = re.compile(r"%\((\w+)\)")
_MSGID: Final = re.compile(r'^msgid ((?:".*"\n?)+)', re.MULTILINE)


@dataclass(slots=True)
class Text:
    """A message of the sources; ``places`` are all its lines, ``formatted`` whether ``%`` means something in it."""

    singular: str
    plural: str | None = None
    places: list[str] = field(default_factory=list)
    formatted: bool = False

    @property
    def whole(self) -> str:
        """The form with every placeholder: Chinese has one form for all numbers."""
        return self.plural or self.singular


@dataclass(frozen=True, slots=True)
class Translation:
    place: str
    text: str
    fuzzy: bool


def texts(root: Path = ROOT) -> dict[str, Text]:
    """Every message of templates and Python, by its (singular) id."""
    found: dict[str, Text] = {}
    for path in _templates(root):
        with path.open("rb") as file:
            for line, function, message, _comments in babel_extract(
                file, tuple(KEYWORDS), (), dict(TEMPLATE_OPTIONS)
            ):
                if function in KEYWORDS:  # the extractor also offers the arguments of other calls
                    _note(found, message, f"{path.relative_to(root)}:{line}", template=True)
    for path in _modules(root):
        with path.open("rb") as file:
            for line, message, _comments, _context in extract("python", file, KEYWORDS):
                _note(found, message, f"{path.relative_to(root)}:{line}", template=False)
    return found


def _note(found: dict[str, Text], message: Any, place: str, *, template: bool) -> None:
    forms = [part for part in message if part] if isinstance(message, tuple) else [message]
    if not forms or not forms[0]:
        return
    text = found.setdefault(forms[0], Text(forms[0]))
    if len(forms) > 1:
        text.plural = forms[1]
    text.places.append(place)
    # In a template every text is formatted, in Python one that takes values.
    text.formatted |= template or bool(_PLACEHOLDER.search(text.whole))


def translations(root: Path = ROOT) -> dict[str, list[Translation]]:
    """Every entry of ``portal/locale/zh/*.po``, by its (singular) id, in the order of the files."""
    found: dict[str, list[Translation]] = defaultdict(list)
    for path in _catalogues(root):
        with path.open("rb") as file:
            for message in read_po(file, locale=LANGUAGE, abort_invalid=True):
                if not message.id:
                    continue
                key, text = (
                    part[0] if isinstance(part, tuple | list) else part
                    for part in (message.id, message.string)
                )
                place = f"{path.relative_to(root)}:{message.lineno}"
                found[str(key)].append(Translation(place, str(text), message.fuzzy))
    return found


def problems(root: Path = ROOT) -> list[str]:
    """What is wrong, one line each, beginning with file and line; empty when both languages are complete."""
    said = texts(root)
    try:
        translated = translations(root)
    except PoFileError as error:
        return [_unreadable(root, error)]
    return [
        *_missing(said, translated),
        *_obsolete(said, translated),
        *_contradictions(translated),
        *_twice_in_a_file(root),
        *_placeholders(said, translated),
        *_untranslatable_templates(root),
        *_chinese_in_python(root),
    ]


def _unreadable(root: Path, error: PoFileError) -> str:
    """A line that is no part of a catalogue, such as the mark of a merge; the reader does not say in which file."""
    for path in _catalogues(root):
        lines = path.read_text("utf-8").splitlines()
        if error.line in lines:
            return f"{path.relative_to(root)}:{lines.index(error.line) + 1}: unreadable: {error.line!r}"
    return f"portal/locale/{LANGUAGE}:{error.lineno}: unreadable: {error.line!r}"


def skeleton(root: Path = ROOT) -> Catalog:
    """The texts that have no Chinese yet, as a catalogue to be filled in."""
    translated = translations(root)
    catalogue = Catalog(locale=LANGUAGE, project="shanmen", charset="utf-8", fuzzy=False)
    for text in texts(root).values():
        if not any(entry.text for entry in translated.get(text.singular, ())):
            places = [place.rsplit(":", 1) for place in text.places]
            catalogue.add(
                (text.singular, text.plural) if text.plural else text.singular,
                locations=[(path, int(line)) for path, line in places],
            )
    return catalogue


def _missing(
    said: Mapping[str, Text], translated: Mapping[str, list[Translation]]
) -> Iterator[str]:
    for key, text in said.items():
        entries = translated.get(key, ())
        if not any(entry.text for entry in entries):
            yield f"{text.places[0]}: no Chinese for {key!r}"
        for entry in entries:
            if entry.fuzzy:
                yield f"{entry.place}: still marked fuzzy: {key!r}"


def _obsolete(
    said: Mapping[str, Text], translated: Mapping[str, list[Translation]]
) -> Iterator[str]:
    for key, entries in translated.items():
        if key not in said:
            yield from (f"{entry.place}: nothing says {key!r} any more" for entry in entries)


def _contradictions(translated: Mapping[str, list[Translation]]) -> Iterator[str]:
    for key, entries in translated.items():
        for entry in entries[1:]:
            if entry.text != entries[0].text:
                yield (
                    f"{entry.place}: {key!r} is {entry.text!r} here, "
                    f"{entries[0].text!r} in {entries[0].place}"
                )


def _twice_in_a_file(root: Path) -> Iterator[str]:
    """The reader silently keeps one of two entries with the same id."""
    for path in _catalogues(root):
        ids = Counter(denormalize(found) for found in _MSGID.findall(path.read_text("utf-8")))
        for key, times in ids.items():
            if times > 1:
                yield f"{path.relative_to(root)}:1: {key!r} stands there {times} times"


def _placeholders(
    said: Mapping[str, Text], translated: Mapping[str, list[Translation]]
) -> Iterator[str]:
    for key, text in said.items():
        wanted = set(_PLACEHOLDER.findall(text.whole))
        if text.formatted and not _formats(text.whole, wanted):
            yield f"{text.places[0]}: a stray % in {key!r}; write %%"
        for entry in translated.get(key, ()):
            given = set(_PLACEHOLDER.findall(entry.text))
            if entry.text and given != wanted:
                names = ", ".join(sorted(given ^ wanted))
                yield f"{entry.place}: placeholders differ ({names}): {key!r}"
            elif text.formatted and not _formats(entry.text, wanted):
                yield f"{entry.place}: a stray % in {entry.text!r}; write %%"


def _formats(text: str, names: set[str]) -> bool:
    try:
        text % dict.fromkeys(names, 0)
    except (KeyError, TypeError, ValueError):
        return False
    return True


class _Page(HTMLParser):
    """Words that stand in a template itself, outside ``_()``: they would be the same in both languages."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._open.append((tag, "lang" in given or "code" in (given.get("class") or "").split()))
        for name in SHOWN_ATTRIBUTES & given.keys():
            self._look(given[name] or "")

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        inner = self._open[-1] if self._open else ("", False)
        if not inner[1] and not any(tag in NOT_WORDS for tag, _marked in self._open):
            self._look(data)

    def _look(self, text: str) -> None:
        rest = _SAMPLE.sub("", _ATTRIBUTE.sub("", text))
        if _WORD.search(rest) or _CHINESE.search(rest):
            self.found.append((self.getpos()[0], " ".join(text.split())))


def _untranslatable_templates(root: Path) -> Iterator[str]:
    for path in _templates(root):
        source = _JINJA.sub(_blank, path.read_text("utf-8"))
        page = _Page()
        page.feed(source)
        for line, text in page.found:
            yield f"{path.relative_to(root)}:{line}: not translatable: {text!r}"


def _blank(found: re.Match[str]) -> str:
    """Keep the lines and nothing else; Chinese inside an expression stays in sight."""
    inside = "".join(_CHINESE.findall(found[0])) if not found[0].startswith("{#") else ""
    return inside + "\n" * found[0].count("\n")


def _chinese_in_python(root: Path) -> Iterator[str]:
    for path in _modules(root):
        place = path.relative_to(root).as_posix()
        if place in CHINESE_DATA:
            continue
        source = path.read_text("utf-8")
        lines = source.splitlines()
        tree = ast.parse(source)
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in docstrings
                and _CHINESE.search(node.value)
                and MARK not in lines[node.lineno - 1]
            ):
                yield f"{place}:{node.lineno}: Chinese in the code: {node.value!r}"


def _templates(root: Path) -> list[Path]:
    return sorted((root / "templates").rglob("*.html"))


def _modules(root: Path) -> list[Path]:
    """``rbac`` has its own words in both languages and is exempt."""
    return sorted((root / "portal").rglob("*.py"))


def _catalogues(root: Path) -> list[Path]:
    return sorted((root / "portal" / "locale" / LANGUAGE).glob("*.po"))
