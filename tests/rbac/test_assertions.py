"""Standing assertions: they hold for what is shipped, and each notices what it is there for."""

from datetime import UTC, datetime

import pytest

from rbac.assertion_words import failure_words
from rbac.assertions import Assertion, Kind, failures, standing_assertions
from rbac.bilingual import Words
from rbac.chances import possible_rules
from rbac.compiled import CompiledPolicy
from rbac.facts import Facts
from rbac.lines import Grant
from rbac.permissions import BY_NAME
from rbac.policy import Policy, shipped_policy
from tests.rbac import generated

NOW = datetime(2026, 3, 1, tzinfo=UTC)
POLICY = shipped_policy(demo=True)
ADMINISTRATORS = [
    Grant(name, f"role:{name}", "*") for name in ("sysadmin", "secadmin", "auditadmin")
]


def names(policy: Policy) -> set[str]:
    return {failure.assertion.name for failure in failures(policy, NOW)}


def changed(*more: str, without: str = "\0") -> Policy:
    """The demo policy with lines added, and without those that contain a text."""
    kept = [line for line in POLICY.text.split("\n") if without not in line]
    return Policy.parse("\n".join([*kept, *more]))


@pytest.mark.charter("PO-4")
def test_the_shipped_policy_holds_with_the_people_of_the_demo() -> None:
    assert failures(POLICY, NOW) == []


@pytest.mark.charter("PO-4")
def test_it_holds_from_the_first_steps_of_a_new_portal_on() -> None:
    assert failures(shipped_policy().with_grants(ADMINISTRATORS), NOW) == []


def test_without_people_nobody_can_mend_anything() -> None:
    assert names(shipped_policy()) == {"policy-editable", "accounts-manageable", "trail-readable"}


BREAKS = [
    # the assertion, and a change that contradicts it
    ("contracts", changed("p, role:finance, *, contract, open, any, , allow")),
    ("contracts", changed("p, role:director_deputy, *, contract, open, any, , allow")),
    ("contracts", changed("p, role:sysadmin, *, *, *, any, , allow")),
    ("contracts", changed("p, role:unheld, *, contract, *, owner, amount < 3, allow")),
    ("policy-editable", changed(without="g, secadmin")),
    ("policy-editable", changed(without="policy, release")),
    ("policy-editable", changed("p, secadmin, *, role, grant, any, , deny")),
    ("accounts-manageable", changed(without="account, reset")),
    ("trail-readable", changed(without="role:auditadmin, *, audit_trail, verify")),
    ("administrators", changed("g, secadmin, role:auditadmin, *")),
    ("administrators", changed("g, role:secadmin, role:auditadmin, *")),
    ("sysadmin-business", changed("g, ops1, role:sysadmin, *")),
    ("secadmin-business", changed("g, secadmin, role:hr, *")),
    ("auditadmin-business", changed("g, role:auditadmin, role:colleague, *")),
    ("accounts-sysadmin", changed("p, role:secadmin, *, account, create, any, , allow")),
    ("policy-secadmin", changed("p, role:sysadmin, *, role, grant, any, , allow")),
    ("trail-auditadmin", changed("p, role:sysadmin, *, audit_trail, export, any, , allow")),
    ("signatures", changed("g, finance, role:ceo, *")),
    ("own-request", changed("p, role:hr, *, approval, decide, any, , allow", without="decide, requester, , deny")),
    ("own-request", changed("p, role:hr, *, approval, sign, any, , allow", without="sign, requester, , deny")),
    ("own-benefit", changed("p, role:hr, *, approval, decide, any, , allow", without="decide, owner, , deny")),
    ("own-refund", changed("p, role:window, *, refund, decide, any, , allow", without="refund, decide, requester")),
    ("own-assessment", changed("p, role:colleague, *, assessment, review, any, , allow")),
    ("own-log", changed("p, role:specialist, *, work_log, confirm, any, , allow")),
    ("own-draft", changed(without="policy, release, requester, not sole, deny")),
    ("own-role", changed("p, role:secadmin, *, role, grant, any, , allow", without="role, grant, owner")),
    ("own-file", changed("p, role:hr, *, personnel, *, any, , allow", without="personnel, edit, owner")),
    ("own-dispute", changed("p, role:hr, *, dispute, arbitrate, any, , allow", without="dispute, arbitrate")),
    ("own-breach", changed("p, role:director, *, breach, *, any, , allow", without="breach, close, owner")),
    ("deputies-end", changed("g, ops1, role:manager, operations, , , manager.systems")),
    ("amounts", changed("p, role:ceo, *, approval, decide, any, amount > 90000000, deny")),
    ("amounts", changed(without="g, ceo, role:ceo")),
    ("amounts", changed(without="amount < 10000000 and step_up")),
    ("emergencies", changed("p, role:staff, *, approval, decide, any, kind == 'emergency', deny")),
    ("visitor-books", changed(without="role:public, *, booking, create")),
    ("visitor-books", changed("p, visitor, *, booking, create, any, channel == 'online', deny")),
    ("visitor-own-order", changed(without="role:public, *, order, read")),
    ("visitor-other-order", changed("p, role:public, *, order, read, any, , allow")),
    ("visitor-outside", changed("p, visitor, *, visitor, reveal, any, , allow")),
    ("everybody-signs-out", changed(without="account, self")),
    ("everybody-signs-out", changed("p, ops1, *, session, logout, any, , deny")),
    ("operations-director", changed("p, opsdirector, *, settings, edit, any, , allow")),
]  # fmt: skip


@pytest.mark.charter("PO-4")
@pytest.mark.parametrize(("name", "policy"), BREAKS)
def test_what_contradicts_an_assertion_is_found(name: str, policy: Policy) -> None:
    found = failures(policy, NOW)
    assert name in {failure.assertion.name for failure in found}
    for failure in found:
        assert failure_words(failure, "en").startswith(failure.assertion.words.en)
        assert failure_words(failure, "zh").endswith("。")


def test_rules_that_look_themselves_need_no_deny() -> None:
    """The shipped tiers say "!requester": the deny lines are for what others add."""
    assert failures(changed(without="approval, decide, requester, , deny"), NOW) == []


@pytest.mark.charter("PO-4")
def test_every_assertion_has_something_that_breaks_it() -> None:
    assert {name for name, _policy in BREAKS} == {each.name for each in standing_assertions()}


@pytest.mark.charter("PO-4", "AP-3")
def test_a_deputy_for_whom_the_rule_does_not_look_is_found() -> None:
    """Without "!requester" a manager's deputy could decide on the manager's own request."""
    text = POLICY.text.replace("own_group & !requester & !owner", "own_group")
    deputy = "g, proc1, role:manager, procurement, , 2027-01-01T00:00:00Z, manager.procurement"
    assert "own-request" not in names(Policy.parse(text))
    (found,) = {
        (failure.assertion.name, failure.subject)
        for failure in failures(Policy.parse(text, deputy), NOW)
        if failure.assertion.name == "own-request"
    }
    assert found == ("own-request", "proc1")
    assert failures(changed(deputy), NOW) == []


@pytest.mark.charter("PO-4")
def test_what_is_planned_is_judged_from_the_day_it_begins() -> None:
    later = "g, secadmin, role:auditadmin, *, 2026-05-01T00:00:00Z, 2026-06-01T00:00:00Z"
    (failure,) = failures(changed(later), NOW)
    assert failure.subject == "secadmin"
    assert failure.since == datetime(2026, 5, 1, tzinfo=UTC)
    assert "But from 2026-05-01 00:00 (+00:00) secadmin may do what" in failure_words(failure, "en")
    assert "但自 2026-05-01 00:00 (+00:00) 起，" in failure_words(failure, "zh")
    assert failures(changed(later), datetime(2026, 7, 1, tzinfo=UTC)) == []


@pytest.mark.charter("PO-4")
def test_a_line_that_moves_is_judged_from_that_day_on() -> None:
    """Who leads nobody cannot use a rule on those they lead; from that day on they could."""
    rule = "p, role:gate, *, contract, open, superior, , allow"
    led = "g2, ops9, gate1, 2026-05-01T00:00:00Z"
    assert "contracts" not in names(changed(rule))
    (failure,) = failures(changed(rule, led), NOW)
    assert (failure.subject, failure.since) == ("gate1", datetime(2026, 5, 1, tzinfo=UTC))


@pytest.mark.charter("PO-4", "AP-3")
def test_whoever_asks_needs_a_decider_of_their_own_where_lines_decide() -> None:
    by_line = POLICY.text.replace("own_group & !requester", "solid & !requester")
    by_line = by_line.replace("amount < 10000000 and step_up", "amount < 0 and step_up")
    alone = Policy.parse(by_line.replace("g2, ops3, manager.systems\n", ""))
    assert failures(Policy.parse(by_line), NOW) == []
    assert {failure.subject for failure in failures(alone, NOW)} == {"ops3"}


def test_a_deputys_deputy_is_judged_when_the_absent_changes() -> None:
    """Who stands in for a deputy goes by all the names: the day the first deputyship begins counts."""
    text = POLICY.text.replace("own_group & !requester & !owner", "own_group")
    chain = (
        "g, proc1, role:manager, procurement, 2026-05-01T00:00:00Z, 2026-07-01T00:00:00Z, manager.procurement\n"
        "g, proc2, role:manager, procurement, , 2026-07-01T00:00:00Z, proc1"
    )
    found = {
        (failure.subject, failure.since)
        for failure in failures(Policy.parse(text, chain), NOW)
        if failure.assertion.name == "own-request"
    }
    assert found == {("proc1", datetime(2026, 5, 1, tzinfo=UTC)), ("proc2", None)}


def test_a_failure_names_its_witness() -> None:
    (failure,) = failures(changed("p, role:finance, *, contract, open, any, , allow"), NOW)[:1]
    assert (failure.subject, failure.permission) == ("finance", "contract:open")
    assert failure.rule is not None
    assert failure_words(failure, "en", {"finance": "Qian Siming"}) == (
        "Only the director opens contracts. But Qian Siming could open a contract: "
        "The finance department may open a contract."
    )


def test_an_undecided_amount_is_named() -> None:
    policy = changed("p, role:ceo, *, approval, decide, any, amount > 90000000, deny")
    failure = next(f for f in failures(policy, NOW) if f.assertion.name == "amounts")
    assert "nobody could decide on ¥900,000.01 asked for by " in failure_words(failure, "en")


def test_own_assertions_may_be_asked() -> None:
    only_gates = Assertion(
        "gates", Kind.NEVER, ("role:gate",), ("check_in:create",),
        {"group": "day", "party": "nobody", "rows": "3", "kind": "x"}, Words("No gates.", "没有检票。"),
    )  # fmt: skip
    found = failures(POLICY, NOW, [only_gates])
    assert {failure.subject for failure in found} == {"role:gate", "gate1"}


def test_assertions_speak_of_permissions_that_exist() -> None:
    asserted = standing_assertions()
    assert len({each.name for each in asserted}) == len(asserted)
    for each in asserted:
        assert set(each.permissions) <= set(BY_NAME), each.name
        assert each.words.en.endswith(".")
        assert each.words.zh.endswith("。")


@pytest.mark.parametrize("seed", [1, 4, 16, 54])
def test_nobody_is_allowed_where_there_is_no_chance(seed: int) -> None:
    """What an assertion proves to be impossible no record makes possible."""
    compiled = CompiledPolicy(generated.a_policy(seed))
    for request in generated.requests(seed, 2500):
        facts = request.facts
        allowed = compiled.decide(request.subject, request.permission, facts, request.at).allowed
        standing = compiled.standing(request.at)
        for settled in (Facts(), Facts(owner=facts.owner, requester=facts.requester), facts):
            rules = possible_rules(compiled, standing, request.subject, request.permission, settled)
            assert rules or not allowed
