"""Whose account may not be closed: the last one that can do what somebody must always be able to do.

What that is, the policy's standing assertions say (kind ``some``): edit the policy, keep the accounts, read the
trail. They are checked when the policy changes; here the same is checked when an account does.
"""

from typing import Final

from portal.core import db
from portal.web.permission import policy
from rbac.assertions import Kind, standing_assertions
from rbac.permissions import BY_NAME, Permission

LOCK: Final = 0x5A4D_0005  # pg_advisory lock: two who go at once must not each count on the other

NEEDED: Final = tuple(
    BY_NAME[name]
    for assertion in standing_assertions()
    if assertion.kind is Kind.SOME
    for name in assertion.permissions
)


def holds_an_office(username: str) -> bool:
    """Whether this account can do something that somebody must always be able to do."""
    return any(policy.may_ever(username, permission) for permission in NEEDED)


async def lost_without(username: str) -> tuple[Permission, ...]:
    """What nobody with an open account could do any more without this one; in the open transaction."""
    await db.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
    held = [permission for permission in NEEDED if policy.may_ever(username, permission)]
    if not held:
        return ()
    others = await db.fetch(
        "SELECT username FROM account WHERE disabled_at IS NULL AND username <> $1", username
    )
    able = [row["username"] for row in others]
    return tuple(
        permission
        for permission in held
        if not any(policy.may_ever(other, permission) for other in able)
    )
