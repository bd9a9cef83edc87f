"""Conditions: what is refused and where, what a decision makes of what it is not told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rbac.attributes import ATTRIBUTES, Kind
from rbac.compiled import CompiledPolicy
from rbac.conditions import (
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_NODES,
    MAX_NUMBER,
    BadCondition,
    compile_condition,
)
from rbac.facts import Facts
from rbac.policy import Policy

REFUSED = [
    # the text, the code, and under ^ the place
    ("amount >", "syntax",
     "        ^"),
    ("amount > > 3", "syntax",
     "         ^"),
    ("amount = 3", "syntax",
     "       ^"),
    ("(amount > 3", "syntax",
     "^"),
    ("amount > 3)", "syntax",
     "          ^"),
    ("amount > 1or final", "syntax", None),
    ("amount > 3 # cheap", "syntax",
     "           ^"),
    ("kind == 'a\\x00'", "syntax",
     "          ^"),
    ("amount > 3\nor final", "syntax",
     "          ^"),
    ("amout > 3", "unknown-attribute",
     "^"),
    ("final and amout > 3", "unknown-attribute",
     "          ^"),
    ("amount", "not-a-question",
     "^"),
    ("1 + 1", "not-a-question",
     "^"),
    ("kind == 3", "not-a-text",
     "        ^"),
    ("amount == 'many'", "not-a-number",
     "          ^"),
    ("kind > 'a'", "not-a-number",
     "^"),
    ("amount + kind > 3", "not-a-number",
     "         ^"),
    ("not amount", "not-a-truth",
     "    ^"),
    ("final or amount", "not-a-truth",
     "         ^"),
    ("-final", "not-a-number",
     " ^"),
    ("amount > True", "not-a-number",
     "         ^"),
    ("final == True", "truth-compared",
     "^"),
    ("final in (True, False)", "truth-compared",
     "^"),
    ("1 < amount < 3", "one-comparison",
     "             ^"),
    ("kind in 'abc'", "not-a-list",
     "        ^"),
    ("kind in ()", "not-a-list",
     "        ^"),
    ("kind in ('a', kind)", "not-a-literal",
     "              ^"),
    ("kind in ('a', 3)", "not-a-text",
     "              ^"),
    ("amount in (1, -2)", "not-a-literal",
     "              ^"),
    ("amount is 3", "not-allowed",
     "^"),
    ("amount ** 2 > 3", "not-allowed",
     "^"),
    ("~amount > 3", "not-allowed",
     "^"),
    ("amount > 1.5", "not-allowed",
     "         ^"),
    ("kind == None", "not-allowed",
     "        ^"),
    ("kind == b'a'", "not-allowed",
     "        ^"),
    ("kind.upper() == 'A'", "not-allowed",
     "^"),
    ("__import__('os')", "not-allowed",
     "^"),
    ("(lambda: 1)() > 3", "not-allowed",
     "^"),
    ("[1 for amount in kind] == 3", "not-allowed",
     "^"),
    ("amount if final else 3", "not-allowed",
     "^"),
    (f"amount > {MAX_NUMBER + 1}", "number-too-large",
     "         ^"),
    ("kind == 'a;b'", "text-not-plain",
     "        ^"),
    ("kind == '采购' or kind == '《'", "text-not-plain",
     "                        ^"),
    ("severity == 'P9'", "unknown-value",
     "            ^"),
    ("'P9' == severity", "unknown-value",
     "^"),
    ("severity in ('P1', 'P9')", "unknown-value",
     "                   ^"),
    ("   amout > 3", "unknown-attribute",
     "   ^"),
]  # fmt: skip


@pytest.mark.charter("PO-5")
@pytest.mark.parametrize(("text", "code", "mark"), REFUSED)
def test_a_bad_condition_is_refused_with_its_place(text: str, code: str, mark: str | None) -> None:
    with pytest.raises(BadCondition) as refused:
        compile_condition(text)
    assert refused.value.code == code
    if mark is not None:
        assert refused.value.offset == mark.index("^")


@pytest.mark.charter("PO-5")
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("not " * (MAX_DEPTH + 1) + "final", "too-deep"),
        ("(" * 150 + "final" + ")" * 140, "syntax"),
        ("(" * 140 + "final" + ")" * 140, None),  # brackets alone nest nothing
        ("-" * 200 + "amount > 3", "too-deep"),
        ("(" * 2000, "too-long"),
        ("not " * 3000 + "final", "too-long"),
        (" or ".join(["final"] * MAX_NODES), "too-long"),
        ("+".join(["score"] * (MAX_NODES // 2)) + ">1", "too-deep"),
        ("score" + "+1" * 8 + ">1 or " + " or ".join(["final"] * 25) + " or score" + "+1" * 9 + ">1", "too-many-parts"),
        ("amount > 3" + " " * MAX_LENGTH, None),
    ],
)  # fmt: skip
def test_what_would_never_end_ends_at_once(text: str, code: str | None) -> None:
    if code is None:
        assert compile_condition(text)
        return
    with pytest.raises(BadCondition) as refused:
        compile_condition(text)
    assert refused.value.code == code
    assert 0 <= refused.value.offset <= len(text)


def test_the_parsers_own_limit_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    for error in (MemoryError, RecursionError):

        def parse(*_given: object, error: type[Exception] = error, **_more: object) -> object:
            raise error

        monkeypatch.setattr("rbac.conditions.ast.parse", parse)
        with pytest.raises(BadCondition, match="too-deep"):
            compile_condition(f"amount > {error.__name__.count('r')}7")


@pytest.mark.charter("PO-5")
@given(st.text(max_size=60) | st.from_regex(r"[a-z_ ()<>=!'0-9+*/%-]{1,40}", fullmatch=True))
def test_any_text_compiles_or_is_refused_with_a_place_in_it(text: str) -> None:
    refused: BadCondition | None = None
    try:
        compile_condition(text)
    except BadCondition as error:
        refused = error
    assert refused is None or 0 <= refused.offset <= len(text)


def test_the_empty_condition_always_holds() -> None:
    assert compile_condition("") is None
    assert compile_condition("  ") is None


HOLDS = [
    ("amount >= 10000000 and amount <= 50000000", {"amount": 10_000_000}, True),
    ("amount >= 10000000 and amount <= 50000000", {"amount": 9_999_999}, False),
    ("amount < 3 or not final", {"amount": 5, "final": False}, True),
    ("kind in ('spending', 'emergency')", {"kind": "emergency"}, True),
    ("kind not in ['spending', 'emergency']", {"kind": "other"}, True),
    ("likelihood * impact > 12", {"likelihood": 4, "impact": 4}, True),
    ("amount // 3 == 2 and amount % 3 == 1 and amount / 2 > 3", {"amount": 7}, True),
    ("amount - fee + 1 != -2", {"amount": 1, "fee": 4}, False),
    ("step_up", {"step_up": True}, True),
    ("True", {}, True),
    ("severity == 'P1'", {"severity": "P2"}, False),
    ("kind == kind", {"kind": "x"}, True),
]


@pytest.mark.parametrize(("text", "attributes", "holds"), HOLDS)
def test_what_is_known_is_judged(text: str, attributes: dict[str, object], *, holds: bool) -> None:
    condition = compile_condition(text)
    assert condition is not None
    assert condition.certain(attributes) is condition.possible(attributes) is holds


UNKNOWN = [
    ("amount < 100", {}, ("amount",)),
    ("amount < 100", {"amount": "many"}, ("amount",)),
    ("amount < 100", {"amount": 3.0}, ("amount",)),  # money is whole
    ("amount < 100", {"amount": True}, ("amount",)),  # and no truth
    ("amount < 100", {"amount": None}, ("amount",)),
    ("kind == 'a' and amount < 3", {"kind": 5}, ("amount", "kind")),
    ("final", {"final": 1}, ("final",)),
    ("amount / age_days > 3", {"amount": 9, "age_days": 0}, ()),
    ("amount // age_days > 3", {"amount": 9, "age_days": 0}, ()),
    ("amount % age_days > 3", {"amount": 9, "age_days": 0}, ()),
    ("amount / age_days > 3", {"amount": 10**400, "age_days": 3}, ()),
]


@pytest.mark.charter("PO-5")
@pytest.mark.parametrize(("text", "attributes", "missing"), UNKNOWN)
def test_what_cannot_be_judged_never_helps(
    text: str, attributes: dict[str, object], missing: tuple[str, ...]
) -> None:
    """No error, no open door: the allow rule does not match, the deny rule does."""
    condition = compile_condition(text)
    assert condition is not None
    assert not condition.certain(attributes)
    assert condition.possible(attributes)
    assert condition.unreadable(attributes) == missing
    facts = Facts(attributes=attributes)
    allowing = CompiledPolicy(Policy.parse(f"p, ann, *, approval, decide, any, {text}, allow"))
    assert not allowing.decide("ann", "approval:decide", facts).allowed
    denying = CompiledPolicy(
        Policy.parse(
            "p, ann, *, approval, decide, any, , allow\n"
            f"p, ann, *, approval, decide, any, {text}, deny"
        )
    )
    assert not denying.decide("ann", "approval:decide", facts).allowed


def test_a_condition_knows_what_it_asks_for() -> None:
    condition = compile_condition("kind == 'a' and (amount < 3 or kind == 'b')")
    assert condition is not None
    assert condition.names == ("amount", "kind")


def test_attributes_are_in_order_and_have_words() -> None:
    assert list(ATTRIBUTES) == sorted(ATTRIBUTES)
    for name, attribute in ATTRIBUTES.items():
        assert attribute.words.en, name
        assert attribute.words.zh, name
        assert (attribute.otherwise is not None) == (attribute.kind is Kind.TRUTH), name
        assert not attribute.money or attribute.kind is Kind.NUMBER, name
