"""The smallest changes that would allow something: they work, lose nothing, and the least powerful is first (PO-6)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from rbac.compiled import CompiledPolicy
from rbac.lines import Grant, Rule, written
from rbac.permissions import BY_NAME
from rbac.policy import Policy, shipped_policy
from rbac.proposals import MOST, held, proposals

pytestmark = pytest.mark.charter("PO-6")

AT = datetime(2026, 11, 25, tzinfo=UTC)
DEMO = CompiledPolicy(shipped_policy(demo=True))


def lines(person: str, permission: str) -> list[str]:
    return [written(each.line.tokens) for each in proposals(DEMO, person, permission, AT)]


def test_the_least_powerful_is_first() -> None:
    found = proposals(DEMO, "proc1", "refund:decide", AT)
    powers = [each.power for each in found if not each.breaks]
    assert powers == sorted(powers)
    assert "g, proc1, role:finance, finance" in lines("proc1", "refund:decide"), (
        "in the group in which the role is held"
    )


def test_a_role_is_proposed_in_the_own_group() -> None:
    assert "g, ops1, role:manager, operations" in lines("ops1", "approval:decide")


def test_what_breaks_an_assertion_stands_last_and_says_which() -> None:
    found = proposals(DEMO, "proc1", "contract:open", AT)
    assert [bool(each.breaks) for each in found] == sorted(bool(each.breaks) for each in found)
    assert {each.breaks[0].assertion.name for each in found if each.breaks} == {"contracts"}


def test_nothing_is_proposed_for_what_nobody_may_do() -> None:
    ruled_out = Policy.parse(DEMO.policy.text + "p, role:public, *, order, list, any, , deny\n")
    assert proposals(CompiledPolicy(ruled_out), "proc1", "order:list", AT) == ()
    without = replace(
        DEMO.policy, rules=tuple(r for r in DEMO.policy.rules if r.permission != "order:list")
    )
    assert proposals(CompiledPolicy(without), "proc1", "order:list", AT) == ()


@pytest.mark.parametrize("person", ["proc1", "ops1", "fresh", "secadmin", "ceo", "gate1"])
def test_each_lets_the_person_and_takes_nothing_from_them(person: str) -> None:
    """A rule of their own would end a newcomer's being one: it is not proposed."""
    before = held(DEMO, person, AT)
    missing = sorted(BY_NAME.keys() - before)[::37]
    assert missing
    for permission in missing:
        found = proposals(DEMO, person, permission, AT)
        assert len(found) <= MOST
        for each in found:
            if isinstance(each.line, Grant):
                changed = replace(DEMO.policy, grants=(*DEMO.policy.grants, each.line))
            else:
                assert isinstance(each.line, Rule)
                changed = replace(DEMO.policy, rules=(*DEMO.policy.rules, each.line))
            compiled = CompiledPolicy(Policy.parse(changed.text))
            after = held(compiled, person, AT)
            assert permission in after
            assert before <= after
            assert set(each.permissions) == after - before
