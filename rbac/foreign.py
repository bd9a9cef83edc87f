"""A policy of another Casbin model: read, checked part by part, never put in force (PO-7).

Only what is understood is let through: the definitions, the known effects, and a matcher of comparisons, role
functions and Casbin's own pattern functions. Whatever would run more than that (``eval``, functions of another
program, attributes of objects) is refused with its reason. What stock Casbin is given to judge by is written anew
from what was understood here (``model_text``, ``policy_text``), so that both can never read it differently.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from rbac.lines import Tokens
from rbac.reading import split

MAX_MODEL = 4_000
MAX_POLICY = 18_000  # with its line ends it passes through a form's field
MAX_LINES = 500
MAX_MATCHER = 600
MAX_NODES = 80
MAX_VALUE = 200

EFFECTS: Mapping[str, str] = {
    "some(where (p.eft == allow))": "allow",
    "!some(where (p.eft == deny))": "not-deny",
    "some(where (p.eft == allow)) && !some(where (p.eft == deny))": "allow-and-not-deny",
    "priority(p.eft) || deny": "priority",
    "subjectPriority(p.eft) || deny": "subject-priority",
}
PATTERNS = frozenset(
    {
        "keyMatch",
        "keyMatch2",
        "keyMatch3",
        "keyMatch4",
        "keyMatch5",
        "regexMatch",
        "ipMatch",
        "globMatch",
    }
)

_SECTIONS = {
    "request_definition": "r",
    "policy_definition": "p",
    "role_definition": "g",
    "policy_effect": "e",
    "matchers": "m",
}
_ROLE_KEY = re.compile(r"g[2-9]?")
_FIELD = re.compile(r"[A-Za-z]\w{0,30}", re.ASCII)
_ROLES = re.compile(r"_(\s*,\s*_){1,3}")
_DOTTED = re.compile(r"\b([rp])\.(\w+)")
_NOT = re.compile(r"!(?!=)")
_PLAIN = re.compile(r"[\w ./:*@-]{0,60}")
_PATTERN_ARGUMENTS = 2
_SIGNS: Mapping[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.In: "in",
    ast.NotIn: "not in",
}


class Problem(NamedTuple):
    """``file`` is ``model`` or ``policy``; ``line`` counts from 1, 0 for the whole."""

    file: str
    line: int
    code: str
    detail: str = ""


class ForeignError(ValueError):
    """A foreign policy that is not read, with everything that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(", ".join(problem.code for problem in problems))
        self.problems = tuple(problems)


class Line(NamedTuple):
    number: int
    tokens: Tokens


@dataclass(frozen=True, slots=True)
class Foreign:
    """``roles`` are the role functions with how many names a line of each links; ``tree`` is the matcher."""

    request: Tokens
    policy: Tokens
    roles: Mapping[str, int]
    effect: str
    tree: ast.expr
    lines: tuple[Line, ...]

    @property
    def rules(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.tokens[0] == "p")

    @property
    def links(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.tokens[0] != "p")

    @property
    def matcher(self) -> str:
        return written_matcher(self.tree)

    @property
    def model_text(self) -> str:
        effect = next(text for text, name in EFFECTS.items() if name == self.effect)
        roles = [f"{key} = {', '.join('_' * count)}" for key, count in self.roles.items()]
        return "\n".join(
            (
                "[request_definition]",
                f"r = {', '.join(self.request)}",
                "[policy_definition]",
                f"p = {', '.join(self.policy)}",
                *(("[role_definition]", *roles) if roles else ()),
                "[policy_effect]",
                f"e = {effect}",
                "[matchers]",
                f"m = {self.matcher}",
                "",
            )
        )

    @property
    def policy_text(self) -> str:
        return "\n".join(", ".join(line.tokens) for line in self.lines)

    def values(self, field: str) -> list[str]:
        """What stands in the policy for a field of the request, to be chosen from."""
        place = self.policy.index(field) + 1 if field in self.policy else None
        found = {line.tokens[place] for line in self.rules if place}
        for kind, arguments in self.role_calls():
            for place, argument in enumerate(arguments):
                if argument == f"r_{field}":
                    for line in self.links:
                        if line.tokens[0] == kind and place + 1 < len(line.tokens):
                            found.add(line.tokens[place + 1])
        return sorted(found)

    def role_calls(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Each call of a role function in the matcher, with the names that it is given."""
        for name, arguments in self._calls():
            if name in self.roles:
                yield name, tuple(each.id for each in arguments if isinstance(each, ast.Name))

    def patterned(self) -> Mapping[str, str]:
        """The fields of a rule that are patterns, and the function that reads each."""
        found = {}
        for name, arguments in self._calls():
            last = arguments[-1]
            if name in PATTERNS and isinstance(last, ast.Name) and last.id.startswith("p_"):
                found[last.id[2:]] = name
        return found

    def _calls(self) -> Iterator[tuple[str, list[ast.expr]]]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                yield node.func.id, node.args


def read_foreign(model: str, policy: str) -> Foreign:
    """Read a model and its policy. Raises ForeignError with every problem found."""
    if len(model) > MAX_MODEL:
        raise ForeignError([Problem("model", 0, "model-long", str(MAX_MODEL))])
    if len(policy) > MAX_POLICY or policy.count("\n") > MAX_LINES:
        raise ForeignError([Problem("policy", 0, "policy-long", str(MAX_LINES))])
    reader = _Reader()
    read = reader.model(model)
    if reader.problems or read is None:
        raise ForeignError(reader.problems)
    lines = tuple(reader.policy(policy, read))
    if reader.problems:
        raise ForeignError(reader.problems)
    return Foreign(read.request, read.policy, read.roles, read.effect, read.tree, lines)


def written_matcher(node: ast.expr) -> str:
    """Write a matcher as Casbin reads it; every part in brackets that could be read another way."""
    if isinstance(node, ast.BoolOp):
        join = " && " if isinstance(node.op, ast.And) else " || "
        return join.join(_bracketed(value) for value in node.values)
    if isinstance(node, ast.UnaryOp):
        return f"!({written_matcher(node.operand)})"
    if isinstance(node, ast.Compare):
        sign = _SIGNS[type(node.ops[0])]
        return f"{written_matcher(node.left)} {sign} {written_matcher(node.comparators[0])}"
    return _written_value(node)


def _written_value(node: ast.expr) -> str:
    match node:
        case ast.Call():
            arguments = ", ".join(map(written_matcher, node.args))
            return f"{written_matcher(node.func)}({arguments})"
        case ast.Tuple() | ast.List():
            return f"({''.join(f'{written_matcher(each)}, ' for each in node.elts)})"
        case ast.Name():
            return node.id.replace("_", ".", 1) if node.id[:2] in ("r_", "p_") else node.id
        case ast.Constant():
            return f'"{node.value!s}"' if isinstance(node.value, str) else str(node.value)
    raise TypeError(type(node).__name__)  # the reader lets nothing else through


def _bracketed(node: ast.expr) -> str:
    text = written_matcher(node)
    return f"({text})" if isinstance(node, ast.BoolOp) else text


class _Model(NamedTuple):
    request: Tokens
    policy: Tokens
    roles: Mapping[str, int]
    effect: str
    tree: ast.expr


class _Reader:
    """Takes the two texts apart, remembering every problem."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def model(self, text: str) -> _Model | None:
        found = self._definitions(text)
        for section, key in _SECTIONS.items():
            if key not in ("g", *found) and not self.problems:
                self._refuse("model", 0, "section-missing", section)
        if self.problems:
            return None
        request, policy = (self._fields(*found[key]) for key in ("r", "p"))
        roles = {
            key: value.count("_")
            for key, (number, value) in found.items()
            if key.startswith("g") and self._is_role(number, value)
        }
        number, value = found["e"]
        effect = self._effect(number, value)
        tree = self._matcher(*found["m"], request, policy, roles)
        if self.problems or effect is None or tree is None:
            return None
        return _Model(request, policy, roles, effect, tree)

    def _definitions(self, text: str) -> dict[str, tuple[int, str]]:
        """Find the one value of each key, with its line."""
        found: dict[str, tuple[int, str]] = {}
        section = ""
        for number, line in _joined(text):
            if line.startswith("["):
                section = _SECTIONS.get(line.strip("[] "), "")
                if not section:
                    self._refuse("model", number, "unknown-section", line[:40])
                continue
            key, equals, value = (part.strip() for part in line.partition("="))
            if not equals or not section:
                self._refuse("model", number, "unreadable-line", line[:40])
            elif key != section and not (section == "g" and _ROLE_KEY.fullmatch(key)):
                self._refuse("model", number, "several-definitions", key[:40])
            elif key in found:
                self._refuse("model", number, "defined-twice", key)
            else:
                found[key] = (number, value)
        return found

    def _fields(self, number: int, value: str) -> Tokens:
        fields = tuple(part.strip() for part in value.split(","))
        if len(set(fields)) != len(fields) or not all(map(_FIELD.fullmatch, fields)):
            self._refuse("model", number, "bad-fields", value[:40])
        return fields

    def _is_role(self, number: int, value: str) -> bool:
        if _ROLES.fullmatch(value):
            return True
        code = "conditional-roles" if "(" in value else "bad-roles"
        self._refuse("model", number, code, value[:40])
        return False

    def _effect(self, number: int, value: str) -> str | None:
        tidy = re.sub(r"\s+", " ", value)
        if tidy not in EFFECTS:
            self._refuse("model", number, "unknown-effect", value[:60])
        return EFFECTS.get(tidy)

    def _matcher(
        self, number: int, value: str, request: Tokens, policy: Tokens, roles: Mapping[str, int]
    ) -> ast.expr | None:
        if len(value) > MAX_MATCHER:
            self._refuse("model", number, "matcher-long", str(MAX_MATCHER))
            return None
        text = _DOTTED.sub(r"\1_\2", value.replace("&&", " and ").replace("||", " or "))
        try:
            tree = ast.parse(_NOT.sub(" not ", text).strip(), mode="eval").body
        except (SyntaxError, ValueError):
            self._refuse("model", number, "matcher-unreadable")
            return None
        except (MemoryError, RecursionError):  # the parser's own limits on nesting
            self._refuse("model", number, "matcher-long", str(MAX_MATCHER))
            return None
        known = {f"r_{name}" for name in request} | {f"p_{name}" for name in policy}
        checker = _Matcher(known, roles)
        checker.truth(tree)
        for code, detail in dict.fromkeys(checker.problems):
            self._refuse("model", number, code, detail)
        return tree

    def policy(self, text: str, model: _Model) -> Iterator[Line]:
        fields = len(model.policy)
        for number, raw in enumerate(text.split("\n"), 1):
            said = raw.strip()
            if not said or said[0] == "#":
                continue
            tokens = tuple(split(said))
            wanted = fields if tokens[0] == "p" else model.roles.get(tokens[0])
            if wanted is None:
                self._refuse("policy", number, "unknown-kind", tokens[0][:40])
            elif said.count("(") != said.count(")") or said.count("[") != said.count("]"):
                self._refuse("policy", number, "open-bracket")
            elif len(tokens) - 1 != wanted:
                self._refuse("policy", number, "field-count", str(wanted))
            elif any(len(token) > MAX_VALUE for token in tokens):
                self._refuse("policy", number, "value-long", str(MAX_VALUE))
            elif '"' in said or not said.isprintable():
                self._refuse("policy", number, "quotes")
            else:
                yield Line(number, tokens)

    def _refuse(self, file: str, line: int, code: str, detail: str = "") -> None:
        self.problems.append(Problem(file, line, code, detail))


class _Matcher:
    """One walk over a matcher: what is not known is a problem."""

    def __init__(self, known: set[str], roles: Mapping[str, int]) -> None:
        self._known = known
        self._roles = roles
        self._nodes = 0
        self.problems: list[tuple[str, str]] = []

    def truth(self, node: ast.expr, depth: int = 0) -> None:
        """A part that holds or does not."""
        self._nodes += 1
        if self._nodes > MAX_NODES or depth > MAX_NODES // 4:
            self._refuse("matcher-long", str(MAX_MATCHER))
            return
        match node:
            case ast.BoolOp():
                for value in node.values:
                    self.truth(value, depth + 1)
            case ast.UnaryOp(op=ast.Not()):
                self.truth(node.operand, depth + 1)
            case ast.Compare():
                self._compare(node)
            case ast.Call():
                self._call(node)
            case ast.Constant(value=bool()):
                pass
            case _:
                self._odd(node)

    def _compare(self, node: ast.Compare) -> None:
        if len(node.ops) != 1 or not isinstance(
            node.ops[0], ast.Eq | ast.NotEq | ast.In | ast.NotIn
        ):
            self._refuse("matcher-compares", "== != in")
            return
        self._value(node.left)
        right = node.comparators[0]
        if isinstance(node.ops[0], ast.In | ast.NotIn):
            if not isinstance(right, ast.Tuple | ast.List) or not right.elts:
                self._refuse("matcher-compares", "in (…)")
                return
            for each in right.elts:
                self._value(each)
        else:
            self._value(right)

    def _call(self, node: ast.Call) -> None:
        name = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)[:40]
        if name == "eval":
            self._refuse("matcher-eval")
        elif node.keywords or not (name in self._roles or name in PATTERNS):
            self._refuse("matcher-function", name)
        elif len(node.args) != self._roles.get(name, _PATTERN_ARGUMENTS):
            self._refuse("matcher-arguments", name)
        else:
            for argument in node.args:
                self._value(argument)

    def _value(self, node: ast.expr) -> None:
        """A name of the request or the rule, or a plain text."""
        self._nodes += 1
        match node:
            case ast.Name():
                if node.id not in self._known:
                    self._refuse("matcher-name", node.id.replace("_", ".", 1)[:40])
            case ast.Constant(value=str()):
                if not _PLAIN.fullmatch(str(node.value)):
                    self._refuse("matcher-text")
            case _:
                self._odd(node)

    def _odd(self, node: ast.expr) -> None:
        if isinstance(node, ast.Attribute):
            self._refuse("matcher-attributes", ast.unparse(node).replace("_", ".", 1)[:40])
        else:
            self._refuse("matcher-part", ast.unparse(node)[:40])

    def _refuse(self, code: str, detail: str = "") -> None:
        self.problems.append((code, detail))


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """The lines that say something; a backslash at the end goes on with the next."""

    def comment_off(line: str) -> str:
        return line.partition("#")[0].strip()

    waiting, first = "", 0
    for number, raw in enumerate(text.replace("\r", "").split("\n"), 1):
        line = comment_off(raw)
        if not line or line[0] == ";":
            continue
        first = first if waiting else number
        if line.endswith("\\"):
            waiting += line[:-1] + " "
            continue
        yield first, (waiting + line).strip()
        waiting = ""
    if waiting:
        yield first, waiting.strip()
