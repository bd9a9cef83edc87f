"""The reference: stock Casbin judging the same policy by ``model.conf``.

Slow (about 20 µs a rule) and obviously right; the compiled policy must always agree with it. Roles
and lines are followed by Casbin's own role managers. A policy at an instant is simply the lines in
force then, so each instant has an enforcer of its own.
"""

from collections.abc import Set as AbstractSet
from datetime import datetime

import casbin
from casbin.rbac.default_role_manager import RoleManager

from rbac.adapter import LinesAdapter, lines_in_force
from rbac.conditions import compile_condition
from rbac.facts import NOTHING_KNOWN, Facts
from rbac.lines import ALLOW, DUAL, EVERY, SOLID
from rbac.policy import FOLDER, Policy
from rbac.relations import Term, parse_relation
from rbac.structure import MAX_STEPS

MODEL = FOLDER / "model.conf"


class Reference:
    """Stock ``casbin.Enforcer`` on a policy at one instant."""

    def __init__(self, policy: Policy, at: datetime) -> None:
        lines = lines_in_force(policy, at.timestamp())
        enforcer = casbin.Enforcer(str(MODEL), LinesAdapter(lines))
        enforcer.add_named_domain_matching_func("g", _same_group)
        enforcer.add_function("related", self._related)
        enforcer.add_function("met", _met)
        self._roles = enforcer.get_named_role_manager("g")
        self._solid = enforcer.get_named_role_manager(SOLID)
        self._dual = enforcer.get_named_role_manager(DUAL)
        self._either = RoleManager(MAX_STEPS + 1)
        for kind, *fields in lines:
            if kind in (SOLID, DUAL):
                self._either.add_link(fields[0], fields[1])
        self.enforcer = enforcer

    def allows(self, subject: str, permission: str, facts: Facts | None = None) -> bool:
        known = facts or NOTHING_KNOWN
        resource, _, action = permission.partition(":")
        group = known.group or ""
        return bool(self.enforcer.enforce(subject, group, resource, action, known))

    def _related(  # noqa: PLR0913, PLR0917  the matcher's own arguments
        self, subject: str, name: str, group: str, text: str, effect: str, facts: Facts
    ) -> bool:
        for term, asked in parse_relation(text).wanted:
            if term is Term.GROUP:
                known: bool | None = None
                if facts.group is not None:
                    known = bool(group) and self._roles.has_link(subject, name, group)
            else:
                known = self._stands(subject, term, facts)
            if known is None:
                if effect == ALLOW:
                    return False
            elif known is not asked:
                return False
        return True

    def _stands(self, subject: str, term: Term, facts: Facts) -> bool | None:
        """Tell whether the subject is to the record what a term other than ``group`` says."""
        if term is Term.PARTY:
            return None if facts.parties is None else subject in facts.parties
        if term is Term.REQUESTER:
            return None if facts.requester is None else facts.requester == subject
        owner = facts.owner
        if owner is None:
            return None
        if term is Term.OWNER:
            return owner == subject
        return subject in self._superiors(owner, term) or (
            subject != owner and self._leads(owner, subject, term)
        )

    def _superiors(self, owner: str, term: Term) -> AbstractSet[str]:
        solid = frozenset(self._solid.get_roles(owner))
        dual = frozenset(self._dual.get_roles(owner))
        one_step = {Term.SOLID: solid, Term.DUAL: dual, Term.DIRECT: solid | dual}
        return one_step.get(term, frozenset())

    def _leads(self, owner: str, subject: str, term: Term) -> bool:
        if term is Term.SOLID_SUPERIOR:
            return bool(self._solid.has_link(owner, subject))
        return term is Term.SUPERIOR and bool(self._either.has_link(owner, subject))


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
