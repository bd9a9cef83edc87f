"""One rule seen three ways: whichever view is changed, the others follow; what cannot be joined is asked about."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.features.policy import editing
from portal.features.policy.editing import (
    ALWAYS,
    BLANK,
    CELL,
    LINE,
    MAX_ROWS,
    NEVER,
    ROWS,
    SENTENCE,
    SOMETIMES,
    Editing,
    from_form,
    marked,
    opened,
    rule_of,
    with_cell,
)
from rbac.attributes import ATTRIBUTES, Kind
from rbac.builder import Outcome
from rbac.lines import Rule, written
from rbac.policy import shipped_policy
from rbac.relations import Term
from tests.rbac.generated import a_policy

SHIPPED = shipped_policy(demo=True)
TIER = next(
    r
    for r in SHIPPED.rules
    if r.subject == "role:manager" and r.action == "decide" and r.resource == "approval"
)
ASKED = {True: "yes", False: "no", None: ""}


def form_of(made: Editing) -> dict[str, str]:
    """What a browser sends of a rule's form when nothing in it was touched."""
    rule = made.rule
    sent = {
        "was": made.was,
        "shown": made.shown,
        "line": made.line,
        "subject": rule.subject,
        "group": rule.group,
        "permission": rule.permission,
        "effect": rule.effect,
        "condition": rule.condition,
        "cell": made.cell,
    }
    sent |= {f"term-{term}": ASKED[made.terms.get(term)] for term in Term}
    if made.rows is not None:
        sent["rows"] = str(len(made.rows))
        for number, row in enumerate(made.rows):
            sent |= row_fields(number, row.attribute, row.comparison, row.values, row.joint)
    return sent


def row_fields(
    number: int, attribute: str, comparison: str, values: list[str], joint: str = "and"
) -> dict[str, str]:
    start = f"row-{number}-"
    sent = {
        f"{start}joint": joint,
        f"{start}attribute": attribute,
        f"{start}comparison": comparison,
    }
    known = ATTRIBUTES[attribute].values if attribute else {}
    for value in values:
        sent |= {f"{start}value-{value}": "yes"} if value in known else {f"{start}value": value}
    return sent


def edited(rule: Rule, **changed: str) -> Editing:
    """The rule's form with some fields typed over; ``term_owner`` for ``term-owner``."""
    return from_form(form_of(opened(rule)) | {n.replace("_", "-"): v for n, v in changed.items()})


@pytest.mark.charter("PO-2")
def test_every_shipped_rule_goes_through_its_form_unchanged() -> None:
    for rule in SHIPPED.rules:
        made = from_form(form_of(opened(rule)))
        assert (made.rule, made.line, made.sound) == (rule, written(rule.tokens), True)
        assert not made.changed
        assert (made.rows is None) is False
        for view in (SENTENCE, ROWS, CELL, LINE):
            assert from_form(form_of(opened(rule)) | {"show": view}).rule == rule


@pytest.mark.charter("PO-2")
def test_every_generated_rule_goes_through_its_form_unchanged() -> None:
    for seed in range(12):
        for rule in a_policy(seed).rules:
            made = from_form(form_of(opened(rule)))
            assert (made.rule, made.line, made.sound, made.changed) == (
                rule,
                written(rule.tokens),
                True,
                False,
            )


@pytest.mark.charter("PO-2")
def test_the_sentence_moves_the_line_and_the_cell() -> None:
    made = edited(TIER, subject="role:ceo", group="operations", term_owner="yes", effect="deny")
    assert made.line == (
        "p, role:ceo, operations, approval, decide, own_group & !requester & owner, "
        "kind in ('spending', 'emergency') and amount < 10000000, deny"
    )
    assert made.sound
    assert made.cell == NEVER


@pytest.mark.charter("PO-2")
def test_the_line_moves_the_sentence_the_rows_and_the_cell() -> None:
    line = "p,role:hr,*,risk, read,!owner, amount>=5 or final ,allow"
    made = edited(TIER, line=line)
    assert made.line == made.shown == "p, role:hr, *, risk, read, !owner, amount>=5 or final, allow"
    assert made.rule.permission == "risk:read"
    assert made.terms == {Term.OWNER: False}
    assert made.rows is not None
    assert [(row.joint, row.attribute, row.values) for row in made.rows] == [
        ("and", "amount", ["0.05"]),
        ("or", "final", []),
    ]
    assert made.cell == SOMETIMES


@pytest.mark.charter("PO-2", "AP-1")
def test_the_rows_move_the_line_with_yuan_as_fen() -> None:
    made = edited(TIER, row_1_value="200,000.50")
    assert "amount < 20000050" in made.line
    assert made.sound
    more = edited(TIER, add="row")
    assert more.rows is not None
    assert [row.attribute for row in more.rows] == ["kind", "amount", ""]
    less = edited(TIER, remove="0", show=ROWS)
    assert less.rule.condition == "amount < 10000000"
    other = edited(TIER, row_1_attribute="severity", show=ROWS)  # its old comparison fits no more
    assert other.rows is not None
    assert [(row.kind, row.values, row.error) for row in other.rows[1:]] == [
        (Kind.TEXT, [], "required")
    ]
    assert other.line == written(TIER.tokens)  # until the row is whole


@pytest.mark.charter("PO-2")
def test_the_cell_moves_the_line() -> None:
    assert edited(TIER, cell=ALWAYS).line == "p, role:manager, *, approval, decide, any, , allow"
    assert edited(TIER, cell=NEVER, show=CELL).rule.effect == "deny"
    refused = with_cell(TIER, NEVER)
    assert edited(refused, cell=SOMETIMES).rule == TIER


def test_changes_in_different_parts_are_joined() -> None:
    made = edited(TIER, subject="role:ceo", row_1_value="1")
    assert made.line.startswith("p, role:ceo, ")
    assert made.rule.condition.endswith("amount < 100")
    made = edited(TIER, subject="role:ceo", row_1_value="1", show=SENTENCE)
    assert made.rule.condition.endswith("amount < 100")


@pytest.mark.charter("PO-2")
def test_two_views_changed_to_different_ends_are_asked_about_and_nothing_is_lost() -> None:
    line = "p, role:hr, *, risk, read, any, , allow"
    made = edited(TIER, subject="role:ceo", line=line)
    assert made.clash
    assert not made.sound
    assert made.line == line
    assert made.rule.subject == "role:ceo"
    assert edited(TIER, subject="role:ceo", line=line, show=LINE).line == line
    assert edited(TIER, subject="role:ceo", line=line, show=SENTENCE).rule.subject == "role:ceo"
    same = edited(TIER, subject="role:ceo", line=written(TIER._replace(subject="role:ceo").tokens))
    assert not same.clash
    texts = edited(TIER, condition="final", row_1_value="7")
    assert texts.clash
    assert edited(TIER, condition="final", row_1_value="7", show=ROWS).rule.condition.endswith(
        "700"
    )
    assert edited(TIER, condition="final", row_1_value="7", show=SENTENCE).rule.condition == "final"


BAD = [
    # what is typed as the condition, the code, and the part of the line under the mark
    ("amount >", "syntax", ","),
    ("amout > 3", "unknown-attribute", "a"),
    ("amount / 0 > 3 and kind == 3", "not-a-text", "3"),
    ("final and (final or (final and (final or " * 3 + "final" + ")))" * 3, "too-deep", None),
    ("(lambda: final)()", "not-allowed", "("),
    ("final" + " and final" * 40, "too-long", None),
    ("amount > 99999999999999999999", "number-too-large", "9"),
    ("final, allow", "field-count", "p"),
    ("kind in ('spending'", "open-bracket", "p"),
]


@pytest.mark.charter("PO-2", "PO-5")
@pytest.mark.parametrize(("condition", "code", "under"), BAD)
def test_a_bad_condition_is_marked_where_it_is_bad(
    condition: str, code: str, under: str | None
) -> None:
    made = edited(TIER, condition=condition)
    assert not made.sound
    assert made.problems[0].code == code
    assert made.rule.condition == condition
    assert made.mark is not None
    assert "".join(made.mark).rstrip() == made.line
    if under:
        assert made.mark[1] == under
    assert made.trial.outcome is None


def test_a_division_by_zero_cannot_be_judged_and_fails_nothing() -> None:
    made = edited(TIER, condition="amount / rows > 3", try_amount="10", try_rows="0")
    assert made.sound
    assert made.trial.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("", "not-a-rule"),
        ("# nothing", "not-a-rule"),
        ("g, proc1, role:director, *", "not-a-rule"),
        ("g2, proc1, director", "not-a-rule"),
        ("p, role:hr", "field-count"),
        ("hello", "unknown-line"),
        ("p, role:hr, *, planet, read, any, , allow", "unknown-permission"),
        ("p, role:hr, *, risk, read, cousin, , allow", "unknown-relation"),
        ("p, role:hr, *, risk, read, owner & !owner, , allow", "contradiction"),
        ("p, role:hr, *, risk, read, any, , perhaps", "unknown-effect"),
        ("p, proc1, operations, risk, read, any, , allow", "person-in-group"),
        ("p, role:h r, *, risk, read, any, , allow", "bad-name"),
    ],
)
def test_a_bad_line_says_what_is_wrong_with_it(line: str, code: str) -> None:
    made = edited(TIER, line=line, show=LINE)
    assert not made.sound
    assert made.problems[0].code == code
    assert made.line == line
    assert made.mark is not None


def test_no_field_can_carry_a_second_line() -> None:
    made = edited(TIER, subject="role:a, *, risk, read, any, , allow\np, role:b")
    assert "\n" not in made.line
    assert not made.sound
    assert "\n" not in edited(TIER, permission="risk:read, any, , allow\np").line


def test_the_trial_tells_holds_fails_and_unknown() -> None:
    known = {"try_amount": "99,999.99", "try_kind": "spending"}
    assert edited(TIER, **known).trial.outcome is Outcome.HOLDS
    assert edited(TIER, **known | {"try_amount": "100000"}).trial.outcome is Outcome.FAILS
    assert edited(TIER, try_kind="spending").trial.outcome is Outcome.UNKNOWN
    assert edited(TIER, try_amount="much").trial.errors == {"amount": "not-an-amount"}
    truth = TIER._replace(condition="not final")
    assert edited(truth, try_final="no").trial.outcome is Outcome.HOLDS
    assert edited(truth, try_final="yes").trial.outcome is Outcome.FAILS


def test_a_new_rule_begins_without_complaints_and_ends_sound() -> None:
    made = opened(BLANK, new=True)
    assert (made.was, made.sound, made.changed) == ("", True, True)
    sent = form_of(made) | {"permission": "", "subject": "role:hr"}
    assert not from_form(sent).sound
    sent["permission"] = "risk:read"
    assert from_form(sent).line == "p, role:hr, *, risk, read, any, , allow"


def test_a_place_beyond_the_end_is_marked_there() -> None:
    assert marked("abc", 1) == ("a", "b", "c")
    assert marked("abc", 9) == ("abc", " ", "")
    assert marked("", 0) == ("", " ", "")


def test_what_is_broken_in_one_part_leaves_the_others() -> None:
    made = edited(TIER, line="p, role:hr, *, risk, read, cousin, final, allow", show=LINE)
    assert made.rule.subject == "role:hr"
    assert made.terms == {}
    assert made.cell == SOMETIMES
    assert made.about("relation")
    assert not made.about("condition")
    assert (
        edited(TIER, line="p, role:hr, *, risk, read, cousin, , allow", show=LINE).cell == SOMETIMES
    )
    mended = from_form(form_of(made) | {"term-owner": "yes"})
    assert mended.line == "p, role:hr, *, risk, read, owner, final, allow"


def test_more_rows_than_there_can_be_are_cut() -> None:
    sent = form_of(opened(TIER)) | {"rows": "100000", "show": ROWS, "add": "row"}
    made = from_form(sent)
    assert made.rows is not None
    assert len(made.rows) <= MAX_ROWS
    assert from_form(sent | {"rows": "many"}).rule.condition == ""


FIELDS = st.sampled_from((*form_of(opened(TIER)), "show", "add", "remove", "try-amount"))
SENSIBLE = [
    *("p, role:hr, *, risk, read, any, amount > 3, allow", "amount < 3", "(((", "'", ",", "3"),
    *("sentence", "line", "rows", "always", "risk:read", "*:*", "amount", "kind", "yes", "no"),
]
TYPED = st.text(max_size=40) | st.sampled_from(SENSIBLE)


@pytest.mark.charter("PO-2")
@given(st.dictionaries(FIELDS, TYPED, max_size=12))
def test_whatever_is_typed_the_views_are_made_and_stay_one_line(typed: Mapping[str, Any]) -> None:
    made = from_form(typed)
    assert "\n" not in made.line
    assert rule_of(made.shown) is not None
    if made.sound:
        assert editing.check(made.line) == ()
        assert rule_of(made.line) == made.rule
    assert from_form(form_of(made) | {"show": LINE}).line == made.line
