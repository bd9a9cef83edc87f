"""The compiled policy: the same answers as Casbin's enforcer, in about a microsecond.

Rules are sorted by permission and subject once. The first time somebody asks for a permission, the
rules that can reach that person are gathered and bound to their groups and lines; an unconditional
allow without a deny becomes a finished answer. ``enforcer.py`` defines what is right; the tests
hold the two equal.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import reduce
from typing import TypeVar

from rbac.conditions import Condition, compile_condition
from rbac.facts import NOTHING_KNOWN, Facts
from rbac.lines import ALLOW, EVERY, Rule
from rbac.policy import Policy
from rbac.relations import LINE_TERMS, Holding, Question, parse_relation, question
from rbac.standing import Register, Standing

Test = Callable[[Facts, str, Holding], bool]
Clock = Callable[[], float]
T = TypeVar("T")

_STANDINGS_KEPT = 8


class Reason(StrEnum):
    ALLOWED = "allowed"
    DENIED = "denied"  # a deny rule matched
    NO_MATCH = "no-match"  # rules reach the subject, none fits this record
    NO_RULE = "no-rule"  # no rule gives the subject this permission on any record
    NO_POLICY = "no-policy"  # the process has no policy to ask


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict and the rule that gave it; no rule when nothing matched."""

    allowed: bool
    rule: Rule | None
    reason: Reason


NO_RULE = Decision(allowed=False, rule=None, reason=Reason.NO_RULE)
NO_MATCH = Decision(allowed=False, rule=None, reason=Reason.NO_MATCH)

_Bound = tuple[Test, Holding, Decision]
_Entry = Decision | tuple[tuple[_Bound, ...], tuple[_Bound, ...]]


class CompiledPolicy:
    """Answers ``decide`` and ``may_ever``. Immutable in meaning; remembers what it worked out."""

    def __init__(self, policy: Policy, clock: Clock = time.time) -> None:
        self.policy = policy
        self.register = Register(policy)
        self._clock = clock
        self._rules: dict[tuple[str, str], dict[str, list[Rule]]] = {}
        for rule in policy.rules:
            by_subject = self._rules.setdefault((rule.resource, rule.action), {})
            by_subject.setdefault(rule.subject, []).append(rule)
        self._verdicts: dict[Rule, Decision] = {}
        self._kept: dict[float, _Answers] = {}
        self._answers = self._answers_at(clock())

    def decide(
        self,
        subject: str,
        permission: str,
        facts: Facts | None = None,
        at: datetime | None = None,
    ) -> Decision:
        """Judge one request, now or ``at`` an aware instant. Never raises; unknown is refused."""
        moment = self._clock() if at is None else at.timestamp()
        answers = self._answers
        if not answers.start <= moment < answers.end:
            answers = self._answers_at(moment)
        entries = answers.entries.get(subject)
        entry = None if entries is None else entries.get(permission)
        if entry is None:
            entry = self._enter(answers, subject, permission)
        if isinstance(entry, Decision):
            return entry
        denies, allows = entry
        if facts is None:
            facts = NOTHING_KNOWN
        for test, holding, decision in denies:
            if test(facts, subject, holding):
                return decision
        for test, holding, decision in allows:
            if test(facts, subject, holding):
                return decision
        return NO_MATCH

    def may_ever(self, subject: str, permission: str, at: datetime | None = None) -> bool:
        """Tell whether there may be a record on which the subject would be allowed.

        For menus and routes: False is certain, True means that the record must be asked.
        """
        answers = self._answers_at(self._clock() if at is None else at.timestamp())
        chance = answers.chances.get((subject, permission))
        if chance is None:
            chance = self._chance(answers.standing, subject, permission)
            if self.register.knows(subject):
                answers.chances[subject, permission] = chance
        return chance

    def _chance(self, standing: Standing, subject: str, permission: str) -> bool:
        possible = False
        for rule, _holding in self.reaching(standing, subject, permission):
            wanted = parse_relation(rule.relation).wanted
            if rule.effect != ALLOW:
                if not wanted and not rule.condition:
                    return False
            elif not possible:
                possible = all(
                    not asked or term not in LINE_TERMS or standing.leads(subject, term)
                    for term, asked in wanted
                )
        return possible

    def standing(self, at: datetime | None = None) -> Standing:
        """Return the roles and lines in force now or ``at`` an aware instant."""
        return self._answers_at(self._clock() if at is None else at.timestamp()).standing

    def knows(self, subject: str, at: datetime | None = None) -> bool:
        """Tell whether the policy gives the subject anything by name."""
        if not self.register.knows(subject):
            return False
        return self.register.ruled(subject) or len(self.standing(at).roles(subject)) > 1

    def reaching(
        self, standing: Standing, subject: str, permission: str
    ) -> Iterator[tuple[Rule, Holding]]:
        """Yield the rules on a permission that the subject's roles bring, for each way of holding."""
        if not self.register.knows(subject):
            return
        for rule, holdings in self.rules_for(permission, standing.roles(subject)):
            for holding in holdings:
                if reaches(rule, holding):
                    yield rule, holding

    def rules_for(self, permission: str, names: Mapping[str, T]) -> Iterator[tuple[Rule, T]]:
        """Yield the rules on a permission for one of the names, with what stands beside the name."""
        for by_subject in self._on(permission):
            for name, beside in names.items():
                for rule in by_subject.get(name, ()):
                    yield rule, beside

    def rules_on(self, permission: str) -> Iterator[Rule]:
        """Yield every rule on a permission, whoever it is for."""
        for by_subject in self._on(permission):
            for rules in by_subject.values():
                yield from rules

    def _on(self, permission: str) -> Iterator[dict[str, list[Rule]]]:
        resource, _, action = permission.partition(":")
        for pair in ((resource, action), (resource, EVERY), (EVERY, action), (EVERY, EVERY)):
            if by_subject := self._rules.get(pair):
                yield by_subject

    def _answers_at(self, moment: float) -> "_Answers":
        start, end = self.register.stretch(moment)
        answers = self._kept.get(start)
        if answers is None:
            answers = _Answers(Standing(self.register, start, end))
            if len(self._kept) >= _STANDINGS_KEPT:
                self._kept.clear()
            self._kept[start] = answers
        if start <= self._clock() < end:
            self._answers = answers
        return answers

    def _enter(self, answers: "_Answers", subject: str, permission: str) -> _Entry:
        """Gather what decides for this subject; strangers share one answer and are not kept."""
        if not self.register.knows(subject):
            return NO_RULE
        entry = self._bind(answers, subject, permission)
        answers.entries.setdefault(subject, {})[permission] = entry
        return entry

    def _bind(self, answers: "_Answers", subject: str, permission: str) -> _Entry:
        denies: dict[object, _Bound] = {}
        allows: dict[object, _Bound] = {}
        for rule, holding in self.reaching(answers.standing, subject, permission):
            test = answers.test(rule)
            key = (test, holding)
            verdict = self._verdict(rule)
            if verdict.allowed:
                allows.setdefault(key, (test, holding, verdict))
            elif test is _always:
                return verdict
            else:
                denies.setdefault(key, (test, holding, verdict))
        if not allows:
            return NO_RULE
        simplest_first = sorted(allows.values(), key=lambda bound: bound[0] is not _always)
        test, _holding, verdict = simplest_first[0]
        if test is _always and not denies:
            return verdict
        return tuple(denies.values()), tuple(simplest_first)

    def _verdict(self, rule: Rule) -> Decision:
        """One for all whom the rule reaches."""
        verdict = self._verdicts.get(rule)
        if verdict is None:
            allowed = rule.effect == ALLOW
            reason = Reason.ALLOWED if allowed else Reason.DENIED
            verdict = self._verdicts[rule] = Decision(allowed, rule, reason)
        return verdict


class _Answers:
    """What has been worked out for one stretch of time."""

    __slots__ = ("_tests", "chances", "end", "entries", "standing", "start")

    def __init__(self, standing: Standing) -> None:
        self.start = standing.start
        self.end = standing.end
        self.standing = standing
        self.entries: dict[str, dict[str, _Entry]] = {}
        self.chances: dict[tuple[str, str], bool] = {}
        self._tests: dict[tuple[str, str, str], Test] = {}

    def test(self, rule: Rule) -> Test:
        """Turn a rule's relation and condition into one test, the same for all whom it reaches."""
        key = (rule.relation, rule.condition, rule.effect)
        test = self._tests.get(key)
        if test is None:
            test = self._tests[key] = _test(rule, self.standing)
        return test


def _always(_facts: Facts, _subject: str, _holding: Holding) -> bool:
    return True


def reaches(rule: Rule, holding: Holding) -> bool:
    """Tell whether the rule's role is held in the rule's group."""
    return rule.group == EVERY or rule.group in holding.groups or EVERY in holding.groups


def for_absent(rule: Rule, *, asked: bool) -> bool:
    """Tell where a deputy is the absent person too: where an allow rule says who may not."""
    return rule.effect == ALLOW and not asked


def _test(rule: Rule, standing: Standing) -> Test:
    allowing = rule.effect == ALLOW
    tests = [
        _term_test(
            question(term, standing, for_absent=for_absent(rule, asked=asked)),
            asked=asked,
            allowing=allowing,
        )
        for term, asked in parse_relation(rule.relation).wanted
    ]
    condition = compile_condition(rule.condition)
    if condition is not None:
        tests.append(_condition_test(condition, allowing=allowing))
    return reduce(_both, tests) if tests else _always


def _term_test(asking: Question, *, asked: bool, allowing: bool) -> Test:
    """Allow when the term is certainly as asked, deny unless it certainly is not."""
    tells, holds = asking
    if allowing:

        def certain(facts: Facts, subject: str, holding: Holding) -> bool:
            fact = tells(facts)
            return fact is not None and holds(fact, subject, holding) is asked

        return certain

    def possible(facts: Facts, subject: str, holding: Holding) -> bool:
        fact = tells(facts)
        return fact is None or holds(fact, subject, holding) is asked

    return possible


def _condition_test(condition: Condition, *, allowing: bool) -> Test:
    holds = condition.certain if allowing else condition.possible
    return lambda facts, _subject, _holding: holds(facts.attributes)


def _both(first: Test, second: Test) -> Test:
    return lambda facts, subject, holding: (
        first(facts, subject, holding) and second(facts, subject, holding)
    )
