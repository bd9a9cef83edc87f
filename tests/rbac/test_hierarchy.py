"""Laws of the hierarchy, on random policies: what more lines, roles and knowledge can and cannot do."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rbac.compiled import CompiledPolicy
from rbac.enforcer import Reference
from rbac.facts import NOBODY, Facts
from rbac.lines import ALLOW, DENY, EVERY, SOLID, Grant, Inclusion, Report, Rule
from rbac.policy import Policy
from rbac.reading import PolicyError
from rbac.relations import Term
from tests.rbac import generated

SEEDS = st.integers(0, 400)
AT = generated.START + timedelta(days=5)

roles = st.sampled_from(generated.ROLES)
people = st.sampled_from(generated.PEOPLE[1:])
permissions = st.sampled_from(generated.PERMISSIONS)


@st.composite
def policies(draw: st.DrawFn, rules: int = 16) -> Policy:
    return generated.a_policy(draw(SEEDS), rules)


@st.composite
def records(draw: st.DrawFn) -> Facts:
    return next(generated.requests(draw(st.integers(0, 10_000)), 1)).facts


def allowing(policy: Policy) -> Policy:
    return replace(policy, rules=tuple(rule for rule in policy.rules if rule.effect == ALLOW))


def allows(policy: Policy, subject: str, permission: str, facts: Facts) -> bool:
    return CompiledPolicy(policy).decide(subject, permission, facts, AT).allowed


@pytest.mark.charter("PO-1")
@settings(deadline=None)
@given(policies(), roles, roles, permissions, records())
def test_who_includes_a_role_may_all_that_it_may(
    policy: Policy, higher: str, lower: str, permission: str, facts: Facts
) -> None:
    policy = allowing(policy)
    included = Inclusion(higher, lower)
    try:
        policy = Policy.from_lines(
            replace(policy, inclusions=tuple(dict.fromkeys((*policy.inclusions, included)))).lines
        )
    except PolicyError:  # it would run in a circle
        return
    person = "newbie"
    low = policy.with_grants([Grant(person, lower, "operations")])
    high = policy.with_grants([Grant(person, higher, "operations")])
    if allows(low, person, permission, facts):
        assert allows(high, person, permission, facts)


@settings(deadline=None)
@given(policies(), people, roles, permissions, records())
def test_another_role_only_adds_where_nothing_is_denied(
    policy: Policy, person: str, role: str, permission: str, facts: Facts
) -> None:
    policy = allowing(policy)
    if allows(policy, person, permission, facts):
        more = policy.with_grants([Grant(person, role, "technology")])
        assert allows(more, person, permission, facts)


@settings(deadline=None)
@given(policies(), st.integers(0, 15), people, permissions, records())
def test_without_a_rule_nobody_gains_by_an_allow_and_nobody_loses_by_a_deny(
    policy: Policy, number: int, person: str, permission: str, facts: Facts
) -> None:
    dropped = policy.rules[number % len(policy.rules)]
    less = replace(policy, rules=tuple(rule for rule in policy.rules if rule != dropped))
    before, after = (allows(each, person, permission, facts) for each in (policy, less))
    if dropped.effect == ALLOW:
        assert before or not after
    else:
        assert after or not before


@settings(deadline=None)
@given(policies(), people, permissions, records())
def test_a_deny_for_everything_leaves_nothing(
    policy: Policy, person: str, permission: str, facts: Facts
) -> None:
    ban = Rule(person, EVERY, EVERY, EVERY, "any", "", DENY)
    banned = CompiledPolicy(replace(policy, rules=(*policy.rules, ban)))
    assert not banned.decide(person, permission, facts, AT).allowed
    assert not banned.may_ever(person, permission, AT)


@settings(deadline=None)
@given(
    policies(),
    people,
    permissions,
    records(),
    st.sampled_from(["owner", "requester", "group", "parties"]),
)
def test_who_knows_less_is_allowed_no_more(
    policy: Policy, person: str, permission: str, facts: Facts, forgotten: str
) -> None:
    less = replace(facts, **{forgotten: None})
    if allows(policy, person, permission, less):
        assert allows(policy, person, permission, facts)


@settings(deadline=None)
@given(policies(), people, permissions, records(), st.integers(0, 8))
def test_who_is_told_fewer_attributes_is_allowed_no_more(
    policy: Policy, person: str, permission: str, facts: Facts, number: int
) -> None:
    names = sorted(facts.attributes)
    if not names:
        return
    forgotten = names[number % len(names)]
    less = {name: value for name, value in facts.attributes.items() if name != forgotten}
    if allows(policy, person, permission, replace(facts, attributes=less)):
        assert allows(policy, person, permission, facts)


@settings(deadline=None)
@given(policies(), people, permissions, records())
def test_what_may_never_be_is_never_allowed(
    policy: Policy, person: str, permission: str, facts: Facts
) -> None:
    compiled = CompiledPolicy(policy)
    if compiled.decide(person, permission, facts, AT).allowed:
        assert compiled.may_ever(person, permission, AT)


@settings(deadline=None)
@given(policies(), people)
def test_a_superior_of_a_superior_is_a_superior(policy: Policy, person: str) -> None:
    standing = CompiledPolicy(policy).standing(AT)
    for kind in (Term.SUPERIOR, Term.SOLID_SUPERIOR):
        above = standing.above(person, kind)
        assert person not in above
        for superior in above:
            assert standing.above(superior, kind) <= above
    assert standing.above(person, Term.DIRECT) == (
        standing.above(person, Term.SOLID) | standing.above(person, Term.DUAL)
    )
    assert standing.above(person, Term.DIRECT) <= standing.above(person, Term.SUPERIOR)
    assert standing.above(person, Term.SOLID_SUPERIOR) <= standing.above(person, Term.SUPERIOR)


@pytest.mark.charter("AP-3")
@settings(deadline=None)
@given(policies(), st.tuples(people, people), roles, permissions, records())
def test_a_deputy_has_nothing_before_and_nothing_after(
    policy: Policy, pair: tuple[str, str], role: str, permission: str, facts: Facts
) -> None:
    deputy, absent = pair
    first, last = (AT + timedelta(days=days) for days in (400, 410))
    window = (first.isoformat(), last.isoformat())
    helped = CompiledPolicy(policy.with_grants([Grant(deputy, role, EVERY, *window, absent)]))
    alone = CompiledPolicy(policy)
    for moment in (first - timedelta(microseconds=1), last, last + timedelta(days=1)):
        asked = (deputy, permission, facts, moment)
        assert helped.decide(*asked).allowed is alone.decide(*asked).allowed


@pytest.mark.charter("AP-3")
@settings(deadline=None)
@given(people, people, st.sampled_from(["requester", "owner", "party", "direct", "superior"]))
def test_a_deputy_never_gets_round_what_the_absent_may_not(
    deputy: str, absent: str, term: str
) -> None:
    policy = Policy.parse(
        f"p, role:boss, *, approval, decide, !{term}, , allow\n"
        f"g, {deputy}, role:boss, *, , , {absent}\n"
        f"g2, clerk, {absent}"
    )
    record = Facts(
        owner="clerk" if term in ("direct", "superior") else absent,
        requester=absent,
        group=NOBODY,
        parties=frozenset({absent}),
    )
    assert not allows(policy, deputy, "approval:decide", record)


def test_moving_a_person_changes_what_their_superiors_may_at_once() -> None:
    """Through the lines, with no rule touched."""
    rules = "p, role:lead, *, work_log, read, superior, , allow\ng, ann, role:lead, *\ng, bob, role:lead, *"
    before = Policy.parse(rules, "g2, clerk, ann")
    after = Policy.parse(rules, "g2, clerk, bob")
    record = Facts(owner="clerk")
    assert allows(before, "ann", "work_log:read", record)
    assert not allows(after, "ann", "work_log:read", record)
    assert allows(after, "bob", "work_log:read", record)


def test_nobody_is_their_own_superior() -> None:
    rule = Rule("role:lead", EVERY, "work_log", "read", "superior", "", ALLOW)
    grants = (Grant("ann", "role:lead", EVERY),)
    good = Policy((rule,), (), grants, (Report(SOLID, "clerk", "ann"),))
    assert not allows(good, "ann", "work_log:read", Facts(owner="ann"))
    assert not Reference(good, AT).allows("ann", "work_log:read", Facts(owner="ann"))
