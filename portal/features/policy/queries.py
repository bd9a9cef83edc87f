"""Reads of the policy's versions."""

from dataclasses import dataclass

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
