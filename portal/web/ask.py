"""Whom somebody asks who was refused: who grants duties, and the own direct superiors. Nothing of the object.

What they may ask for is carried by a token that names the missing duty and is good for this person alone, so that
nobody asks in another's name, or for what they were never refused.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from portal.core import db
from portal.core.keyring import keyring
from portal.core.signing import token, token_is_good
from rbac.compiled import CompiledPolicy
from rbac.guard import PolicyBox
from rbac.permissions import BY_NAME, Permission
from rbac.relations import Term

_PURPOSE: Final = "access"


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


def access_token(subject: str, permission: Permission) -> str:
    """What the 403 page hands to the form that asks for the duty."""
    return f"{permission}.{token(keyring(), _PURPOSE, f'{subject}:{permission}')}"


def asked_for(subject: str, given: str) -> Permission | None:
    """The duty of a token that was made for this person; None for any other."""
    name, _dot, mark = given.rpartition(".")
    permission = BY_NAME.get(name)
    if permission is None or not token_is_good(keyring(), _PURPOSE, f"{subject}:{name}", mark):
        return None
    return permission
