"""The compiled policy answers as stock Casbin does, on random policies that use the whole language.

20,000 requests for each policy; ``RBAC_REQUESTS=100000`` asks more. The controls spoil the index in
ways that a mistake might and see the comparison fail.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from rbac import compiled
from rbac.compiled import CompiledPolicy, Decision
from rbac.enforcer import Reference
from rbac.policy import Policy, shipped_policy
from tests.rbac import generated

REQUESTS = int(os.environ.get("RBAC_REQUESTS", "20000"))
CONTROL_REQUESTS = 4000
SHIPPED_REQUESTS = REQUESTS // 15  # some 470 rules: a decision takes Casbin milliseconds
SEEDS = (54, 16, 29, 45)
RULES = 14


class Comparison:
    """A policy, compiled, and the reference at each instant of the requests."""

    def __init__(self, policy: Policy) -> None:
        self.compiled = CompiledPolicy(policy)
        self._references = {at: Reference(policy, at) for at in generated.moments()}

    def differences(self, asked: Iterable[generated.Request]) -> Iterator[generated.Request]:
        for request in asked:
            decision = self.compiled.decide(
                request.subject, request.permission, request.facts, request.at
            )
            if decision.allowed is not self.expected(request):
                yield request

    def expected(self, request: generated.Request) -> bool:
        reference = self._references[request.at]
        return reference.allows(request.subject, request.permission, request.facts)


@pytest.mark.charter("PO-1")
@pytest.mark.parametrize("seed", SEEDS)
def test_decisions_equal_those_of_casbin(seed: int) -> None:
    policy = generated.a_policy(seed, RULES)
    assert generated.everything_is_used(policy)
    assert list(Comparison(policy).differences(generated.requests(seed, REQUESTS))) == []


def test_the_requests_are_answered_both_ways() -> None:
    for seed in SEEDS:
        comparison = Comparison(generated.a_policy(seed, RULES))
        answers = [comparison.expected(request) for request in generated.requests(seed, 500)]
        assert 0.02 < sum(answers) / len(answers) < 0.98


def _without_denies(patch: pytest.MonkeyPatch) -> None:
    """An index that has lost the deny rules."""
    bind = CompiledPolicy._bind

    def careless(self: CompiledPolicy, answers: Any, subject: str, permission: str) -> object:
        entry = bind(self, answers, subject, permission)
        return entry if isinstance(entry, Decision) else ((), entry[1])

    patch.setattr(CompiledPolicy, "_bind", careless)


def _in_every_group(patch: pytest.MonkeyPatch) -> None:
    """An index that takes a role held in one group for one held in all."""
    patch.setattr("rbac.compiled.reaches", lambda _rule, _holding: True)


def _with_one_step(patch: pytest.MonkeyPatch) -> None:
    """An index that follows reporting lines one step only."""
    patch.setattr("rbac.standing._ALL_STEPS", {})
    steps = {term: frozenset({"g2", "g3"}) for term in generated.LINE_TERMS}
    patch.setattr("rbac.standing._ONE_STEP", steps)


def _with_old_deputies(patch: pytest.MonkeyPatch) -> None:
    """An index that forgets when a line ends."""
    patch.setattr("rbac.standing.in_force", lambda _line, _moment: True)


def _with_deputies_as_themselves(patch: pytest.MonkeyPatch) -> None:
    """An index in which a deputy does not count as the absent person."""
    patch.setattr(compiled, "for_absent", lambda _rule, **_asked: False)


def _with_hope(patch: pytest.MonkeyPatch) -> None:
    """An index in which an allow rule takes what is not known for good."""
    test = compiled._term_test
    patch.setattr(
        compiled,
        "_term_test",
        lambda asking, *, asked, **_: test(asking, asked=asked, allowing=False),
    )


@pytest.mark.parametrize(
    "spoil",
    [
        _without_denies,
        _in_every_group,
        _with_one_step,
        _with_old_deputies,
        _with_deputies_as_themselves,
        _with_hope,
    ],
)
def test_a_spoilt_index_is_noticed(
    spoil: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch)
    assert any(
        next(Comparison(policy).differences(generated.requests(seed, CONTROL_REQUESTS)), None)
        for seed in SEEDS
        for policy in [generated.a_policy(seed, RULES)]
    )


def test_the_shipped_policy_decides_as_casbin_does() -> None:
    policy = shipped_policy(demo=True)
    asked = list(generated.requests_on(policy, seed=1, number=SHIPPED_REQUESTS))
    comparison = Comparison(policy)
    assert list(comparison.differences(asked)) == []
    assert any(comparison.expected(request) for request in asked[:100])
