"""The reference: stock Casbin judging the same policy by ``model.conf``.

Slow (about 20 µs a rule) and obviously right; the compiled policy must always agree with it. Roles
and lines are followed by Casbin's own role managers. A policy at an instant is simply the lines in
force then, so each instant has an enforcer of its own.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

import casbin
from casbin.rbac.default_role_manager import DomainManager, RoleManager

from rbac.adapter import LinesAdapter, lines_in_force
from rbac.conditions import compile_condition
from rbac.facts import NOBODY, NOTHING_KNOWN, Facts
from rbac.lines import ALLOW, DUAL, EVERY, SOLID, Tokens, is_role
from rbac.policy import FOLDER, Policy
from rbac.relations import Term, parse_relation
from rbac.structure import MAX_STEPS
from rbac.validity import in_force

MODEL = FOLDER / "model.conf"


class Reference:
    """Stock ``casbin.Enforcer`` on a policy at one instant."""

    def __init__(self, policy: Policy, at: datetime) -> None:
        lines = lines_in_force(policy, at.timestamp())
        enforcer = casbin.Enforcer(str(MODEL), LinesAdapter(lines))
        enforcer.add_named_domain_matching_func("g", _same_group)
        enforcer.add_function("related", self._related)
        enforcer.add_function("met", _met)
        self._solid = enforcer.get_named_role_manager(SOLID)
        self._dual = enforcer.get_named_role_manager(DUAL)
        self._either = RoleManager(MAX_STEPS + 1)
        for kind, *fields in lines:
            if kind in (SOLID, DUAL):
                self._either.add_link(fields[0], fields[1])
        self._holdings = _holdings(policy, at.timestamp())
        self.enforcer = enforcer

    def allows(self, subject: str, permission: str, facts: Facts | None = None) -> bool:
        known = facts or NOTHING_KNOWN
        resource, _, action = permission.partition(":")
        group = known.group or ""
        return bool(self.enforcer.enforce(subject, group, resource, action, known))

    def _related(self, *matched: Any) -> bool:
        """Ask about the relation once for each way in which the subject holds the line's role."""
        subject, name, in_group, _group, relation, effect, facts = matched
        for holding in self._holdings:
            if not holding.every.has_link(subject, name, in_group):
                continue
            for term, asked in parse_relation(relation).wanted:
                people = {subject}
                if effect == ALLOW and not asked:
                    people |= holding.absent
                known = (
                    holding.counts_in(facts.group, subject, name, term)
                    if term in (Term.GROUP, Term.OWN_GROUP)
                    else self._anybody(people, term, facts)
                )
                if known is not asked and (known is not None or effect == ALLOW):
                    break
            else:
                return True
        return False

    def _anybody(self, people: Collection[str], term: Term, facts: Facts) -> bool | None:
        """Tell whether somebody of these is to the record what the term says."""
        if term is Term.PARTY:
            return None if facts.parties is None else bool(facts.parties & set(people))
        if term is Term.REQUESTER:
            return None if facts.requester is None else facts.requester in people
        if facts.owner is None:
            return None
        if term is Term.OWNER:
            return facts.owner in people
        return any(self._stands_above(facts.owner, person, term) for person in people)

    def _stands_above(self, owner: str, person: str, term: Term) -> bool:
        if term in (Term.SOLID, Term.DIRECT) and person in self._solid.get_roles(owner):
            return True
        if term in (Term.DUAL, Term.DIRECT) and person in self._dual.get_roles(owner):
            return True
        if term is Term.SOLID_SUPERIOR:
            return person != owner and bool(self._solid.has_link(owner, person))
        if term is Term.SUPERIOR:
            return person != owner and bool(self._either.has_link(owner, person))
        return False


class _Holding:
    """The roles that people hold for the same absent persons; for nobody: in their own right."""

    def __init__(self, absent: frozenset[str], roles: Collection[Tokens]) -> None:
        self.absent = absent
        self.every = _roles(roles)
        self._by_name = _roles(line for line in roles if line[2] != EVERY or is_role(line[0]))

    def counts_in(self, group: str | None, subject: str, name: str, term: Term) -> bool | None:
        """Tell whether the role is held in the record's group."""
        if group is None:
            return None
        if term is Term.GROUP:
            return group != NOBODY and bool(self.every.has_link(subject, name, group))
        if subject == name or is_role(subject):  # itself in every group, in none by name
            return False
        return group != NOBODY and bool(self._by_name.has_link(subject, name, group))


def _roles(lines: Iterable[Tokens]) -> DomainManager:
    manager = DomainManager(MAX_STEPS + 1)
    manager.add_domain_matching_func(_same_group)
    for holder, role, group in lines:
        manager.add_link(holder, role, group)
    return manager


def _holdings(policy: Policy, moment: float) -> list[_Holding]:
    grants = [grant for grant in policy.grants if in_force(grant, moment)]
    inclusions = [(role, included, EVERY) for role, included in policy.inclusions]
    deputies = RoleManager(len(grants) + 1)
    for grant in grants:
        if grant.instead_of:
            deputies.add_link(grant.person, grant.instead_of)
    everybody = {grant.instead_of for grant in grants} - {""}
    return [
        _Holding(
            frozenset(name for name in everybody if absent and deputies.has_link(absent, name)),
            [*inclusions, *(grant[:3] for grant in grants if grant.instead_of == absent)],
        )
        for absent in ("", *everybody)
    ]


def _same_group(asked: str, granted: str) -> bool:
    """Let a role held in every group count in each, and a rule for any group find each."""
    return EVERY in (asked, granted)


def _met(text: str, effect: str, facts: Facts) -> bool:
    condition = compile_condition(text)
    if condition is None:
        return True
    if effect == ALLOW:
        return condition.certain(facts.attributes)
    return condition.possible(facts.attributes)
