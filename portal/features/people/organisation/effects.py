"""What a change of lines gives and takes: by permission, through roles and lines, with no rule touched.

Both policies are asked about the same instant, the day of the change, so that what changes anyway is not counted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from rbac.chances import possible_rules
from rbac.compiled import CompiledPolicy
from rbac.lines import EVERY
from rbac.permissions import BY_NAME
from rbac.policy import Policy
from rbac.relations import LINE_TERMS, Term, parse_relation

GROUP_TERMS = frozenset({Term.GROUP, Term.OWN_GROUP})


@dataclass(frozen=True, slots=True)
class Ability:
    """A permission by name, and what it is limited to: groups, people led, or what names the holder (``own``)."""

    permission: str
    groups: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    own: bool = False


@dataclass(frozen=True, slots=True)
class Effect:
    """Of one person. Only what is certain to be bound to the person's own place is told."""

    person: str
    gained: tuple[Ability, ...]
    lost: tuple[Ability, ...]


def effects(before: Policy, after: Policy, people: Iterable[str], at: datetime) -> list[Effect]:
    """What each of these people gains and loses, those for whom nothing changes left out."""
    compiled = (CompiledPolicy(before), CompiledPolicy(after))
    found = []
    for person in people:
        had, has = (abilities(policy, person, at) for policy in compiled)
        gained, lost = _beyond(has, had), _beyond(had, has)
        if gained or lost:
            found.append(Effect(person, gained, lost))
    return found


def _beyond(these: frozenset[Ability], those: frozenset[Ability]) -> tuple[Ability, ...]:
    """What is new in these: who may something anywhere has not lost it in one group, nor for themselves."""
    return _sorted(ability for ability in these - those if Ability(ability.permission) not in those)


def abilities(compiled: CompiledPolicy, person: str, at: datetime) -> frozenset[Ability]:
    """All that somebody may do on some record, as far as it depends on roles, groups and lines.

    One entry for each group and each person led, so that a comparison names the one that is new.
    """
    found: set[Ability] = set()
    standing = compiled.standing(at)
    for permission in BY_NAME:
        for rule, holding in possible_rules(compiled, standing, person, permission):
            terms = {term for term, asked in parse_relation(rule.relation).wanted if asked}
            line = next(iter(terms & LINE_TERMS), None)
            if line is not None:
                found |= {
                    Ability(permission, (), (led,)) for led in led_by(compiled, person, line, at)
                }
            elif rule.group != EVERY or terms & GROUP_TERMS:
                groups = holding.groups if rule.group == EVERY else {rule.group}
                found |= {Ability(permission, (group,)) for group in groups}
            else:
                found.add(Ability(permission, own=bool(terms)))
    return frozenset(
        ability
        for ability in found
        if Ability(ability.permission) not in found or ability == Ability(ability.permission)
    )


def led_by(compiled: CompiledPolicy, person: str, term: Term, at: datetime) -> set[str]:
    """Whose superior somebody is, by a term of lines."""
    standing = compiled.standing(at)
    names = {report.person for report in compiled.policy.reports}
    return {name for name in names if person in standing.above(name, term)}


def concerned(before: Policy, after: Policy, person: str, at: datetime) -> list[str]:
    """Whom a change may concern: the person, whose lines differ, and everybody above them before or after."""
    compiled = (CompiledPolicy(before), CompiledPolicy(after))
    changed = {line.person for line in set(before.reports) ^ set(after.reports)}
    changed |= {grant.person for grant in set(before.grants) ^ set(after.grants)}
    above = {
        name
        for policy in compiled
        for who in changed
        for name in policy.standing(at).above(who, Term.SUPERIOR)
    }
    others = sorted((changed | above) - {person})
    return [person, *others]


def _sorted(abilities: Iterable[Ability]) -> tuple[Ability, ...]:
    """By permission, its groups and people gathered."""
    groups: dict[str, set[str]] = {}
    people: dict[str, set[str]] = {}
    own: dict[str, bool] = {}
    for ability in abilities:
        groups.setdefault(ability.permission, set()).update(ability.groups)
        people.setdefault(ability.permission, set()).update(ability.people)
        own[ability.permission] = own.get(ability.permission, False) or ability.own
    return tuple(
        Ability(name, tuple(sorted(groups[name])), tuple(sorted(people[name])), own[name])
        for name in sorted(groups)
    )
