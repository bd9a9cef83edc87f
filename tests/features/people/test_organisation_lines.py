"""Laws of moving people, on random trees: superiors after are as wished, never a circle, one top."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.features.people.organisation.checks import problem, tops
from portal.features.people.organisation.lines import (
    Acting,
    Wanted,
    left,
    moved,
    rewritten,
    stands_in,
)
from rbac.compiled import CompiledPolicy
from rbac.facts import Facts
from rbac.lines import DUAL, SOLID, Report
from rbac.policy import Policy, shipped_policy
from rbac.relations import Term
from rbac.structure import MAX_STEPS
from rbac.validity import in_force, moments

pytestmark = pytest.mark.charter("PE-1")

START = datetime(2026, 3, 2, tzinfo=UTC)
PEOPLE = [f"p{number}" for number in range(12)]
READS_UPWARD = "p, role:worker, *, work_log, read, superior, , allow\n"


def a_tree(seed: int) -> Policy:
    """Everybody under somebody who came before, some with a dual line to one further up; all may lead."""
    random = Random(seed)  # noqa: S311  a tree, not a secret
    lines = [f"g, {name}, role:worker, *" for name in PEOPLE]
    depth = {PEOPLE[0]: 0}
    for number, name in enumerate(PEOPLE[1:], 1):
        above = random.choice([p for p in PEOPLE[:number] if depth[p] < MAX_STEPS - 5])
        depth[name] = depth[above] + 1
        lines.append(f"g2, {name}, {above}")
        dual = random.choice(PEOPLE[:number])
        if random.random() < 0.3 and dual != above:
            lines.append(f"g3, {name}, {dual}")
    return Policy.parse(READS_UPWARD + "\n".join(lines))


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def superiors(policy: Policy, person: str, at: datetime, term: Term) -> frozenset[str]:
    return CompiledPolicy(policy, clock=at.timestamp).standing(at).above(person, term)


def has_circle(policy: Policy, at: float) -> bool:
    """Counted here by walking, not by the code under test."""
    above: dict[str, list[str]] = {}
    for report in policy.reports:
        if in_force(report, at):
            above.setdefault(report.person, []).append(report.superior)
    for person, ones in above.items():
        seen, pending = set(), list(ones)
        while pending:
            name = pending.pop()
            if name == person:
                return True
            if name not in seen:
                seen.add(name)
                pending += above.get(name, [])
    return False


moves = st.tuples(
    st.sampled_from(PEOPLE), st.sampled_from(PEOPLE), st.sampled_from(PEOPLE), st.integers(1, 30)
)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 500), st.lists(moves, min_size=1, max_size=6))
def test_whatever_is_moved_there_is_no_circle_and_one_top(
    seed: int, wished: list[tuple[str, str, str, int]]
) -> None:
    policy = a_tree(seed)
    for person, superior, dual, number in wished:
        wanted = Wanted(person, day(number), superior, () if dual == superior else (dual,))
        rewrite = moved(policy, wanted)
        if problem(policy, rewrite, person, day(number)) is None:
            before, policy = policy, rewritten(policy, rewrite)
            assert superiors(policy, person, day(number), Term.SOLID) == {superior}
            assert superiors(policy, person, day(number), Term.DUAL) == set(wanted.duals)
            yesterday = day(number) - timedelta(seconds=1)
            for term in (Term.SOLID, Term.DUAL, Term.SUPERIOR):
                assert superiors(policy, person, yesterday, term) == superiors(
                    before, person, yesterday, term
                )
    for moment in [START.timestamp(), *moments(policy.reports)]:
        if moment > 0:
            assert not has_circle(policy, moment)
            assert len(tops(policy, moment)) == 1


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 500), st.sampled_from(PEOPLE[1:]), st.data())
def test_under_somebody_below_oneself_is_always_refused(
    seed: int, person: str, data: st.DataObject
) -> None:
    policy = a_tree(seed)
    below = [name for name in PEOPLE if person in superiors(policy, name, START, Term.SUPERIOR)]
    if not below:
        return
    lower = data.draw(st.sampled_from(below))
    found = problem(policy, moved(policy, Wanted(person, day(3), lower)), person, day(3))
    assert found is not None
    assert found.code == "circle"
    assert {person, lower} <= set(found.people)
    dual = Wanted(
        person, day(3), next(iter(superiors(policy, person, START, Term.SOLID))), (lower,)
    )
    again = problem(policy, moved(policy, dual), person, day(3))
    assert again is not None
    assert again.code == "circle"


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 500), st.sampled_from(PEOPLE), st.sampled_from(PEOPLE), st.integers(1, 30))
def test_who_leaves_leaves_nobody_behind(seed: int, person: str, heir: str, number: int) -> None:
    policy = a_tree(seed)
    led = {report.person for report in policy.reports if report.superior == person}
    alone = problem(
        policy, left(policy, person, day(number), None), person, day(number), leaves=True
    )
    led_solid = {r.person for r in policy.reports if r.superior == person and r.line == SOLID}
    if person == PEOPLE[0]:
        assert alone is None or alone.people == tuple(sorted(led_solid))
    else:
        assert (alone is None) is (not led_solid)
    if heir == person:
        return
    rewrite = left(policy, person, day(number), heir)
    if problem(policy, rewrite, person, day(number), leaves=True) is None:
        after = rewritten(policy, rewrite)
        moment = day(number).timestamp()
        named = {n for r in after.reports if in_force(r, moment) for n in (r.person, r.superior)}
        assert person not in named
        assert not [g for g in after.grants if g.person == person and in_force(g, moment)]
        for name in led - {heir}:
            assert heir in superiors(after, name, day(number), Term.DIRECT)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 500), moves)
def test_only_lines_of_the_day_differ_and_no_rule(
    seed: int, wish: tuple[str, str, str, int]
) -> None:
    policy = a_tree(seed)
    person, superior, _dual, number = wish
    if superior == person:
        return
    rewrite = moved(policy, Wanted(person, day(number), superior))
    if problem(policy, rewrite, person, day(number)) is None:
        after = rewritten(policy, rewrite)
        assert after.rules == policy.rules
        assert {r for r in after.reports if r.person != person} == {
            r for r in policy.reports if r.person != person
        }


def test_moving_back_and_forth_leaves_the_right_superior_on_each_day() -> None:
    policy = Policy.parse("g2, b, a\ng2, c, a\ng2, d, b\n")
    policy = rewritten(policy, moved(policy, Wanted("d", day(5), "c")))
    policy = rewritten(policy, moved(policy, Wanted("d", day(9), "b")))
    found = [next(iter(superiors(policy, "d", day(n), Term.SOLID))) for n in (1, 5, 8, 9, 20)]
    assert found == ["b", "c", "c", "b", "b"]
    assert len([r for r in policy.reports if r.person == "d"]) == 3


def test_an_earlier_move_takes_the_place_of_a_later_one() -> None:
    policy = Policy.parse("g2, b, a\ng2, c, a\ng2, d, b\n")
    policy = rewritten(policy, moved(policy, Wanted("d", day(9), "c")))
    policy = rewritten(policy, moved(policy, Wanted("d", day(5), "a")))
    assert {superiors(policy, "d", day(n), Term.SOLID) for n in (5, 9, 30)} == {frozenset("a")}


def test_a_superior_line_that_stays_is_not_written_anew() -> None:
    policy = Policy.parse("g2, b, a\ng3, b, c\ng2, c, a\n")
    rewrite = moved(policy, Wanted("b", day(3), "a"))
    assert rewrite.removed == ["g3, b, c"]
    assert rewrite.added == [f"g3, b, c, , {day(3).isoformat()}"]


def test_a_circle_that_would_close_only_later_is_found() -> None:
    """Today nothing is wrong; from the day of another move on it would be."""
    policy = Policy.parse(
        f"g2, b, a\ng2, c, a, , {day(9).isoformat()}\ng2, c, b, {day(9).isoformat()}\n"
    )
    rewrite = moved(policy, Wanted("b", day(3), "c"))
    found = problem(policy, rewrite, "b", day(3))
    assert found is not None
    assert found.code == "circle"


def test_who_would_be_led_by_the_leaver_only_later_is_not_forgotten() -> None:
    then = day(9).isoformat()
    policy = Policy.parse(f"g2, b, a\ng2, c, a, , {then}\ng2, c, b, {then}\n")
    found = problem(policy, left(policy, "b", day(3), None), "b", day(3), leaves=True)
    assert found is not None
    assert (found.code, found.people) == ("left-without-superior", ("c",))
    assert problem(policy, left(policy, "b", day(3), "a"), "b", day(3), leaves=True) is None


def test_everybody_but_the_top_has_a_solid_superior() -> None:
    policy = Policy.parse("g2, b, a\ng2, c, b\n")
    found = problem(policy, moved(policy, Wanted("c", day(3), None, ("a",))), "c", day(3))
    assert found is not None
    assert found.code == "superior-needed"
    assert problem(policy, moved(policy, Wanted("a", day(3))), "a", day(3)) is None


def test_the_top_is_handed_over_to_whoever_stood_below() -> None:
    policy = Policy.parse("g2, b, a\ng2, c, a\ng2, d, b\n")
    rewrite = left(policy, "a", day(3), "b")
    assert problem(policy, rewrite, "a", day(3), leaves=True) is None
    after = rewritten(policy, rewrite)
    assert tops(after, day(3).timestamp()) == {"b"}
    assert superiors(after, "c", day(3), Term.SOLID) == {"b"}


# ── the demo's own people ────────────────────────────────────────────────────────────────────────


def may_read_log(policy: Policy, subject: str, owner: str, at: datetime) -> bool:
    compiled = CompiledPolicy(policy, clock=at.timestamp)
    return compiled.decide(subject, "work_log:read", Facts(owner=owner), at).allowed


@pytest.mark.charter("PE-1", "WK-3")
def test_from_the_instant_of_the_move_the_new_manager_reads_the_log_and_the_old_no_more() -> None:
    policy = shipped_policy(demo=True)
    wanted = Wanted(
        "proc1",
        day(3),
        "manager.systems",
        ("director",),
        (("role:specialist", "operations"),),
        (("role:specialist", "procurement"),),
    )
    rewrite = moved(policy, wanted)
    assert problem(policy, rewrite, "proc1", day(3)) is None
    after = rewritten(policy, rewrite)
    assert after.rules == policy.rules
    just_before = day(3) - timedelta(microseconds=1)
    managers = ("manager.procurement", "manager.systems")
    assert [may_read_log(after, who, "proc1", just_before) for who in managers] == [True, False]
    assert [may_read_log(after, who, "proc1", day(3)) for who in managers] == [False, True]
    compiled = CompiledPolicy(after)
    for at, files, acknowledges in ((just_before, True, False), (day(3), False, True)):
        assert compiled.decide("proc1", "contract:file", None, at).allowed is files
        assert compiled.decide("proc1", "incident:acknowledge", None, at).allowed is acknowledges


@pytest.mark.charter("AP-3")
def test_a_deputy_holds_the_lesser_role_for_the_time_and_no_longer() -> None:
    policy = shipped_policy(demo=True)
    rewrite = stands_in(policy, Acting("manager.systems", "director", day(3), day(10)))
    assert rewrite.removed == []
    after = CompiledPolicy(rewritten(policy, rewrite))
    amount = Facts(
        owner="x",
        requester="proc1",
        group="procurement",
        attributes={"kind": "spending", "amount": 20_000_000},
    )
    for at, allowed in ((day(2), False), (day(3), True), (day(10), False)):
        assert after.decide("manager.systems", "approval:decide", amount, at).allowed is allowed
        assert not after.decide("manager.systems", "contract:open", None, at).allowed


def test_a_deputy_who_leads_gets_dual_lines_for_the_time() -> None:
    policy = shipped_policy(demo=True)
    rewrite = stands_in(policy, Acting("ops1", "manager.systems", day(3), day(10), leads=True))
    after = rewritten(policy, rewrite)
    assert problem(policy, rewrite, "ops1", day(3)) is None
    assert may_read_log(after, "ops1", "tech1", day(4))
    assert not may_read_log(after, "ops1", "tech1", day(10))
    assert not [r for r in after.reports if r.person == "ops1" and r.superior == "ops1"]
    assert Report(DUAL, "tech1", "ops1", day(3).isoformat(), day(10).isoformat()) in after.reports
