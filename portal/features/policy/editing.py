"""One rule seen three ways: the parts of its sentence, its Casbin line, its cell in the grid.

A form carries all three, and in ``shown`` the line that all of them said when it was made. So it can be told
which of them was changed, whether scripts rendered the others at once or not: whatever was changed counts, and
where the line and something else were changed to different ends, the reader is asked which is meant. Nothing
typed is thrown away for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from rbac.attributes import ATTRIBUTES, Kind
from rbac.builder import (
    COMPARISONS,
    BadValue,
    Comparison,
    Joint,
    Outcome,
    Row,
    asked_for,
    attempt,
    read_rows,
    shown_value,
    typed_number,
    typed_values,
    write_rows,
)
from rbac.cells import is_plain
from rbac.conditions import BadCondition
from rbac.lines import ALLOW, DENY, EVERY, Rule, written
from rbac.policy import Policy
from rbac.reading import PolicyError, Problem, column, split
from rbac.relations import ANY, BadRelation, Term, parse_relation, write_relation

SENTENCE: Final = "sentence"
ROWS: Final = "rows"
CELL: Final = "cell"
LINE: Final = "line"

ALWAYS: Final = "always"
SOMETIMES: Final = "sometimes"
NEVER: Final = "never"

MAX_ROWS: Final = 20
LONGEST_LINE: Final = 2000
_FIELDS: Final = len(Rule._fields)
_CONDITION: Final = 1 + Rule._fields.index("condition")
BLANK: Final = Rule("", EVERY, "", "", ANY, "", ALLOW)


@dataclass
class TypedRow:
    """A row of the condition as it was typed; ``error`` is a code."""

    joint: str = "and"
    attribute: str = ""
    comparison: str = ""
    values: list[str] = field(default_factory=list)
    error: str = ""

    @property
    def kind(self) -> Kind | None:
        attribute = ATTRIBUTES.get(self.attribute)
        return attribute.kind if attribute else None


@dataclass(frozen=True, slots=True)
class Trial:
    """The condition tried on example facts, as typed; ``outcome`` is None without a sound condition."""

    typed: Mapping[str, str]
    errors: Mapping[str, str]
    outcome: Outcome | None


@dataclass
class Editing:
    """``rule`` is what all views show, sound or not; ``line`` is what the line's field holds.

    ``was`` is the line that was opened, empty for a new rule. ``clash``: the line and another view were
    changed to different ends. ``rows`` are None where rows cannot say the condition.
    """

    was: str
    shown: str
    rule: Rule
    line: str
    rows: list[TypedRow] | None
    problems: tuple[Problem, ...] = ()
    clash: bool = False
    trial: Trial = field(default_factory=lambda: Trial({}, {}, None))

    @property
    def sound(self) -> bool:
        return not (self.problems or self.clash or any(row.error for row in self.rows or ()))

    @property
    def terms(self) -> Mapping[Term, bool]:
        return terms_of(self.rule.relation)

    @property
    def cell(self) -> str:
        return cell_of(self.rule)

    @property
    def changed(self) -> bool:
        return self.line != self.was

    def about(self, *fields: str) -> tuple[Problem, ...]:
        """The problems of these parts of the rule; of the line as a whole for ``line``."""
        numbers = {0 if name == LINE else 1 + Rule._fields.index(name) for name in fields}
        return tuple(problem for problem in self.problems if problem.field in numbers)

    @property
    def mark(self) -> tuple[str, str, str] | None:
        """The line before, at and after the place of its first problem."""
        if not self.problems:
            return None
        first = self.problems[0]
        return marked(self.line, column(self.line, first.field, first.offset))

    @property
    def condition_mark(self) -> tuple[str, str, str] | None:
        found = self.about("condition")
        return marked(self.rule.condition, found[0].offset) if found else None


def marked(text: str, place: int) -> tuple[str, str, str]:
    """Cut a text so that the character at ``place`` can be marked; past its end stands a space."""
    place = max(0, min(place, len(text)))
    return text[:place], text[place : place + 1] or " ", text[place + 1 :]


def squeezed(line: str) -> str:
    """A typed line on one line, its fields parted as lines are stored."""
    return written(tuple(split(" ".join(line.split()))))


def rule_of(line: str) -> Rule | None:
    """The parts of a line that has as many as a rule, sound or not."""
    tokens = split(line)
    if len(tokens) != _FIELDS + 1 or tokens[0] != "p":
        return None
    return Rule._make(tokens[1:])


def check(line: str) -> tuple[Problem, ...]:
    """What is wrong with a line as a rule; only the whole policy can tell the rest."""
    try:
        policy = Policy.parse(line)
    except PolicyError as error:
        return error.problems
    return () if policy.rules else (Problem(1, 0, "not-a-rule"),)


def opened(rule: Rule, *, new: bool = False) -> Editing:
    line = written(rule.tokens)
    problems = () if new else check(line)
    return Editing(
        "" if new else line,
        line,
        rule,
        line,
        _rows_of(rule.condition),
        problems,
        trial=_try(rule, {}),
    )


def terms_of(relation: str) -> Mapping[Term, bool]:
    """What a relation asks; nothing while it cannot be read."""
    try:
        return dict(parse_relation(relation).wanted)
    except BadRelation:
        return {}


def cell_of(rule: Rule) -> str:
    """What the rule makes of its cell: always, sometimes, or never allowed."""
    if rule.effect == DENY:
        return NEVER
    try:
        return ALWAYS if is_plain(rule) else SOMETIMES
    except BadRelation:
        return SOMETIMES


def with_cell(rule: Rule, cell: str) -> Rule:
    """The rule after its cell was chosen: always drops what narrows it."""
    if cell == ALWAYS:
        return rule._replace(group=EVERY, relation=ANY, condition="", effect=ALLOW)
    return rule._replace(effect=DENY if cell == NEVER else ALLOW)


def from_form(values: Mapping[str, str]) -> Editing:
    """Bring the views of a posted form into step; ``show`` in it names the one that counts."""
    was = values.get("was", "")[:LONGEST_LINE]
    before = values.get("shown", "")[:LONGEST_LINE]
    base = rule_of(before) or BLANK
    shown = written(base.tokens)
    typed = _typed_rule(values, base)
    rows, condition = _typed_rows(values, base.condition)
    if condition != base.condition and typed.condition == base.condition:
        typed = typed._replace(condition=condition)
        clash = False
    else:  # the text of the condition counts, unless the rows are pointed at
        clash = condition not in (base.condition, typed.condition)
    told = values.get("show", "")
    if told == ROWS:
        typed, clash = typed._replace(condition=condition), False
    elif told:
        clash = False
    if told == CELL or (not told and values.get("cell", cell_of(base)) != cell_of(base)):
        typed = with_cell(typed, values.get("cell", ""))
    line = squeezed(values.get("line", shown)[:LONGEST_LINE])
    if told == LINE or (not told and typed == base and line != shown):
        return _seen(was, line, shown, rule_of(line) or base, None, values)
    parts = squeezed(written(typed.tokens))
    clash = clash or (not told and line not in (shown, parts))
    if clash:
        made = _seen(was, line, shown, typed, rows, values)
        made.clash = True
        return made
    return _seen(was, parts, shown, typed, rows, values)


def _seen(  # noqa: PLR0913, PLR0917  the parts of one view
    was: str,
    line: str,
    shown: str,
    rule: Rule,
    rows: list[TypedRow] | None,
    values: Mapping[str, str],
) -> Editing:
    """What all views show now; rows with errors stay as they were typed, others follow the condition."""
    problems = check(line)
    if rule_of(line) is not None:
        shown = line
    if rows is None or not any(row.error for row in rows):
        rows = _rows_of(rule.condition)
    if rows is not None:
        rows = _counted(rows, values)
    return Editing(was, shown, rule, line, rows, problems, trial=_try(rule, values))


def _counted(rows: list[TypedRow], values: Mapping[str, str]) -> list[TypedRow]:
    """One row more where one was asked for."""
    return [*rows, TypedRow()] if values.get("add") and len(rows) < MAX_ROWS else rows


def _typed_rule(values: Mapping[str, str], base: Rule) -> Rule:
    """The rule that the parts of the sentence make; a part that was not sent stays."""
    permission = _part(values, "permission", base.permission)
    resource, _, action = permission.partition(":")
    if permission == base.permission:
        resource, action = base.resource, base.action
    relation = base.relation
    if any(name.startswith("term-") for name in values):
        chosen = {term: values.get(f"term-{term}", "") for term in Term}
        wanted = {term: said == "yes" for term, said in chosen.items() if said in ("yes", "no")}
        if wanted != terms_of(base.relation):
            relation = write_relation(
                wanted, like=base.relation if terms_of(base.relation) else ANY
            )
    return Rule(
        _part(values, "subject", base.subject),
        _part(values, "group", base.group),
        resource,
        action,
        relation,
        " ".join(values.get("condition", base.condition).split()),
        _part(values, "effect", base.effect),
    )


def _part(values: Mapping[str, str], name: str, otherwise: str) -> str:
    return " ".join(values.get(name, otherwise).split())[:LONGEST_LINE]


def _typed_rows(values: Mapping[str, str], before: str) -> tuple[list[TypedRow] | None, str]:
    """The rows as typed, and the condition they make; the one before when there are none or they are not whole."""
    if "rows" not in values:
        return None, before
    number = values["rows"]
    count = min(int(number), MAX_ROWS) if number.isascii() and number.isdigit() else 0
    rows = [
        _typed_row(values, index) for index in range(count) if values.get("remove") != str(index)
    ]
    rows = [row for row in rows if row.attribute]
    sound: list[Row] = []
    for row in rows:
        try:
            sound.append(_sound(row))
        except BadValue as error:
            row.error = error.code
    if len(sound) < len(rows):
        return rows, before
    sound[:1] = [row._replace(joint="and") for row in sound[:1]]
    return rows, write_rows(sound, like=before)


def _typed_row(values: Mapping[str, str], index: int) -> TypedRow:
    start = f"row-{index}-"
    named = f"{start}value-"
    typed = [values.get(f"{start}value", "")]
    typed += [name.removeprefix(named) for name in values if name.startswith(named)]
    row = TypedRow(
        "or" if values.get(f"{start}joint") == "or" else "and",
        values.get(f"{start}attribute", ""),
        values.get(f"{start}comparison", ""),
        [value for value in typed if value.strip()],
    )
    kind = row.kind
    if kind is None:
        row.attribute = ""
    elif row.comparison not in COMPARISONS[kind]:
        row.comparison = COMPARISONS[kind][0]
        row.values = []  # they belonged to another attribute
    return row


def _sound(row: TypedRow) -> Row:
    comparison = Comparison(row.comparison)
    joint: Joint = "or" if row.joint == "or" else "and"
    return Row(
        joint, row.attribute, comparison, typed_values(row.attribute, comparison, row.values)
    )


def _rows_of(condition: str) -> list[TypedRow] | None:
    """A condition as rows to be typed over; None where rows cannot say it."""
    try:
        rows = read_rows(condition)
    except BadCondition:
        return None
    if rows is None:
        return None
    return [
        TypedRow(
            row.joint,
            row.attribute,
            row.comparison,
            [shown_value(ATTRIBUTES[row.attribute], value) for value in row.values],
        )
        for row in rows
    ]


def _try(rule: Rule, values: Mapping[str, str]) -> Trial:
    """Try the condition on the facts that were typed; what was left empty is not known."""
    try:
        names = asked_for(rule.condition)
    except BadCondition:
        names = ()
    typed = {
        name.removeprefix("try-"): value
        for name, value in values.items()
        if name.startswith("try-")
    }
    facts: dict[str, object] = {}
    errors: dict[str, str] = {}
    for name in names:
        text = typed.get(name, "").strip()
        attribute = ATTRIBUTES[name]
        if not text:
            continue
        if attribute.kind is Kind.NUMBER:
            try:
                facts[name] = typed_number(attribute, text)
            except BadValue as error:
                errors[name] = error.code
        elif attribute.kind is Kind.TRUTH:
            facts[name] = text == "yes"
        else:
            facts[name] = text
    outcome = attempt(rule.condition, facts) if names else None
    return Trial({name: typed.get(name, "") for name in names}, errors, outcome)
