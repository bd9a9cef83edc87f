"""The smallest changes that would let somebody do what they were refused, the least powerful first.

A proposal is one line more: a grant of a role that has the permission, in the group that fits, or a rule for the
person or for everybody who holds their role there. Each is tried on the whole policy: what it gives beside what was
asked for, to whom, and which standing assertions it would break.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime

from rbac.assertions import Failure, failures
from rbac.compiled import CompiledPolicy
from rbac.lines import ALLOW, EVERY, NEWCOMER, Grant, Rule, is_role
from rbac.permissions import BY_NAME
from rbac.policy import Policy
from rbac.relations import ANY, Term, parse_relation

Key = tuple[str, str, str]

MOST = 6
_MOST_RULES = (
    2  # of a kind: a permission with many conditions must not crowd out the roles that have it
)
_OF_GROUPS = frozenset({Term.GROUP, Term.OWN_GROUP})


@dataclass(frozen=True, slots=True)
class Proposal:
    """``permissions`` are all that the person gains; ``people`` all who gain the one that was asked for.

    ``breaks`` are standing assertions that hold today and would not, each with one witness.
    """

    line: Grant | Rule
    permissions: tuple[str, ...]
    people: tuple[str, ...]
    breaks: tuple[Failure, ...]

    @property
    def power(self) -> int:
        """How much more may be done by how many, and nobody knows what is worse."""
        return len(self.permissions) + len(self.people)


def held(compiled: CompiledPolicy, person: str, at: datetime | None = None) -> set[str]:
    """Every permission that somebody with an account has on some record."""
    subject = person if compiled.knows(person, at) else NEWCOMER
    return {name for name in BY_NAME if compiled.may_ever(subject, name, at)}


def proposals(
    compiled: CompiledPolicy, person: str, permission: str, at: datetime
) -> tuple[Proposal, ...]:
    """What would let this person do this on some record, the least powerful first; at most ``MOST``.

    Those that keep every assertion stand before those that break one.
    """
    known = {_key(failure) for failure in failures(compiled.policy, at)}
    tried: list[Proposal] = []
    for proposal in candidates(compiled, person, permission, at):
        tried.append(replace(proposal, breaks=broken(compiled.policy, proposal.line, at, known)))
        if sum(not each.breaks for each in tried) == MOST:
            break
    return tuple(sorted(tried, key=lambda proposal: bool(proposal.breaks)))[:MOST]


def candidates(
    compiled: CompiledPolicy, person: str, permission: str, at: datetime
) -> list[Proposal]:
    """The lines that would let the person and take nothing from them; no assertion is asked yet."""
    policy, before = compiled.policy, held(compiled, person, at)
    there: set[Grant | Rule] = {*policy.grants, *policy.rules}
    lines: dict[Grant | Rule, None] = dict.fromkeys(
        (
            *_grants(compiled, person, permission, at),
            *_rules(compiled, person, permission, at),
        )
    )
    found = []
    for line in lines:
        if line in there:
            continue
        after = CompiledPolicy(_with(policy, line))
        if not after.may_ever(person, permission, at):
            continue
        having = held(after, person, at)
        if before - having:  # with a rule of their own a newcomer would no longer be judged as one
            continue
        people = _gainers(compiled, after, line, permission, at)
        found.append(Proposal(line, tuple(sorted(having - before)), people, ()))
    found.sort(key=lambda proposal: (proposal.power, isinstance(proposal.line, Rule)))
    return _sorted_out(found)


def broken(
    policy: Policy, line: Grant | Rule, at: datetime, known: AbstractSet[Key] | None = None
) -> tuple[Failure, ...]:
    """The standing assertions that hold without the line and not with it, each with one witness."""
    already = {_key(failure) for failure in failures(policy, at)} if known is None else known
    found = {
        failure.assertion.name: failure
        for failure in failures(_with(policy, line), at)
        if _key(failure) not in already
    }
    return tuple(found.values())


def _sorted_out(found: list[Proposal]) -> list[Proposal]:
    """The first rules for the person, the first for their role, and the roles; no more than are shown."""
    kept: list[Proposal] = []
    kinds: dict[bool, int] = {}
    for proposal in found:
        if isinstance(proposal.line, Rule):
            kind = is_role(proposal.line.subject)
            kinds[kind] = kinds.get(kind, 0) + 1
            if kinds[kind] > _MOST_RULES:
                continue
        kept.append(proposal)
    return kept[: 2 * MOST]


def _key(failure: Failure) -> Key:
    return failure.assertion.name, failure.subject, failure.permission


def _with(policy: Policy, line: Grant | Rule) -> Policy:
    if isinstance(line, Grant):
        return replace(policy, grants=(*policy.grants, line))
    return replace(policy, rules=(*policy.rules, line))


def _gainers(
    before: CompiledPolicy, after: CompiledPolicy, line: Grant | Rule, permission: str, at: datetime
) -> tuple[str, ...]:
    """Who gains the permission: whom the line names, or who holds the role that it names."""
    named = line.person if isinstance(line, Grant) else line.subject
    standing = after.standing(at)
    reached = (
        [subject for subject in sorted(after.policy.subjects) if named in standing.roles(subject)]
        if is_role(named)
        else [named]
    )
    return tuple(
        subject
        for subject in reached
        if after.may_ever(subject, permission, at) and not before.may_ever(subject, permission, at)
    )


def _grants(
    compiled: CompiledPolicy, person: str, permission: str, at: datetime
) -> Iterator[Grant]:
    """Roles that rules on the permission are for, each in the groups where it would count."""
    own = _own_groups(compiled, person, at)
    for rule in compiled.rules_on(permission):
        if rule.effect != ALLOW or not is_role(rule.subject):
            continue
        for group in [rule.group] if rule.group != EVERY else _groups(compiled, rule.subject, own):
            yield Grant(person, rule.subject, group)


def _own_groups(compiled: CompiledPolicy, person: str, at: datetime) -> list[str]:
    grants = compiled.register.grants(person, at.timestamp())
    return sorted({grant.group for grant in grants} - {EVERY})


def _groups(compiled: CompiledPolicy, role: str, own: list[str]) -> list[str]:
    """Where a role for any group would be held: in those of the own groups where others hold it, else where they do."""
    used = {grant.group for grant in compiled.policy.grants if grant.role == role}
    if not used - {EVERY}:
        return [EVERY]
    return [group for group in own if group in used] or sorted(used - {EVERY})


def _rules(compiled: CompiledPolicy, person: str, permission: str, at: datetime) -> Iterator[Rule]:
    """The rules on the permission as rules for the person, and for who holds the same role there."""
    resource, _, action = permission.partition(":")
    roles = [
        grant for grant in compiled.register.grants(person, at.timestamp()) if not grant.instead_of
    ]
    for rule in list(compiled.rules_on(permission)):
        if rule.effect != ALLOW:
            continue
        relation = _without_groups(rule.relation)
        yield Rule(person, EVERY, resource, action, relation, rule.condition, ALLOW)
        for grant in roles:
            yield Rule(
                grant.role, grant.group, resource, action, rule.relation, rule.condition, ALLOW
            )


def _without_groups(relation: str) -> str:
    """A person's own rule holds in every group, so none of their groups can be asked for."""
    wanted = parse_relation(relation).wanted
    kept = [f"{'' if asked else '!'}{term}" for term, asked in wanted if term not in _OF_GROUPS]
    return " & ".join(kept) or ANY
