"""Reading a policy: everything that would make it untrustworthy is refused, with its line and place."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rbac.lines import Grant, Inclusion, Report, Rule, instant, is_role
from rbac.permissions import BY_NAME, RESOURCES, Permission
from rbac.policy import Policy, shipped_policy
from rbac.problem_words import WORDS, problem_words
from rbac.reading import PolicyError, Problem, column, foreign_fields, split
from rbac.structure import MAX_STEPS
from tests.rbac import generated

GOOD = "p, role:clerk, *, order, read, any, , allow"

REFUSED = [
    # the line, the code, and under ^ the place
    ("q, role:clerk, *, order, read, any, , allow", "unknown-line",
     "^"),
    ("p, role:clerk, *, order, read, any, allow", "field-count",
     "^"),
    ("p, role:clerk, *, order, read, any, amount > (3, allow", "open-bracket",
     "^"),
    ("p, role:clérk!, *, order, read, any, , allow", "bad-name",
     "   ^"),
    ("p, , *, order, read, any, , allow", "bad-name",
     "   ^"),
    ("p, role:clerk, a b, order, read, any, , allow", "bad-name",
     "               ^"),
    ("p, role:clerk, *, order, raed, any, , allow", "unknown-permission",
     "                  ^"),
    ("p, role:clerk, *, ordre, *, any, , allow", "unknown-permission",
     "                  ^"),
    ("p, role:clerk, *, order, read, friend, , allow", "unknown-relation",
     "                               ^"),
    ("p, role:clerk, *, order, read, owner & frend, , allow", "unknown-relation",
     "                                       ^"),
    ("p, role:clerk, *, order, read, owner & !owner, , allow", "contradiction",
     "                                       ^"),
    ("p, role:clerk, *, order, read, , , allow", "unknown-relation",
     "                               ^"),
    ("p, role:clerk, *, order, read, any, final or amout > 3, allow", "unknown-attribute",
     "                                             ^"),
    ("p, role:clerk, *, order, read, any, kind in ('a', 3), allow", "not-a-text",
     "                                                  ^"),
    ("p, role:clerk, *, order, read, any, , maybe", "unknown-effect",
     "                                      ^"),
    ("p, ann, operations, order, read, any, , allow", "person-in-group",
     "        ^"),
    ("g, ann, role:clerk", "field-count",
     "^"),
    ("g, ann, role:clerk, *, , , bob, more", "field-count",
     "^"),
    ("g, ann, clerk, *", "bad-name",
     "        ^"),
    ("g, ann, role:clerk, a b", "bad-name",
     "                    ^"),
    ("g, ann, role:clerk, *, yesterday", "bad-instant",
     "                       ^"),
    ("g, ann, role:clerk, *, 2026-03-02T08:00:00", "bad-instant",  # without an offset
     "                       ^"),
    ("g, ann, role:clerk, *, , soon", "bad-instant",
     "                         ^"),
    ("g, ann, role:clerk, *, 2026-03-02T08:00:00Z, 2026-03-02T08:00:00Z", "ends-before-it-begins",
     "                                             ^"),
    ("g, ann, role:clerk, *, , 2026-03-02T08:00:00Z, b b", "bad-name",
     "                                               ^"),
    ("g, role:clerk, role:staff, operations", "role-in-group",
     "                           ^"),
    ("g, role:clerk, role:staff, *, 2026-03-02T08:00:00Z", "role-for-a-time",
     "                              ^"),
    ("g2, ann", "field-count",
     "^"),
    ("g2, ann, bob, , , more", "field-count",
     "^"),
    ("g2, ann, role:clerk", "bad-name",
     "         ^"),
    ("g3, ann!, bob", "bad-name",
     "    ^"),
    ("g3, ann, bob, then", "bad-instant",
     "              ^"),
    ("g2, ann, ann", "circle",
     "    ^"),
]  # fmt: skip


def problems(text: str) -> tuple[Problem, ...]:
    with pytest.raises(PolicyError) as refused:
        Policy.parse(text)
    return refused.value.problems


@pytest.mark.charter("PO-7")
@pytest.mark.parametrize(("line", "code", "mark"), REFUSED)
def test_a_bad_line_is_refused_with_its_place(line: str, code: str, mark: str) -> None:
    (problem,) = problems(f"# a comment\n{GOOD}\n\n{line}")
    assert (problem.line, problem.code) == (4, code)
    assert column(line, problem.field, problem.offset) == mark.index("^")


@pytest.mark.charter("PO-7")
def test_all_that_is_wrong_is_found_in_one_reading() -> None:
    text = "\n".join(line for line, _code, _mark in REFUSED if "circle" not in _code)
    found = problems(text)
    assert {problem.line for problem in found} == set(range(1, len(text.split("\n")) + 1))
    with pytest.raises(PolicyError, match=r"line 1, field 0: unknown-line .and"):
        Policy.parse(text)


def test_one_problem_is_told_alone() -> None:
    with pytest.raises(PolicyError, match=r"^line 1, field 7: unknown-effect$"):
        Policy.parse("p, role:clerk, *, order, read, any, , maybe")


def test_several_slips_in_one_rule_are_told_together() -> None:
    (line,) = {problem.line for problem in problems("p, a b, c d, ordre, read, x, y, z")}
    codes = [problem.code for problem in problems("p, r, *, ordre, read, x, y > 1, z")]
    assert line == 1
    assert codes == [
        "unknown-permission",
        "unknown-relation",
        "unknown-attribute",
        "unknown-effect",
    ]


@pytest.mark.parametrize(
    "line",
    [
        GOOD,
        "g, role:clerk, role:staff, *",
        "g, ann, role:clerk, operations",
        "g2, ann, bob",
    ],
)
def test_a_line_said_twice_is_refused(line: str) -> None:
    assert [p.code for p in problems(f"{line}\n{line}")] == ["repeated"]


def test_a_bad_line_said_twice_is_told_twice() -> None:
    bad = "p, a b, *, order, read, any, , allow"
    assert [p.code for p in problems(f"{bad}\n{bad}")] == ["bad-name", "bad-name"]


def test_roles_that_include_each_other_are_refused() -> None:
    text = "g, role:a, role:b, *\ng, role:b, role:c, *\ng, role:c, role:a, *"
    (problem,) = problems(text)
    assert problem.code == "circle"
    assert problem.detail == "role:a > role:b > role:c > role:a"


def chain(length: int) -> str:
    return "\n".join(f"g2, p{low}, p{high}" for low, high in pairwise(range(length + 1)))


def test_a_chain_that_casbin_would_not_follow_is_refused() -> None:
    Policy.parse(chain(MAX_STEPS))
    (problem,) = problems(chain(MAX_STEPS + 1))
    assert problem.code == "too-many-steps"
    assert problem.detail == " > ".join(f"p{number}" for number in range(MAX_STEPS + 2))


def test_a_very_long_chain_exhausts_nothing() -> None:
    (problem,) = problems(chain(20_000))
    assert problem.code == "too-many-steps"


def test_roles_may_be_nested_one_step_less_than_lines() -> None:
    def nested(steps: int) -> str:
        return "\n".join(f"g, role:r{a}, role:r{b}, *" for a, b in pairwise(range(steps + 1)))

    Policy.parse(nested(MAX_STEPS - 1))
    assert problems(nested(MAX_STEPS))[0].code == "too-many-steps"


def test_a_circle_of_lines_counts_when_they_hold_together() -> None:
    first = "g2, ann, bob, , 2026-03-02T00:00:00Z"
    Policy.parse(f"{first}\ng2, bob, ann, 2026-03-02T00:00:00Z")
    (problem,) = problems(f"{first}\ng3, bob, ann, 2026-03-01T00:00:00Z")
    assert problem.code == "circle"


def test_fields_are_split_as_casbin_splits_them() -> None:
    assert split("p, a,b ,c") == ["p", "a", "b", "c"]
    assert split("p, kind in ('a', 'b'), x") == ["p", "kind in ('a', 'b')", "x"]
    assert split("p, [1, (2, 3)], x)") == ["p", "[1, (2, 3)]", "x)"]


@pytest.mark.charter("PO-7")
def test_a_policy_of_another_model_is_told_from_one_with_slips() -> None:
    foreign = ["p, alice, data1, read", "p, bob, data2, write", "g, alice, admin"]
    assert foreign_fields([split(line) for line in foreign]) == 3
    assert foreign_fields([split(line) for line in (*foreign, GOOD)]) is None
    assert foreign_fields([["g", "alice", "admin"]]) is None


@pytest.mark.charter("PO-7")
@pytest.mark.parametrize("seed", range(8))
def test_what_is_written_out_reads_back_the_same(seed: int) -> None:
    policy = generated.a_policy(seed)
    assert Policy.parse(policy.text) == policy
    assert Policy.from_lines(policy.lines) == policy


def test_the_shipped_policy_survives_the_round_trip() -> None:
    policy = shipped_policy(demo=True)
    assert Policy.parse(policy.text) == policy


def test_grants_are_added_once() -> None:
    policy = shipped_policy()
    grant = Grant("ann", "role:hr", "*")
    more = policy.with_grants([grant, grant])
    assert more.grants == (*policy.grants, grant)
    assert more.with_grants([grant]) == more
    assert "ann" in more.subjects


def test_other_systems_bring_their_own_permissions() -> None:
    policy = Policy.parse("p, ann, *, data, open, any, , allow", known=["data:open"])
    assert policy.rules[0].permission == "data:open"
    assert "data:open" not in BY_NAME


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    found: tuple[Problem, ...] = ()
    try:
        Policy.parse(text)
    except PolicyError as error:
        found = error.problems
    for problem in found:
        line = text.split("\n")[problem.line - 1]
        assert 0 <= column(line, problem.field, problem.offset) <= len(line)
        assert problem_words(problem, "en")
        assert problem_words(problem, "zh")


def test_each_line_prints_itself_without_empty_ends() -> None:
    assert Rule("a", "*", "b", "c", "any", "", "allow").tokens == (
        "p",
        "a",
        "*",
        "b",
        "c",
        "any",
        "",
        "allow",
    )
    assert Inclusion("role:a", "role:b").tokens == ("g", "role:a", "role:b", "*")
    assert Grant("ann", "role:a", "*").tokens == ("g", "ann", "role:a", "*")
    assert Grant("ann", "role:a", "*", "", "", "bob").tokens[-3:] == ("", "", "bob")
    assert Report("g2", "ann", "bob", "", "x").tokens == ("g2", "ann", "bob", "", "x")


def test_instants_have_an_offset() -> None:
    assert instant("1970-01-01T08:00:00+08:00") == 0
    assert instant("1970-01-01T00:00:00") is None
    assert instant("now") is None
    assert is_role("role:x")
    assert not is_role("x")


def test_permissions_are_in_order_and_have_words() -> None:
    names = [permission.value for permission in Permission]
    assert names == sorted(names)
    for permission in Permission:
        assert permission == f"{permission.resource}:{permission.action}"
        assert permission.name == f"{permission.resource}_{permission.action}".upper()
        assert permission.describe("en") == permission.en
        assert permission.describe("zh") == permission.zh
        assert permission.en[0].islower()
        assert not permission.zh.isascii()
    assert len(set(RESOURCES)) == len(RESOURCES)


def test_every_code_of_a_problem_has_words() -> None:
    told = {code for _line, code, _mark in REFUSED} | {"repeated", "too-many-steps"}
    assert told <= set(WORDS)
    for code in WORDS:
        problem = Problem(1, 0, code, detail="here")
        assert problem_words(problem, "en") != problem_words(problem, "zh")
