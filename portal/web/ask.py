"""Whom somebody asks who was refused: who grants duties, and the own direct superiors. Nothing of the object."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from portal.core import db
from rbac.compiled import CompiledPolicy
from rbac.guard import PolicyBox
from rbac.permissions import Permission
from rbac.relations import Term


@dataclass(frozen=True, slots=True)
class Ask:
    """Names of people; either may be empty."""

    granters: tuple[str, ...]
    superiors: tuple[str, ...]


async def whom_to_ask(policy: PolicyBox, subject: str) -> Ask:
    """Who may grant a role, whatever the policy calls their office, and who leads the refused person."""
    snapshot = policy.snapshot
    if snapshot is None:
        return Ask((), ())
    granters = _granters(snapshot.compiled) - {subject}
    superiors = snapshot.compiled.standing().above(subject, Term.DIRECT)
    names = await _names(granters | superiors)
    return Ask(_sorted(names, granters), _sorted(names, superiors))


@lru_cache(maxsize=2)
def _granters(compiled: CompiledPolicy) -> frozenset[str]:
    return frozenset(
        subject
        for subject in compiled.policy.subjects
        if compiled.may_ever(subject, Permission.ROLE_GRANT)
    )


async def _names(usernames: Iterable[str]) -> dict[str, str]:
    rows = await db.fetch(
        "SELECT a.username, p.name FROM account a JOIN person p ON p.id = a.person "
        "WHERE a.username = ANY ($1) AND a.disabled_at IS NULL",
        list(usernames),
    )
    return {row["username"]: row["name"] for row in rows}


def _sorted(names: dict[str, str], usernames: Iterable[str]) -> tuple[str, ...]:
    return tuple(names[username] for username in sorted(usernames) if username in names)
