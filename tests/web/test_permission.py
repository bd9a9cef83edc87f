from typing import Any

import pytest

from portal.core import audit
from portal.web import permission
from portal.web.actor import Actor
from portal.web.ask import Ask
from rbac.compiled import Decision, Reason
from rbac.facts import Facts
from rbac.lines import Rule
from rbac.permissions import Permission

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
