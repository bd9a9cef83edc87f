"""Who holds which role, and grants on their way into the policy: prepared drafts, released by a second person.

Who grants roles makes no accounts, and who makes accounts grants nothing. A grant is a line of the policy like any
other, so it is tried before it is sent: what the person gains by it, and which standing assertions would fail.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from portal.core import audit, clock, db
from portal.features.people.organisation.effects import Effect, effects
from portal.features.policy import drafts
from portal.features.policy.edits import replaced
from rbac.areas import ROLE_SETS
from rbac.assertions import Failure, failures
from rbac.compiled import CompiledPolicy
from rbac.lines import EVERY, NEWCOMER, VISITOR, Grant, written
from rbac.permissions import Permission
from rbac.policy import Policy
from rbac.validity import in_force, window

KIND: Final = "grant"

#: What everybody has is granted to nobody.
NOT_GRANTED: Final = frozenset(
    role for roles in ROLE_SETS if roles.name == "everybody" for role in roles.subjects
)
_ORDER: Final = {
    role: place for place, role in enumerate(role for roles in ROLE_SETS for role in roles.subjects)
}


class When(StrEnum):
    NOW = "now"
    LATER = "later"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Held:
    """A grant, its line in the policy, and whether it holds now."""

    grant: Grant
    when: When

    @property
    def line(self) -> str:
        return written(self.grant.tokens)

    @property
    def since(self) -> datetime | None:
        return datetime.fromisoformat(self.grant.since) if self.grant.since else None

    @property
    def until(self) -> datetime | None:
        return datetime.fromisoformat(self.grant.until) if self.grant.until else None


def held(policy: Policy, at: datetime) -> list[Held]:
    """Every grant to a person, in the order in which roles are usually named."""
    moment = at.timestamp()
    found = [
        Held(grant, _when(grant, moment))
        for grant in policy.grants
        if grant.person not in (VISITOR, NEWCOMER)
    ]
    return sorted(
        found, key=lambda one: (role_order(one.grant.role), one.grant.group, one.grant.person)
    )


def _when(grant: Grant, moment: float) -> When:
    if in_force(grant, moment):
        return When.NOW
    return When.LATER if window(grant)[0] > moment else When.OVER


def role_order(role: str) -> tuple[int, str]:
    return _ORDER.get(role, len(_ORDER)), role


def roles(policy: Policy) -> list[str]:
    """The roles that can be granted, in their usual order."""
    return sorted(policy.roles - NOT_GRANTED, key=role_order)


def groups(policy: Policy) -> list[str]:
    """The groups that the policy knows; everywhere is first."""
    named = {rule.group for rule in policy.rules} | {grant.group for grant in policy.grants}
    return [EVERY, *sorted(named - {EVERY})]


@dataclass(frozen=True, slots=True)
class Wish:
    """A role for somebody in a group, from the first day to the last; as deputy of ``instead_of``."""

    person: str
    role: str
    group: str
    first: date | None = None
    last: date | None = None
    instead_of: str = ""

    @property
    def grant(self) -> Grant:
        since = _written(self.first) if self.first else ""
        until = _written(self.last + timedelta(days=1)) if self.last else ""
        return Grant(self.person, self.role, self.group, since, until, self.instead_of)


def _written(day: date) -> str:
    """The beginning of a day as the site's clocks write it."""
    return clock.local(clock.at(day, time())).isoformat()


def wish_error(policy: Policy, wish: Wish) -> tuple[str, str] | None:
    """The field and code of what is wrong with a wish whose names are good, or None."""
    today = clock.today()
    wrong = (
        (wish.first is not None and wish.first < today, "first", "day-is-over"),
        (wish.last is not None and wish.last < (wish.first or today), "last", "ends-before"),
        (bool(wish.instead_of) and wish.last is None, "last", "deputy-ends"),
        (wish.instead_of == wish.person, "instead_of", "oneself"),
        (bool(wish.instead_of) and not _holds(policy, wish), "instead_of", "absent-lacks-role"),
        (any(_overlap(wish.grant, grant) for grant in policy.grants), "role", "held-already"),
    )
    return next(((field, code) for is_so, field, code in wrong if is_so), None)


def _holds(policy: Policy, wish: Wish) -> bool:
    """Whether the absent has the role there when the deputy begins."""
    at = clock.at(wish.first, time()) if wish.first else clock.now()
    standing = CompiledPolicy(policy).standing(at)
    ways = standing.roles(wish.instead_of).get(wish.role, ())
    return any(not {wish.group, EVERY}.isdisjoint(holding.groups) for holding in ways)


def _overlap(wanted: Grant, there: Grant) -> bool:
    same = (wanted.person, wanted.role, wanted.group, wanted.instead_of)
    if same != (there.person, there.role, there.group, there.instead_of):
        return False
    (begins, ends), (began, ended) = window(wanted), window(there)
    return begins < ended and began < ends


@dataclass(frozen=True, slots=True)
class Change:
    """A grant that comes, or ``gone`` one that ends (``come`` is then the same with an end, or None).

    It is ``felt`` from that day on; None: as soon as it is released.
    """

    come: Grant | None
    gone: Grant | None = None
    felt: date | None = None

    @property
    def about(self) -> Grant:
        found = self.come or self.gone
        if found is None:
            raise ValueError("a change of nothing")
        return found

    @property
    def removed(self) -> list[str]:
        return [written(self.gone.tokens)] if self.gone else []

    @property
    def added(self) -> list[str]:
        return [written(self.come.tokens)] if self.come else []


def granting(wish: Wish) -> Change:
    return Change(wish.grant, felt=wish.first)


def ending(grant: Grant, last: date | None) -> Change:
    """The grant ends with that day; without one it goes as soon as the draft is released."""
    if last is None:
        return Change(None, grant)
    after = last + timedelta(days=1)
    return Change(grant._replace(until=_written(after)), grant, after)


@dataclass(frozen=True, slots=True)
class Trial:
    """What a change would come to. ``breaks``: assertions that hold today and would not."""

    before: Policy
    after: Policy
    effects: tuple[Effect, ...]
    breaks: tuple[Failure, ...]


def tried(policy: Policy, change: Change) -> Trial:
    """Make the change on the whole policy and look; raises ``PolicyError`` when the whole would not hold.

    What the person gains or loses is judged on the day from which it is felt.
    """
    removed, lines = change.removed, policy.text.splitlines()
    place = removed[0] if removed else None
    after = Policy.parse("\n".join(replaced(lines, removed, change.added, place)))
    now = clock.now()
    at = max(clock.at(change.felt, time()), now) if change.felt else now
    known = {_key(failure) for failure in failures(policy, now)}
    breaks = [failure for failure in failures(after, now) if _key(failure) not in known]
    return Trial(
        policy,
        after,
        tuple(effects(policy, after, [change.about.person], at)),
        tuple({failure.assertion.name: failure for failure in breaks}.values()),
    )


def _key(failure: Failure) -> tuple[str, str, str]:
    return failure.assertion.name, failure.subject, failure.permission


async def propose(title: str, change: Change, key: UUID) -> int:
    """Prepare the draft and hand it over to be released, at once; a repeat of the key finds the first one.

    Raises ``drafts.Conflict`` for a line that is not there any more, ``drafts.Unchanged``, ``PolicyError``.
    """
    grant = change.about
    async with db.transaction():
        draft = await drafts.start(title, kind=KIND, key=key)
        found = await drafts.get(draft)
        if not found.editable or found.revision:
            return draft
        await drafts.change(draft, remove=change.removed, add=change.added)
        await drafts.submit(draft)
        audit.record(
            str(Permission.ROLE_GRANT),
            "account",
            grant.person,
            change="ended" if change.gone else "granted",
            role=grant.role,
            group=grant.group,
            since=grant.since,
            until=grant.until,
            instead_of=grant.instead_of,
            draft=draft,
        )
    return draft


@dataclass(frozen=True, slots=True)
class Underway:
    """A draft that would change what this person holds."""

    draft: int
    title: str
    state: str
    by: str
    at: datetime


async def underway(person: str) -> list[Underway]:
    rows: Iterable[Any] = await db.fetch(
        "SELECT DISTINCT d.id AS draft, d.title, d.state, d.created_by AS by, d.created_at AS at "
        "FROM policy_draft d JOIN policy_step s ON s.draft = d.id AND s.undone_at IS NULL "
        "WHERE d.state = ANY ($1) AND strpos(E'\\n' || s.removed || E'\\n' || s.added, E'\\ng, ' || $2 || ', ') > 0 "
        "ORDER BY d.id DESC",
        list(drafts.LIVING),
        person,
    )
    return [Underway(**row) for row in rows]
