"""A condition as rows "attribute – comparison – value", and back, for whoever does not write formulas.

Rows are joined by "and" or "or", "and" binding closer, as in the language itself: so rows need no
brackets, and what needs them stays a text. Money is typed in yuan and stands in the language in fen.

``kind in ('spending', 'emergency') and amount < 10000000`` is two rows: the kind is one of two, the
amount is less than 100,000.00.
"""

import ast
import re
import unicodedata
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Literal, NamedTuple

from rbac.attributes import ATTRIBUTES, Attribute, Kind
from rbac.conditions import (
    MAX_NUMBER,
    PLAIN_TEXT,
    Attributes,
    compile_condition,
)


class Comparison(StrEnum):
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    EQUAL = "=="
    DIFFERENT = "!="
    ONE_OF = "in"
    NONE_OF = "not in"
    HOLDS = "holds"
    FAILS = "not"


#: The comparisons that make sense for each kind of attribute, the usual one first.
COMPARISONS: Mapping[Kind, tuple[Comparison, ...]] = {
    Kind.NUMBER: (
        Comparison.AT_MOST,
        Comparison.LESS,
        Comparison.AT_LEAST,
        Comparison.MORE,
        Comparison.EQUAL,
        Comparison.DIFFERENT,
    ),
    Kind.TEXT: (Comparison.ONE_OF, Comparison.NONE_OF),
    Kind.TRUTH: (Comparison.HOLDS, Comparison.FAILS),
}

Joint = Literal["and", "or"]


class Row(NamedTuple):
    """``joint`` joins it to the row before; the first one's means nothing and is "and".

    ``values`` are one number, one or more texts, or nothing for a truth.
    """

    joint: Joint
    attribute: str
    comparison: Comparison
    values: tuple[int | str, ...] = ()


class BadValue(ValueError):
    """What was typed is no value of the attribute: a ``code`` for the words."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Outcome(StrEnum):
    HOLDS = "holds"
    FAILS = "fails"
    UNKNOWN = "unknown"


#: As it stands, and seen from the other side.
_ORDER: Mapping[type[ast.cmpop], tuple[Comparison, Comparison]] = {
    ast.Lt: (Comparison.LESS, Comparison.MORE),
    ast.LtE: (Comparison.AT_MOST, Comparison.AT_LEAST),
    ast.Gt: (Comparison.MORE, Comparison.LESS),
    ast.GtE: (Comparison.AT_LEAST, Comparison.AT_MOST),
    ast.Eq: (Comparison.EQUAL, Comparison.EQUAL),
    ast.NotEq: (Comparison.DIFFERENT, Comparison.DIFFERENT),
}
_TURNED = {
    Comparison.LESS: Comparison.AT_LEAST,
    Comparison.AT_MOST: Comparison.MORE,
    Comparison.MORE: Comparison.AT_MOST,
    Comparison.AT_LEAST: Comparison.LESS,
    Comparison.EQUAL: Comparison.DIFFERENT,
    Comparison.DIFFERENT: Comparison.EQUAL,
    Comparison.ONE_OF: Comparison.NONE_OF,
    Comparison.NONE_OF: Comparison.ONE_OF,
    Comparison.HOLDS: Comparison.FAILS,
    Comparison.FAILS: Comparison.HOLDS,
}
_AMOUNT = re.compile(r"(-?)(\d[\d,]*)(?:\.(\d{1,2}))?")
_WHOLE = re.compile(r"-?\d[\d,]*")


def read_rows(text: str) -> tuple[Row, ...] | None:
    """Read a condition as rows; None when rows cannot say it. Raises BadCondition."""
    condition = compile_condition(text)
    if condition is None:
        return ()
    rows: list[Row] = []
    for alternative in _parts(condition.tree, ast.Or):
        joint: Joint = "or" if rows else "and"
        for part in _parts(alternative, ast.And):
            row = _row(part, joint)
            if row is None:
                return None
            rows.append(row)
            joint = "and"
    return tuple(rows)


def write_rows(rows: Sequence[Row], like: str = "") -> str:
    """Write rows as a condition; ``like`` stays as it is when it says the same."""
    if like and _says(like, rows):
        return like
    return "".join(
        f" {row.joint} {_written(row)}" if number else _written(row)
        for number, row in enumerate(rows)
    )


def typed_values(name: str, comparison: Comparison, typed: Sequence[str]) -> tuple[int | str, ...]:
    """Turn what was typed into the values of a row. Raises BadValue."""
    attribute = ATTRIBUTES[name]
    given = [
        each for each in (unicodedata.normalize("NFKC", text).strip() for text in typed) if each
    ]
    if comparison in (Comparison.HOLDS, Comparison.FAILS):
        return ()
    if not given:
        raise BadValue("required")
    if attribute.kind is Kind.NUMBER:
        return (typed_number(attribute, given[0]),)
    for each in given:
        if not PLAIN_TEXT.fullmatch(each):
            raise BadValue("text-not-plain")
        if attribute.choices and each not in attribute.choices:
            raise BadValue("not-a-choice")
    return tuple(dict.fromkeys(given))


def typed_number(attribute: Attribute, text: str) -> int:
    """Read a number as people write it, money in yuan. Raises BadValue."""
    plain = unicodedata.normalize("NFKC", text).strip().removeprefix("¥").strip()
    if attribute.money:
        found = _AMOUNT.fullmatch(plain)
        if found is None:
            raise BadValue("not-an-amount")
        sign, yuan, fen = found.groups()
        number = 100 * int(yuan.replace(",", "")) + int((fen or "").ljust(2, "0"))
        number = -number if sign else number
    elif _WHOLE.fullmatch(plain):
        number = int(plain.replace(",", ""))
    else:
        raise BadValue("not-a-number")
    if abs(number) > MAX_NUMBER:
        raise BadValue("number-too-large")
    return number


def shown_value(attribute: Attribute, value: int | str) -> str:
    """Write a value as it is typed: 10000000 fen as 100,000.00."""
    if attribute.money and isinstance(value, int):
        yuan, fen = divmod(abs(value), 100)
        return f"{'-' if value < 0 else ''}{yuan:,}.{fen:02}"
    return str(value)


def attempt(text: str, facts: Attributes) -> Outcome:
    """Try a condition on example facts. Raises BadCondition."""
    condition = compile_condition(text)
    if condition is None or condition.certain(facts):
        return Outcome.HOLDS
    return Outcome.UNKNOWN if condition.possible(facts) else Outcome.FAILS


def asked_for(text: str) -> tuple[str, ...]:
    """Return the attributes that a condition asks for. Raises BadCondition."""
    condition = compile_condition(text)
    return () if condition is None else condition.names


def _says(text: str, rows: Sequence[Row]) -> bool:
    try:
        return read_rows(text) == tuple(rows)
    except ValueError:
        return False


def _parts(node: ast.expr, joint: type[ast.boolop]) -> list[ast.expr]:
    if isinstance(node, ast.BoolOp) and isinstance(node.op, joint):
        return [part for value in node.values for part in _parts(value, joint)]
    return [node]


def _row(node: ast.expr, joint: Joint) -> Row | None:
    match node:
        case ast.UnaryOp(op=ast.Not()):
            row = _row(node.operand, joint)
            return row and row._replace(comparison=_TURNED[row.comparison])
        case ast.Name():
            return Row(joint, node.id, Comparison.HOLDS)
        case ast.Compare():
            return _compared(node, joint)
        case _:
            return None


def _compared(node: ast.Compare, joint: Joint) -> Row | None:
    left, sort, right = node.left, type(node.ops[0]), node.comparators[0]
    if sort in (ast.In, ast.NotIn):
        return _member(node, joint)
    comparison, mirrored = _ORDER[sort]
    if not isinstance(left, ast.Name):
        left, right, comparison = right, left, mirrored
    value = _literal(right)
    if not isinstance(left, ast.Name) or value is None:
        return None
    if isinstance(value, str):
        comparison = Comparison.ONE_OF if comparison is Comparison.EQUAL else Comparison.NONE_OF
    return Row(joint, left.id, comparison, (value,))


def _member(node: ast.Compare, joint: Joint) -> Row | None:
    name, members = node.left, node.comparators[0]
    if not isinstance(name, ast.Name) or not isinstance(members, ast.Tuple | ast.List):
        return None
    values = [_literal(member) for member in members.elts]
    if not all(isinstance(value, str) for value in values):
        return None  # numbers are compared one at a time
    comparison = Comparison.ONE_OF if isinstance(node.ops[0], ast.In) else Comparison.NONE_OF
    return Row(joint, name.id, comparison, tuple(dict.fromkeys(v for v in values if v is not None)))


def _literal(node: ast.expr) -> int | str | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        number = _literal(node.operand)
        return -number if isinstance(number, int) else None
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, int | str) else None


def _written(row: Row) -> str:
    match row.comparison:
        case Comparison.HOLDS:
            return row.attribute
        case Comparison.FAILS:
            return f"not {row.attribute}"
        case Comparison.ONE_OF | Comparison.NONE_OF:
            values = [f"'{value}'" for value in row.values]
            if len(values) == 1:
                sign = "==" if row.comparison is Comparison.ONE_OF else "!="
                return f"{row.attribute} {sign} {values[0]}"
            return f"{row.attribute} {row.comparison} ({', '.join(values)})"
        case _:
            return f"{row.attribute} {row.comparison} {row.values[0]}"
