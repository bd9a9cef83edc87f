"""What the shipped policy says, as a table: who, wants what, on what, and whether they may.

Read it beside the charter. Each line is a fact of the department; who reads the policy's lines and
doubts them finds here what they come to.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from rbac.compiled import CompiledPolicy, Reason
from rbac.enforcer import Reference
from rbac.facts import NOBODY, Facts
from rbac.guard import PolicyBox
from rbac.lines import EVERY, Grant
from rbac.permissions import BY_NAME, Permission
from rbac.policy import shipped_policy

POLICY = shipped_policy(demo=True)
COMPILED = CompiledPolicy(POLICY)

SPECIALISTS = {
    "procurement": ("proc1", "proc2", "proc3"),
    "operations": tuple(f"ops{number}" for number in range(1, 6)),
    "technology": tuple(f"tech{number}" for number in range(1, 9)),
}
GROUP_OF = {person: group for group, people in SPECIALISTS.items() for person in people} | {
    "manager.procurement": "procurement",
    "manager.systems": "operations",
}
PEOPLE = POLICY.subjects - {"visitor", "newcomer"}
DEPARTMENT = frozenset(GROUP_OF) | {"director"}
ADMINISTRATORS = ("sysadmin", "secadmin", "auditadmin")


def those_who_may(permission: Permission, facts: Facts | None = None) -> set[str]:
    return {
        person for person in POLICY.subjects if COMPILED.decide(person, permission, facts).allowed
    }


def of(owner: str, **attributes: object) -> Facts:
    """A record that is somebody's, made by them."""
    return Facts(
        owner=owner,
        requester=owner,
        group=GROUP_OF.get(owner, NOBODY),
        parties=frozenset(),
        attributes=attributes,
    )


def between(*parties: str, owner: str = NOBODY, **attributes: object) -> Facts:
    return Facts(owner, owner, NOBODY, frozenset(parties), attributes)


def in_group(group: str, **attributes: object) -> Facts:
    return Facts(NOBODY, NOBODY, group, frozenset(), attributes)


def spending(by: str, fen: int, *, step_up: bool = False, kind: str = "spending") -> Facts:
    return of(by, amount=fen, kind=kind, step_up=step_up, final=False)


def procurement(step: str, *, by: str = "proc1", step_up: bool = False) -> Facts:
    return of(by, amount=1, kind="system_procurement", step=step, step_up=step_up)


def yuan(amount: str) -> int:
    return int(amount.replace(",", "").replace(".", ""))


# --- Approvals -----------------------------------------------------------------------------------

TIERS = [
    # requester, yuan, who decides
    ("proc1", "0.01", "manager.procurement"),
    ("proc1", "99,999.99", "manager.procurement"),
    ("ops1", "99,999.99", "manager.systems"),
    ("tech8", "99,999.99", "manager.systems"),
    ("proc1", "100,000.00", "director"),
    ("ops1", "100,000.00", "director"),
    ("ops1", "500,000.00", "director"),
    ("ops1", "500,000.01", "ceo"),
    ("tech1", "99,999,999.00", "ceo"),
    # nobody decides on their own: one step up
    ("manager.procurement", "99,999.99", "director"),
    ("manager.systems", "100,000.00", "director"),
    ("manager.systems", "500,000.01", "ceo"),
    ("director", "0.01", "ceo"),
    ("director", "100,000.00", "ceo"),
    ("director", "600,000.00", "ceo"),
]


def deciders(requester: str, fen: int, compiled: CompiledPolicy = COMPILED) -> set[str]:
    """Ask as the approvals do: one step up when otherwise nobody could decide."""
    for step_up in (False, True):
        facts = spending(requester, fen, step_up=step_up)
        found = {
            person
            for person in compiled.policy.subjects
            if compiled.decide(person, Permission.APPROVAL_DECIDE, facts).allowed
        }
        if found:
            return found
    return set()


@pytest.mark.charter("AP-1", "AP-3")
@pytest.mark.parametrize(("requester", "amount", "decider"), TIERS)
def test_each_amount_has_one_decider(requester: str, amount: str, decider: str) -> None:
    assert deciders(requester, yuan(amount)) == {decider}


@pytest.mark.charter("AP-4")
@pytest.mark.parametrize(("requester", "amount", "decider"), TIERS)
def test_an_emergency_is_approved_afterwards_by_whom_the_amount_would_have_had(
    requester: str, amount: str, decider: str
) -> None:
    allowed = {
        person
        for step_up in (False, True)
        for person in those_who_may(
            Permission.APPROVAL_DECIDE,
            spending(requester, yuan(amount), kind="emergency", step_up=step_up),
        )
    }
    assert decider in allowed


@pytest.mark.charter("AP-2")
def test_a_system_procurement_has_three_signatures_whatever_the_amount() -> None:
    signers = [those_who_may(Permission.APPROVAL_SIGN, procurement(step)) for step in STEPS]
    assert signers == [{"director"}, {"finance"}, {"ceo"}]
    assert not those_who_may(
        Permission.APPROVAL_DECIDE, spending("proc1", 1, kind="system_procurement")
    )


STEPS = ("director", "finance", "ceo")


@pytest.mark.charter("AP-2", "AP-3")
def test_the_directors_own_procurement_is_signed_one_step_up() -> None:
    own = procurement("director", by="director")
    assert not those_who_may(Permission.APPROVAL_SIGN, own)
    stepped = procurement("director", by="director", step_up=True)
    assert those_who_may(Permission.APPROVAL_SIGN, stepped) == {"ceo"}


@pytest.mark.charter("AP-6")
def test_an_added_signer_signs_and_nobody_else() -> None:
    facts = Facts("proc1", "proc1", "procurement", frozenset({"tech1", "proc1"}), {"step": "added"})
    assert those_who_may(Permission.APPROVAL_SIGN, facts) == {"tech1"}


@pytest.mark.charter("AP-3")
def test_nobody_decides_on_what_is_for_themselves() -> None:
    """Filed by somebody else in their name."""
    facts = Facts(
        owner="manager.systems",
        requester="ops1",
        group="operations",
        attributes={"kind": "spending", "amount": 100, "step_up": False},
    )
    assert not those_who_may(Permission.APPROVAL_DECIDE, facts)


# --- Deputies ------------------------------------------------------------------------------------

WEEK = ("2026-03-02T00:00:00+08:00", "2026-03-09T00:00:00+08:00")
BEFORE, DURING, AFTER = (datetime(2026, 3, day, 12, tzinfo=UTC) for day in (1, 4, 9))


def with_deputy(person: str, role: str, group: str, absent: str) -> CompiledPolicy:
    return CompiledPolicy(POLICY.with_grants([Grant(person, role, group, *WEEK, absent)]))


@pytest.mark.charter("AP-3")
def test_a_deputy_decides_for_the_time() -> None:
    compiled = with_deputy("proc2", "role:manager", "procurement", "manager.procurement")
    facts = spending("proc1", yuan("99,999.99"))
    allowed = [
        compiled.decide("proc2", Permission.APPROVAL_DECIDE, facts, at).allowed
        for at in (BEFORE, DURING, AFTER)
    ]
    assert allowed == [False, True, False]


@pytest.mark.charter("AP-3")
@pytest.mark.parametrize("requester", ["proc2", "manager.procurement"])
def test_a_deputy_decides_neither_on_their_own_nor_on_the_absents_request(requester: str) -> None:
    compiled = with_deputy("proc2", "role:manager", "procurement", "manager.procurement")
    facts = spending(requester, yuan("99,999.99"))
    assert not compiled.decide("proc2", Permission.APPROVAL_DECIDE, facts, DURING).allowed


@pytest.mark.charter("AP-3")
def test_a_superior_who_stands_in_still_decides_in_their_own_right() -> None:
    compiled = with_deputy("director", "role:manager", "procurement", "manager.procurement")
    facts = spending("manager.procurement", yuan("99,999.99"), step_up=True)
    assert compiled.decide("director", Permission.APPROVAL_DECIDE, facts, DURING).allowed


@pytest.mark.charter("AR-1")
def test_a_deputy_of_the_director_signs_but_opens_no_contract() -> None:
    compiled = with_deputy("manager.systems", "role:director_deputy", EVERY, "director")
    may = compiled.decide
    assert may("manager.systems", "approval:sign", procurement("director"), DURING).allowed
    assert not may("manager.systems", "contract:open", None, DURING).allowed
    ticked = with_deputy("manager.systems", "role:director", EVERY, "director")
    assert ticked.decide("manager.systems", "contract:open", None, DURING).allowed


# --- Along the lines -----------------------------------------------------------------------------

P = Permission
LINES = [
    (P.WORK_LOG_READ, of("proc1"), {"proc1", "manager.procurement", "director", "opsdirector", "ceo"}),
    (P.WORK_LOG_READ, of("tech1"), {"tech1", "manager.systems", "director", "opsdirector", "ceo"}),
    # procurement reaches the director only through the manager, the others report to both
    (P.WORK_LOG_CONFIRM, of("proc1"), {"manager.procurement"}),
    (P.WORK_LOG_CONFIRM, of("ops1"), {"manager.systems", "director"}),
    (P.WORK_LOG_CONFIRM, of("tech1"), {"manager.systems", "director"}),
    (P.WORK_LOG_CONFIRM, of("manager.systems"), {"director"}),
    (P.WORK_LOG_COMMENT, of("proc1"), {"proc1", "manager.procurement"}),
    (P.ASSESSMENT_REVIEW, of("proc1"), {"manager.procurement"}),
    (P.ASSESSMENT_REVIEW, of("tech1"), {"manager.systems", "director"}),
    (P.ASSESSMENT_REVIEW, of("manager.procurement"), {"director"}),
    (P.ASSESSMENT_REVIEW, of("director"), {"opsdirector"}),
    (P.ASSESSMENT_SELF_ASSESS, of("tech1"), {"tech1"}),
    (P.ASSESSMENT_READ, of("tech1"), {"tech1", "manager.systems", "director", "opsdirector", "ceo", "hr"}),
    (P.IMPROVEMENT_PLAN_EDIT, of("proc1"), {"manager.procurement"}),
    (P.TASK_ASSIGN, of("ops1"), {"manager.systems", "director", "opsdirector", "ceo"}),
    (P.WORK_LOG_EDIT, of("ops1", final=False), {"ops1"}),
    (P.WORK_LOG_EDIT, of("ops1", final=True), set()),
]  # fmt: skip


@pytest.mark.charter("WK-3", "PF-2", "PE-1")
@pytest.mark.parametrize(("permission", "facts", "people"), LINES)
def test_lines_say_who_sees_confirms_and_assesses(
    permission: Permission, facts: Facts, people: set[str]
) -> None:
    assert those_who_may(permission, facts) == people


# --- One office each -----------------------------------------------------------------------------

OFFICES = [
    # contracts: only the director, whoever else knows of them
    (P.CONTRACT_OPEN, of("proc1"), {"director"}),
    (P.CONTRACT_EXTRACT, of("proc1"), {"director"}),
    (P.CONTRACT_LIST, None, {"proc1", "proc2", "proc3", "manager.procurement", "manager.systems",
                             "director", "finance", "ceo"}),
    (P.CONTRACT_FILE, None, {"proc1", "proc2", "proc3", "manager.procurement", "director"}),
    # catalogue, slots, closures
    (P.CATALOGUE_EDIT, None, {"manager.systems", "director"}),
    (P.ATTRACTION_EDIT, None, {"manager.systems", "director"}),
    (P.SLOT_EDIT, None, {*SPECIALISTS["operations"], "manager.systems", "director"}),
    (P.CLOSURE_CREATE, None, {*SPECIALISTS["operations"], "manager.systems", "director"}),
    (P.CLOSURE_LIFT, None, {"manager.systems", "director"}),
    (P.FLOW_CONTROL_STOP, None, {*SPECIALISTS["operations"], "manager.systems", "director"}),
    (P.SETTINGS_EDIT, None, {"manager.systems", "director", "sysadmin"}),
    # visitors' data
    (P.ORDER_LIST, None, {*SPECIALISTS["operations"], "manager.systems", "director", "window1"}),
    (P.VISITOR_REVEAL, None, {*SPECIALISTS["operations"], "manager.systems", "director"}),
    (P.VISITOR_EXPORT, None, {"manager.systems", "director"}),
    (P.VISITOR_ERASE, None, {"manager.systems", "director"}),
    (P.BOOKING_BLOCK_LIFT, None, {"manager.systems", "director"}),
    (P.APPEAL_DECIDE, None, {"manager.systems", "director"}),
    # money
    (P.REFUND_CREATE, None, {"manager.systems", "director"}),
    (P.REFUND_DECIDE, of("manager.systems"), {"director", "finance"}),
    (P.REFUND_DECIDE, of("director"), {"finance"}),
    (P.PAYMENT_READ, None, {"manager.systems", "director", "finance"}),
    (P.PAYMENT_RECONCILE, None, {"finance"}),
    (P.WINDOW_SALE_REPORT, None, {"manager.systems", "director", "finance"}),
    (P.BUDGET_EDIT, None, {"finance"}),
    (P.BUDGET_REPORT, None, {"proc1", "proc2", "proc3", "manager.procurement", "director"}),
    # window and gate
    (P.WINDOW_SALE_CREATE, None, {"window1"}),
    (P.WINDOW_SALE_CASH_UP, None, {"window1"}),
    (P.CHECK_IN_CREATE, None, {"gate1"}),
    (P.BOOKING_CANCEL, of(NOBODY, channel="window"), {"window1", "manager.systems", "director"}),
    (P.BOOKING_CANCEL, of(NOBODY, channel="online"), {"manager.systems", "director"}),
    # people
    (P.ORGANISATION_EDIT, None, {"hr"}),
    (P.PERSONNEL_READ, of("ops1"), {"ops1", "hr", "manager.systems", "director"}),
    (P.PERSONNEL_EDIT, of("ops1"), {"hr"}),
    (P.PERSONNEL_EDIT, of("hr"), set()),
    (P.PROMOTION_DECIDE, of("ops1"), {"director", "hr"}),
    (P.GOAL_DECIDE, None, {"director"}),
    (P.CAMPAIGN_EDIT, None, {"marketing"}),
    (P.REGULATION_APPROVE, None, {"director"}),
    # the three administrators
    (P.ACCOUNT_CREATE, None, {"sysadmin"}),
    (P.SESSION_REVOKE, None, {"sysadmin"}),
    (P.BACKUP_RESTORE, None, {"sysadmin"}),
    (P.ROLE_GRANT, of("ops1"), {"secadmin"}),
    (P.ROLE_GRANT, of("secadmin"), set()),
    (P.POLICY_DRAFT, None, {"secadmin"}),
    (P.POLICY_RELEASE, of("secadmin", sole=False), {"ceo"}),
    (P.POLICY_RELEASE, of("other", sole=False), {"ceo", "secadmin"}),
    (P.AUDIT_TRAIL_READ, None, {"auditadmin"}),
    (P.AUDIT_TRAIL_EXPORT, None, {"auditadmin"}),
]  # fmt: skip


@pytest.mark.charter("PO-1", "AR-1", "RK-6", "BK-2", "BK-10", "BK-11")
@pytest.mark.parametrize(("permission", "facts", "people"), OFFICES)
def test_a_duty_has_its_holders_and_no_others(
    permission: Permission, facts: Facts | None, people: set[str]
) -> None:
    assert those_who_may(permission, facts) == people


# --- Restricted readers --------------------------------------------------------------------------


@pytest.mark.charter("DS-1")
def test_a_dispute_is_for_its_parties_its_mediator_and_later_hr() -> None:
    filed = between("ops1", "tech1", owner="manager.procurement", state="mediating")
    assert those_who_may(P.DISPUTE_READ, filed) == {"ops1", "tech1", "manager.procurement"}
    assert those_who_may(P.DISPUTE_MEDIATE, filed) == {"manager.procurement"}
    assert not those_who_may(P.DISPUTE_ARBITRATE, filed)
    gone_on = between("ops1", "tech1", owner="manager.procurement", state="escalated")
    assert those_who_may(P.DISPUTE_READ, gone_on) - those_who_may(P.DISPUTE_READ, filed) == {"hr"}
    assert those_who_may(P.DISPUTE_ARBITRATE, gone_on) == {"hr"}
    with_hr = between("ops1", "hr", owner="director", state="escalated")
    assert not those_who_may(P.DISPUTE_ARBITRATE, with_hr)


@pytest.mark.charter("RK-5")
def test_a_breach_is_read_by_the_director_and_those_named_never_by_whom_it_is_about() -> None:
    case = between("tech1", "hr", owner="ops1")
    assert those_who_may(P.BREACH_READ, case) == {"director", "tech1", "hr"}
    assert those_who_may(P.BREACH_INVESTIGATE, case) == {"director", "tech1", "hr"}
    assert those_who_may(P.BREACH_CLOSE, case) == {"director"}
    against_the_director = between("tech1", owner="director")
    assert those_who_may(P.BREACH_READ, against_the_director) == {"tech1"}
    assert those_who_may(P.BREACH_REPORT) == {*PEOPLE, "newcomer"}


@pytest.mark.charter("RK-3")
def test_an_audit_is_not_made_by_the_audited_group() -> None:
    facts = Facts(NOBODY, "finance", "operations", frozenset({"ops1", "proc1"}))
    assert those_who_may(P.INTERNAL_AUDIT_CHECK, facts) == {"finance", "proc1"}


@pytest.mark.charter("AP-4")
def test_the_emergency_team_may_start_a_repair_within_its_limit() -> None:
    incident = between("ops1", "tech1", severity="P1", amount=yuan("50,000.00"))
    leads = {"manager.procurement", "manager.systems", "director"}
    assert those_who_may(P.APPROVAL_EMERGENCY, incident) == {"ops1", "tech1", *leads}
    dear = between("ops1", "tech1", severity="P1", amount=yuan("50,000.01"))
    assert those_who_may(P.APPROVAL_EMERGENCY, dear) == leads
    assert not those_who_may(P.APPROVAL_EMERGENCY, between("ops1", severity="P3", amount=1))


# --- Visitors and everybody ----------------------------------------------------------------------

PUBLIC = [
    P.PUBLIC_READ, P.LANGUAGE_SWITCH, P.HEALTH_READ, P.SESSION_LOGIN, P.SESSION_LOGOUT, P.SLOT_READ,
    P.BOOKING_CREATE, P.ORDER_FIND, P.WAITLIST_JOIN, P.APPEAL_FILE, P.QUEUE_JOIN,
    P.SATISFACTION_ANSWER, P.ATTRACTION_READ, P.PAYMENT_RECEIVE,
]  # fmt: skip
BY_LINK = [
    P.ORDER_READ, P.TICKET_READ, P.TICKET_RESEND, P.BOOKING_CANCEL, P.BOOKING_CHANGE,
    P.PAYMENT_PAY, P.VISITOR_REQUEST,
]  # fmt: skip


@pytest.mark.charter("BK-3", "BK-7", "PO-1")
def test_public_pages_are_open_to_the_visitor_and_to_staff() -> None:
    for permission in PUBLIC:
        assert those_who_may(permission) == POLICY.subjects, permission
    for permission in BY_LINK:
        for person in POLICY.subjects:
            assert COMPILED.decide(person, permission, of(person)).allowed, (person, permission)
        assert not COMPILED.decide("visitor", permission, of(NOBODY, channel="window")).allowed


def test_the_visitor_may_nothing_else() -> None:
    allowed = {name for name in BY_NAME if COMPILED.may_ever("visitor", name)}
    assert allowed == {*PUBLIC, *BY_LINK, P.METRICS_READ, P.SETUP_RUN}


def test_staff_do_not_run_the_setup() -> None:
    assert those_who_may(P.SETUP_RUN) == {"visitor"}


# --- What an office may not ----------------------------------------------------------------------

SHARED = {
    name for name in BY_NAME if all(COMPILED.may_ever(admin, name) for admin in ADMINISTRATORS)
}


@pytest.mark.charter("PO-1")
def test_the_administrators_share_only_what_everybody_with_an_account_may() -> None:
    everybody = {name for name in BY_NAME if COMPILED.may_ever("role:staff", name)}
    assert everybody == SHARED
    for one in ADMINISTRATORS:
        for other in set(ADMINISTRATORS) - {one}:
            both = {
                name
                for name in BY_NAME
                if COMPILED.may_ever(one, name) and COMPILED.may_ever(other, name)
            }
            assert both == SHARED, (one, other)


@pytest.mark.charter("PO-1")
def test_the_administrators_do_no_business() -> None:
    own = {
        "account", "session", "settings", "backup", "probe",
        "policy", "role",
        "audit_trail",
    }  # fmt: skip
    for admin in ADMINISTRATORS:
        more = {name for name in BY_NAME if COMPILED.may_ever(admin, name)} - SHARED
        assert {name.partition(":")[0] for name in more} <= own


def test_the_operations_director_only_reads_beyond_what_colleagues_may() -> None:
    own = [rule for rule in POLICY.rules if rule.subject == "role:operations_director"]
    assert {rule.action for rule in own} == {"read"}


def test_the_gate_and_the_window_see_only_what_they_need() -> None:
    colleague = _beyond("gate1", "role:colleague")
    assert colleague == {"check_in:create", "check_in:offline", "occupancy:read"}
    assert _beyond("window1", "role:colleague") == {
        "catalogue:read",
        "order:list",
        "waitlist:read",
        "window_sale:cash_up",
        "window_sale:create",
        "window_sale:refund",
    }


def test_a_manager_may_all_that_a_specialist_may_and_a_director_all_that_a_manager_may() -> None:
    for lower, higher in (
        ("role:specialist", "role:manager"),
        ("role:manager", "role:director_deputy"),
        ("role:director_deputy", "role:director"),
    ):
        assert _beyond(lower, higher) == set()
        assert _beyond(higher, lower)


def _beyond(subject: str, other: str) -> set[str]:
    """What a subject may at some time that the other never may."""
    return {
        name
        for name in BY_NAME
        if COMPILED.may_ever(subject, name) and not COMPILED.may_ever(other, name)
    }


# --- The whole -----------------------------------------------------------------------------------


@pytest.mark.charter("PO-1")
def test_every_permission_is_somebodys() -> None:
    unheld = {
        name for name in BY_NAME if not any(COMPILED.may_ever(who, name) for who in POLICY.subjects)
    }
    assert unheld == set()


@pytest.mark.charter("PE-1")
def test_everybody_has_a_superior_but_the_top() -> None:
    led = {report.person for report in POLICY.reports}
    assert PEOPLE - led == {"ceo"}


def test_the_charters_headcount_is_there() -> None:
    headcount = {group: len(people) for group, people in SPECIALISTS.items()}
    assert headcount == {"procurement": 3, "operations": 5, "technology": 8}
    assert len(DEPARTMENT) == 19


def test_every_role_of_the_policy_is_held_or_kept_for_later() -> None:
    included = {inclusion.included for inclusion in POLICY.inclusions}
    held = {grant.role for grant in POLICY.grants}
    roles = {rule.subject for rule in POLICY.rules if rule.subject != "visitor"}
    assert roles - included - held == {"role:agency"}


def test_a_refusal_tells_a_deny_from_a_missing_duty() -> None:
    own = spending("manager.systems", 100)
    assert COMPILED.decide("manager.systems", P.APPROVAL_DECIDE, own).reason is Reason.DENIED
    assert COMPILED.decide("gate1", P.APPROVAL_DECIDE, own).reason is Reason.NO_RULE
    other = spending("proc1", 100)
    assert COMPILED.decide("manager.systems", P.APPROVAL_DECIDE, other).reason is Reason.NO_MATCH


def test_the_table_holds_for_casbin_too() -> None:
    """The same lines, asked of stock Casbin."""
    reference = Reference(POLICY, DURING)
    rows: Iterable[tuple[Permission, Facts | None, set[str]]] = [*LINES, *OFFICES]
    for permission, facts, people in rows:
        for person in (*sorted(people), "tech2", "visitor"):
            assert reference.allows(person, permission, facts) is (person in people)


def test_a_policy_without_people_speaks_of_visitors_and_newcomers() -> None:
    assert shipped_policy().subjects == {"visitor", "newcomer"}


@pytest.mark.charter("PO-1")
def test_an_account_without_a_role_gets_as_far_as_everybody_with_one() -> None:
    box = PolicyBox()
    assert box.judged_as("clerk") == "clerk"  # nothing can be asked: refused either way
    box.swap(1, COMPILED)
    assert box.judged_as("clerk") == "newcomer"
    assert box.judged_as("gate1") == "gate1"
    assert box.decide("newcomer", P.SESSION_LOGOUT).allowed
    assert not any(box.may_ever("newcomer", name) for name in set(BY_NAME) - SHARED)
