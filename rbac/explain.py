"""Why a decision fell, and the reverse: who all may do this, and why each.

A ``Reading`` is one rule held against one request: how the subject comes to its role, what each term
of its relation and its condition came to. The deciding rule has one; for a refusal the nearest misses
say what was lacking. ``explanation_words.py`` turns all of it into sentences.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from rbac.chances import possible_rules
from rbac.compiled import CompiledPolicy, Decision, for_absent, reaches
from rbac.conditions import compile_condition
from rbac.facts import NOTHING_KNOWN, Facts
from rbac.lines import ALLOW, DUAL, EVERY, SOLID, Grant, Inclusion, Report, Rule
from rbac.relations import LINE_TERMS, Holding, Term, answer, parse_relation, question
from rbac.standing import Register, Standing

NEAREST = 3

Step = Grant | Inclusion

_KINDS = {Term.SOLID: (SOLID,), Term.SOLID_SUPERIOR: (SOLID,), Term.DUAL: (DUAL,)}


@dataclass(frozen=True, slots=True)
class TermReading:
    """``known`` is None where the facts do not tell; ``lines`` lead from the owner up to the subject."""

    term: Term
    asked: bool
    known: bool | None
    lines: tuple[Report, ...] = ()

    @property
    def fits(self) -> bool:
        return self.known is self.asked


@dataclass(frozen=True, slots=True)
class Reading:
    """One rule held against one request.

    ``path`` leads from the subject to the rule's role; empty for a rule on the subject itself, None
    when the subject does not hold the role. ``met`` is None where the condition cannot be judged,
    for want of the attributes in ``missing`` or by a division by zero.
    """

    rule: Rule
    path: tuple[Step, ...] | None
    terms: tuple[TermReading, ...]
    met: bool | None
    missing: tuple[str, ...]

    @property
    def lacking(self) -> int:
        """Count what would have to be different for an allow rule to match."""
        unfit = sum(not term.fits for term in self.terms)
        return unfit + (self.met is not True) + (self.path is None)


@dataclass(frozen=True, slots=True)
class Explanation:
    """``misses`` are allow rules, the nearest first; with a deny also those it overrides."""

    subject: str
    permission: str
    decision: Decision
    deciding: Reading | None
    misses: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who could be allowed on some record, and the rules that would do it."""

    subject: str
    readings: tuple[Reading, ...]


def explain(
    compiled: CompiledPolicy,
    subject: str,
    permission: str,
    facts: Facts | None = None,
    at: datetime | None = None,
) -> Explanation:
    """Say why ``decide`` answers as it does."""
    known = facts or NOTHING_KNOWN
    standing = compiled.standing(at)
    decision = compiled.decide(subject, permission, known, at)
    readings = list(_readings(compiled, standing, subject, permission, known))
    if decision.allowed:
        return Explanation(subject, permission, decision, _of(decision.rule, readings))
    misses = [reading for reading in readings if reading.rule.effect == ALLOW]
    misses += _out_of_reach(compiled, standing, subject, permission, known)
    misses.sort(key=lambda miss: (miss.lacking, miss.path is None))
    nearest = {miss.rule: miss for miss in reversed(misses)}  # the nearer way to hold a role stays
    return Explanation(
        subject,
        permission,
        decision,
        _of(decision.rule, readings),
        tuple(sorted(nearest.values(), key=misses.index))[:NEAREST],
    )


def who_may(
    compiled: CompiledPolicy, permission: str, facts: Facts, at: datetime | None = None
) -> tuple[Explanation, ...]:
    """Everybody who may do this on the record, with the reason."""
    return tuple(
        explain(compiled, subject, permission, facts, at)
        for subject in sorted(compiled.policy.subjects)
        if compiled.decide(subject, permission, facts, at).allowed
    )


def who_could(
    compiled: CompiledPolicy,
    permission: str,
    at: datetime | None = None,
    subjects: Iterable[str] | None = None,
) -> tuple[Candidate, ...]:
    """Everybody, or everybody of these, who could be allowed on some record."""
    standing = compiled.standing(at)
    found = []
    for subject in sorted(compiled.policy.subjects) if subjects is None else subjects:
        readings = [
            _read(rule, subject, holding, standing, NOTHING_KNOWN)
            for rule, holding in possible_rules(compiled, standing, subject, permission)
        ]
        if readings:
            found.append(Candidate(subject, tuple(readings)))
    return tuple(found)


def _of(rule: Rule | None, readings: Iterable[Reading]) -> Reading | None:
    """The reading in which the rule decided: of several ways to hold its role, one that fits."""
    own = [reading for reading in readings if reading.rule == rule]
    return min(own, key=lambda reading: reading.lacking, default=None)


def _readings(
    compiled: CompiledPolicy, standing: Standing, subject: str, permission: str, facts: Facts
) -> Iterator[Reading]:
    for rule, holding in compiled.reaching(standing, subject, permission):
        yield _read(rule, subject, holding, standing, facts)


def _out_of_reach(
    compiled: CompiledPolicy, standing: Standing, subject: str, permission: str, facts: Facts
) -> Iterator[Reading]:
    """Read the rules whose role the subject does not hold as if it held it in the rule's group."""
    reached = {rule for rule, _holding in compiled.reaching(standing, subject, permission)}
    for rule in compiled.rules_on(permission):
        if rule.effect == ALLOW and rule not in reached:
            groups = {rule.group} if rule.group != EVERY else {facts.group or EVERY}
            holding = Holding(frozenset(groups), frozenset({subject}))
            yield replace(_read(rule, subject, holding, standing, facts), path=None)


def _read(rule: Rule, subject: str, holding: Holding, standing: Standing, facts: Facts) -> Reading:
    path = _path(standing, subject, rule, holding, facts)
    terms = []
    for term, asked in parse_relation(rule.relation).wanted:
        wide = for_absent(rule, asked=asked)
        known = answer(question(term, standing, for_absent=wide), facts, subject, holding)
        lines: tuple[Report, ...] = ()
        if known and term in LINE_TERMS and facts.owner is not None:
            names = holding.names if wide else frozenset({subject})
            lines = _upward(standing, facts.owner, names, term)
        terms.append(TermReading(term, asked, known, lines))
    condition = compile_condition(rule.condition)
    if condition is None:
        return Reading(rule, path, tuple(terms), met=True, missing=())
    met = condition.certain(facts.attributes)
    if met is condition.possible(facts.attributes):
        return Reading(rule, path, tuple(terms), met, missing=())
    return Reading(rule, path, tuple(terms), None, condition.unreadable(facts.attributes))


def _path(
    standing: Standing, subject: str, rule: Rule, holding: Holding, facts: Facts
) -> tuple[Step, ...]:
    """Find the shortest way from the subject to the rule's role, by a grant that counts there."""
    if subject == rule.subject:
        return ()
    ways: list[tuple[int, int, tuple[Step, ...]]] = []
    for grant in standing.register.grants(subject, standing.start):
        if grant.group not in holding.groups or standing.names_of(grant) != holding.names:
            continue
        if not reaches(rule, Holding(frozenset({grant.group}), holding.names)):
            continue
        chain = _inclusions(standing.register, grant.role, rule.subject)
        if chain is not None:
            elsewhere = 0 if grant.group == facts.group else 1 + (grant.group != EVERY)
            ways.append((elsewhere, len(chain), (grant, *chain)))
    if ways:
        return min(ways, key=lambda way: way[:2])[2]
    return _inclusions(standing.register, subject, rule.subject) or ()


def _inclusions(register: Register, role: str, wanted: str) -> tuple[Inclusion, ...] | None:
    """Find the shortest chain of inclusions; None when there is none."""
    pending: deque[tuple[Inclusion, ...]] = deque([()])
    seen = {role}
    while pending:
        chain = pending.popleft()
        last = chain[-1].included if chain else role
        if last == wanted:
            return chain
        for included in register.included(last):
            if included not in seen:
                seen.add(included)
                pending.append((*chain, Inclusion(last, included)))
    return None


def _upward(
    standing: Standing, owner: str, names: frozenset[str], term: Term
) -> tuple[Report, ...]:
    """Find the shortest chain of reporting lines from the owner to one of the names; there is one."""
    kinds = _KINDS.get(term, (SOLID, DUAL))
    pending: deque[tuple[Report, ...]] = deque([()])
    seen = {owner}
    while True:
        chain = pending.popleft()
        last = chain[-1].superior if chain else owner
        if chain and last in names:
            return chain
        for report in standing.register.reports(last, standing.start):
            if report.line in kinds and report.superior not in seen:
                seen.add(report.superior)
                pending.append((*chain, report))
