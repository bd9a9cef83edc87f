"""Conditions as rows and back: nothing is lost, nothing is said that was not there."""

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rbac.attributes import ATTRIBUTES, Kind
from rbac.builder import (
    COMPARISONS,
    BadValue,
    Comparison,
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
from rbac.conditions import MAX_NUMBER, BadCondition, compile_condition
from rbac.policy import shipped_policy
from rbac.relations import Term, parse_relation, write_relation
from tests.rbac.generated import CONDITIONS, a_policy

SHIPPED = shipped_policy(demo=True)


def some_facts(random: Random) -> dict[str, Any]:
    """Facts near the bounds that conditions name, some of them missing."""
    facts: dict[str, Any] = {}
    for name, attribute in ATTRIBUTES.items():
        if random.random() < 0.2:
            continue
        match attribute.kind:
            case Kind.NUMBER:
                facts[name] = random.choice((-1, 0, 1, 5, 10_000_000, 50_000_000, 50_000_001))
            case Kind.TEXT:
                facts[name] = random.choice((*attribute.values, "elsewhere"))
            case Kind.TRUTH:
                facts[name] = random.random() < 0.5
    return facts


def same(one: str, other: str, tries: int = 60) -> bool:
    """Whether two conditions answer alike on many facts, known and not."""
    random = Random(len(one))  # noqa: S311  a test repeats itself
    return all(
        attempt(one, facts) is attempt(other, facts)
        for facts in (some_facts(random) for _ in range(tries))
    )


@pytest.mark.charter("PO-2")
@pytest.mark.parametrize("text", sorted({rule.condition for rule in SHIPPED.rules}))
def test_every_condition_of_the_shipped_policy_is_rows_and_comes_back_letter_by_letter(
    text: str,
) -> None:
    rows = read_rows(text)
    assert rows is not None
    assert write_rows(rows) == text
    assert write_rows(rows, like=text) == text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("10000000 > amount", "amount < 10000000"),
        ("not amount > 3", "amount <= 3"),
        ("not kind == 'spending'", "kind != 'spending'"),
        ("not (severity in ['P1', 'P2'])", "severity not in ('P1', 'P2')"),
        ("not not final", "final"),
        ("(final and sole) and step_up", "final and sole and step_up"),
        ("final or (sole and step_up)", "final or sole and step_up"),
        ("score == -3", "score == -3"),
        ("kind not in ('risk',)", "kind != 'risk'"),
        ("amount != 3 or fee >= 2 and amount <= 1", "amount != 3 or fee >= 2 and amount <= 1"),
    ],
)
def test_other_ways_of_writing_are_understood_and_kept_until_they_change(
    text: str, written: str
) -> None:
    rows = read_rows(text)
    assert rows is not None
    assert write_rows(rows) == written
    assert write_rows(rows, like=text) == text
    assert write_rows(rows, like="amount >") == written  # a text that cannot be read is no pattern
    assert same(text, written)


@pytest.mark.parametrize(
    "text",
    [
        "final and (sole or step_up)",
        "not (final and sole)",
        "likelihood * impact > 12",
        "amount / age_days > 100",
        "amount > fee",
        "amount in (1, 2)",
        "3 < 4",
        "'risk' in ('risk', 'budget')",
        "amount > -fee",
        "True",
    ],
)
def test_what_rows_cannot_say_stays_a_text(text: str) -> None:
    compile_condition(text)
    assert read_rows(text) is None


def rows_of(kind: Kind) -> st.SearchStrategy[Row]:
    names = [name for name, attribute in ATTRIBUTES.items() if attribute.kind is kind]

    def row(name: str) -> st.SearchStrategy[Row]:
        attribute = ATTRIBUTES[name]
        values: st.SearchStrategy[tuple[int | str, ...]]
        if kind is Kind.NUMBER:
            values = st.tuples(st.integers(-MAX_NUMBER, MAX_NUMBER))
        elif kind is Kind.TRUTH:
            values = st.just(())
        else:
            texts = st.sampled_from(tuple(attribute.values) or ("roof", "east wing"))
            values = st.lists(texts, min_size=1, max_size=4, unique=True).map(tuple)
        return st.builds(
            Row,
            st.sampled_from(("and", "or")),
            st.just(name),
            st.sampled_from(COMPARISONS[kind]),
            values,
        )

    return st.sampled_from(names).flatmap(row)


some_rows = st.lists(st.one_of(*(rows_of(kind) for kind in Kind)), max_size=5)


@pytest.mark.charter("PO-2")
@given(some_rows)
def test_any_rows_are_a_condition_that_reads_back_as_the_same_rows(rows: list[Row]) -> None:
    rows[:1] = [row._replace(joint="and") for row in rows[:1]]  # the first joins nothing
    text = write_rows(rows)
    if len(text) > 300:
        return  # the language's own limit
    assert read_rows(text) == tuple(rows)
    assert set(asked_for(text)) == {row.attribute for row in rows}


@pytest.mark.charter("PO-2")
def test_generated_conditions_mean_the_same_as_rows() -> None:
    written = {rule.condition for seed in range(20) for rule in a_policy(seed).rules}
    assert written >= set(CONDITIONS)
    told = [text for text in written if read_rows(text) is not None]
    assert len(told) >= 5
    for text in told:
        assert same(text, write_rows(read_rows(text) or ()))


@pytest.mark.parametrize(
    ("name", "comparison", "typed", "values"),
    [
        ("amount", Comparison.LESS, ["100,000.00"], (10_000_000,)),
        ("amount", Comparison.LESS, ["100000"], (10_000_000,)),
        ("amount", Comparison.LESS, ["¥1，000.5"], (100_050,)),
        ("amount", Comparison.LESS, ["-0.01"], (-1,)),
        ("rows", Comparison.MORE, ["1,000"], (1000,)),
        ("kind", Comparison.ONE_OF, ["spending", "", "spending", "risk"], ("spending", "risk")),
        ("category", Comparison.ONE_OF, [" roof "], ("roof",)),
        ("final", Comparison.HOLDS, ["whatever"], ()),
    ],
)
def test_values_are_typed_as_people_write_them(
    name: str, comparison: Comparison, typed: list[str], values: tuple[int | str, ...]
) -> None:
    assert typed_values(name, comparison, typed) == values


@pytest.mark.parametrize(
    ("name", "typed", "code"),
    [
        ("amount", "", "required"),
        ("amount", "many", "not-an-amount"),
        ("amount", "1.005", "not-an-amount"),
        ("amount", "99999999999999", "number-too-large"),
        ("rows", "1.5", "not-a-number"),
        ("severity", "P9", "not-a-choice"),
        ("kind", "it's", "text-not-plain"),
    ],
)
def test_a_value_that_is_none_is_refused_with_a_reason(name: str, typed: str, code: str) -> None:
    comparison = COMPARISONS[ATTRIBUTES[name].kind][0]
    with pytest.raises(BadValue) as refused:
        typed_values(name, comparison, [typed])
    assert refused.value.code == code


@given(st.integers(-MAX_NUMBER, MAX_NUMBER))
def test_money_is_shown_as_it_is_typed(fen: int) -> None:
    amount = ATTRIBUTES["amount"]
    assert typed_number(amount, shown_value(amount, fen)) == fen


def test_a_text_is_shown_as_it_is() -> None:
    assert shown_value(ATTRIBUTES["kind"], "risk") == "risk"
    assert shown_value(ATTRIBUTES["rows"], 3) == "3"


def test_trying_a_condition_holds_fails_or_cannot_be_judged() -> None:
    assert attempt("amount < 10000000", {"amount": 9_999_999}) is Outcome.HOLDS
    assert attempt("amount < 10000000", {"amount": 10_000_000}) is Outcome.FAILS
    assert attempt("amount < 10000000", {}) is Outcome.UNKNOWN
    assert attempt("amount / age_days > 1", {"amount": 1, "age_days": 0}) is Outcome.UNKNOWN
    assert attempt("", {}) is Outcome.HOLDS
    assert asked_for("") == ()
    with pytest.raises(BadCondition):
        attempt("amount <", {})


@pytest.mark.charter("PO-2")
def test_every_relation_of_the_shipped_policy_comes_back_from_its_terms() -> None:
    for text in {rule.relation for rule in SHIPPED.rules}:
        wanted = dict(parse_relation(text).wanted)
        assert write_relation(wanted, like=text) == text
        assert dict(parse_relation(write_relation(wanted)).wanted) == wanted


@given(st.dictionaries(st.sampled_from(list(Term)), st.booleans()), st.data())
def test_any_terms_are_a_relation_in_the_order_of_the_one_before(
    wanted: dict[Term, bool], data: st.DataObject
) -> None:
    before = data.draw(st.sampled_from(sorted({rule.relation for rule in SHIPPED.rules})))
    text = write_relation(wanted, like=before)
    assert dict(parse_relation(text).wanted) == wanted
    kept = [term for term, _ in parse_relation(before).wanted if term in wanted]
    assert [term for term, _ in parse_relation(text).wanted if term in kept] == kept
