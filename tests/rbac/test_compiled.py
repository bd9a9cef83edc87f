"""The compiled policy over time, what it remembers, and the box that holds it."""

from datetime import UTC, datetime, timedelta

import pytest

from rbac.compiled import CompiledPolicy, Reason
from rbac.enforcer import Reference
from rbac.facts import Facts
from rbac.guard import NO_POLICY, PolicyBox
from rbac.policy import Policy, shipped_policy
from rbac.relations import BadRelation, parse_relation

BEGINS = datetime(2026, 3, 2, tzinfo=UTC)
ENDS = datetime(2026, 3, 9, tzinfo=UTC)
WEEK = f"{BEGINS.isoformat()}, {ENDS.isoformat()}"


class Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now.timestamp()


@pytest.mark.charter("AP-3")
def test_time_passes_without_a_new_policy() -> None:
    clock = Clock(BEGINS - timedelta(seconds=1))
    policy = Policy.parse(
        f"p, role:clerk, *, order, list, any, , allow\ng, ann, role:clerk, *, {WEEK}"
    )
    compiled = CompiledPolicy(policy, clock)
    seen = []
    for now in (clock.now, BEGINS, ENDS - timedelta(seconds=1), ENDS):
        clock.now = now
        seen.append(compiled.decide("ann", "order:list").allowed)
        assert compiled.may_ever("ann", "order:list") is seen[-1]
        assert compiled.knows("ann") is seen[-1]
    assert seen == [False, True, True, False]


def test_asking_about_another_time_changes_nothing_now() -> None:
    compiled = CompiledPolicy(
        Policy.parse(f"p, role:clerk, *, order, list, any, , allow\ng, ann, role:clerk, *, {WEEK}"),
        Clock(ENDS),
    )
    assert compiled.decide("ann", "order:list", at=BEGINS).allowed
    assert not compiled.decide("ann", "order:list").allowed


def test_many_stretches_of_time_are_not_all_kept() -> None:
    lines = ["p, role:clerk, *, order, list, any, , allow"]
    for day in range(30):
        first = BEGINS + timedelta(days=2 * day)
        lines.append(
            f"g, ann, role:clerk, *, {first.isoformat()}, {(first + timedelta(days=1)).isoformat()}"
        )
    compiled = CompiledPolicy(Policy.parse("\n".join(lines)), Clock(BEGINS))
    for day in range(60):
        at = BEGINS + timedelta(days=day)
        assert compiled.decide("ann", "order:list", at=at).allowed is (day % 2 == 0)
    assert len(compiled._kept) <= 9


def test_strangers_are_refused_and_not_remembered() -> None:
    compiled = CompiledPolicy(shipped_policy())
    for number in range(50):
        assert not compiled.decide(f"stranger{number}", "order:list").allowed
        assert not compiled.may_ever(f"stranger{number}", "order:list")
        assert not compiled.knows(f"stranger{number}")
    assert compiled._answers.entries == {}
    assert compiled._answers.chances == {}


def test_unknown_permissions_are_refused() -> None:
    compiled = CompiledPolicy(shipped_policy(demo=True))
    assert compiled.decide("director", "order:fly").reason is Reason.NO_RULE
    assert not compiled.decide("director", "").allowed


def test_a_decision_that_needs_no_record_is_worked_out_once() -> None:
    compiled = CompiledPolicy(shipped_policy(demo=True))
    first = compiled.decide("visitor", "booking:create")
    assert compiled.decide("visitor", "booking:create", Facts(owner="x")) is first


def test_a_person_known_by_a_rule_alone_is_known() -> None:
    compiled = CompiledPolicy(Policy.parse("p, ann, *, order, list, any, , allow"))
    assert compiled.knows("ann")
    assert compiled.decide("ann", "order:list").allowed


def test_may_ever_sees_that_nobody_is_led() -> None:
    rules = "p, role:lead, *, work_log, read, superior & group, , allow\ng, ann, role:lead, *"
    assert not CompiledPolicy(Policy.parse(rules)).may_ever("ann", "work_log:read")
    assert CompiledPolicy(Policy.parse(rules, "g3, bob, ann")).may_ever("ann", "work_log:read")
    solid = rules.replace("superior", "solid_superior")
    assert not CompiledPolicy(Policy.parse(solid, "g3, bob, ann")).may_ever("ann", "work_log:read")


def test_may_ever_keeps_looking_past_rules_that_cannot_be() -> None:
    rules = (
        "p, role:lead, *, work_log, read, direct, , allow\n"
        "p, role:lead, *, work_log, read, !direct, final, allow\n"
        "p, role:lead, *, work_log, read, owner, , deny\n"
        "p, role:lead, *, work_log, read, any, , allow\n"
        "g, ann, role:lead, *"
    )
    assert CompiledPolicy(Policy.parse(rules)).may_ever("ann", "work_log:read")


def test_without_a_record_nothing_is_known() -> None:
    rules = "p, role:lead, *, order, read, owner, , allow\ng, ann, role:lead, *"
    assert CompiledPolicy(Policy.parse(rules)).decide("ann", "order:read").reason is Reason.NO_MATCH


@pytest.mark.parametrize("subject", ["ann", "role:lead"])
def test_a_rule_on_the_subject_itself_is_held_in_every_group_and_in_none_by_name(
    subject: str,
) -> None:
    rule = "p, {}, *, order, read, {}, , allow"
    for relation, allowed in (("group", True), ("own_group", False), ("!own_group", True)):
        policy = Policy.parse(rule.format(subject, relation))
        facts = Facts(group="night")
        assert CompiledPolicy(policy).decide(subject, "order:read", facts).allowed is allowed
        assert Reference(policy, BEGINS).allows(subject, "order:read", facts) is allowed


@pytest.mark.charter("PO-4")
def test_a_box_takes_newer_policies_only() -> None:
    box = PolicyBox()
    assert box.version is None
    assert box.decide("visitor", "booking:create") is NO_POLICY
    assert not box.may_ever("visitor", "booking:create")
    compiled = CompiledPolicy(shipped_policy())
    assert box.swap(2, compiled)
    assert not box.swap(2, compiled)
    assert not box.swap(1, CompiledPolicy(Policy((), (), (), ())))
    assert box.version == 2
    assert box.snapshot is not None
    assert box.snapshot.compiled is compiled
    assert box.decide("visitor", "booking:create").allowed
    assert box.may_ever("visitor", "booking:create")


@pytest.mark.charter("PO-4")
def test_a_box_that_cannot_see_its_policy_refuses() -> None:
    box = PolicyBox()
    box.swap(1, CompiledPolicy(shipped_policy()))
    box.clear()
    assert not box.decide("visitor", "booking:create").allowed
    assert box.swap(1, CompiledPolicy(shipped_policy()))


def test_the_reference_answers_without_a_record_too() -> None:
    reference = Reference(shipped_policy(demo=True), BEGINS)
    assert reference.allows("visitor", "booking:create")
    assert not reference.allows("visitor", "order:list")


def test_relations_are_read_with_their_places() -> None:
    assert parse_relation(" any ").wanted == ()
    assert [(str(term), asked) for term, asked in parse_relation("solid & !requester").wanted] == [
        ("solid", True),
        ("requester", False),
    ]
    assert len(parse_relation("owner & owner").wanted) == 1
    for text, place in (("owner&  nobody", 8), ("", 0), ("any & owner", 0), ("! owner", 0)):
        with pytest.raises(BadRelation) as refused:
            parse_relation(text)
        assert refused.value.offset == place
