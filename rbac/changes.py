"""Who gains and who loses what when one policy follows another, by name.

People are looked at who hold a role whose rules, holders or included roles differ, and only for the permissions
concerned; those to whom the same happens are worked out once. So thousands of people cost little more than one.

A permission that somebody keeps may become wider (a bound is raised), narrower, or other. Reporting lines are told
apart: a new superior gains nothing that rules say, but people on whose records the rules now let them act. A rule that
*forbids* by a line is not followed there; it stands in the list of changed lines all the same.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from math import inf

from rbac.compiled import CompiledPolicy, reaches
from rbac.implication import wider
from rbac.lines import ALLOW, EVERY, NEWCOMER, VISITOR, Report, Rule
from rbac.permissions import BY_NAME
from rbac.relations import LINE_TERMS, Holding, Term, parse_relation
from rbac.standing import Standing
from rbac.validity import Dated, window

#: Instants after now at which changed lines begin or end, that are looked at.
MOST_INSTANTS = 6

_NOT_PEOPLE = frozenset({VISITOR, NEWCOMER})
_GROUP_TERMS = frozenset({Term.GROUP, Term.OWN_GROUP})


class Effect(StrEnum):
    GAINED = "gained"
    LOST = "lost"
    WIDER = "wider"
    NARROWER = "narrower"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Access:
    """What somebody may do with one permission: on every record, or as far as these rules go."""

    allows: tuple[Rule, ...] = ()
    denies: tuple[Rule, ...] = ()
    always: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    permission: str
    effect: Effect
    before: Access
    after: Access


@dataclass(frozen=True, slots=True)
class Concerned:
    """People to whom the very same happens."""

    people: tuple[str, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class LineChange:
    """Whose records ``superior`` may newly, or no longer, act on, and what that concerns."""

    superior: str
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    permissions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What is different from ``since`` on (None: at once), beside what is told for earlier instants."""

    since: datetime | None
    concerned: tuple[Concerned, ...]
    lines: tuple[LineChange, ...]

    @property
    def people(self) -> frozenset[str]:
        return frozenset(
            [person for group in self.concerned for person in group.people]
            + [line.superior for line in self.lines]
        )


def differences(before: CompiledPolicy, after: CompiledPolicy, now: datetime) -> list[Difference]:
    """What changes now, and at each later instant at which a changed line begins or ends."""
    found: list[Difference] = []
    told: set[tuple[str, Change]] = set()
    told_lines: set[LineChange] = set()
    for moment in (now, *instants(before, after, now)):
        by_person, lines = _Comparison(before, after, moment).differences()
        new = {
            person: tuple(change for change in changes if (person, change) not in told)
            for person, changes in by_person.items()
        }
        told |= {(person, change) for person, changes in new.items() for change in changes}
        new_lines = tuple(line for line in lines if line not in told_lines)
        told_lines.update(new_lines)
        difference = Difference(None if moment is now else moment, _grouped(new), new_lines)
        if moment is now or difference.people:
            found.append(difference)
    return found


def instants(before: CompiledPolicy, after: CompiledPolicy, now: datetime) -> list[datetime]:
    """The next instants at which a line begins or ends that only one of the two has."""
    changed: set[Dated] = {*set(before.policy.grants) ^ set(after.policy.grants)}
    changed |= {*set(before.policy.reports) ^ set(after.policy.reports)}
    edges = {edge for line in changed for edge in window(line)}
    later = sorted(edge for edge in edges if now.timestamp() < edge < inf)
    return [datetime.fromtimestamp(edge, UTC) for edge in later[:MOST_INSTANTS]]


def _grouped(by_person: Mapping[str, tuple[Change, ...]]) -> tuple[Concerned, ...]:
    """Those to whom the same happens stand together, the largest groups first."""
    groups: dict[tuple[Change, ...], list[str]] = {}
    for person in sorted(by_person):
        if by_person[person]:
            groups.setdefault(by_person[person], []).append(person)
    found = [Concerned(tuple(people), changes) for changes, people in groups.items()]
    return tuple(sorted(found, key=lambda group: -len(group.people)))


class _Side:
    """One policy at an instant."""

    def __init__(self, compiled: CompiledPolicy, at: datetime) -> None:
        self.compiled = compiled
        self.at = at
        self.standing: Standing = compiled.standing(at)
        self.rules = set(compiled.policy.rules)
        self._newcomer = self.standing.roles(NEWCOMER)

    def roles(self, person: str) -> dict[str, tuple[Holding, ...]]:
        """Every name under which rules reach the person; of whom nothing is known, a newcomer's."""
        known = person in _NOT_PEOPLE or self.compiled.knows(person, self.at)
        return self.standing.roles(person) if known else self._newcomer


_Signature = tuple[tuple[str, tuple[tuple[frozenset[str], frozenset[str]], ...]], ...]


class _Comparison:
    def __init__(self, before: CompiledPolicy, after: CompiledPolicy, at: datetime) -> None:
        self._before, self._after = _Side(before, at), _Side(after, at)
        self._names = [*BY_NAME, *_others(before, after)]
        self._by_role: dict[str, set[str]] = defaultdict(set)
        for rule in self._before.rules | self._after.rules:
            self._by_role[rule.subject].update(self._meant(rule))
        self._changed: dict[str, set[str]] = defaultdict(set)
        for rule in self._before.rules ^ self._after.rules:
            self._changed[rule.subject].update(self._meant(rule))
        self._known: dict[tuple[_Signature, _Signature], tuple[Change, ...]] = {}

    def differences(self) -> tuple[dict[str, tuple[Change, ...]], tuple[LineChange, ...]]:
        return {person: self._changes(person) for person in self._concerned()}, tuple(self._lines())

    def _concerned(self) -> set[str]:
        """Everybody for whom something can differ: by what they hold, by what their roles come to."""
        old, new = self._before.compiled.policy, self._after.compiled.policy
        roles = {*self._changed, *(line.role for line in {*old.inclusions} ^ {*new.inclusions})}
        includers: dict[str, set[str]] = defaultdict(set)
        for role, included in (*old.inclusions, *new.inclusions):
            includers[included].add(role)
        pending = list(roles)
        for role in pending:
            pending += includers[role] - roles
            roles |= includers[role]
        grants = {*old.grants} ^ {*new.grants}
        people = {grant.person for grant in grants}
        deputies = any(grant.instead_of for grant in grants)
        for grant in (*old.grants, *new.grants):
            if grant.role in roles or (deputies and grant.instead_of):
                people.add(grant.person)
        everybody = old.subjects | new.subjects
        return set(everybody) if NEWCOMER in people | roles else people | (everybody & roles)

    def _meant(self, rule: Rule) -> Iterable[str]:
        if EVERY not in (rule.resource, rule.action):
            return (rule.permission,)
        return [
            name
            for name in self._names
            if rule.resource in (EVERY, name.partition(":")[0])
            and rule.action in (EVERY, name.partition(":")[2])
        ]

    def _changes(self, person: str) -> tuple[Change, ...]:
        old, new = self._before.roles(person), self._after.roles(person)
        key = (self._signature(person, old), self._signature(person, new))
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = tuple(self._compare(old, new))
        return known

    def _signature(self, person: str, roles: Mapping[str, tuple[Holding, ...]]) -> _Signature:
        """What tells people apart here: roles with groups, and whom they stand in for. Own names do not."""
        own = frozenset({person})
        return tuple(
            sorted(
                (role, tuple((held.groups, held.names - own) for held in ways))
                for role, ways in roles.items()
                if role != person or role in self._by_role
            )
        )

    def _compare(
        self, old: Mapping[str, tuple[Holding, ...]], new: Mapping[str, tuple[Holding, ...]]
    ) -> Iterator[Change]:
        asked: set[str] = set()
        for role in old.keys() | new.keys():
            asked |= self._changed.get(role, set())
            if old.get(role) != new.get(role):
                asked |= self._by_role.get(role, set())
        for permission in sorted(asked):
            before = _reached(self._before.compiled, old, permission)
            after = _reached(self._after.compiled, new, permission)
            if effect := _effect(before, after):
                yield Change(permission, effect, _access(before), _access(after))

    def _lines(self) -> Iterator[LineChange]:
        """Superiors whose people differ, with what the rules let them do on those people's records."""
        old, new = self._before, self._after
        if old.compiled.policy.reports == new.compiled.policy.reports:
            return
        reports = {*old.compiled.policy.reports, *new.compiled.policy.reports}
        gained: dict[str, dict[Term, set[str]]] = defaultdict(lambda: defaultdict(set))
        lost: dict[str, dict[Term, set[str]]] = defaultdict(lambda: defaultdict(set))
        for person in _below(
            {*old.compiled.policy.reports} ^ {*new.compiled.policy.reports}, reports
        ):
            for term in LINE_TERMS:
                above, now_above = (
                    old.standing.above(person, term),
                    new.standing.above(person, term),
                )
                for superior in now_above - above:
                    gained[superior][term].add(person)
                for superior in above - now_above:
                    lost[superior][term].add(person)
        for superior in sorted(gained.keys() | lost.keys()):
            yield from self._line_changes(superior, gained[superior], lost[superior])

    def _line_changes(
        self, superior: str, gained: Mapping[Term, set[str]], lost: Mapping[Term, set[str]]
    ) -> Iterator[LineChange]:
        concerned: dict[str, tuple[set[str], set[str]]] = {}
        for side, people, place in ((self._after, gained, 0), (self._before, lost, 1)):
            for permission, terms in self._by_lines(side, superior).items():
                found = {person for term in terms for person in people.get(term, ())}
                if found:
                    concerned.setdefault(permission, (set(), set()))[place].update(found)
        groups: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = defaultdict(list)
        for permission, (come, gone) in sorted(concerned.items()):
            # Who stays below them on another line that this permission asks for as well is no news.
            key = (tuple(sorted(come - gone)), tuple(sorted(gone - come)))
            if any(key):
                groups[key].append(permission)
        for (come_people, gone_people), permissions in groups.items():
            yield LineChange(superior, come_people, gone_people, tuple(permissions))

    def _by_lines(self, side: _Side, superior: str) -> dict[str, set[Term]]:
        """The permissions that rules give the superior by a reporting line, and by which."""
        found: dict[str, set[Term]] = defaultdict(set)
        roles = side.roles(superior)
        for rule in side.rules:
            if rule.effect == ALLOW and any(
                reaches(rule, held) for held in roles.get(rule.subject, ())
            ):
                for term, asked in parse_relation(rule.relation).wanted:
                    if asked and term in LINE_TERMS:
                        for permission in self._meant(rule):
                            found[permission].add(term)
        return found


def _below(changed: Iterable[Report], reports: Iterable[Report]) -> set[str]:
    """Who stands below a changed line, on any lines of either policy."""
    led: dict[str, list[str]] = defaultdict(list)
    for report in reports:
        led[report.superior].append(report.person)
    found = {report.person for report in changed}
    pending = list(found)
    for person in pending:
        pending += [other for other in dict.fromkeys(led[person]) if other not in found]
        found.update(led[person])
    return found


def _others(before: CompiledPolicy, after: CompiledPolicy) -> list[str]:
    """Permissions that the rules name and the portal does not know: of another system's policy."""
    named = {rule.permission for policy in (before, after) for rule in policy.policy.rules}
    return sorted(name for name in named if EVERY not in name and name not in BY_NAME)


@dataclass(frozen=True, slots=True)
class _Bound:
    """A rule as it reaches somebody: who it was written for plays no part any more.

    Groups and names are kept only where the relation asks for them.
    """

    rule: Rule
    groups: frozenset[str]
    names: frozenset[str]


def _reached(
    compiled: CompiledPolicy, roles: Mapping[str, tuple[Holding, ...]], permission: str
) -> dict[_Bound, Rule]:
    """The rules that reach whoever holds these roles, alike ones once, with one as it is written."""
    found: dict[_Bound, Rule] = {}
    resource, _, action = permission.partition(":")
    for rule, holdings in compiled.rules_for(permission, roles):
        for held in holdings:
            if reaches(rule, held):
                wanted = parse_relation(rule.relation).wanted
                grouped = any(term in _GROUP_TERMS for term, _asked in wanted)
                turned = rule.effect == ALLOW and any(not asked for _term, asked in wanted)
                plain = rule._replace(subject="", group=EVERY, resource=resource, action=action)
                bound = _Bound(
                    plain,
                    held.groups if grouped else frozenset(),
                    held.names if turned and len(held.names) > 1 else frozenset(),
                )
                found.setdefault(bound, rule)
    if any(bound.rule.effect != ALLOW and _is_plain(bound.rule) for bound in found):
        return {}
    if not any(bound.rule.effect == ALLOW for bound in found):
        return {}
    return found


def _is_plain(rule: Rule) -> bool:
    return not rule.condition.strip() and not parse_relation(rule.relation).wanted


def _access(found: Mapping[_Bound, Rule]) -> Access:
    rules = dict.fromkeys(found.values())
    allows = tuple(rule for rule in rules if rule.effect == ALLOW)
    denies = tuple(rule for rule in rules if rule.effect != ALLOW)
    plain = [rule for rule in allows if _is_plain(rule)]
    return Access(tuple(plain[:1]) or allows, denies, always=bool(plain) and not denies)


def _effect(before: Mapping[_Bound, Rule], after: Mapping[_Bound, Rule]) -> Effect | None:
    if before.keys() == after.keys():
        return None
    if not before:
        return Effect.GAINED
    if not after:
        return Effect.LOST
    grows, shrinks = _within(before, after), _within(after, before)
    if grows and shrinks:
        return None
    if grows:
        return Effect.WIDER
    return Effect.NARROWER if shrinks else Effect.CHANGED


def _within(small: Iterable[_Bound], large: Iterable[_Bound]) -> bool:
    """Tell whether all that the first let somebody do, the second lets them do too."""
    return all(
        any(_follows(bound, other) for other in large if other.rule.effect == ALLOW)
        for bound in small
        if bound.rule.effect == ALLOW
    ) and all(
        any(_follows(bound, other) for other in small if other.rule.effect != ALLOW)
        for bound in large
        if bound.rule.effect != ALLOW
    )


def _follows(bound: _Bound, other: _Bound) -> bool:
    """Tell whether ``other`` matches wherever ``bound`` does."""
    if not wider(bound.rule, other.rule) or not other.names <= bound.names:
        return False
    wanted = dict(parse_relation(other.rule.relation).wanted)
    if wanted.get(Term.GROUP) is False or wanted.get(Term.OWN_GROUP) is False:
        return bound.groups == other.groups
    if Term.OWN_GROUP in wanted:
        return bound.groups <= other.groups
    return Term.GROUP not in wanted or EVERY in other.groups or bound.groups <= other.groups
