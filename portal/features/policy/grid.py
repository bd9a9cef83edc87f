"""The grid: roles across, permissions down, a tick where a role may do something whatever the record is.

What a tick stands for is the plain rule of ``rbac.cells``. A posted section says what it showed, so that only
what its reader changed becomes a change, whatever others did meanwhile.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from markupsafe import Markup

from portal.core.i18n import _, language
from rbac.areas import AREAS, IN_FRONT, OTHERS, ROLE_SETS, by_resource, resource_words
from rbac.bilingual import Language
from rbac.cells import Cell, State, Table, plain_rule
from rbac.lines import written
from rbac.permissions import BY_NAME, Permission
from rbac.words import NO_NAMES, Names, capital, subject_words

#: So many roles are seen at a time where the screen is narrow.
FEW: Final = 6
ALL: Final = "all"

#: What a drawn cell has in the place of its line's permission and of its number: no text of ours says so.
PERMISSION: Final = "@permission@"
NUMBER: Final = "@number@"

#: How a cell is drawn: a box to tick, or a mark that leads to its rules.
Kind = Literal["box", "always", "some", "never"]


@dataclass(frozen=True, slots=True)
class Column:
    """A role. ``number`` stays the same whatever is filtered, so that a cell can name whence it inherits."""

    number: int
    subject: str
    words: str
    included: tuple[str, ...]
    few: bool
    on: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """``source`` is the number of the role it comes from, 0 for its own; ``limited``: refused in some cases."""

    column: Column
    kind: Kind
    ticked: bool
    source: int
    limited: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A permission in words; ``number`` is its place among all permissions."""

    number: int
    permission: Permission
    words: str
    cells: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Section:
    area: str
    words: str
    resources: tuple[tuple[str, tuple[Line, ...]], ...]

    @property
    def ticked(self) -> str:
        """What the section shows as ticked, for the form to carry: ``5/risk:read 7/risk:read``."""
        return " ".join(
            f"{cell.column.number}/{line.permission}"
            for _words, lines in self.resources
            for line in lines
            for cell in line.cells
            if cell.ticked and cell.kind == "box"
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """What of the grid is looked at, as addresses say it."""

    area: str
    roles: str
    role: str
    q: str

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "Choice":
        area = given.get("area", AREAS[0].name)
        known = area == ALL or any(each.name == area for each in AREAS)
        return cls(
            area if known else AREAS[0].name,
            given.get("roles", ALL)[:40],
            given.get("role", "")[:80],
            given.get("q", "").strip()[:80],
        )


class Grid:
    """One policy's table under one choice."""

    def __init__(self, table: Table, choice: Choice, names: Names = NO_NAMES) -> None:
        self.table = table
        self.choice = choice
        self.numbers = {subject: number for number, subject in enumerate(table.subjects, 1)}
        self.sets = role_sets(table.subjects)
        self.columns = self._columns(names)
        self._drawn: dict[tuple[object, ...], Shown] = {}

    @property
    def on(self) -> Column:
        """The role that a narrow screen shows."""
        return next(column for column in self.columns if column.on)

    @property
    def before_and_after(self) -> tuple[Column | None, Column | None]:
        """The roles that lead to the few before and after those that are seen."""
        few = [place for place, column in enumerate(self.columns) if column.few]
        before = self.columns[max(0, few[0] - FEW)] if few[0] else None
        after = self.columns[few[-1] + 1] if few[-1] + 1 < len(self.columns) else None
        return before, after

    @property
    def sections(self) -> Iterator[Section]:
        """The areas that are looked at; those without a match of the search are left out."""
        for area in AREAS:
            if self.choice.area in (ALL, area.name) or self.choice.q:
                section = self.section(area.name)
                if section.resources:
                    yield section

    def section(self, area: str) -> Section:
        lang: Language = "zh" if language() == "zh" else "en"
        words = next(each.words for each in AREAS if each.name == area)
        found = []
        for resource, permissions in by_resource(area).items():
            lines = [
                self.line(permission) for permission in permissions if self._wanted(permission)
            ]
            if lines:
                found.append((resource_words(resource, lang), tuple(lines)))
        return Section(area, words.say(lang), tuple(found))

    def line(self, permission: Permission) -> Line:
        cells = tuple(self._shown(column, permission) for column in self.columns)
        words = permission.describe("zh" if language() == "zh" else "en")
        return Line(_PLACE[permission], permission, words, cells)

    def drawer(self, draw: Callable[..., str], *given: object) -> Callable[[Line], Markup]:
        """Draw the cells of a line by a macro, each kind of cell only once: there are thousands on a page.

        The macro writes ``PERMISSION`` and ``NUMBER`` where those of the line belong.
        """
        drawn: dict[int, str] = {}

        def line(each: Line) -> Markup:
            texts = []
            for shown in each.cells:
                text = drawn.get(id(shown))
                if text is None:
                    text = drawn[id(shown)] = str(draw(shown, *given))
                texts.append(text)
            row = "".join(texts)
            row = row.replace(PERMISSION, each.permission).replace(NUMBER, str(each.number))
            return Markup(row)  # noqa: S704  drawn by a template; a permission and a number are safe as they are

        return line

    def _shown(self, column: Column, permission: Permission) -> Shown:
        cell = self.table.cell(column.subject, permission)
        key = (column.number, *cell[:-1])
        shown = self._drawn.get(key)
        if shown is None:
            kind = _kind(cell)
            source = self.numbers[cell.source] if cell.source and kind != "box" else 0
            limited = cell.refused or cell.state is State.PARTLY_DENIED
            shown = self._drawn[key] = Shown(column, kind, cell.ticked, source, limited)
        return shown

    def _wanted(self, permission: Permission) -> bool:
        q = self.choice.q.casefold()
        return not q or any(
            q in text.casefold()
            for text in (
                permission.en,
                permission.zh,
                permission.value,
                resource_words(permission.resource, "en"),
                resource_words(permission.resource, "zh"),
            )
        )

    def _columns(self, names: Names) -> tuple[Column, ...]:
        wanted = self.sets.get(self.choice.roles, ("", self.table.subjects))[1]
        chosen = self.choice.role if self.choice.role in wanted else IN_FRONT
        place = wanted.index(chosen) if chosen in wanted else 0
        first = max(0, min(place, len(wanted) - FEW))
        return tuple(
            Column(
                self.numbers[subject],
                subject,
                role_title(subject, names),
                self.table.included(subject),
                few=first <= index < first + FEW,
                on=index == place,
            )
            for index, subject in enumerate(wanted)
        )


def _kind(cell: Cell) -> Kind:
    """A box where a tick would change something, or has; else a mark that leads to the rules."""
    if cell.state is State.DENIED:
        return "never"
    if cell.state is State.CONDITIONAL:
        return "some"
    if cell.state is State.ALLOWED and not cell.ticked:
        return "always"
    return "box"


_PLACE = {permission: place for place, permission in enumerate(Permission)}


def role_title(subject: str, names: Names = NO_NAMES) -> str:
    """A role as the head of a column: "Manager", 经理."""
    words = subject_words(subject, "zh" if language() == "zh" else "en", names)
    for article in ("a ", "the "):
        words = words.removeprefix(article)
    return capital(words) if words in names.values() else words[:1].upper() + words[1:]


def role_sets(subjects: Sequence[str]) -> dict[str, tuple[str, tuple[str, ...]]]:
    """The sets of roles by name, with their words, and what no set names; only those with somebody in them."""
    lang: Language = "zh" if language() == "zh" else "en"
    named = {subject for each in ROLE_SETS for subject in each.subjects}
    sets = [
        (each.name, each.words.say(lang), tuple(s for s in each.subjects if s in subjects))
        for each in ROLE_SETS
    ]
    sets.append(("others", OTHERS.say(lang), tuple(s for s in subjects if s not in named)))
    return {ALL: (_("All roles"), tuple(subjects))} | {
        name: (words, members) for name, words, members in sets if members
    }


@dataclass(frozen=True, slots=True)
class Ticks:
    """What a reader of the grid changed: lines to add and to remove."""

    added: tuple[str, ...]
    removed: tuple[str, ...]


def posted_ticks(values: Mapping[str, str]) -> Ticks:
    """Compare the boxes of a posted section with what it showed; names that are none are passed over.

    ``columns`` are the roles by number as the form had them: meanwhile another may have come.
    """
    roles = {str(number): name for number, name in enumerate(values.get("columns", "").split(), 1)}
    before = set(_cells(values.get("shown", "").split(), roles))
    now = set(_cells((name for name, value in values.items() if value == "on"), roles))
    return Ticks(
        tuple(sorted(_line(cell) for cell in now - before)),
        tuple(sorted(_line(cell) for cell in before - now)),
    )


def _cells(names: Iterable[str], roles: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """``5/risk:read`` as role and permission."""
    for name in names:
        number, _slash, permission = name.partition("/")
        if permission in BY_NAME and number in roles:
            yield roles[number], permission


def _line(cell: tuple[str, str]) -> str:
    return written(plain_rule(*cell).tokens)
