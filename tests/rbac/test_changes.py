"""Who gains and loses what when one policy follows another, held against the decisions of both."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

import pytest

from rbac import changes
from rbac.changes import Change, Difference, Effect, LineChange, differences
from rbac.compiled import CompiledPolicy
from rbac.lines import Rule, written
from rbac.policy import Policy, shipped_policy
from tests.rbac import generated

pytestmark = pytest.mark.charter("PO-4")

NOW = datetime(2026, 3, 2, tzinfo=UTC)
DEMO = shipped_policy(demo=True)
CONTRACT = "p, role:director, *, contract, open, any, , allow"


def between(old: str, new: str) -> list[Difference]:
    policies = [CompiledPolicy(Policy.parse(text), clock=NOW.timestamp) for text in (old, new)]
    return differences(policies[0], policies[1], NOW)


def replaced(*pairs: tuple[str, str]) -> Difference:
    """What differs at once when these parts of the demo's lines are replaced."""
    text = DEMO.text
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    [difference] = between(DEMO.text, text)
    return difference


def effects(difference: Difference) -> dict[str, dict[str, Effect]]:
    return {
        person: {change.permission: change.effect for change in group.changes}
        for group in difference.concerned
        for person in group.people
    }


def test_the_same_lines_change_nothing() -> None:
    assert replaced() == Difference(None, (), ())


def test_a_rule_taken_out_is_lost_by_its_holders_and_by_nobody_else() -> None:
    assert effects(replaced((f"{CONTRACT}\n", ""))) == {"director": {"contract:open": Effect.LOST}}


def test_a_role_is_gained_with_all_it_includes() -> None:
    difference = replaced(("g, gate1, role:gate, *", "g, gate1, role:auditadmin, *"))
    gained = effects(difference)["gate1"]
    assert gained["audit_trail:read"] is Effect.GAINED
    assert Effect.LOST in gained.values()
    assert difference.people == {"gate1"}


def test_a_raised_bound_is_wider_for_one_tier_and_narrower_for_the_other() -> None:
    raised = replaced(("amount < 10000000", "amount < 20000000"))
    lowered = replaced(("amount <= 50000000", "amount <= 20000000"))
    assert effects(raised)["manager.systems"] == {"approval:decide": Effect.WIDER}
    assert effects(lowered)["ceo"] == {"approval:decide": Effect.NARROWER}
    other = replaced(("amount < 10000000, allow", "amount == 20000000, allow"))
    assert effects(other)["manager.systems"] == {"approval:decide": Effect.CHANGED}


def test_before_and_after_are_told_by_their_rules() -> None:
    group, _director = replaced(("amount < 10000000, allow", "amount < 20000000, allow")).concerned
    assert group.people == ("manager.procurement", "manager.systems")
    [change] = group.changes
    assert [
        rule.condition.rpartition(" ")[2] for rule in (*change.before.allows, *change.after.allows)
    ] == [
        "10000000",
        "20000000",
    ]
    assert not change.before.always


def test_always_is_told_apart_from_sometimes() -> None:
    [group] = replaced(
        (CONTRACT, f"{CONTRACT}\np, role:director, *, contract, open, owner, , deny")
    ).concerned
    [change] = group.changes
    assert (change.effect, change.before.always, change.after.always) == (
        Effect.NARROWER,
        True,
        False,
    )
    assert len(change.after.denies) == 1


def test_a_rule_that_says_what_another_says_changes_nothing() -> None:
    more = "p, role:director, *, contract, open, owner, amount > 3, allow"
    assert replaced((CONTRACT, f"{CONTRACT}\n{more}")).people == frozenset()


def test_who_reports_to_somebody_else_is_told_by_the_superiors() -> None:
    difference = replaced(("g2, tech3, manager.systems", "g2, tech3, manager.procurement"))
    assert difference.concerned == ()
    told = {line.superior: (line.gained, line.lost) for line in difference.lines}
    assert told == {"manager.procurement": (("tech3",), ()), "manager.systems": ((), ("tech3",))}
    assert "work_log:confirm" in difference.lines[0].permissions


def test_who_stays_below_on_another_line_is_no_news() -> None:
    """The director remains a superior of tech3 by the dual line; only steps on the solid one change."""
    difference = replaced(("g2, tech3, manager.systems\n", ""))
    told = {line.superior: line for line in difference.lines}
    assert told["manager.systems"].lost == ("tech3",)
    assert "work_log:read" not in told.get("director", LineChange("", (), (), ())).permissions


def test_a_deputy_is_told_for_the_day_the_time_begins() -> None:
    since, until = "2026-04-01T00:00:00+08:00", "2026-05-01T00:00:00+08:00"
    line = f"g, finance, role:manager, operations, {since}, {until}, manager.systems\n"
    now, later = between(DEMO.text, DEMO.text + line)
    assert now == Difference(None, (), ())
    assert later.since == datetime.fromisoformat(since)
    assert effects(later)["finance"]["approval:decide"] is Effect.GAINED


def test_whoever_loses_every_role_is_a_newcomer() -> None:
    lost = effects(replaced(("g, gate1, role:gate, *\n", "")))["gate1"]
    assert lost["check_in:create"] is Effect.LOST
    assert "session:logout" not in lost


def test_a_star_means_every_permission() -> None:
    difference = between(DEMO.text, f"{DEMO.text}p, role:gate, *, *, *, any, , allow\n")[0]
    assert effects(difference)["gate1"]["contract:open"] is Effect.GAINED


def test_permissions_of_another_system_are_compared_too() -> None:
    known = {"data1:read", "data1:write"}
    policies = [
        CompiledPolicy(Policy.parse(f"p, alice, *, data1, {action}, any, , allow", known=known))
        for action in ("read", "write")
    ]
    [difference] = differences(policies[0], policies[1], NOW)
    assert effects(difference) == {
        "alice": {"data1:read": Effect.LOST, "data1:write": Effect.GAINED}
    }


def changed(seed: int) -> Iterator[tuple[Policy, Policy]]:
    """A random policy, and the same with some of its rules, grants and inclusions taken out, both ways round."""
    random = Random(seed)  # noqa: S311
    policy = generated.a_policy(seed)
    kept = [
        tokens for tokens in policy.lines if tokens[0] in ("g2", "g3") or random.random() > 0.15
    ]
    fewer = Policy.from_lines(kept)
    loosened = Policy.from_lines(
        {tuple(rule.tokens): None for rule in map(_loosened, policy.rules)}
        | {tokens: None for tokens in policy.lines if tokens[0] != "p"}
    )
    yield policy, fewer
    yield fewer, policy
    yield policy, loosened


def _loosened(rule: Rule) -> Rule:
    return rule._replace(condition=rule.condition.replace("10000000", "20000000"))


def wrong(seeds: range) -> list[str]:
    """Requests whose decisions before and after are not as told."""
    found = []
    for seed in seeds:
        asked = [
            request for request in generated.requests(seed, 1500) if request.subject != "stranger"
        ]
        for before, after in changed(seed):
            old, new = (
                CompiledPolicy(policy, clock=generated.START.timestamp)
                for policy in (before, after)
            )
            told = {
                (person, change.permission): change.effect
                for person, changes_of in changes._Comparison(old, new, generated.START)
                .differences()[0]
                .items()
                for change in changes_of
            }
            for request in asked:
                ask = (request.permission, request.facts, generated.START)
                verdicts = [
                    policy.decide(request.subject, *ask).allowed
                    if policy.knows(request.subject, generated.START)
                    else policy.decide("newcomer", *ask).allowed
                    for policy in (old, new)
                ]
                effect = told.get((request.subject, request.permission))
                if not _fits(effect, *verdicts):
                    found.append(
                        f"{seed} {request.subject} {request.permission} {effect} {verdicts}"
                    )
    return found


def _fits(effect: Effect | None, before: bool, after: bool) -> bool:  # noqa: FBT001
    match effect:
        case None:
            return before == after
        case Effect.GAINED | Effect.WIDER:
            return after or not before
        case Effect.LOST | Effect.NARROWER:
            return before or not after
        case _:
            return True


def test_what_is_told_is_true_of_every_decision() -> None:
    assert wrong(range(200, 206)) == []


@pytest.mark.parametrize("name", ["wider", "reaches"])
def test_a_careless_comparison_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, name, lambda *_args: True)
    assert wrong(range(200, 204))


def test_the_demo_is_compared_in_half_a_second() -> None:
    """In processor time, and with all that it must work out: the director's rules given to every colleague."""
    more = "".join(
        f"{written(rule._replace(subject='role:colleague').tokens)}\n"
        for rule in DEMO.rules
        if rule.subject == "role:director"
    )
    started = time.process_time()
    [difference] = between(DEMO.text, DEMO.text + more)
    assert time.process_time() - started < 0.5
    assert len(difference.people) > 20
    assert all(
        isinstance(change, Change) for group in difference.concerned for change in group.changes
    )
