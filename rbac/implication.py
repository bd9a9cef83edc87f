"""Whether one rule says what another says already: relations and conditions held against each other.

Relations are compared term by term: who is a direct superior is a superior. Conditions are compared by trying them on
every case that they can tell apart: around each bound that they name, each text, both truths, and the attribute
missing. That is complete for conditions that hold attributes against literals; of others (``likelihood * impact > 12``)
only the same text is known to say the same.
"""

import ast
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import product

from rbac.attributes import ATTRIBUTES, Kind
from rbac.conditions import Condition, compile_condition
from rbac.lines import ALLOW, EVERY, Rule
from rbac.relations import LINE_TERMS, Term, parse_relation

MOST_CASES = 4_000

#: What follows from a term that holds. Both sides ask for the same fact, so it is known for both or for neither.
_FOLLOWS: Mapping[Term, frozenset[Term]] = {
    Term.SOLID: frozenset({Term.DIRECT, Term.SOLID_SUPERIOR, Term.SUPERIOR}),
    Term.DUAL: frozenset({Term.DIRECT, Term.SUPERIOR}),
    Term.DIRECT: frozenset({Term.SUPERIOR}),
    Term.SOLID_SUPERIOR: frozenset({Term.SUPERIOR}),
    Term.OWN_GROUP: frozenset({Term.GROUP}),
}

#: What a condition may hold beside comparisons and signs, and still be tried on every case.
_PARTS = (
    ast.BoolOp,
    ast.boolop,
    ast.cmpop,
    ast.unaryop,
    ast.expr_context,
    ast.Name,
    ast.Constant,
    ast.Tuple,
    ast.List,
)

Case = dict[str, object]


def wider(rule: Rule, other: Rule) -> bool:
    """Tell whether ``other`` matches on every record on which ``rule`` does, for whoever both reach.

    Of an allow and a deny: whether the deny takes back all that the allow gives. Subjects are not compared.
    """
    return (
        other.group in (rule.group, EVERY)
        and other.resource in (rule.resource, EVERY)
        and other.action in (rule.action, EVERY)
        and _relation_follows(rule, other)
        and condition_follows(rule.condition, rule.effect, other.condition, other.effect)
    )


def _relation_follows(rule: Rule, other: Rule) -> bool:
    if rule.effect != ALLOW and other.effect == ALLOW:
        return False  # a deny matches what is not known, an allow does not
    return implied_terms(rule.relation).issuperset(parse_relation(other.relation).wanted)


@lru_cache(maxsize=1024)
def implied_terms(relation: str) -> frozenset[tuple[Term, bool]]:
    """The relation's terms and everything that follows from them."""
    found = set(parse_relation(relation).wanted)
    for term, asked in parse_relation(relation).wanted:
        if asked:
            found |= {(other, True) for other in _FOLLOWS.get(term, ())}
        else:
            found |= {(other, False) for other, follows in _FOLLOWS.items() if term in follows}
    return frozenset(found)


@lru_cache(maxsize=1024)
def is_impossible(relation: str) -> bool:
    """Tell whether nobody can ever be this to a record: its terms exclude each other."""
    implied = implied_terms(relation)
    if any((term, not asked) in implied for term, asked in implied):
        return True
    return (Term.OWNER, True) in implied and any((term, True) in implied for term in LINE_TERMS)


@lru_cache(maxsize=4096)
def condition_follows(first: str, effect: str, second: str, other_effect: str) -> bool:
    """Tell whether the second condition holds wherever the first does, each judged by its rule's effect.

    An allow rule takes an attribute that is missing for a no, a deny rule for a yes.
    """
    other = compile_condition(second)
    if other is None:
        return True
    if first.strip() == second.strip() and (effect == ALLOW or other_effect != ALLOW):
        return True
    one = compile_condition(first)
    cases = _cases(tuple(each for each in (one, other) if each is not None), missing=True)
    return cases is not None and all(
        _holds(other, case, other_effect)
        for case in cases
        if one is None or _holds(one, case, effect)
    )


@lru_cache(maxsize=4096)
def ever_holds(condition: str) -> bool:
    """False when no record can meet the condition; True also where that cannot be told."""
    return _some_case(condition, holds=True)


@lru_cache(maxsize=4096)
def can_fail(condition: str) -> bool:
    """False when every record that has the attributes meets the condition."""
    return _some_case(condition, holds=False)


def _some_case(condition: str, *, holds: bool) -> bool:
    compiled = compile_condition(condition)
    if compiled is None:
        return holds
    cases = _cases((compiled,), missing=False)
    return cases is None or any(compiled.certain(case) is holds for case in cases)


def _holds(condition: Condition, case: Case, effect: str) -> bool:
    return condition.certain(case) if effect == ALLOW else condition.possible(case)


def _cases(conditions: tuple[Condition, ...], *, missing: bool) -> Iterator[Case] | None:
    """Every case that the conditions can tell apart; None when there are too many or it cannot be told."""
    named: dict[str, set[object]] = {}
    for condition in conditions:
        if not _is_plain(condition.tree):
            return None
        for name in condition.names:
            named.setdefault(name, set())
        for name, value in _literals(condition.tree):
            named[name].add(value)
    values = {
        name: (*_values(name, found), *((None,) if missing else ()))
        for name, found in named.items()
    }
    number = 1
    for choices in values.values():
        number *= len(choices)
    if number > MOST_CASES:
        return None
    return (
        {name: value for name, value in zip(values, chosen, strict=True) if value is not None}
        for chosen in product(*values.values())
    )


def _values(name: str, literals: set[object]) -> tuple[object, ...]:
    attribute = ATTRIBUTES[name]
    if attribute.kind is Kind.TRUTH:
        return (True, False)
    if attribute.kind is Kind.TEXT:
        texts = sorted(map(str, literals))
        return attribute.choices or (*texts, "".join(texts) + "-")  # the last is none of them
    bounds = [literal for literal in literals if isinstance(literal, int)]
    return tuple(sorted({bound + step for bound in bounds for step in (-1, 0, 1)})) or (0,)


def _is_plain(tree: ast.expr) -> bool:
    """Tell whether attributes are only held against literals."""
    return all(isinstance(node, _PARTS) or _is_plain_part(node) for node in ast.walk(tree))


def _is_plain_part(node: ast.AST) -> bool:
    match node:
        case ast.Compare():
            return sum(isinstance(side, ast.Name) for side in (node.left, *node.comparators)) == 1
        case ast.UnaryOp(op=ast.Not()) | ast.UnaryOp(op=ast.USub(), operand=ast.Constant()):
            return True
        case _:
            return False


def _literals(tree: ast.expr) -> Iterator[tuple[str, object]]:
    """Each attribute with what it is held against."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = (node.left, *node.comparators)
            name = next(side.id for side in sides if isinstance(side, ast.Name))
            for side in sides:
                if not isinstance(side, ast.Name):
                    found = ast.literal_eval(side)
                    for value in found if isinstance(found, tuple | list) else (found,):
                        yield name, value
