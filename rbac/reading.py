"""Reading policy lines: everything that would make a policy untrustworthy is refused here.

A malformed name, a permission that does not exist, a relation or condition that does not compile, a
line said twice, roles or reporting lines that run in a circle. All problems are found in one
reading, each with its line and place, so that an editor can mark them together.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from rbac.conditions import BadCondition, compile_condition
from rbac.lines import (
    ALLOW,
    DENY,
    DUAL,
    EVERY,
    SOLID,
    Grant,
    Inclusion,
    Report,
    Rule,
    instant,
    is_role,
)
from rbac.relations import BadRelation, parse_relation
from rbac.structure import MAX_STEPS, Malformed, check_upward
from rbac.validity import in_force, moments

_PERSON = re.compile(r"[\w.@+-]{1,64}")
_ROLE = re.compile(r"role:[\w.-]{1,64}")
_SUBJECT = re.compile(rf"{_ROLE.pattern}|{_PERSON.pattern}")
_GROUP = re.compile(r"\*|[\w.-]{1,64}")
_MARKS = re.compile(r"[(\[\]),]")
_EFFECTS = frozenset({ALLOW, DENY})
_UNDATED = len(("g", "holder", "role", "group"))
_NOTHING = ("",) * (len(Grant._fields) + 1)


class Problem(NamedTuple):
    """``field`` counts from 0 (the line's kind); ``offset`` is the place within the field."""

    line: int
    field: int
    code: str
    offset: int = 0
    detail: str = ""


class PolicyError(ValueError):
    """A policy that was refused, with everything that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        first = problems[0]
        words = f"line {first.line}, field {first.field}: {first.code} {first.detail}".rstrip()
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(words + more)
        self.problems = tuple(problems)


class Contents(NamedTuple):
    rules: tuple[Rule, ...]
    inclusions: tuple[Inclusion, ...]
    grants: tuple[Grant, ...]
    reports: tuple[Report, ...]


def split(line: str) -> list[str]:
    """Split at the commas outside brackets, as pycasbin's own file adapter does."""
    if "(" not in line and "[" not in line:
        return list(map(str.strip, line.split(",")))
    ends = [*_commas(line), len(line)]
    starts = [0, *(comma + 1 for comma in ends)]
    return [line[start:end].strip() for start, end in zip(starts, ends, strict=False)]


def column(line: str, field: int, offset: int = 0) -> int:
    """Return where in a written line the place of a problem stands, counted from 0."""
    start = 0 if field == 0 else [-1, *_commas(line)][field] + 1
    return start + len(line[start:]) - len(line[start:].lstrip()) + offset


def _commas(line: str) -> list[int]:
    """Find the commas outside brackets."""
    found, depth = [], 0
    for mark in _MARKS.finditer(line):
        letter = mark[0]
        if letter != ",":
            depth += 1 if letter in "([" else -1
        elif depth <= 0:
            found.append(mark.start())
    return found


def foreign_fields(lines: Iterable[Sequence[str]]) -> int | None:
    """Return how many fields the rules of another Casbin model have; None when they are ours.

    Ours are at least one of them: a policy of ours with slips in it is told its slips.
    """
    counts = [len(tokens) - 1 for tokens in lines if tokens[0] == "p"]
    ours = len(Rule._fields)
    return counts[0] if counts and ours not in counts else None


class Reader:
    """Takes line after line, remembering what was already found good; ``finish`` hands over."""

    def __init__(self, known: Collection[str]) -> None:
        pairs = [(name.partition(":")[0], name.partition(":")[2]) for name in known]
        self._permissions = {
            *pairs,
            *((resource, EVERY) for resource, _ in pairs),
            *((EVERY, action) for _, action in pairs),
            (EVERY, EVERY),
        }
        self._rules: dict[Rule, int] = {}
        self._inclusions: dict[Inclusion, int] = {}
        self._grants: dict[Grant, int] = {}
        self._reports: dict[Report, int] = {}
        self._problems: list[Problem] = []
        self._good: dict[re.Pattern[str], set[str]] = {
            pattern: set() for pattern in (_PERSON, _ROLE, _SUBJECT, _GROUP)
        }
        self._people, self._roles, self._subjects, self._groups = self._good.values()
        self._good_rights: set[tuple[str, ...]] = set()
        self._kinds = {
            "p": self._read_rule,
            "g": self._read_role_line,
            SOLID: self._read_report,
            DUAL: self._read_report,
        }

    def read(self, number: int, tokens: Sequence[str]) -> None:
        read = self._kinds.get(tokens[0]) if tokens else None
        if read is None:
            self._refuse(number, 0, "unknown-line")
        else:
            read(number, tokens)

    def finish(self) -> Contents:
        """Check what only the whole can show. Raises PolicyError with every problem found."""
        included: dict[str, list[str]] = {}
        for inclusion in self._inclusions:
            included.setdefault(inclusion.role, []).append(inclusion.included)
        try:
            check_upward(included, MAX_STEPS - 1)  # the first step leads from person to role
        except Malformed as error:
            lines = {line.role: number for line, number in self._inclusions.items()}
            self._refuse_chain(lines, error)
        self._check_reports()
        if self._problems:
            raise PolicyError(sorted(self._problems))
        return Contents(
            tuple(self._rules),
            tuple(self._inclusions),
            tuple(self._grants),
            tuple(self._reports),
        )

    def _check_reports(self) -> None:
        """Refuse circles at any one instant: who led whom last year may be led by them now."""
        try:
            check_upward(_upward(self._reports))
        except Malformed:
            for moment in moments(self._reports):
                try:
                    check_upward(_upward(r for r in self._reports if in_force(r, moment)))
                except Malformed as error:
                    lines = {line.person: number for line, number in self._reports.items()}
                    self._refuse_chain(lines, error)
                    return

    def _refuse_chain(self, lines: dict[str, int], error: Malformed) -> None:
        self._refuse(lines[error.chain[0]], 1, error.code, detail=" > ".join(error.chain))

    def _read_rule(self, number: int, tokens: Sequence[str]) -> None:
        if len(tokens) != len(Rule._fields) + 1:
            said = ",".join(tokens)
            if said.count("(") + said.count("[") != said.count(")") + said.count("]"):
                self._refuse(number, 0, "open-bracket")  # it swallowed the commas after it
            else:
                self._refuse(number, 0, "field-count", detail=f"{len(Rule._fields) + 1}")
            return
        rule = Rule._make(tokens[1:])
        subject, group, *_ = rule
        sound = (subject in self._subjects or self._check(_SUBJECT, number, 1, subject)) and (
            group in self._groups or self._check(_GROUP, number, 2, group)
        )
        if rule[2:] not in self._good_rights:
            sound = self._check_right(number, rule) and sound
        if group != EVERY and not is_role(subject):
            self._refuse(number, 2, "person-in-group")
        elif sound and self._rules.setdefault(rule, number) != number:
            self._refuse(number, 0, "repeated")

    def _check_right(self, number: int, rule: Rule) -> bool:
        before = len(self._problems)
        if (rule.resource, rule.action) not in self._permissions:
            self._refuse(number, 3, "unknown-permission", detail=rule.permission)
        try:
            parse_relation(rule.relation)
        except BadRelation as error:
            self._refuse(number, 5, error.code, error.offset)
        try:
            compile_condition(rule.condition)
        except BadCondition as error:
            self._refuse(number, 6, error.code, error.offset, error.detail)
        if rule.effect not in _EFFECTS:
            self._refuse(number, 7, "unknown-effect")
        if len(self._problems) > before:
            return False
        self._good_rights.add(rule[2:])
        return True

    def _read_role_line(self, number: int, tokens: Sequence[str]) -> None:
        if not _UNDATED <= len(tokens) <= len(Grant._fields) + 1:
            self._refuse(number, 0, "field-count", detail="4-7")
            return
        grant = Grant._make((*tokens[1:], *_NOTHING[len(tokens) :]))
        holder, role, group, *_ = grant
        if not (
            (holder in self._subjects or self._check(_SUBJECT, number, 1, holder))
            and (role in self._roles or self._check(_ROLE, number, 2, role))
            and (group in self._groups or self._check(_GROUP, number, 3, group))
        ):
            return
        if is_role(holder):
            self._read_inclusion(number, grant)
        elif len(tokens) > _UNDATED and not (
            (not grant.instead_of or self._check(_PERSON, number, 6, grant.instead_of))
            and self._check_window(number, 4, grant.since, grant.until)
        ):
            return
        elif self._grants.setdefault(grant, number) != number:
            self._refuse(number, 0, "repeated")

    def _read_inclusion(self, number: int, grant: Grant) -> None:
        inclusion = Inclusion(grant.person, grant.role)
        if grant.group != EVERY:
            self._refuse(number, 3, "role-in-group")
        elif grant.since or grant.until or grant.instead_of:
            self._refuse(number, 4, "role-for-a-time")
        elif self._inclusions.setdefault(inclusion, number) != number:
            self._refuse(number, 0, "repeated")

    def _read_report(self, number: int, tokens: Sequence[str]) -> None:
        if not len((SOLID, "person", "superior")) <= len(tokens) <= len(Report._fields):
            self._refuse(number, 0, "field-count", detail="3-5")
            return
        report = Report(*tokens)
        person, superior = report.person, report.superior
        if (
            (person in self._people or self._check(_PERSON, number, 1, person))
            and (superior in self._people or self._check(_PERSON, number, 2, superior))
            and self._check_window(number, 3, report.since, report.until)
            and self._reports.setdefault(report, number) != number
        ):
            self._refuse(number, 0, "repeated")

    def _check(self, pattern: re.Pattern[str], number: int, field: int, name: str) -> bool:
        """Look at a name that was not found good before."""
        if not pattern.fullmatch(name):
            self._refuse(number, field, "bad-name")
            return False
        self._good[pattern].add(name)
        return True

    def _check_window(self, number: int, field: int, since: str, until: str) -> bool:
        if not since and not until:
            return True
        start, end = instant(since), instant(until)
        if since and start is None:
            self._refuse(number, field, "bad-instant")
        elif until and end is None:
            self._refuse(number, field + 1, "bad-instant")
        elif start is not None and end is not None and start >= end:
            self._refuse(number, field + 1, "ends-before-it-begins")
        else:
            return True
        return False

    def _refuse(self, line: int, field: int, code: str, offset: int = 0, detail: str = "") -> None:
        self._problems.append(Problem(line, field, code, offset, detail))


def _upward(reports: Iterable[Report]) -> dict[str, list[str]]:
    above: dict[str, list[str]] = {}
    for report in reports:
        above.setdefault(report.person, []).append(report.superior)
    return above
