"""The language of conditions: compiled once from a whitelist, never handed to ``eval``.

``amount >= 10000000 and amount <= 50000000``, ``kind in ('spending', 'emergency')``, ``not final``,
``likelihood * impact > 12``. Names are attributes of ``attributes.py``; literals are whole numbers,
plain texts, True and False. Everything has a type, checked when the condition is written: numbers
compare and calculate, texts compare, truths combine. So a condition can only fail at decision time
by an attribute that is missing or of the wrong type, or by a division by zero. Then nothing is
known, and the rule's effect decides: an allow rule does not match, a deny rule does.
"""

import ast
import operator
import re
import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache, reduce
from typing import Any

from rbac.attributes import ATTRIBUTES, Attribute, Kind

MAX_LENGTH = 300
MAX_NODES = 60
MAX_DEPTH = 12
MAX_NUMBER = 10**15

Attributes = Mapping[str, object]
Evaluate = Callable[[Attributes], Any]

_PYTHON_TYPE: Mapping[Kind, type] = {Kind.NUMBER: int, Kind.TEXT: str, Kind.TRUTH: bool}
_KIND = {python_type: kind for kind, python_type in _PYTHON_TYPE.items()}

_UNKNOWN = (KeyError, TypeError, ArithmeticError)
PLAIN_TEXT = re.compile(r"[\w .:-]*")

_CALCULATE: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_EQUAL: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_ORDER: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


class BadCondition(ValueError):
    """A condition that cannot be trusted: a ``code`` for the words, the ``offset`` of the place."""

    def __init__(self, code: str, offset: int, detail: str = "") -> None:
        super().__init__(f"{code} at {offset}{': ' if detail else ''}{detail}")
        self.code = code
        self.offset = offset
        self.detail = detail


class Condition:
    """A compiled condition. ``certain`` and ``possible`` differ only where nothing is known."""

    __slots__ = ("_evaluate", "text", "tree")

    def __init__(self, text: str, tree: ast.expr, evaluate: Evaluate) -> None:
        self.text = text
        self.tree = tree
        self._evaluate = evaluate

    def certain(self, attributes: Attributes) -> bool:
        """Tell whether it holds: what an allow rule asks."""
        try:
            holds: bool = self._evaluate(attributes)
        except _UNKNOWN:
            return False
        return holds

    @property
    def names(self) -> tuple[str, ...]:
        """The attributes it asks for."""
        asked = {node.id for node in ast.walk(self.tree) if isinstance(node, ast.Name)}
        return tuple(sorted(asked))

    def unreadable(self, attributes: Attributes) -> tuple[str, ...]:
        """The attributes it asks for that are missing or of the wrong type."""
        return tuple(
            name
            for name in self.names
            if type(attributes.get(name)) is not _PYTHON_TYPE[ATTRIBUTES[name].kind]
        )

    def possible(self, attributes: Attributes) -> bool:
        """Tell whether it holds or cannot be judged: what a deny rule asks."""
        try:
            holds: bool = self._evaluate(attributes)
        except _UNKNOWN:
            return True
        return holds


@lru_cache(maxsize=4096)
def compile_condition(text: str) -> Condition | None:
    """Compile; None for the empty condition, which always holds. Raises BadCondition."""
    body = text.strip()
    if not body:
        return None
    lead = len(text) - len(text.lstrip())
    tree = _parse(body, lead)
    kind, evaluate = _Compiler(body, lead).compile(tree)
    if kind is not Kind.TRUTH:
        raise BadCondition("not-a-question", lead)
    return Condition(text, tree, evaluate)


def _parse(body: str, lead: int) -> ast.expr:
    if len(body) > MAX_LENGTH:
        raise BadCondition("too-long", lead + MAX_LENGTH)
    if strange := re.search(r"[\\#\n\r\0\ud800-\udfff]", body):
        raise BadCondition("syntax", lead + strange.start())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # "1or 2": what Python only frowns at is refused
            return ast.parse(body, mode="eval").body
    except (SyntaxError, Warning) as error:
        found = getattr(error, "offset", 0)
        place = found - 1 if found else len(body)  # 0: something is missing at the end
        raise BadCondition("syntax", lead + place) from None
    except (MemoryError, RecursionError):  # the parser's own limits on nesting
        raise BadCondition("too-deep", lead) from None


class _Compiler:
    """One walk over the tree: whitelist, limits, types and closures together."""

    def __init__(self, body: str, lead: int) -> None:
        self._body = body.encode()
        self._lead = lead
        self._nodes = 0

    def compile(self, node: ast.expr, depth: int = 1) -> tuple[Kind, Evaluate]:
        self._nodes += 1
        if depth > MAX_DEPTH:
            raise self._bad(node, "too-deep")
        if self._nodes > MAX_NODES:
            raise self._bad(node, "too-many-parts")
        match node:
            case ast.BoolOp():
                return self._combine(node, depth)
            case ast.UnaryOp():
                return self._unary(node, depth)
            case ast.BinOp():
                return self._calculate(node, depth)
            case ast.Compare():
                return self._compare(node, depth)
            case ast.Name():
                return self._attribute(node)
            case ast.Constant():
                return self._literal(node)
            case _:
                raise self._bad(node, "not-allowed", type(node).__name__)

    def _bad(self, node: ast.expr, code: str, detail: str = "") -> BadCondition:
        before = self._body[: node.col_offset].decode()
        return BadCondition(code, self._lead + len(before), detail)

    def _of(self, kind: Kind, node: ast.expr, depth: int) -> Evaluate:
        found, evaluate = self.compile(node, depth + 1)
        if found is not kind:
            raise self._bad(node, f"not-a-{kind}")
        return evaluate

    def _combine(self, node: ast.BoolOp, depth: int) -> tuple[Kind, Evaluate]:
        parts = [self._of(Kind.TRUTH, value, depth) for value in node.values]
        join = _both if isinstance(node.op, ast.And) else _either
        return Kind.TRUTH, reduce(join, parts)

    def _unary(self, node: ast.UnaryOp, depth: int) -> tuple[Kind, Evaluate]:
        if isinstance(node.op, ast.Not):
            truth = self._of(Kind.TRUTH, node.operand, depth)
            return Kind.TRUTH, lambda facts: not truth(facts)
        if isinstance(node.op, ast.USub):
            number = self._of(Kind.NUMBER, node.operand, depth)
            return Kind.NUMBER, lambda facts: -number(facts)
        raise self._bad(node, "not-allowed", type(node.op).__name__)

    def _calculate(self, node: ast.BinOp, depth: int) -> tuple[Kind, Evaluate]:
        calculate = _CALCULATE.get(type(node.op))
        if calculate is None:
            raise self._bad(node, "not-allowed", type(node.op).__name__)
        left = self._of(Kind.NUMBER, node.left, depth)
        right = self._of(Kind.NUMBER, node.right, depth)
        return Kind.NUMBER, lambda facts: calculate(left(facts), right(facts))

    def _compare(self, node: ast.Compare, depth: int) -> tuple[Kind, Evaluate]:
        if len(node.ops) > 1:
            raise self._bad(node.comparators[1], "one-comparison")
        sort, right = node.ops[0], node.comparators[0]
        if isinstance(sort, ast.In | ast.NotIn):
            return Kind.TRUTH, self._member(node, right, depth)
        kind, first = self._comparable(node.left, depth)
        second = self._of(kind, right, depth)
        same = _EQUAL.get(type(sort))
        ask = same or _ORDER.get(type(sort))
        if ask is None:
            raise self._bad(node, "not-allowed", type(sort).__name__)
        if not same and kind is not Kind.NUMBER:
            raise self._bad(node.left, "not-a-number")
        self._check_choice(node.left, right)
        self._check_choice(right, node.left)
        if isinstance(right, ast.Constant):
            bound = right.value
            return Kind.TRUTH, lambda facts: ask(first(facts), bound)
        return Kind.TRUTH, lambda facts: ask(first(facts), second(facts))

    def _comparable(self, node: ast.expr, depth: int) -> tuple[Kind, Evaluate]:
        kind, evaluate = self.compile(node, depth + 1)
        if kind is Kind.TRUTH:
            raise self._bad(node, "truth-compared")
        return kind, evaluate

    def _member(self, node: ast.Compare, right: ast.expr, depth: int) -> Evaluate:
        kind, sought = self._comparable(node.left, depth)
        if not isinstance(right, ast.Tuple | ast.List) or not right.elts:
            raise self._bad(right, "not-a-list")
        for element in right.elts:
            self._of(kind, element, depth + 1)
            self._check_choice(node.left, element)
            if not isinstance(element, ast.Constant):
                raise self._bad(element, "not-a-literal")
        members = frozenset(e.value for e in right.elts if isinstance(e, ast.Constant))
        if isinstance(node.ops[0], ast.In):
            return lambda facts: sought(facts) in members
        return lambda facts: sought(facts) not in members

    def _attribute(self, node: ast.Name) -> tuple[Kind, Evaluate]:
        attribute = ATTRIBUTES.get(node.id)
        if attribute is None:
            raise self._bad(node, "unknown-attribute", node.id)
        return attribute.kind, _reader(node.id, attribute)

    def _literal(self, node: ast.Constant) -> tuple[Kind, Evaluate]:
        value = node.value
        kind = _KIND.get(type(value))
        if kind is None:
            raise self._bad(node, "not-allowed", type(value).__name__)
        if isinstance(value, int) and value > MAX_NUMBER:
            raise self._bad(node, "number-too-large")
        if isinstance(value, str) and not PLAIN_TEXT.fullmatch(value):
            raise self._bad(node, "text-not-plain")
        return kind, lambda _facts: value

    def _check_choice(self, named: ast.expr, literal: ast.expr) -> None:
        """Refuse a text that the attribute can never have: a slip of the pen, not a rule."""
        if isinstance(named, ast.Name) and isinstance(literal, ast.Constant):
            choices = ATTRIBUTES[named.id].choices
            if choices and literal.value not in choices:
                raise self._bad(literal, "unknown-value", ", ".join(choices))


def _both(first: Evaluate, second: Evaluate) -> Evaluate:
    return lambda facts: first(facts) and second(facts)


def _either(first: Evaluate, second: Evaluate) -> Evaluate:
    return lambda facts: first(facts) or second(facts)


def _reader(name: str, attribute: Attribute) -> Evaluate:
    wanted = _PYTHON_TYPE[attribute.kind]

    def read(facts: Attributes) -> object:
        value = facts[name]
        if type(value) is not wanted:  # True is no number, 3.0 no whole one
            raise TypeError(name)
        return value

    return read
