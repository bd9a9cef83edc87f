"""What is odd about a policy: each finding is true of every decision, and the shipped policy has none."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from rbac import findings as module
from rbac.compiled import CompiledPolicy
from rbac.finding_words import LABELS, finding_words, label_words
from rbac.findings import DEAD, SENSITIVE, Code, Finding, findings
from rbac.implication import can_fail, condition_follows, ever_holds, is_impossible
from rbac.lines import ALLOW, DENY, written
from rbac.permissions import BY_NAME
from rbac.policy import Policy, shipped_policy
from tests.rbac import generated

pytestmark = pytest.mark.charter("PO-5")

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SEEDS = range(100, 104)
PEOPLE = "g, ann, role:manager, *\ng, bob, role:specialist, operations\ng2, bob, ann"


def found(*lines: str) -> dict[str, Finding]:
    """What is found of each line, beside two people who hold two roles."""
    policy = Policy.parse("\n".join([*lines, PEOPLE]))
    return {finding.line: finding for finding in findings(policy, NOW)}


def code(*lines: str) -> Code | None:
    """What is found of the first line."""
    finding = found(*lines).get(lines[0])
    return finding.code if finding else None


READ = "p, role:manager, *, risk, read, any, , allow"


@pytest.mark.parametrize(
    ("meant", "lines"),
    [
        (None, [READ]),
        (None, ["p, role:manager, *, risk, read, superior, amount > 3, allow"]),
        (Code.UNHELD, ["p, role:nobody, *, risk, read, any, , allow"]),
        (Code.NOT_IN_GROUP, ["p, role:specialist, technology, risk, read, any, , allow"]),
        (None, ["p, role:manager, technology, risk, read, any, , allow"]),
        (Code.IMPOSSIBLE, ["p, role:manager, *, risk, read, solid & !superior, , allow"]),
        (Code.IMPOSSIBLE, ["p, role:manager, *, risk, read, owner & direct, , allow"]),
        (Code.IMPOSSIBLE, ["p, role:manager, *, risk, read, own_group & !group, , allow"]),
        (
            None,
            ["p, role:manager, *, risk, read, own_group & !group, , deny"],
        ),  # with no group told
        (Code.NO_LINE, ["p, role:specialist, *, risk, read, direct, , allow"]),
        (Code.NO_LINE, ["p, role:manager, *, risk, read, dual, , allow"]),
        (
            Code.NEVER_TRUE,
            ["p, role:manager, *, risk, read, any, amount > 5 and amount < 4, allow"],
        ),
        (
            Code.NEVER_TRUE,
            ["p, role:manager, *, risk, read, any, severity == 'P1' and severity == 'P2', allow"],
        ),
        (Code.ALWAYS_TRUE, ["p, role:manager, *, risk, read, any, final or not final, allow"]),
        (
            Code.ALWAYS_TRUE,
            ["p, role:manager, *, risk, read, any, amount > 5 or amount <= 5, allow"],
        ),
        (None, ["p, role:manager, *, risk, read, any, likelihood * impact > 12, allow"]),
        (
            Code.OVER,
            ["g, cid, role:manager, *, 2025-01-01T00:00:00+08:00, 2026-01-01T00:00:00+08:00", READ],
        ),
        (Code.EMPTY_ROLE, ["g, cid, role:hollow, *"]),
        (Code.EMPTY_ROLE, ["g, role:manager, role:hollow, *"]),
        (None, ["g, cid, role:hollow, *", "g, role:hollow, role:manager, *", READ]),
        (Code.SHADOWED, ["p, role:manager, operations, risk, read, owner, , allow", READ]),
        (Code.SHADOWED, ["p, role:manager, *, risk, read, any, amount < 5, allow", READ]),
        (
            Code.SHADOWED,
            [
                "p, role:manager, *, risk, read, solid, amount < 5, allow",
                "p, role:manager, *, risk, *, superior, amount <= 5 and amount < 9, allow",
            ],
        ),
        (
            None,
            [
                "p, role:manager, *, risk, read, solid, amount <= 5, allow",
                "p, role:manager, *, risk, read, superior, amount < 5, allow",
            ],
        ),
        (
            Code.SHADOWED,
            [
                "p, role:manager, *, risk, read, any, , allow",
                "p, role:specialist, *, risk, read, any, , allow",
                "g, role:manager, role:specialist, *",
            ],
        ),
        (
            Code.DENIED,
            [
                "p, role:manager, *, risk, read, owner, , allow",
                "p, role:manager, *, risk, read, any, , deny",
            ],
        ),
        (
            None,
            [
                "p, role:manager, *, risk, read, any, , allow",
                "p, role:manager, *, risk, read, owner, , deny",
            ],
        ),
        (
            Code.CONTRADICTORY,
            [
                "p, role:manager, *, risk, read, owner, final, allow",
                "p, role:manager, *, risk, read, owner, final, deny",
            ],
        ),
        (Code.EVERYTHING, ["p, role:manager, *, risk, *, any, , allow"]),
        (Code.EVERYTHING, ["p, role:manager, *, *, *, owner, , allow"]),
        (None, ["p, role:manager, *, *, *, owner, , deny"]),
        (Code.TOO_WIDE, ["p, visitor, *, visitor, reveal, any, , allow"]),
        (None, ["p, role:manager, *, visitor, reveal, any, , allow"]),
        (None, ["p, visitor, *, visitor, reveal, owner, , allow"]),
        (
            Code.TOO_WIDE,
            [
                "p, role:many, *, visitor, reveal, any, , allow",
                *(f"g, one{number}, role:many, *" for number in range(5)),
            ],
        ),
    ],
)
def test_a_line_is_told_what_is_odd_about_it(meant: Code | None, lines: list[str]) -> None:
    assert code(*lines) == meant


def test_the_line_that_says_it_already_is_named() -> None:
    narrow = "p, role:manager, *, risk, read, owner, , allow"
    assert found(narrow, READ)[narrow] == Finding(narrow, Code.SHADOWED, READ)
    assert READ not in found(narrow, READ)


def test_of_two_that_say_the_same_the_later_is_one_too_many() -> None:
    same = (
        "p, role:manager, *, risk, read, any, amount < 5, allow",
        "p, role:manager, *, risk, read, any, 5 > amount, allow",
    )
    odd = [found(*same).get(line) for line in same]
    assert odd == [None, Finding(same[1], Code.SHADOWED, same[0])]


def test_the_shipped_policy_has_nothing_odd_but_roles_still_without_holders() -> None:
    odd = findings(shipped_policy(demo=True), NOW)
    assert {(finding.code, finding.line.split(", ")[1]) for finding in odd} == {
        (Code.UNHELD, "role:agency")
    }


def test_sensitive_permissions_exist() -> None:
    assert set(BY_NAME) >= SENSITIVE


def test_every_finding_has_words_in_both_languages() -> None:
    assert set(LABELS) == set(Code)
    for each in Code:
        for reached in (1, 12):
            said = {
                finding_words(Finding("x", each, reached=reached), lang) for lang in ("en", "zh")
            }
            assert len(said) == 2
            assert not any("{" in words for words in said)
        assert label_words(each, "zh") != label_words(each, "en")


def decisions(policy: Policy, seed: int) -> list[bool]:
    compiled = CompiledPolicy(policy)
    return [
        compiled.decide(asked.subject, asked.permission, asked.facts, asked.at).allowed
        for asked in generated.requests(seed, 400)
    ]


def without(policy: Policy, gone: set[str]) -> Policy:
    return Policy.from_lines(tokens for tokens in policy.lines if written(tokens) not in gone)


def removable(policy: Policy) -> Iterator[tuple[Code, str]]:
    for finding in findings(policy, generated.moments()[0]):
        if finding.code in DEAD or finding.code in (Code.SHADOWED, Code.CONTRADICTORY):
            yield finding.code, finding.line


class Tried:
    """Every line found removable in random policies, taken out: ``wrong`` are those that changed a decision."""

    def __init__(self, seeds: range) -> None:
        self.codes: set[Code] = set()
        self.wrong: list[str] = []
        for seed in seeds:
            policy = generated.a_policy(seed)
            before = decisions(policy, seed)
            lines = list(removable(policy))
            self.codes |= {each for each, _line in lines}
            tries = [{line} for _code, line in lines] + [{line for _code, line in lines}]
            self.wrong += [
                f"{seed}: {gone}"
                for gone in tries
                if decisions(without(policy, gone), seed) != before
            ]


def test_what_is_found_dead_or_said_already_changes_no_decision() -> None:
    """On random policies that use the whole language: each line alone, and all of a policy together."""
    tried = Tried(SEEDS)
    assert not tried.wrong
    assert {Code.IMPOSSIBLE, Code.NO_LINE, Code.SHADOWED, Code.DENIED} <= tried.codes


@pytest.mark.parametrize(
    ("name", "careless"),
    [
        ("wider", lambda rule, other: rule.permission == other.permission),
        ("is_impossible", lambda relation: "!" in relation),
    ],
)
def test_a_careless_look_is_noticed(
    name: str, careless: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, name, careless)
    assert Tried(range(100, 103)).wrong


@pytest.mark.parametrize(
    ("first", "second", "follows"),
    [
        ("amount < 5", "amount < 6", True),
        ("amount < 6", "amount < 5", False),
        ("kind == 'spending'", "kind in ('spending', 'emergency')", True),
        ("kind == 'x'", "kind != 'y'", True),
        ("amount < 5 and final", "final", True),
        ("amount < 5", "amount < 5 or final", True),
        ("amount < 5", "final or amount < 5", False),  # final may be missing, and is asked first
        ("likelihood * impact > 12", "likelihood * impact > 12", True),
        ("likelihood * impact > 12", "likelihood * impact > 11", False),  # not told apart: no claim
        ("", "final", False),
        ("", "final or not final", False),  # final may be missing
    ],
)
def test_conditions_are_held_against_each_other(
    first: str,
    second: str,
    follows: bool,  # noqa: FBT001  a table
) -> None:
    assert condition_follows(first, ALLOW, second, ALLOW) is follows


def test_a_deny_matches_what_is_not_known() -> None:
    assert condition_follows("amount < 5", ALLOW, "amount < 5", DENY)
    assert not condition_follows("amount < 5", DENY, "amount < 5", ALLOW)
    assert condition_follows("amount < 5", DENY, "amount < 6", DENY)


def test_too_many_cases_are_not_tried() -> None:
    many = " and ".join(
        f"{name} in ({', '.join(map(str, range(0, 36, 3)))})" for name in ("amount", "fee", "score")
    )
    assert can_fail(many)
    assert ever_holds(many)
    assert not ever_holds("-5 > amount and amount > 3")
    assert not is_impossible("superior & !solid")
