"""Changes of the organisation: proposals of HR, posts with their duties and plan, units.

A proposal that touches the policy waits for its release. Whoever carries it there registers with ``carry_with`` and
reports back with ``released`` or ``dropped``, in the transaction of that act, so that lines and posts never
disagree. A proposal that touches no line (the post alone changes) is in force at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

from portal.core import audit, clock, db
from portal.core.context import current_act
from portal.core.i18n import _
from portal.features.people.organisation import queries
from portal.features.people.organisation.proposal import Plan, Proposal, Refusal, plan
from portal.features.people.organisation.queries import Change
from portal.features.people.organisation.structure import POSTS, UNITS
from portal.web.templating import local_date
from rbac.lines import ROLE_PREFIX


class Carrier(Protocol):
    """Who brings proposals into the policy."""

    async def prepare(self, change: Change, title: str, key: UUID) -> int:
        """Prepare a draft with the lines of the change, in the open transaction; returns its number."""

    async def drop(self, draft: int) -> None:
        """The proposal was withdrawn: drop what was prepared for it, unless it is in force."""


_carriers: Final[list[Carrier]] = []


def carry_with(carrier: Carrier) -> None:
    _carriers[:] = [carrier]


async def propose(proposal: Proposal) -> int:
    """File a proposal; returns its number, of a repeated key the first one's. Raises ``Refusal``."""
    try:
        async with db.transaction():
            if (known := await queries.change_by_key(proposal.key)) is not None:
                return known
            planned = await plan(proposal)
            change_id = await _insert(planned)
            audit.record(
                "organisation:edit",
                "org_change",
                change_id,
                kind=proposal.kind,
                person=proposal.person,
                effective_on=proposal.effective_on.isoformat(),
                removed=planned.rewrite.removed,
                added=planned.rewrite.added,
            )
            await _carry(change_id, planned)
    except db.UniqueViolation:  # somebody else, or the same form, a moment before
        if (known := await queries.change_by_key(proposal.key)) is not None:
            return known
        raise Refusal("person", "already-proposed") from None
    return change_id


async def _insert(planned: Plan) -> int:
    wish = planned.proposal
    return int(
        await db.fetchval(
            "INSERT INTO org_change (kind, person, effective_on, until_on, post, superior, duals, absent, heir, "
            "reason, removed, added, state, proposed_by, proposed_at, idempotency_key) VALUES "
            "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'proposed', $13, $14, $15) RETURNING id",
            wish.kind,
            planned.person.id,
            wish.effective_on,
            wish.until_on,
            wish.post,
            wish.superior,
            list(wish.duals),
            planned.absent.id if planned.absent else None,
            wish.heir,
            wish.reason,
            planned.rewrite.removed,
            planned.rewrite.added,
            current_act().subject,
            clock.now(),
            wish.key,
        )
    )


async def _carry(change_id: int, planned: Plan) -> None:
    filed = await queries.change(change_id)
    if filed is None:
        raise RuntimeError("the proposal is gone")
    if planned.rewrite.empty:
        await _settle(filed, "released")
        await _hold(filed)
        return
    for carrier in _carriers:
        draft = await carrier.prepare(filed, title(planned), planned.proposal.key)
        await db.execute("UPDATE org_change SET draft = $2 WHERE id = $1", change_id, draft)


def title(planned: Plan) -> str:
    """What the draft is called, for whoever submits and releases it."""
    wish = planned.proposal
    words = {
        "person": planned.person.name,
        "day": local_date(wish.effective_on),
        "post": planned.to_post.name if planned.to_post else "",
        "absent": planned.absent.name if planned.absent else "",
    }
    match wish.kind:
        case "leave":
            return _("%(person)s leaves on %(day)s", **words)
        case "acting":
            return _("%(person)s stands in for %(absent)s from %(day)s", **words)
        case "join":
            return _("%(person)s joins as %(post)s on %(day)s", **words)
        case _:
            return _("%(person)s moves on %(day)s: %(post)s", **words)


async def withdraw(change_id: int) -> bool:
    """Take a proposal back that is not in force; False when it is settled already."""
    async with db.transaction():
        change = await _open("id", change_id)
        if change is None:
            return False
        await _settle(change, "withdrawn")
        audit.record("organisation:edit", "org_change", change_id, withdrawn=True)
        if change.draft is not None:
            for carrier in _carriers:
                await carrier.drop(change.draft)
    return True


async def released(draft: int, version: int) -> None:
    """The policy with the lines of this draft's proposal is in force: the post follows on its day."""
    change = await _open("draft", draft)
    if change is None:
        return
    await _settle(change, "released", version)
    await _hold(change)
    audit.record("organisation:edit", "org_change", change.id, released=version)


async def dropped(draft: int) -> None:
    """The draft that carried a proposal was dropped: the proposal is refused. HR may file another."""
    change = await _open("draft", draft)
    if change is not None:
        await _settle(change, "refused")
        audit.record("organisation:edit", "org_change", change.id, refused=True)


async def _open(column: str, value: int) -> Change | None:
    """The proposal that still waits, held until the transaction ends."""
    found = await db.fetchval(
        f"SELECT id FROM org_change WHERE {column} = $1 AND state = 'proposed' FOR UPDATE",  # noqa: S608
        value,
    )
    return None if found is None else await queries.change(found)


async def _settle(change: Change, state: str, version: int | None = None) -> None:
    await db.execute(
        "UPDATE org_change SET state = $2, version = $3, settled_by = $4, settled_at = $5 WHERE id = $1",
        change.id,
        state,
        version,
        current_act().subject,
        clock.now(),
    )


async def _hold(change: Change) -> None:
    """Give and take the post from the effective day on."""
    if change.kind == "acting":
        return
    current = await db.fetchrow(
        "SELECT id, post, in_post_since FROM post_holding WHERE person = $1 AND (until IS NULL OR until > $2)",
        change.person,
        change.effective_on,
    )
    if current is not None and current["post"] == change.post:
        return
    if current is not None and current["in_post_since"] < change.effective_on:
        await db.execute(
            "UPDATE post_holding SET until = $2 WHERE id = $1", current["id"], change.effective_on
        )
    elif current is not None:  # begun on the very day
        await db.execute("DELETE FROM post_holding WHERE id = $1", current["id"])
    await db.execute(
        "UPDATE person SET left_on = $2, joined_on = CASE WHEN $3 THEN $4::date ELSE joined_on END WHERE id = $1",
        change.person,
        change.effective_on if change.kind == "leave" else None,
        change.kind == "join",
        change.effective_on,
    )
    if change.post is not None:
        await db.execute(
            "INSERT INTO post_holding (person, post, in_post_since, change) VALUES ($1, $2, $3, $4)",
            change.person,
            change.post,
            change.effective_on,
            change.id,
        )


# ── posts and units ──────────────────────────────────────────────────────────────────────────────


class Outdated(Exception):
    """Somebody else changed the row since the form was opened."""


class CodeTaken(Exception):
    """There is such a code already."""


@dataclass(frozen=True, slots=True)
class Edit:
    """``row`` is the number of what is changed, None for something new; ``revision`` what the form was made of."""

    values: Mapping[str, Any]
    row: int | None
    revision: int
    key: UUID | None


async def save_post(edit: Edit) -> int:
    """Write a post; a repeated key answers with the post it made."""
    values = dict(edit.values)
    try:
        async with db.transaction():
            if edit.row is None:
                known: int | None = await db.fetchval(
                    "SELECT id FROM post WHERE idempotency_key = $1", edit.key
                )
                if known is not None:
                    return known
                return await _insert_row("post", values | {"idempotency_key": edit.key})
            before = await queries.post_row(edit.row)
            names = ", ".join(f"{name} = ${place}" for place, name in enumerate(values, 3))
            changed = await db.fetchval(
                f"UPDATE post SET {names}, revision = revision + 1 WHERE id = $1 AND revision = $2 RETURNING id",  # noqa: S608
                edit.row,
                edit.revision,
                *values.values(),
            )
            if changed is None or before is None:
                raise Outdated
            touched = [name for name, value in values.items() if before[name] != value]
            audit.record(
                "organisation:edit",
                "post",
                before["code"],
                changed=touched,
                headcount=values["headcount"],
            )
            return edit.row
    except db.UniqueViolation:
        raise CodeTaken from None


async def save_unit(values: Mapping[str, Any], unit: int | None) -> None:
    try:
        async with db.transaction():
            if unit is None:
                await _insert_row("org_unit", values)
                return
            names = ", ".join(f"{name} = ${place}" for place, name in enumerate(values, 2))
            code = await db.fetchval(
                f"UPDATE org_unit SET {names} WHERE id = $1 RETURNING code",  # noqa: S608
                unit,
                *values.values(),
            )
            audit.record("organisation:edit", "org_unit", code)
    except db.UniqueViolation:
        raise CodeTaken from None


async def _insert_row(table: str, values: Mapping[str, Any]) -> int:
    places = ", ".join(f"${place}" for place in range(1, len(values) + 1))
    made = int(
        await db.fetchval(
            f"INSERT INTO {table} ({', '.join(values)}) VALUES ({places}) RETURNING id",  # noqa: S608
            *values.values(),
        )
    )
    audit.record("organisation:edit", table, values["code"], new=True)
    return made


async def ensure_shipped() -> None:
    """Give a portal without units those of the regulation, with their posts, duties and plan."""
    async with db.transaction():
        await db.execute("LOCK org_unit IN SHARE ROW EXCLUSIVE MODE")
        if await db.fetchval("SELECT EXISTS (SELECT FROM org_unit)"):
            return
        units = {}
        for position, unit in enumerate(UNITS):
            units[unit.code] = await db.fetchval(
                "INSERT INTO org_unit (code, name_zh, name_en, own, position) VALUES ($1, $2, $3, $4, $5) "
                "RETURNING id",
                unit.code,
                unit.zh,
                unit.en,
                unit.own,
                position,
            )
        for position, post in enumerate(POSTS):
            await db.execute(
                "INSERT INTO post (code, unit, name_zh, name_en, duties_zh, duties_en, certificates_zh, "
                "certificates_en, headcount, role, role_groups, position) "
                "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
                post.code,
                units[post.unit],
                post.zh,
                post.en,
                "\n".join(zh for zh, _en in post.duties),
                "\n".join(en for _zh, en in post.duties),
                *post.certificates,
                post.headcount,
                f"{ROLE_PREFIX}{post.role}",
                list(post.groups),
                position,
            )


async def place(username: str, post: str, since: Any) -> None:
    """Write down who holds a post since when; the policy is not touched."""
    await db.execute(
        "INSERT INTO post_holding (person, post, in_post_since) "
        "SELECT a.person, p.id, $3 FROM account a, post p WHERE a.username = $1 AND p.code = $2",
        username,
        post,
        since,
    )
