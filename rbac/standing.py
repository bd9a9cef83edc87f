"""Who holds which roles and who stands above whom, at an instant.

``Register`` sorts the policy's lines once. ``Standing`` is its state during a stretch of time in
which no line begins or ends; it works out a person's roles and superiors when first asked and
remembers them. A new stretch therefore costs nothing until somebody acts in it.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from math import inf

from rbac.lines import DUAL, EVERY, SOLID, Grant, Report
from rbac.policy import Policy
from rbac.relations import Holding, Term
from rbac.validity import in_force, moments

Names = frozenset[str]

_ONE_STEP = {
    Term.SOLID: frozenset({SOLID}),
    Term.DUAL: frozenset({DUAL}),
    Term.DIRECT: frozenset({SOLID, DUAL}),
}
_ALL_STEPS = {Term.SOLID_SUPERIOR: Term.SOLID, Term.SUPERIOR: Term.DIRECT}


class Register:
    """A policy's grants, inclusions and reporting lines, by the name they are asked for."""

    def __init__(self, policy: Policy) -> None:
        self._grants: dict[str, list[Grant]] = {}
        for grant in policy.grants:
            self._grants.setdefault(grant.person, []).append(grant)
        self._reports: dict[str, list[Report]] = {}
        self._led: dict[str, list[Report]] = {}
        for report in policy.reports:
            self._reports.setdefault(report.person, []).append(report)
            self._led.setdefault(report.superior, []).append(report)
        self._included: dict[str, list[str]] = {}
        for role, included in policy.inclusions:
            self._included.setdefault(role, []).append(included)
        self._moments = moments((*policy.grants, *policy.reports))
        self._ruled = {rule.subject for rule in policy.rules}
        self._subjects = self._grants.keys() | self._included.keys() | self._ruled

    def knows(self, subject: str) -> bool:
        """Tell whether the policy gives the subject anything at any time."""
        return subject in self._subjects

    def ruled(self, subject: str) -> bool:
        """Tell whether a rule names the subject itself."""
        return subject in self._ruled

    def stretch(self, moment: float) -> tuple[float, float]:
        """Return the bounds of the time around ``moment`` in which no line begins or ends."""
        place = bisect_right(self._moments, moment)
        end = self._moments[place] if place < len(self._moments) else inf
        return self._moments[place - 1], end

    def grants(self, person: str, moment: float) -> list[Grant]:
        return [g for g in self._grants.get(person, ()) if in_force(g, moment)]

    def reports(self, person: str, moment: float) -> list[Report]:
        return [r for r in self._reports.get(person, ()) if in_force(r, moment)]

    def led(self, person: str, moment: float) -> list[Report]:
        return [r for r in self._led.get(person, ()) if in_force(r, moment)]

    def included(self, role: str) -> Iterable[str]:
        """Return the roles that ``role`` includes in one step."""
        return self._included.get(role, ())


class Standing:
    """The register between two instants; everything asked is remembered."""

    def __init__(self, register: Register, start: float, end: float) -> None:
        self.register = register
        self.start = start
        self.end = end
        self._roles: dict[str, dict[str, tuple[Holding, ...]]] = {}
        self._superiors: dict[Term, _Superiors] = {}

    def roles(self, subject: str) -> dict[str, tuple[Holding, ...]]:
        """Return every name under which rules reach the subject, and how it is held.

        The subject itself is the first, in every group: Casbin's ``g(x, x, group)`` is true.
        """
        roles = self._roles.get(subject)
        if roles is None:
            held: dict[str, dict[Names, set[str]]] = {}
            self._include(subject, EVERY, frozenset({subject}), held)
            for grant in self.register.grants(subject, self.start):
                self._include(grant.role, grant.group, self.names_of(grant), held)
            roles = {
                role: tuple(Holding(frozenset(groups), names) for names, groups in ways.items())
                for role, ways in held.items()
            }
            self._roles[subject] = roles
        return roles

    def _include(
        self, role: str, group: str, names: Names, held: dict[str, dict[Names, set[str]]]
    ) -> None:
        pending = [role]
        while pending:
            name = pending.pop()
            groups = held.setdefault(name, {}).setdefault(names, set())
            if group not in groups:
                groups.add(group)
                pending.extend(self.register.included(name))

    def names_of(self, grant: Grant) -> Names:
        """Return as whom a grant is held: the person, the absent, and whom the absent stands in for."""
        found = {grant.person}
        pending = [grant.instead_of] if grant.instead_of else []
        found.update(pending)
        while pending:
            grants = self.register.grants(pending.pop(), self.start)
            more = {grant.instead_of for grant in grants if grant.instead_of} - found
            found |= more
            pending.extend(more)
        return frozenset(found)

    def above(self, person: str, term: Term) -> frozenset[str]:
        """Return who stands above ``person`` by a term of lines."""
        return self.superiors(term)[person]

    def superiors(self, term: Term) -> Mapping[str, frozenset[str]]:
        """Return who stands above whom by a term of lines, worked out when first looked up."""
        found = self._superiors.get(term)
        if found is None:
            found = self._superiors[term] = _Superiors(self, term)
        return found

    def find_above(self, person: str, term: Term) -> frozenset[str]:
        if term in _ONE_STEP:
            kinds = _ONE_STEP[term]
            reports = self.register.reports(person, self.start)
            return frozenset(report.superior for report in reports if report.line in kinds)
        step = _ALL_STEPS[term]
        found: set[str] = set()
        pending = [person]
        while pending:
            higher = self.above(pending.pop(), step) - found
            found |= higher
            pending.extend(higher)
        return frozenset(found)

    def leads(self, subject: str, term: Term) -> bool:
        """Tell whether there is anybody to whom the subject is what a term of lines says."""
        kinds = _ONE_STEP[_ALL_STEPS.get(term, term)]
        return any(r.line in kinds for r in self.register.led(subject, self.start))


class _Superiors(dict[str, frozenset[str]]):
    def __init__(self, standing: Standing, term: Term) -> None:
        super().__init__()
        self._standing = standing
        self._term = term

    def __missing__(self, person: str) -> frozenset[str]:
        found = self[person] = self._standing.find_above(person, self._term)
        return found
