"""What is odd about a policy that holds: lines that nobody can use, that repeat others, that give too much.

None of it is refused: a role may be written before somebody holds it. Whoever edits is shown it beside the line.
Lines are judged from ``at`` on: what is over counts as gone, what is to come as there.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from rbac.implication import can_fail, ever_holds, is_impossible, wider
from rbac.lines import (
    ALLOW,
    DUAL,
    EVERY,
    NEWCOMER,
    SOLID,
    VISITOR,
    Grant,
    Rule,
    is_role,
    written,
)
from rbac.policy import Policy
from rbac.relations import LINE_TERMS, Term, parse_relation
from rbac.validity import Dated, window

#: Too many for what is sensitive: this part of all people, and never fewer than ``FEW``.
BROAD: Final = 1 / 3
FEW: Final = 4

#: What reveals, decides, spends, grants or destroys: not for everybody, and not without a condition.
SENSITIVE: Final = frozenset(
    {
        "account:create",
        "account:disable",
        "account:reset",
        "approval:decide",
        "approval:sign",
        "audit_trail:export",
        "audit_trail:read",
        "backup:restore",
        "breach:investigate",
        "breach:read",
        "catalogue:edit",
        "closure:create",
        "contract:extract",
        "contract:open",
        "dispute:arbitrate",
        "personnel:edit",
        "personnel:read",
        "policy:draft",
        "policy:import",
        "policy:release",
        "refund:decide",
        "role:grant",
        "session:revoke",
        "settings:edit",
        "slot:edit",
        "visitor:erase",
        "visitor:export",
        "visitor:reveal",
    }
)

_KINDS_OF: Final = {
    Term.SOLID: frozenset({SOLID}),
    Term.SOLID_SUPERIOR: frozenset({SOLID}),
    Term.DUAL: frozenset({DUAL}),
}


class Code(StrEnum):
    UNHELD = "unheld"  # nobody holds the role
    NOT_IN_GROUP = "not-in-group"  # nobody holds it in the rule's group
    IMPOSSIBLE = "impossible"  # the relation excludes itself
    NO_LINE = "no-line"  # nobody whom the rule reaches has anybody below them on such a line
    NEVER_TRUE = "never-true"  # no record can meet the condition
    ALWAYS_TRUE = "always-true"  # every record meets the condition
    OVER = "over"  # the line's time is over
    EMPTY_ROLE = "empty-role"  # no rule says anything for the role
    SHADOWED = "shadowed"  # another rule says it already
    DENIED = "denied"  # a deny rule takes all of it back
    CONTRADICTORY = "contradictory"  # the very same is allowed and denied
    EVERYTHING = "everything"  # all actions or all resources, those to come included
    TOO_WIDE = "too-wide"  # something sensitive, always, for many or for people without an account


DEAD: Final = frozenset(
    {
        Code.UNHELD,
        Code.NOT_IN_GROUP,
        Code.IMPOSSIBLE,
        Code.NO_LINE,
        Code.NEVER_TRUE,
        Code.OVER,
        Code.EMPTY_ROLE,
        Code.DENIED,
    }
)
SHADOWED: Final = frozenset({Code.SHADOWED, Code.ALWAYS_TRUE})
WIDE: Final = frozenset({Code.EVERYTHING, Code.TOO_WIDE})


class Finding(NamedTuple):
    """``other_line`` shadows, denies or contradicts this one; ``reached``: how many people a wide rule reaches."""

    line: str
    code: Code
    other_line: str = ""
    reached: int = 0


def findings(policy: Policy, at: datetime) -> list[Finding]:
    """Everything odd, in the order of the lines; of one line first why it is dead."""
    place = {written(tokens): number for number, tokens in enumerate(policy.lines)}
    look = _Look(policy, at.timestamp())
    return sorted(look.all(), key=lambda finding: place[finding.line])


class _Look:
    """One look at a policy: who holds what, worked out once for all rules."""

    def __init__(self, policy: Policy, moment: float) -> None:
        self.policy = policy
        self.moment = moment
        self._included: dict[str, list[str]] = defaultdict(list)
        for inclusion in policy.inclusions:
            self._included[inclusion.role].append(inclusion.included)
        self._lineages: dict[str, frozenset[str]] = {}
        self._holders = self._find_holders()
        self._people = {grant.person for grant in policy.grants if not self._is_over(grant)}
        self._people -= {VISITOR, NEWCOMER}
        self._leaders: dict[str, set[str]] = defaultdict(set)
        for report in policy.reports:
            if not self._is_over(report):
                self._leaders[report.line].add(report.superior)
        self._on: dict[tuple[str, str], list[tuple[int, Rule]]] = defaultdict(list)
        for number, rule in enumerate(policy.rules):
            self._on[rule.resource, rule.action].append((number, rule))
        self._spoken = {rule.subject for rule in policy.rules}

    def all(self) -> Iterator[Finding]:
        for number, rule in enumerate(self.policy.rules):
            dead = self._dead(rule)
            if dead is not None:
                yield Finding(written(rule.tokens), dead)
            yield from self._said_elsewhere(number, rule)
            yield from self._wide(rule)
            if not can_fail(rule.condition) and rule.condition.strip():
                yield Finding(written(rule.tokens), Code.ALWAYS_TRUE)
        dated: tuple[Dated, ...] = (*self.policy.grants, *self.policy.reports)
        for line in dated:
            if self._is_over(line):
                yield Finding(written(line.tokens), Code.OVER)
            elif isinstance(line, Grant) and self.is_empty(line.role):
                yield Finding(written(line.tokens), Code.EMPTY_ROLE)
        for inclusion in self.policy.inclusions:
            if self.is_empty(inclusion.included):
                yield Finding(written(inclusion.tokens), Code.EMPTY_ROLE)

    def is_empty(self, role: str) -> bool:
        return self._spoken.isdisjoint(self.names(role))

    def names(self, subject: str) -> frozenset[str]:
        """Every name under which rules reach whoever has this one: itself and all it includes."""
        found = self._lineages.get(subject)
        if found is None:
            reached, pending = {subject}, [subject]
            while pending:
                for role in self._included.get(pending.pop(), ()):
                    if role not in reached:
                        reached.add(role)
                        pending.append(role)
            found = self._lineages[subject] = frozenset(reached)
        return found

    def reached(self, rule: Rule) -> set[str]:
        """Whom the rule reaches, now or later."""
        if not is_role(rule.subject):
            return {rule.subject}
        held = self._holders.get(rule.subject, {})
        if rule.group == EVERY:
            return set(held)
        return {
            person for person, groups in held.items() if not groups.isdisjoint((rule.group, EVERY))
        }

    def _find_holders(self) -> dict[str, dict[str, set[str]]]:
        holders: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for grant in self.policy.grants:
            if not self._is_over(grant):
                for role in self.names(grant.role):
                    holders[role][grant.person].add(grant.group)
        for person in {rule.subject for rule in self.policy.rules if not is_role(rule.subject)}:
            holders[person][person].add(EVERY)
        return holders

    def _is_over(self, line: Dated) -> bool:
        return window(line)[1] <= self.moment

    def _dead(self, rule: Rule) -> Code | None:
        reached = self.reached(rule)
        if not reached:
            held = rule.group != EVERY and self._holders.get(rule.subject)
            return Code.NOT_IN_GROUP if held else Code.UNHELD
        if rule.effect != ALLOW:
            return None  # whatever it asks, it matches where that is not known
        if is_impossible(rule.relation):
            return Code.IMPOSSIBLE
        if not ever_holds(rule.condition):
            return Code.NEVER_TRUE
        for term, asked in parse_relation(rule.relation).wanted:
            if asked and term in LINE_TERMS:
                kinds = _KINDS_OF.get(term, frozenset({SOLID, DUAL}))
                if not any(reached & self._leaders[kind] for kind in kinds):
                    return Code.NO_LINE
        return None

    def _said_elsewhere(self, number: int, rule: Rule) -> Iterator[Finding]:
        """The first rule that says it already, and the first deny that takes it back."""
        shadow, denial = "", ""
        for other_number, other in self._near(rule):
            if other_number == number or not self._covers(other, rule):
                continue
            if other.effect != rule.effect:
                same = self._covers(rule, other._replace(effect=rule.effect))
                code = Code.CONTRADICTORY if same else Code.DENIED
                if rule.effect == ALLOW and not denial:
                    denial = written(other.tokens)
                    yield Finding(written(rule.tokens), code, denial)
            elif not shadow and not (number < other_number and self._covers(rule, other)):
                shadow = written(other.tokens)
                yield Finding(written(rule.tokens), Code.SHADOWED, shadow)

    def _near(self, rule: Rule) -> Iterator[tuple[int, Rule]]:
        names = self.names(rule.subject)
        for pair in {
            (rule.resource, rule.action),
            (rule.resource, EVERY),
            (EVERY, rule.action),
            (EVERY, EVERY),
        }:
            for number, other in self._on.get(pair, ()):
                if other.subject in names:
                    yield number, other

    def _covers(self, other: Rule, rule: Rule) -> bool:
        if other.subject not in self.names(rule.subject) or not wider(rule, other):
            return False
        # Whoever holds the included role in more groups than this one is not "not in the group" there.
        return other.subject == rule.subject or not any(
            term in (Term.GROUP, Term.OWN_GROUP) and not asked
            for term, asked in parse_relation(other.relation).wanted
        )

    def _wide(self, rule: Rule) -> Iterator[Finding]:
        if rule.effect != ALLOW:
            return
        if EVERY in (rule.resource, rule.action):
            yield Finding(written(rule.tokens), Code.EVERYTHING, reached=len(self.reached(rule)))
        elif rule.permission in SENSITIVE and is_unconditional(rule):
            reached = self.reached(rule)
            if not reached.isdisjoint((VISITOR, NEWCOMER)) or len(reached) > max(
                FEW, len(self._people) * BROAD
            ):
                yield Finding(written(rule.tokens), Code.TOO_WIDE, reached=len(reached))


def is_unconditional(rule: Rule) -> bool:
    """Tell whether neither relation nor condition excludes any record."""
    return not parse_relation(rule.relation).wanted and not can_fail(rule.condition)
