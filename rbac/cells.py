"""A policy as a table: for each role and permission what it comes to, and from where.

The table tells what is given without asking about a record: always, in some cases, never. What a
role includes counts as its own but is told apart, with the role it comes from. Who holds the roles
plays no part here.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from rbac.areas import ROLE_SETS
from rbac.lines import ALLOW, EVERY, NEWCOMER, VISITOR, Rule
from rbac.policy import Policy
from rbac.relations import parse_relation


class State(StrEnum):
    NONE = "none"
    ALLOWED = "allowed"
    CONDITIONAL = "conditional"  # in some groups, on some records, under a condition
    DENIED = "denied"
    PARTLY_DENIED = "partly-denied"  # refused in some cases, allowed in none


class Cell(NamedTuple):
    """``source`` is the included role from which the state comes, empty when it is the role's own.

    ``ticked``: the plain rule stands there. ``refused``: something is allowed, and a deny rule, own or
    included, refuses it in some cases. ``rules`` are the role's own on this permission.
    """

    state: State
    source: str
    ticked: bool
    refused: bool
    rules: tuple[Rule, ...]


def plain_rule(subject: str, permission: str) -> Rule:
    """Return what a tick says: allowed in every group, on every record, always."""
    resource, _, action = permission.partition(":")
    return Rule(subject, EVERY, resource, action, "any", "", ALLOW)


def is_plain(rule: Rule) -> bool:
    """Tell whether the rule holds whatever the group and the record are."""
    return rule.group == EVERY and not rule.condition and not parse_relation(rule.relation).wanted


_NOTHING = Cell(State.NONE, "", ticked=False, refused=False, rules=())


class Table:
    """Answers ``cell``; made anew for each version of the lines."""

    def __init__(self, policy: Policy) -> None:
        self.subjects = subjects_of(policy)
        self._included = _lineages(policy)
        self._rules: dict[tuple[str, str], dict[str, list[Rule]]] = {}
        for rule in policy.rules:
            on = self._rules.setdefault((rule.resource, rule.action), {})
            on.setdefault(rule.subject, []).append(rule)
        self._rows: dict[str, Mapping[str, list[Rule]]] = {}

    def included(self, subject: str) -> tuple[str, ...]:
        """Every role that a role includes, the nearest first."""
        return self._included.get(subject, ())

    def cell(self, subject: str, permission: str) -> Cell:
        row = self._row(permission)
        own = row.get(subject, ())
        above = [(role, row[role]) for role in self.included(subject) if role in row]
        if not own and not above:
            return _NOTHING
        allowing, source = _strongest(own, above, allow=True)
        denying, denied_by = _strongest(own, above, allow=False)
        ticked = bool(own) and plain_rule(subject, permission) in own
        if denying is State.ALLOWED:  # a deny rule that always matches
            state, source = State.DENIED, denied_by
        elif allowing is not State.NONE:
            state = allowing
        else:
            state, source = State.PARTLY_DENIED, denied_by
        refused = denying is State.CONDITIONAL and state is not State.PARTLY_DENIED
        return Cell(state, source, ticked, refused, tuple(own))

    def _row(self, permission: str) -> Mapping[str, list[Rule]]:
        """The rules on a permission by subject, those on all resources or actions among them."""
        row = self._rows.get(permission)
        if row is None:
            resource, _, action = permission.partition(":")
            found: dict[str, list[Rule]] = {}
            for pair in ((resource, action), (resource, EVERY), (EVERY, action), (EVERY, EVERY)):
                for subject, rules in self._rules.get(pair, {}).items():
                    found.setdefault(subject, []).extend(rules)
            row = self._rows[permission] = found
        return row


def subjects_of(policy: Policy) -> tuple[str, ...]:
    """Return the roles, and whoever else has rules: in the order of the role sets, others after them."""
    named = {name: None for each in ROLE_SETS for name in each.subjects}
    there = {rule.subject for rule in policy.rules}
    there |= {role for line in policy.inclusions for role in line}
    there |= {grant.role for grant in policy.grants}
    there |= {grant.person for grant in policy.grants} & {VISITOR, NEWCOMER}
    return (*(name for name in named if name in there), *sorted(there - named.keys()))


def _lineages(policy: Policy) -> dict[str, tuple[str, ...]]:
    direct: dict[str, list[str]] = {}
    for role, included in policy.inclusions:
        direct.setdefault(role, []).append(included)
    for grant in policy.grants:
        if grant.person in (VISITOR, NEWCOMER):
            direct.setdefault(grant.person, []).append(grant.role)
    found = {}
    for start, nearest in direct.items():
        reached = dict.fromkeys(nearest)
        pending = list(nearest)
        for role in pending:
            new = [each for each in direct.get(role, ()) if each not in reached]
            reached.update(dict.fromkeys(new))
            pending.extend(new)
        found[start] = tuple(reached)
    return found


def _strongest(
    own: Iterable[Rule], above: Iterable[tuple[str, list[Rule]]], *, allow: bool
) -> tuple[State, str]:
    """How far rules of one effect reach, and whence: always before sometimes, own before included."""
    best, source = _reach(own, allow=allow), ""
    for role, rules in above:
        if best is State.ALLOWED:
            break
        reach = _reach(rules, allow=allow)
        if reach is State.ALLOWED or best is State.NONE:
            best, source = reach, role if reach is not State.NONE else ""
    return best, source


def _reach(rules: Iterable[Rule], *, allow: bool) -> State:
    found = State.NONE
    for rule in rules:
        if (rule.effect == ALLOW) is allow:
            if is_plain(rule):
                return State.ALLOWED
            found = State.CONDITIONAL
    return found
