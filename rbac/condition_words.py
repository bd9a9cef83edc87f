"""A condition in words: ``amount >= 10000000`` as "the amount is at least ¥100,000.00", 金额不低于 100,000.00 元."""

import ast
import re
from collections.abc import Mapping

from rbac.attributes import ATTRIBUTES
from rbac.bilingual import Language, Words
from rbac.conditions import compile_condition

_FEN = 100
_CHINESE_AFTER_LATIN = re.compile(r"(?<=[A-Za-z0-9])(?=[\u4e00-\u9fff])")
_LATIN_AFTER_CHINESE = re.compile(r"(?<=[\u4e00-\u9fff])(?=[A-Za-z0-9])")

_COMPARE: Mapping[type[ast.cmpop], Words] = {
    ast.Eq: Words("is", "为"),
    ast.NotEq: Words("is not", "不为"),
    ast.Lt: Words("is less than", "低于"),
    ast.LtE: Words("is at most", "不超过"),
    ast.Gt: Words("is more than", "高于"),
    ast.GtE: Words("is at least", "不低于"),
    ast.In: Words("is", "为"),
    ast.NotIn: Words("is neither", "不属于"),
}
_TURNED: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_CALCULATE: Mapping[type[ast.operator], Words] = {
    ast.Add: Words(" plus ", "加"),
    ast.Sub: Words(" minus ", "减"),
    ast.Mult: Words(" times ", "乘以"),
    ast.Div: Words(" divided by ", "除以"),
    ast.FloorDiv: Words(" divided by (whole) ", "整除以"),
    ast.Mod: Words(" modulo ", "取余"),
}
_MIRRORED: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.Eq,
    ast.NotEq: ast.NotEq,
    ast.Lt: ast.Gt,
    ast.LtE: ast.GtE,
    ast.Gt: ast.Lt,
    ast.GtE: ast.LtE,
}
_AND = Words(" and ", "且")
_OR = Words(" or ", "或")
_PAUSE = Words(",", "，")
_NOR = Words(" nor ", "、")
_TRUTHS = {True: Words("this is always so", "恒成立"), False: Words("this is never so", "恒不成立")}
_BRACKETS = Words("(%s)", "（%s）")
_MINUS = Words("minus %s", "负%s")


def condition_words(text: str, lang: Language) -> str:
    """Read a condition out; the empty one is an empty text. Raises BadCondition."""
    condition = compile_condition(text)
    if condition is None:
        return ""
    said = _Speaker(lang).truth(condition.tree)
    return spaced(said) if lang == "zh" else said


def spaced(text: str) -> str:
    """Set Chinese and Latin letters or figures apart."""
    return _LATIN_AFTER_CHINESE.sub(" ", _CHINESE_AFTER_LATIN.sub(" ", text))


def money_words(fen: int, lang: Language) -> str:
    yuan = f"{fen // _FEN:,}.{fen % _FEN:02}"
    return f"¥{yuan}" if lang == "en" else f"{yuan} 元"


class _Speaker:
    """Knows that the tree compiled: every node is one of those the language has."""

    def __init__(self, lang: Language) -> None:
        self._lang = lang

    def truth(self, node: ast.expr, *, holds: bool = True) -> str:
        """Say that a truth holds, or that it does not."""
        match node:
            case ast.BoolOp():
                return self._joined(node, holds=holds)
            case ast.UnaryOp():
                return self.truth(node.operand, holds=not holds)
            case ast.Compare():
                return self._compared(node, holds=holds)
            case ast.Name():
                attribute = ATTRIBUTES[node.id]
                words = attribute.words if holds else attribute.otherwise
                return (words or attribute.words).say(self._lang)
            case _:
                return self._say(_TRUTHS[_literal(node) is holds])

    def _joined(self, node: ast.BoolOp, *, holds: bool) -> str:
        """Join with "and" or "or", turned into each other by a "not" around them."""
        joint = self._say(_AND if isinstance(node.op, ast.And) is holds else _OR)
        said = ""
        before: ast.expr | None = None
        for part in node.values:
            if again := self._again(before, part, holds=holds):
                said += joint + again
            else:
                words = self.truth(part, holds=holds)
                words = self._say(_BRACKETS) % words if isinstance(part, ast.BoolOp) else words
                said += self._say(_PAUSE) + joint + words if said else words
            before = part
        return said

    def _again(self, before: ast.expr | None, part: ast.expr, *, holds: bool) -> str | None:
        """Leave out what is compared where the part before has just named it."""
        if not isinstance(before, ast.Compare) or not isinstance(part, ast.Compare):
            return None
        if ast.dump(before.left) != ast.dump(part.left):
            return None
        said = self._verdict(part.ops[0], part.left, part.comparators[0], holds=holds)
        return said if self._equates(part.ops[0], holds=holds) else said.removeprefix("is ")

    def _equates(self, op: ast.cmpop, *, holds: bool) -> bool:
        return isinstance(op, ast.Eq | ast.In) if holds else isinstance(op, ast.NotEq | ast.NotIn)

    def _compared(self, node: ast.Compare, *, holds: bool) -> str:
        left, sort, right = node.left, node.ops[0], node.comparators[0]
        mirrored = _MIRRORED.get(type(sort))
        if mirrored and isinstance(left, ast.Constant):  # say first what is asked about
            left, sort, right = right, mirrored(), left
        said = self._value(left, right, money=_is_money(left) or _is_money(right))
        gap = " " if self._lang == "en" else ""
        return said + gap + self._verdict(sort, left, right, holds=holds)

    def _verdict(self, op: ast.cmpop, left: ast.expr, right: ast.expr, *, holds: bool) -> str:
        sort = type(op) if holds else _TURNED[type(op)]
        money = _is_money(left) or _is_money(right)
        if sort in (ast.In, ast.NotIn):
            values = [self._value(each, left, money=money) for each in _elements(right)]
            if len(values) == 1:
                sort = ast.Eq if sort is ast.In else ast.NotEq
            said = self._say(_OR if sort is ast.In else _NOR).join(values)
        else:
            said = self._value(right, left, money=money)
        return self._say(_COMPARE[sort]) + (" " if self._lang == "en" else "") + said

    def _value(self, node: ast.expr, other: ast.expr, *, money: bool, inner: bool = False) -> str:
        """Say a number or a text; ``other`` is what it is compared with and lends it its words."""
        match node:
            case ast.Name():
                return self._say(ATTRIBUTES[node.id].words)
            case ast.BinOp():
                sides = (node.left, node.right)
                fen = (money, money and isinstance(node.op, ast.Add | ast.Sub))
                if isinstance(node.op, ast.Mult):
                    fen = (_is_money(node.left), _is_money(node.right))
                left, right = (
                    self._value(side, other, money=counts, inner=True)
                    for side, counts in zip(sides, fen, strict=True)
                )
                said = left + self._say(_CALCULATE[type(node.op)]) + right
                return self._say(_BRACKETS) % said if inner else said
            case ast.UnaryOp():
                return self._say(_MINUS) % self._value(node.operand, other, money=money, inner=True)
            case _:
                return self._constant(_literal(node), other, money=money)

    def _constant(self, value: object, other: ast.expr, *, money: bool) -> str:
        if isinstance(value, int):
            return money_words(value, self._lang) if money else f"{value:,}"
        if isinstance(other, ast.Name) and (words := ATTRIBUTES[other.id].values.get(str(value))):
            return words.say(self._lang)
        return f"“{value}”"

    def _say(self, words: Words) -> str:
        return words.say(self._lang)


def _literal(node: ast.expr) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def _elements(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple | ast.List) else []


def _is_money(node: ast.expr) -> bool:
    """Tell whether a number counts fen: money itself, its sums, its multiples and shares."""
    match node:
        case ast.Name():
            return ATTRIBUTES[node.id].money
        case ast.UnaryOp():
            return _is_money(node.operand)
        case ast.BinOp():
            left, right = _is_money(node.left), _is_money(node.right)
            if isinstance(node.op, ast.Add | ast.Sub):
                return left or right
            return left is not right and (left or isinstance(node.op, ast.Mult))
        case _:
            return False
