"""Reads of the organisation on a day: units, posts, who holds them, what HR has proposed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from portal.core import clock, db
from portal.core.i18n import language
from portal.web.permission import policy
from rbac.compiled import CompiledPolicy


@dataclass(frozen=True, slots=True)
class Unit:
    id: int
    code: str
    name: str
    own: bool


@dataclass(frozen=True, slots=True)
class Post:
    """A post in the reader's language; ``held`` counts who holds it on the day asked about."""

    id: int
    code: str
    unit: int
    name: str
    duties: tuple[str, ...]
    certificates: str
    headcount: int
    held: int
    role: str
    groups: tuple[str, ...]

    @property
    def vacant(self) -> int:
        return max(self.headcount - self.held, 0)

    @property
    def places(self) -> tuple[tuple[str, str], ...]:
        """What the post brings in the policy: its role, in each of its groups."""
        return tuple((self.role, group) for group in self.groups) if self.role else ()


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody with an account, and the post held on the day asked about."""

    id: int
    username: str
    name: str
    active: bool
    post: int | None
    since: date | None
    until: date | None
    left_on: date | None


@dataclass(frozen=True, slots=True)
class Structure:
    """Units and posts on a day."""

    units: tuple[Unit, ...]
    posts: tuple[Post, ...]
    unit_of: Mapping[int, Unit] = field(default_factory=dict)
    post_of: Mapping[int, Post] = field(default_factory=dict)

    def posts_in(self, unit: Unit) -> list[Post]:
        return [post for post in self.posts if post.unit == unit.id]

    @property
    def plan(self) -> int:
        """The headcount of the department: the sum of its own posts, never a number of its own."""
        return sum(post.headcount for post in self.posts if self.unit_of[post.unit].own)

    @property
    def held(self) -> int:
        return sum(post.held for post in self.posts if self.unit_of[post.unit].own)

    @property
    def vacant(self) -> int:
        """Of the department; who is beyond the plan of one post fills no other."""
        return sum(post.vacant for post in self.posts if self.unit_of[post.unit].own)


def moment_of(day: date) -> datetime:
    """The instant that stands for a day: now for today, noon for any other."""
    return clock.now() if day == clock.today() else clock.at(day, time(12))


def start_of(day: date) -> datetime:
    """The instant from which something holds that is effective on this day, as the site's clocks write it."""
    return clock.local(clock.at(day, time()))


def compiled() -> CompiledPolicy:
    """The policy in force; a request without one does not come this far."""
    snapshot = policy.snapshot
    if snapshot is None:
        raise RuntimeError("no policy is in force")
    return snapshot.compiled


async def structure(day: date) -> Structure:
    lang = "en" if language() == "en" else "zh"
    units = tuple(
        Unit(row["id"], row["code"], row["name"], row["own"])
        for row in await db.fetch(
            f"SELECT id, code, name_{lang} AS name, own FROM org_unit ORDER BY position, id"  # noqa: S608
        )
    )
    rows = await db.fetch(
        f"SELECT p.id, p.code, p.unit, p.name_{lang} AS name, p.duties_{lang} AS duties, "  # noqa: S608
        f"p.certificates_{lang} AS certificates, p.headcount, p.role, p.role_groups, (SELECT count(*) "
        "FROM post_holding h WHERE h.post = p.id AND h.in_post_since <= $1 "
        "AND (h.until IS NULL OR h.until > $1))::int AS held FROM post p "
        "JOIN org_unit u ON u.id = p.unit ORDER BY u.position, u.id, p.position, p.id",
        day,
    )
    posts = tuple(_post(row) for row in rows)
    return Structure(
        units, posts, {unit.id: unit for unit in units}, {post.id: post for post in posts}
    )


def _post(row: Any) -> Post:
    return Post(
        row["id"],
        row["code"],
        row["unit"],
        row["name"],
        tuple(row["duties"].splitlines()),
        row["certificates"],
        row["headcount"],
        row["held"],
        row["role"],
        tuple(row["role_groups"]),
    )


async def post_row(post_id: int) -> Any | None:
    """A post as it is edited, in both languages."""
    return await db.fetchrow("SELECT * FROM post WHERE id = $1", post_id)


_MEMBERS = (
    "SELECT p.id, a.username, p.name, p.name_en, a.disabled_at IS NULL AS active, h.post, "
    "h.in_post_since, h.until, p.left_on FROM person p JOIN account a ON a.person = p.id "
    "LEFT JOIN post_holding h ON h.person = p.id AND h.in_post_since <= $1 AND (h.until IS NULL OR h.until > $1) "
)


async def members(day: date) -> list[Member]:
    """Everybody with an account, by name."""
    return [_member(row) for row in await db.fetch(_MEMBERS + "ORDER BY p.name, p.id", day)]


async def member(person_id: int, day: date) -> Member | None:
    row = await db.fetchrow(_MEMBERS + "WHERE p.id = $2", day, person_id)
    return _member(row) if row else None


def _member(row: Any) -> Member:
    name = row["name_en"] if language() == "en" and row["name_en"] else row["name"]
    return Member(
        row["id"],
        row["username"],
        name,
        row["active"],
        row["post"],
        row["in_post_since"],
        row["until"],
        row["left_on"],
    )


@dataclass(frozen=True, slots=True)
class Holding:
    post: int
    since: date
    until: date | None


async def holdings(person_id: int) -> list[Holding]:
    """All posts of a person, the newest first."""
    rows = await db.fetch(
        "SELECT post, in_post_since, until FROM post_holding WHERE person = $1 "
        "ORDER BY in_post_since DESC",
        person_id,
    )
    return [Holding(row["post"], row["in_post_since"], row["until"]) for row in rows]


@dataclass(frozen=True, slots=True)
class Change:
    """A proposal as it was filed. ``draft`` is the policy's draft that carries it, ``version`` its release."""

    id: int
    kind: str
    person: int
    effective_on: date
    until_on: date | None
    post: int | None
    superior: str | None
    duals: tuple[str, ...]
    absent: int | None
    heir: str | None
    recalls: int | None
    reason: str
    removed: tuple[str, ...]
    added: tuple[str, ...]
    state: str
    draft: int | None
    version: int | None
    proposed_by: str
    proposed_at: datetime
    settled_by: str | None
    settled_at: datetime | None

    @property
    def shown_state(self) -> str:
        """Released and its day not come: ``scheduled``; its day come: ``done``."""
        if self.state != "released":
            return self.state
        if self.recalls is not None:
            return "done"
        return "scheduled" if self.effective_on > clock.today() else "done"


def _change(row: Any) -> Change:
    values = {name: row[name] for name in Change.__dataclass_fields__}
    for name in ("duals", "removed", "added"):
        values[name] = tuple(values[name])
    return Change(**values)


async def change(change_id: int) -> Change | None:
    row = await db.fetchrow("SELECT * FROM org_change WHERE id = $1", change_id)
    return _change(row) if row else None


async def change_by_key(key: Any) -> int | None:
    found: int | None = await db.fetchval(
        "SELECT id FROM org_change WHERE idempotency_key = $1", key
    )
    return found


async def changes(limit: int, offset: int) -> list[Change]:
    """Proposals: those that wait first, then the newest."""
    rows = await db.fetch(
        "SELECT * FROM org_change ORDER BY state <> 'proposed', effective_on DESC, id DESC LIMIT $1 OFFSET $2",
        limit,
        offset,
    )
    return [_change(row) for row in rows]


async def changes_of(person_id: int) -> list[Change]:
    rows = await db.fetch(
        "SELECT * FROM org_change WHERE person = $1 OR absent = $1 ORDER BY id DESC LIMIT 50",
        person_id,
    )
    return [_change(row) for row in rows]


async def proposals_waiting(limit: int) -> int:
    return int(
        await db.fetchval(
            "SELECT count(*) FROM (SELECT FROM org_change WHERE state = 'proposed' LIMIT $1) AS w",
            limit,
        )
    )


async def effective_days(today: date) -> list[date]:
    """The days on which the organisation is or was another: of released changes, in order."""
    rows = await db.fetch(
        "SELECT DISTINCT effective_on FROM org_change WHERE state = 'released' "
        "AND recalls IS NULL AND effective_on > $1 ORDER BY 1 LIMIT 12",
        today,
    )
    return [row["effective_on"] for row in rows]


def by_username(people: Sequence[Member]) -> dict[str, Member]:
    return {person.username: person for person in people}
