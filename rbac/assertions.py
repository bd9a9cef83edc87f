"""Standing assertions: what must stay true whatever is edited in the policy.

They are data (``assertions.csv``), each with its words, of one of these kinds:

only      everybody who could do it holds one of the named roles
some      somebody may do each of these
apart     nobody holds two of the named roles
never     nobody named (``*``: nobody at all) could do it on a record with these facts
may       everybody named may do it
decided   whoever may do the first has somebody for the second, for every ``amount`` around the
          bounds that the policy's conditions name, one step up if need be
dated     every deputy's role ends

"Could" takes what the facts leave open for possible, so what holds is proved; "may" takes it for
missing. Facts: ``owner``, ``requester``, ``group``, ``party`` (``self``: the subject, and whom they
stand in for as a deputy; ``nobody``) and attributes, joined by ``;``. All is judged at one instant and
at every later one at which a line of the policy begins or ends.
"""

import ast
import csv
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from math import inf
from pathlib import Path
from typing import Final

from rbac.attributes import ATTRIBUTES
from rbac.attributes import Kind as Type
from rbac.bilingual import Words
from rbac.chances import possible_rules
from rbac.compiled import CompiledPolicy
from rbac.conditions import compile_condition
from rbac.facts import NOBODY, Facts
from rbac.lines import EVERY, Report, Rule, is_role
from rbac.permissions import BY_NAME
from rbac.policy import Policy
from rbac.relations import LINE_TERMS, parse_relation
from rbac.standing import Standing
from rbac.validity import Dated, window

FILE: Final = Path(__file__).with_name("assertions.csv")
SELF: Final = "self"
AMOUNT: Final = "amount"


class Kind(StrEnum):
    APART = "apart"
    DATED = "dated"
    DECIDED = "decided"
    MAY = "may"
    NEVER = "never"
    ONLY = "only"
    SOME = "some"


@dataclass(frozen=True, slots=True)
class Assertion:
    name: str
    kind: Kind
    who: tuple[str, ...]
    permissions: tuple[str, ...]
    facts: Mapping[str, str]
    words: Words


@dataclass(frozen=True, slots=True)
class Failure:
    """What contradicts an assertion: a witness, from ``since`` on (None: now)."""

    assertion: Assertion
    subject: str = ""
    permission: str = ""
    rule: Rule | None = None
    roles: tuple[str, ...] = ()
    amount: int | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Case:
    """A policy during a stretch of time; ``changed`` are those for whom it differs from the one before."""

    compiled: CompiledPolicy
    standing: Standing
    at: datetime
    everybody: tuple[str, ...]
    changed: tuple[str, ...]
    first: bool

    def named(self, who: Sequence[str]) -> Iterator[str]:
        """Whom an assertion speaks of: everybody, or the roles themselves and who holds them."""
        if EVERY in who:
            yield from self.holders_and_roles()
            return
        if self.first:
            yield from who
        for subject in self.changed:
            if subject not in who and not self.standing.roles(subject).keys().isdisjoint(who):
                yield subject

    def holders_and_roles(self) -> Iterator[str]:
        """Everybody, and each role as if somebody held it: who will is not known yet."""
        yield from self.changed
        if self.first:
            rules = self.compiled.policy.rules
            yield from sorted({rule.subject for rule in rules if is_role(rule.subject)})


def standing_assertions() -> tuple[Assertion, ...]:
    """Read the assertions that Shanmen comes with."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return tuple(_assertion(row) for row in csv.DictReader(file))


def failures(
    policy: Policy, at: datetime, assertions: Sequence[Assertion] | None = None
) -> list[Failure]:
    """Return what contradicts the assertions from ``at`` on, each witness once."""
    found: dict[tuple[str, str, str], Failure] = {}
    asserted = standing_assertions() if assertions is None else assertions
    for case in _cases(policy, at):
        for assertion in asserted:
            for failure in _JUDGES[assertion.kind](assertion, case):
                since = None if case.first else case.at
                key = (assertion.name, failure.subject, failure.permission)
                found.setdefault(key, replace(failure, since=since))
    return list(found.values())


def _cases(policy: Policy, at: datetime) -> Iterator[_Case]:
    """The policy now, and at each instant from which other lines hold."""
    compiled = CompiledPolicy(policy, clock=at.timestamp)
    everybody = tuple(sorted(policy.subjects))
    yield _Case(compiled, compiled.standing(at), at, everybody, everybody, first=True)
    edges = _edges(policy)
    _start, end = compiled.register.stretch(at.timestamp())
    while end != inf:
        moment = datetime.fromtimestamp(end, UTC)
        changed = tuple(sorted(_with_deputies(policy, edges[end])))
        yield _Case(compiled, compiled.standing(moment), moment, everybody, changed, first=False)
        _start, end = compiled.register.stretch(end)


def _edges(policy: Policy) -> Mapping[float, set[str]]:
    """Whom the lines name that begin or end at an instant."""
    found: defaultdict[float, set[str]] = defaultdict(set)
    dated: tuple[Dated, ...] = (*policy.grants, *policy.reports)
    for line in dated:
        if line.since or line.until:
            names = {line.person, line.superior} if isinstance(line, Report) else {line.person}
            for edge in window(line):
                found[edge] |= names
    return found


def _with_deputies(policy: Policy, people: set[str]) -> set[str]:
    """These, and who stands in for one of them: a deputy goes by their names."""
    found = set(people)
    deputies = [grant for grant in policy.grants if grant.instead_of]
    while more := {d.person for d in deputies if d.instead_of in found} - found:
        found |= more
    return found & policy.subjects


def _only(assertion: Assertion, case: _Case) -> Iterator[Failure]:
    for subject in case.holders_and_roles():
        if not case.standing.roles(subject).keys().isdisjoint(assertion.who):
            continue
        for permission in assertion.permissions:
            settled = _facts(assertion.facts, subject)
            for rule, _holding in possible_rules(
                case.compiled, case.standing, subject, permission, settled
            )[:1]:
                yield Failure(assertion, subject, permission, rule)


def _some(assertion: Assertion, case: _Case) -> Iterator[Failure]:
    for permission in assertion.permissions:
        if not any(
            case.compiled.decide(
                subject, permission, _facts(assertion.facts, subject, NOBODY), case.at
            ).allowed
            for subject in case.everybody
        ):
            yield Failure(assertion, permission=permission)


def _apart(assertion: Assertion, case: _Case) -> Iterator[Failure]:
    for subject in case.changed:
        held = tuple(role for role in assertion.who if role in case.standing.roles(subject))
        if len(held) > 1:
            yield Failure(assertion, subject, roles=held)


def _never(assertion: Assertion, case: _Case) -> Iterator[Failure]:
    about_self = SELF in assertion.facts.values()
    for subject in case.named(assertion.who):
        for permission in assertion.permissions:
            for name in _names(case.standing, subject) if about_self else (subject,):
                rules = [
                    rule
                    for rule, holding in possible_rules(
                        case.compiled,
                        case.standing,
                        subject,
                        permission,
                        _facts(assertion.facts, name),
                    )
                    if name in holding.names
                ]
                if rules:
                    yield Failure(assertion, subject, permission, rules[0])
                    break


def _names(standing: Standing, subject: str) -> list[str]:
    """The subject, and those for whom they hold a role as a deputy."""
    holdings = [held for ways in standing.roles(subject).values() for held in ways]
    return sorted({name for holding in holdings for name in holding.names})


def _may(assertion: Assertion, case: _Case) -> Iterator[Failure]:
    for subject in case.named(assertion.who):
        facts = _facts(assertion.facts, subject, NOBODY)
        for permission in assertion.permissions:
            decision = case.compiled.decide(subject, permission, facts, case.at)
            if not decision.allowed:
                yield Failure(assertion, subject, permission, decision.rule)


def _dated_deputies(assertion: Assertion, case: _Case) -> Iterator[Failure]:
    for grant in case.compiled.policy.grants if case.first else ():
        if grant.instead_of and not grant.until:
            yield Failure(assertion, grant.person, roles=(grant.role,))


def _decided(assertion: Assertion, case: _Case) -> Iterator[Failure]:
    asking, deciding = assertion.permissions
    amounts = sorted(_amounts(case.compiled, deciding))
    deciders = [
        subject
        for subject in case.everybody
        if possible_rules(case.compiled, case.standing, subject, deciding)
    ]
    for asker, group in _askers(case, asking, deciding, deciders):
        for amount in amounts:
            if not _somebody_decides(assertion, case, deciders, (asker, group, amount)):
                yield Failure(assertion, asker, deciding, amount=amount)
                break


def _askers(
    case: _Case, asking: str, deciding: str, deciders: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Who may ask, for which group: of those who are alike to the deciders' rules one for a group."""
    alike = not any(
        term in LINE_TERMS
        for rule in case.compiled.rules_on(deciding)
        for term, _asked in parse_relation(rule.relation).wanted
    )
    special = {name for decider in deciders for name in _names(case.standing, decider)}
    seen: set[str] = set()
    for asker in case.everybody:
        ways = possible_rules(case.compiled, case.standing, asker, asking)
        groups = {group for _rule, holding in ways for group in holding.groups}
        for group in sorted(groups - {EVERY}) or ([NOBODY] if groups else []):
            if asker in special or not alike:
                yield asker, group
            elif group not in seen:
                seen.add(group)
                yield asker, group


def _somebody_decides(
    assertion: Assertion, case: _Case, deciders: list[str], asked: tuple[str, str, int]
) -> bool:
    asker, group, amount = asked
    for step_up in (False, True):
        attributes = {**_attributes(assertion.facts), AMOUNT: amount, "step_up": step_up}
        facts = Facts(asker, asker, group, frozenset(), attributes)
        for decider in deciders:
            if case.compiled.decide(decider, assertion.permissions[1], facts, case.at).allowed:
                return True
    return False


def _amounts(compiled: CompiledPolicy, permission: str) -> set[int]:
    """The amounts at which something may change: around each bound of a condition on the amount."""
    found = {1}
    for rule in compiled.rules_on(permission):
        condition = compile_condition(rule.condition)
        if condition is not None and AMOUNT in condition.names:
            for node in ast.walk(condition.tree):
                if isinstance(node, ast.Constant) and type(node.value) is int:
                    found |= {node.value - 1, node.value, node.value + 1}
    return {amount for amount in found if amount > 0}


_JUDGES: Final[Mapping[Kind, Callable[[Assertion, _Case], Iterator[Failure]]]] = {
    Kind.APART: _apart,
    Kind.DATED: _dated_deputies,
    Kind.DECIDED: _decided,
    Kind.MAY: _may,
    Kind.NEVER: _never,
    Kind.ONLY: _only,
    Kind.SOME: _some,
}


def _facts(facts: Mapping[str, str], subject: str, otherwise: str | None = None) -> Facts:
    """Settle what the assertion says; the rest is ``otherwise``: not known, or nobody."""

    def person(name: str) -> str | None:
        said = facts.get(name)
        if said is None:
            return otherwise
        return {SELF: subject, "nobody": NOBODY}.get(said, said)

    party = person("party")
    return Facts(
        owner=person("owner"),
        requester=person("requester"),
        group=person("group"),
        parties=None if party is None else frozenset({party} - {NOBODY}),
        attributes=_attributes(facts),
    )


def _attributes(facts: Mapping[str, str]) -> dict[str, object]:
    return {name: _value(name, text) for name, text in facts.items() if name in ATTRIBUTES}


def _value(name: str, text: str) -> object:
    kind = ATTRIBUTES[name].kind
    if kind is Type.TRUTH:
        return text == "true"
    return int(text) if kind is Type.NUMBER else text


def _assertion(row: Mapping[str, str]) -> Assertion:
    facts = dict(fact.strip().split("=") for fact in row["facts"].split(";") if fact.strip())
    return Assertion(
        row["name"],
        Kind(row["kind"]),
        tuple(row["who"].split()),
        tuple(_expanded(row["permissions"].split())),
        facts,
        Words(row["en"], row["zh"]),
    )


def _expanded(names: Sequence[str]) -> Iterator[str]:
    """Each permission; ``account:*`` for all of a resource."""
    for name in names:
        resource, _, action = name.partition(":")
        if action == EVERY:
            yield from (p for p in BY_NAME if p.startswith(f"{resource}:"))
        else:
            yield name
