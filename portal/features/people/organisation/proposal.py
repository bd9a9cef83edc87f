"""A wished change of the organisation, and what it would come to: nothing is written here.

``plan`` is asked twice, for the preview and when the proposal is filed, so that what was seen is judged again by the
policy then in force.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from portal.core import clock, db
from portal.features.people.organisation import checks, effects, lines, queries
from portal.features.people.organisation.effects import Effect
from portal.features.people.organisation.lines import Acting, Rewrite, Wanted
from portal.features.people.organisation.queries import Member, Post, Structure
from rbac.assertions import Failure, failures
from rbac.lines import Grant
from rbac.policy import Policy
from rbac.validity import in_force

KINDS: Final = ("transfer", "join", "leave", "acting")
LATEST: Final = timedelta(days=366)
LONGEST_ACTING: Final = timedelta(days=184)


class Refusal(Exception):
    """``field`` is where it can be mended, ``code`` what is wrong, ``people`` whom it names."""

    def __init__(self, field: str, code: str, people: tuple[str, ...] = ()) -> None:
        super().__init__(code)
        self.field = field
        self.code = code
        self.people = people


@dataclass(frozen=True, slots=True)
class Proposal:
    """What HR filled in. People stand by their user names, as in the policy; ``absent`` is for a deputy."""

    kind: str
    person: str
    effective_on: date
    reason: str
    key: UUID
    until_on: date | None = None
    post: int | None = None
    superior: str | None = None
    duals: tuple[str, ...] = ()
    absent: str | None = None
    heir: str | None = None
    leads: bool = False


@dataclass(frozen=True, slots=True)
class Recall:
    """A released change is to be called off before its day."""

    change: int
    reason: str
    key: UUID


@dataclass(frozen=True, slots=True)
class Plan:
    """A proposal that holds: the lines it rewrites, and what it gives and takes."""

    proposal: Proposal
    person: Member
    absent: Member | None
    from_post: Post | None
    to_post: Post | None
    rewrite: Rewrite
    before: Policy
    after: Policy
    warnings: tuple[str, ...] = ()
    people: Mapping[str, Member] = field(default_factory=dict)

    def kept(self) -> list[Grant]:
        """Roles that the person keeps beside what the post brings: somebody granted them apart."""
        brought = set(self.to_post.places) if self.to_post else set()
        moment = queries.start_of(self.proposal.effective_on).timestamp()
        return [
            grant
            for grant in self.after.grants
            if grant.person == self.proposal.person
            and self.to_post is not None
            and (grant.role, grant.group) not in brought
            and in_force(grant, moment)
        ]

    def effects(self) -> list[Effect]:
        since = queries.start_of(self.proposal.effective_on)
        who = effects.concerned(self.before, self.after, self.proposal.person, since)
        return effects.effects(self.before, self.after, who, since)

    def forbidden(self) -> list[Failure]:
        """Standing assertions that it would break: nobody could release it."""
        at = clock.now()
        broken = {(f.assertion.name, f.subject, f.permission) for f in failures(self.before, at)}
        return [
            failure
            for failure in failures(self.after, at)
            if (failure.assertion.name, failure.subject, failure.permission) not in broken
        ]


async def plan(proposal: Proposal) -> Plan:
    """What the proposal comes to. Raises ``Refusal`` with the first thing that speaks against it."""
    _check_days(proposal)
    day = proposal.effective_on
    structure = await queries.structure(day)
    people = queries.by_username(await queries.members(day))
    person = people.get(proposal.person)
    if person is None or not person.active:
        raise Refusal("person", "no-such-person")
    await _check_alone(person, day)
    policy = queries.compiled().policy
    _check_superiors(proposal, people, policy)
    rewrite, target = _rewrite(proposal, person, structure)
    _check_lines(proposal, policy, rewrite)
    from_post = structure.post_of.get(person.post or 0)
    if rewrite.empty and (target is None or target == from_post):
        raise Refusal("post" if target else "person", "nothing-changes")
    return Plan(
        proposal,
        person,
        people.get(proposal.absent or ""),
        from_post,
        target,
        rewrite,
        policy,
        lines.rewritten(policy, rewrite),
        _warnings(person, target),
        people,
    )


def _check_days(proposal: Proposal) -> None:
    today = clock.today()
    if proposal.effective_on < today:
        raise Refusal("effective_on", "day-is-over")
    if proposal.effective_on > today + LATEST:
        raise Refusal("effective_on", "day-too-far")
    if proposal.until_on is not None:
        if proposal.until_on <= proposal.effective_on:
            raise Refusal("until_on", "ends-before")
        if proposal.until_on > proposal.effective_on + LONGEST_ACTING:
            raise Refusal("until_on", "acting-too-long")


async def _check_alone(person: Member, day: date) -> None:
    """One thing at a time for each person, in the order of the days."""
    if await db.fetchval(
        "SELECT EXISTS (SELECT FROM org_change WHERE person = $1 AND state = 'proposed')", person.id
    ):
        raise Refusal("person", "already-proposed")
    if await db.fetchval(
        "SELECT EXISTS (SELECT FROM org_change WHERE person = $1 AND state = 'released' "
        "AND kind NOT IN ('acting', 'recall') AND effective_on > $2)",
        person.id,
        day,
    ):
        raise Refusal("effective_on", "later-change")


def _check_superiors(proposal: Proposal, people: Mapping[str, Member], policy: Policy) -> None:
    """Whoever is named must be there on that day, and stay."""
    moment = queries.start_of(proposal.effective_on).timestamp()
    placed = {
        name
        for report in policy.reports
        for name in (report.person, report.superior)
        if in_force(report, moment)
    }
    named = [("superior", proposal.superior), ("heir", proposal.heir), ("absent", proposal.absent)]
    named += [(f"dual_{number}", name) for number, name in enumerate(proposal.duals, 1)]
    for where, name in named:
        if name is None:
            continue
        found = people.get(name)
        if found is None or not found.active or (found.post is None and name not in placed):
            raise Refusal(where, "not-active", (name,))
        if found.left_on is not None:
            raise Refusal(where, "leaves", (name,))
        if name == proposal.person:
            raise Refusal(where, "oneself")
    if len({proposal.superior, *proposal.duals}) < 1 + len(proposal.duals):
        raise Refusal("dual_1", "same-superior")


def _rewrite(
    proposal: Proposal, person: Member, structure: Structure
) -> tuple[Rewrite, Post | None]:
    policy = queries.compiled().policy
    since = queries.start_of(proposal.effective_on)
    if proposal.kind == "leave":
        return lines.left(policy, proposal.person, since, proposal.heir), None
    if proposal.kind == "acting":
        if proposal.absent is None or proposal.until_on is None:
            raise Refusal("absent", "required")
        until = queries.start_of(proposal.until_on)
        acting = Acting(proposal.person, proposal.absent, since, until, proposal.leads)
        return lines.stands_in(policy, acting), None
    target = structure.post_of.get(proposal.post or 0)
    if target is None:
        raise Refusal("post", "required")
    current = structure.post_of.get(person.post or 0)
    if proposal.kind == "join" and current is not None:
        raise Refusal("person", "has-a-post")
    if proposal.kind == "transfer" and current is None:
        raise Refusal("person", "has-no-post")
    wanted = Wanted(
        proposal.person,
        since,
        proposal.superior,
        proposal.duals,
        target.places,
        current.places if current else (),
        proposal.heir,
    )
    return lines.moved(policy, wanted), target


#: Beside which field the trouble with the lines can be mended.
_PLACE_OF: Final = {"superior-needed": "superior", "left-without-superior": "heir"}


def _check_lines(proposal: Proposal, policy: Policy, rewrite: Rewrite) -> None:
    since = queries.start_of(proposal.effective_on)
    found = checks.problem(policy, rewrite, proposal.person, since, leaves=proposal.kind == "leave")
    if found is None:
        return
    where = {"leave": "heir", "acting": "person"}.get(proposal.kind, "superior")
    raise Refusal(_PLACE_OF.get(found.code, where), found.code, found.people)


def _warnings(person: Member, target: Post | None) -> tuple[str, ...]:
    if target is None:
        return ()
    found = []
    if person.post != target.id and target.held >= target.headcount:
        found.append("beyond-plan")
    if target.certificates:
        found.append("certificates")
    return tuple(found)
