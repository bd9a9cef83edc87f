"""Reads of the policy's versions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from portal.core import db


@dataclass(frozen=True, slots=True)
class Version:
    """A policy as it was released."""

    number: int
    lines: str


async def newest() -> Version | None:
    """The version in force, or None before the first start."""
    row = await db.fetchrow(
        "SELECT version AS number, lines FROM policy_version ORDER BY version DESC LIMIT 1"
    )
    return Version(**row) if row else None


async def version(number: int) -> Version:
    """A version that exists: what refers to one holds a foreign key to it."""
    [row] = await db.fetch(
        "SELECT version AS number, lines FROM policy_version WHERE version = $1", number
    )
    return Version(**row)


@dataclass(frozen=True, slots=True)
class Release:
    """A version without its lines: when it came, by whom, from which draft of whose."""

    number: int
    reason: str
    released_by: str
    released_at: datetime
    drafted_by: str
    draft: int | None

    @property
    def authors(self) -> tuple[str, ...]:
        return tuple(name for name in self.drafted_by.split(", ") if name)


_RELEASE: Final = (
    "SELECT v.version AS number, v.reason, v.released_by, v.released_at, v.drafted_by, d.id AS draft "
    "FROM policy_version v LEFT JOIN policy_draft d ON d.released_version = v.version "
)


async def releases(limit: int, offset: int = 0) -> list[Release]:
    """The newest first."""
    rows = await db.fetch(f"{_RELEASE}ORDER BY v.version DESC LIMIT $1 OFFSET $2", limit, offset)
    return [Release(**row) for row in rows]


async def release(number: int) -> Release | None:
    row = await db.fetchrow(f"{_RELEASE}WHERE v.version = $1", number)
    return Release(**row) if row else None


async def previous(number: int) -> Version | None:
    """The version before this one."""
    row = await db.fetchrow(
        "SELECT version AS number, lines FROM policy_version WHERE version < $1 ORDER BY version DESC LIMIT 1",
        number,
    )
    return Version(**row) if row else None
