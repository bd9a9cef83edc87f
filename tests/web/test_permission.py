from typing import Any

import pytest

from portal.core import audit, db
from portal.core.context import Act, set_act
from portal.web import permission
from portal.web.actor import Actor
from portal.web.ask import Ask
from portal.web.permission import policy
from rbac.compiled import CompiledPolicy, Decision, Reason
from rbac.facts import Facts
from rbac.lines import EVERY, Grant, Rule
from rbac.permissions import Permission
from rbac.policy import shipped_policy
from tests.browser import SignIn

DENY = Rule("role:clerk", "*", "visitor", "reveal", "owner", "", "deny")
CLERK = Actor("clerk", person_id=1)


@pytest.mark.parametrize(
    ("rule", "said"),
    [(DENY, "p, role:clerk, *, visitor, reveal, owner, , deny"), (None, "")],
)
async def test_a_refusal_puts_the_line_of_the_policy_on_the_trail(
    monkeypatch: pytest.MonkeyPatch, rule: Rule | None, said: str
) -> None:
    trail: list[tuple[Any, ...]] = []

    async def refused(*entry: object) -> None:
        trail.append(entry)

    def decide(*_asked: object) -> Decision:
        return Decision(allowed=False, rule=rule, reason=Reason.DENIED)

    async def nobody(*_asked: object) -> Ask:
        return Ask((), ())

    monkeypatch.setattr(audit, "refused", refused)
    monkeypatch.setattr(permission, "whom_to_ask", nobody)
    monkeypatch.setattr(permission.policy, "decide", decide)
    with pytest.raises(permission.Refused):
        await permission.allow(CLERK, Permission.VISITOR_REVEAL, Facts(), "order", "A1")
    assert trail == [("visitor:reveal", "order", "A1", said)]


async def test_an_act_that_was_allowed_keeps_the_line_that_allowed_it(database: None) -> None:
    set_act(Act("director", 1))
    await permission.allow(Actor("director", 1), Permission.BOOKING_CANCEL, Facts(), "order", "A1")
    async with db.transaction():
        audit.record("booking:cancel", "order", "A1")
    rule = await db.fetchval("SELECT rule FROM audit_entry WHERE act = 'booking:cancel'")
    assert rule.startswith("p, role:")
    assert rule.endswith("booking, cancel, any, , allow")


async def test_an_account_without_any_role_may_do_what_visitors_may(signed_in_as: SignIn) -> None:
    newcomer = await signed_in_as("newcomer")
    for path in ("/", "/book", "/static/css/public.css"):
        assert (await newcomer.get(path)).status_code == 200, path
    refused = await newcomer.get("/bookings")
    assert refused.status_code == 403
    assert (await db.fetchval("SELECT subject FROM audit_entry WHERE outcome = 'refused'")) == (
        "newcomer"
    )
    token = await newcomer.token("/orders")
    assert (await newcomer.post("/logout", data={"_csrf_token": token})).status_code == 303
    assert (await newcomer.get("/desk")).headers["location"].startswith("/login")


@pytest.mark.charter("PO-1")
async def test_a_refusal_says_which_duty_is_missing_and_stands_on_the_trail(
    signed_in_as: SignIn,
) -> None:
    gate = await signed_in_as("gate1")
    answer = await gate.get("/audit?lang=en")
    assert answer.status_code == 403
    assert Permission.AUDIT_TRAIL_READ.describe("en") in answer.text
    assert str(Permission.AUDIT_TRAIL_READ) in answer.text
    entry = await db.fetchrow("SELECT * FROM audit_entry WHERE outcome = 'refused'")
    assert (entry["subject"], entry["act"], entry["object_type"], entry["object_id"]) == (
        "gate1",
        "audit_trail:read",
        "route",
        "/audit",
    )


@pytest.mark.charter("PO-1")
async def test_the_route_asks_the_policy_and_not_the_code(signed_in_as: SignIn) -> None:
    """The control: with a policy that says so, the same person may."""
    gate = await signed_in_as("gate1")
    assert (await gate.get("/audit")).status_code == 403
    lines = shipped_policy(demo=True).with_grants([Grant("gate1", "role:auditadmin", EVERY)])
    policy.swap((policy.version or 0) + 1, CompiledPolicy(lines))
    assert (await gate.get("/audit")).status_code == 200
