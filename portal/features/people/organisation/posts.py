"""Posts with their duties and plan, and units: what HR edits without the policy, and what a new portal begins with."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from portal.core import audit, db
from portal.features.people.organisation import queries
from portal.features.people.organisation.structure import POSTS, UNITS
from rbac.lines import ROLE_PREFIX


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


async def place(username: str, post: str, since: date) -> None:
    """Write down who holds a post since when; the policy is not touched."""
    await db.execute(
        "INSERT INTO post_holding (person, post, in_post_since) "
        "SELECT a.person, p.id, $3 FROM account a, post p WHERE a.username = $1 AND p.code = $2",
        username,
        post,
        since,
    )
