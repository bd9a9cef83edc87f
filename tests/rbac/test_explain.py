"""Why a decision fell, the nearest misses, and who all can do something."""

from datetime import UTC, datetime

import pytest

from rbac.compiled import CompiledPolicy, Decision, Reason
from rbac.explain import Explanation, Reading, explain, who_could, who_may
from rbac.explanation_words import because, lacking, verdict
from rbac.facts import NOBODY, Facts
from rbac.guard import NO_POLICY
from rbac.lines import ALLOW, Grant, Inclusion, Report
from rbac.permissions import Permission
from rbac.policy import Policy, shipped_policy
from rbac.relations import Term
from tests.rbac import generated

POLICY = shipped_policy(demo=True)
COMPILED = CompiledPolicy(POLICY)
P = Permission


def spending(by: str, group: str, **more: object) -> Facts:
    attributes = {"kind": "spending", "amount": 100, "step_up": False, **more}
    return Facts(by, by, group, frozenset(), attributes)


@pytest.mark.charter("PO-3")
def test_the_path_leads_over_roles_and_lines() -> None:
    found = explain(COMPILED, "director", P.WORK_LOG_READ, Facts(owner="proc1"))
    assert found.decision.allowed
    reading = found.deciding
    assert reading is not None
    assert reading.rule == found.decision.rule
    assert reading.path == (
        Grant("director", "role:director", "*"),
        Inclusion("role:director", "role:director_deputy"),
        Inclusion("role:director_deputy", "role:manager"),
        Inclusion("role:manager", "role:specialist"),
        Inclusion("role:specialist", "role:colleague"),
    )
    (term,) = reading.terms
    assert (term.term, term.asked, term.known) == (Term.SUPERIOR, True, True)
    assert term.lines == (
        Report("g2", "proc1", "manager.procurement"),
        Report("g2", "manager.procurement", "director"),
    )
    assert reading.lacking == 0
    assert found.misses == ()


@pytest.mark.charter("PO-3")
@pytest.mark.parametrize(
    ("owner", "permission", "lines"),
    [
        ("tech1", P.WORK_LOG_CONFIRM, (Report("g3", "tech1", "director"),)),
        ("manager.systems", P.WORK_LOG_CONFIRM, (Report("g2", "manager.systems", "director"),)),
    ],
)
def test_the_line_that_leads_there_is_named(
    owner: str, permission: Permission, lines: tuple[Report, ...]
) -> None:
    reading = explain(COMPILED, "director", permission, Facts(owner=owner)).deciding
    assert reading is not None
    assert reading.terms[0].lines == lines


def test_the_grant_that_counts_is_named() -> None:
    facts = spending("tech1", "technology")
    reading = explain(COMPILED, "manager.systems", P.APPROVAL_DECIDE, facts).deciding
    assert reading is not None
    assert reading.path == (Grant("manager.systems", "role:manager", "technology"),)


def test_a_rule_for_a_group_is_reached_by_the_grant_in_it() -> None:
    reading = explain(COMPILED, "manager.systems", P.CATALOGUE_EDIT).deciding
    assert reading is not None
    assert reading.path == (Grant("manager.systems", "role:manager", "operations"),)


def test_a_rule_on_the_person_itself_needs_no_path() -> None:
    compiled = CompiledPolicy(Policy.parse("p, ann, *, order, list, any, , allow"))
    reading = explain(compiled, "ann", P.ORDER_LIST).deciding
    assert reading is not None
    assert reading.path == ()


def test_a_deputys_path_is_the_deputys_grant() -> None:
    policy = Policy.parse(
        "p, role:boss, *, approval, decide, !requester, , allow\n"
        "g, ann, role:boss, *, , 2027-01-01T00:00:00Z, bob\n"
        "g, ann, role:clerk, *\n"
        "g, role:clerk, role:boss, *"
    )
    compiled = CompiledPolicy(policy)
    at = datetime(2026, 3, 1, tzinfo=UTC)
    as_clerk = explain(compiled, "ann", P.APPROVAL_DECIDE, Facts(requester="bob"), at).deciding
    assert as_clerk is not None
    assert as_clerk.path == (
        Grant("ann", "role:clerk", "*"),
        Inclusion("role:clerk", "role:boss"),
    )


@pytest.mark.charter("PO-3")
def test_a_role_is_explained_like_a_person() -> None:
    found = explain(COMPILED, "role:manager", P.DESK_READ)
    assert found.deciding is not None
    assert found.deciding.path == (
        Inclusion("role:manager", "role:specialist"),
        Inclusion("role:specialist", "role:colleague"),
        Inclusion("role:colleague", "role:staff"),
    )


@pytest.mark.charter("PO-3")
def test_a_refusal_names_the_nearest_misses() -> None:
    found = explain(COMPILED, "ops1", P.APPROVAL_DECIDE, spending("ops2", "operations"))
    assert found.decision.reason is Reason.NO_RULE
    assert found.deciding is None
    nearest = found.misses[0]
    assert nearest.rule.subject == "role:manager"
    assert nearest.path is None
    assert nearest.lacking == 1
    assert [miss.lacking for miss in found.misses] == sorted(m.lacking for m in found.misses)
    assert lacking(nearest, "en") == ["they are not a manager"]
    assert lacking(nearest, "zh") == ["其不是经理"]


@pytest.mark.charter("PO-3")
def test_a_deny_is_the_deciding_rule_and_shows_what_it_overrides() -> None:
    facts = spending("manager.systems", "operations")
    found = explain(COMPILED, "manager.systems", P.APPROVAL_DECIDE, facts)
    assert found.decision.reason is Reason.DENIED
    assert found.deciding is not None
    assert found.deciding.rule.effect == "deny"
    assert found.deciding.path is not None
    assert found.misses[0].rule.subject == "role:manager"
    assert lacking(found.misses[0], "en") == ["they asked for it", "they are its owner"]


def test_what_is_not_told_is_named() -> None:
    facts = Facts(requester="ops1", owner="ops1", attributes={"kind": "spending"})
    (miss, *_) = explain(COMPILED, "manager.systems", P.APPROVAL_DECIDE, facts).misses
    assert miss.missing == ("amount",)
    assert miss.met is None
    assert lacking(miss, "en") == [
        "it is not known whether it belongs to the very group they hold this for",
        "the amount is not known",
    ]
    assert lacking(miss, "zh") == ["尚不清楚是否事项属于其任该职的小组", "未提供金额"]


def one_miss(rule: str, facts: Facts) -> Reading:
    compiled = CompiledPolicy(Policy.parse(f"g, ann, role:clerk, night\n{rule}"))
    (miss,) = explain(compiled, "ann", P.APPROVAL_DECIDE, facts).misses
    return miss


def test_a_condition_that_does_not_hold_is_said() -> None:
    rule = "p, role:clerk, *, approval, decide, any, amount < 100, allow"
    miss = one_miss(rule, Facts(attributes={"amount": 500}))
    assert lacking(miss, "en") == ["it does not hold that the amount is less than ¥1.00"]
    assert lacking(miss, "zh") == ["不符合“金额低于 1.00 元”"]


def test_a_condition_that_cannot_be_judged_is_said() -> None:
    rule = "p, role:clerk, *, approval, decide, any, amount / age_days > 100, allow"
    miss = one_miss(rule, Facts(attributes={"amount": 500, "age_days": 0}))
    (said,) = lacking(miss, "en")
    assert said.startswith("it cannot be judged whether the amount divided by")


def test_a_truth_that_is_not_told_is_said() -> None:
    miss = one_miss("p, role:clerk, *, approval, decide, any, final, allow", Facts())
    assert lacking(miss, "en") == ["it is not known whether it is final"]


def test_a_role_in_another_group_is_said() -> None:
    miss = one_miss("p, role:clerk, day, approval, decide, group, , allow", Facts(group="day"))
    assert lacking(miss, "en") == ["they are not “clerk” in the group “day”"]
    assert lacking(miss, "zh") == ["其不是“day”组的“clerk”"]


def test_the_same_rule_is_a_miss_once() -> None:
    """The subject holds its role in two ways; the nearer one is shown."""
    policy = Policy.parse(
        "p, role:boss, *, approval, decide, !requester & owner, , allow\n"
        "g, ann, role:boss, *\n"
        "g, ann, role:boss, *, , 2999-01-01T00:00:00Z, bob"
    )
    facts = Facts(requester="bob", owner=NOBODY)
    found = explain(CompiledPolicy(policy), "ann", P.APPROVAL_DECIDE, facts)
    (miss,) = found.misses
    assert miss.lacking == 1
    assert miss.path == (Grant("ann", "role:boss", "*"),)


@pytest.mark.charter("PO-3")
def test_who_may_names_everybody_with_the_reason() -> None:
    found = who_may(COMPILED, P.APPROVAL_DECIDE, spending("ops1", "operations"))
    assert [explanation.subject for explanation in found] == ["manager.systems"]
    assert found[0].deciding is not None


@pytest.mark.charter("PO-3")
def test_who_could_names_everybody_and_the_rules_that_would_let_them() -> None:
    found = {each.subject: each.readings for each in who_could(COMPILED, P.APPROVAL_DECIDE)}
    assert set(found) == {"ceo", "director", "manager.procurement", "manager.systems"}
    assert all(reading.path for readings in found.values() for reading in readings)
    assert {reading.rule.subject for reading in found["manager.systems"]} == {"role:manager"}
    # the manager's tier is for who holds the role in the group, not in every group
    assert {reading.rule.subject for reading in found["director"]} == {"role:director_deputy"}
    assert not who_could(COMPILED, "setup:nothing")


@pytest.mark.charter("PO-3")
@pytest.mark.parametrize("seed", [2, 5, 16])
def test_explanations_agree_with_decisions(seed: int) -> None:
    policy = generated.a_policy(seed)
    compiled = CompiledPolicy(policy)
    for request in generated.requests(seed, 800):
        asked = (request.subject, request.permission, request.facts, request.at)
        decision = compiled.decide(*asked)
        found = explain(compiled, *asked)
        assert found.decision == decision
        assert (found.deciding is None) == (decision.rule is None)
        if found.deciding is not None:
            assert found.deciding.rule == decision.rule
            assert found.deciding.path is not None
            if decision.allowed:
                assert found.deciding.lacking == 0
        for miss in found.misses:
            assert miss.rule.effect == ALLOW
            assert miss.lacking or decision.reason is Reason.DENIED
        for lang in ("en", "zh"):
            assert verdict(found, lang)
            assert all(words for miss in found.misses for words in lacking(miss, lang))


@pytest.mark.charter("PO-3")
def test_a_verdict_reads_as_a_sentence() -> None:
    facts = spending("ops1", "operations")
    found = explain(COMPILED, "manager.systems", P.APPROVAL_DECIDE, facts)
    names = {"manager.systems": "沈亦舟"}
    assert verdict(found, "en") == (
        "manager.systems may approve, reject or return a spending request. A rule allows it."
    )
    assert verdict(found, "zh", names) == "沈亦舟可以批准、驳回或退回支出申请。有规则允许。"
    refused = explain(COMPILED, "visitor", P.ORDER_LIST)
    assert verdict(refused, "en") == (
        "A visitor may not list and search orders. No rule gives them this duty."
    )
    assert verdict(refused, "zh") == "游客不可以列出并搜索订单。没有规则赋予其此项职责。"
    no_match = Decision(allowed=False, rule=None, reason=Reason.NO_MATCH)
    for decision in (no_match, NO_POLICY):
        assert verdict(Explanation("ann", P.ORDER_LIST, decision, None), "zh")


@pytest.mark.charter("PO-3")
def test_the_reasons_are_the_rule_the_roles_and_the_lines() -> None:
    reading = explain(COMPILED, "director", P.WORK_LOG_CONFIRM, Facts(owner="tech1")).deciding
    assert reading is not None
    said = because(reading, "en", {"tech1": "Qin Ming"})
    assert said[0].startswith("Everybody who works here may confirm a person's work log")
    assert said[1] == "director may do what the director may."
    assert said[-1] == "Qin Ming reports to director on a dual line."
    assert len(because(reading, "zh")) == len(said)
