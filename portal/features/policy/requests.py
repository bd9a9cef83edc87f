"""Requests for access: asked by whoever was refused, answered through a prepared draft or with words (PO-6).

A request is open, then drafted (a draft carries what was chosen), then granted once a released version really lets
the asker, or declined. A draft that is dropped, or released without the line, opens its requests again. There is one
living request per person and permission; asking again finds it.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from portal.core import audit, clock, db
from portal.core.context import current_act
from portal.core.i18n import _
from portal.features.policy import drafts
from portal.features.policy.drafts import Draft
from portal.features.policy.simulator import spoken
from portal.web.desk import MOST_COUNTED
from portal.web.permission import policy
from rbac.compiled import CompiledPolicy
from rbac.lines import NEWCOMER, written
from rbac.permissions import BY_NAME, Permission
from rbac.policy import Policy
from rbac.proposals import Proposal, broken, candidates, proposals

LIVING: Final = ("open", "drafted")
VIEWS: Final = ("open", "drafted", "answered")


class Answered(Exception):
    """The request is no longer open: somebody answered it meanwhile, or its draft is on its way."""


class NotProposed(Exception):
    """The chosen change is none of those that are proposed now."""


class NotYet(Exception):
    """The policy in force does not let the asker: there is nothing to confirm."""


@dataclass(frozen=True, slots=True)
class Request:
    """``name`` is the asker's; ``draft_state`` how far the prepared draft is."""

    id: int
    asker: str
    name: str
    permission: str
    reason: str
    asked_at: datetime
    state: str
    draft: int | None
    draft_state: str | None
    answer: str
    answered_by: str | None
    answered_at: datetime | None
    seen_at: datetime | None

    @property
    def known(self) -> Permission | None:
        """None for a permission that this program has no more."""
        return BY_NAME.get(self.permission)

    @property
    def age(self) -> timedelta:
        return clock.now() - self.asked_at


_REQUESTS: Final = (
    "SELECT r.id, r.asker, p.name, r.permission, r.reason, r.asked_at, r.state, r.draft, d.state AS draft_state, "
    "r.answer, r.answered_by, r.answered_at, r.seen_at FROM access_request r "
    "JOIN account a ON a.username = r.asker JOIN person p ON p.id = a.person "
    "LEFT JOIN policy_draft d ON d.id = r.draft "
)


async def ask(permission: Permission, reason: str) -> tuple[int, bool]:
    """Ask for a duty; the request's number, and whether it is new: asking again finds the living one."""
    asker = current_act().subject
    async with db.transaction():
        made = await db.fetchval(
            "INSERT INTO access_request (asker, permission, reason, asked_at) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (asker, permission) WHERE state IN ('open', 'drafted') DO NOTHING RETURNING id",
            asker,
            str(permission),
            reason,
            clock.now(),
        )
        if made is not None:
            audit.record(
                Permission.POLICY_REQUEST_ACCESS, "access_request", made, permission=str(permission)
            )
            return int(made), True
        found = await db.fetchval(
            "SELECT id FROM access_request WHERE asker = $1 AND permission = $2 AND state = ANY ($3)",
            asker,
            str(permission),
            list(LIVING),
        )
        return int(found), False


async def mine(asker: str) -> list[Request]:
    """The asker's own, the newest first."""
    rows = await db.fetch(_REQUESTS + "WHERE r.asker = $1 ORDER BY r.id DESC LIMIT 50", asker)
    return [Request(**row) for row in rows]


async def seen(asker: str) -> None:
    """The asker has read the answers."""
    await db.execute(
        "UPDATE access_request SET seen_at = $2 WHERE asker = $1 AND answered_at IS NOT NULL AND seen_at IS NULL",
        asker,
        clock.now(),
    )


async def unseen(asker: str) -> int:
    return int(
        await db.fetchval(
            "SELECT count(*) FROM access_request WHERE asker = $1 AND answered_at IS NOT NULL AND seen_at IS NULL",
            asker,
        )
    )


async def waiting() -> tuple[int, timedelta | None]:
    """How many are open, no farther than the desk counts, and for how long the oldest has been."""
    [row] = await db.fetch(
        "SELECT count(*) AS number, min(asked_at) AS first FROM "
        "(SELECT asked_at FROM access_request WHERE state = 'open' ORDER BY asked_at LIMIT $1) AS q",
        MOST_COUNTED,
    )
    return int(row["number"]), clock.now() - row["first"] if row["first"] else None


async def listed(view: str, limit: int, offset: int) -> list[Request]:
    """The inbox: open ones with the oldest first, answered ones with the newest first."""
    states = {"open": ["open"], "drafted": ["drafted"]}.get(view, ["granted", "declined"])
    order = "r.answered_at DESC" if view == "answered" else "r.asked_at"
    rows = await db.fetch(
        _REQUESTS + f"WHERE r.state = ANY ($1) ORDER BY {order}, r.id LIMIT $2 OFFSET $3",
        states,
        limit,
        offset,
    )
    return [Request(**row) for row in rows]


async def request(number: int) -> Request | None:
    row = await db.fetchrow(_REQUESTS + "WHERE r.id = $1", number)
    return Request(**row) if row else None


def has_it(asker: str, permission: str, compiled: CompiledPolicy | None = None) -> bool:
    """Whether the asker may do it on some record, by the policy in force or by another."""
    by = compiled or _in_force()
    return by.may_ever(asker if by.knows(asker) else NEWCOMER, permission)


async def proposed(found: Request) -> tuple[Proposal, ...]:
    """The smallest changes that would let the asker; none for a permission that is gone.

    With thousands of people the assertions take seconds: they are asked beside the other requests.
    """
    if found.known is None:
        return ()
    apart = CompiledPolicy(_in_force().policy)  # what it remembers is not shared between threads
    return await asyncio.to_thread(
        proposals, apart, found.asker, found.permission, clock.now().astimezone(UTC)
    )


def _fits(found: Request, line: str) -> bool:
    """Whether the line is one that would let the asker and keeps every assertion."""
    at = clock.now().astimezone(UTC)
    chosen = next(
        (
            each.line
            for each in candidates(_in_force(), found.asker, found.permission, at)
            if written(each.line.tokens) == line
        ),
        None,
    )
    return chosen is not None and not broken(_in_force().policy, chosen, at)


async def prepare(number: int, line: str) -> int:
    """Open a draft with the chosen change; returns its number. The same again finds the same draft.

    Raises ``Answered``, ``NotProposed``.
    """
    async with db.transaction():
        found = await _locked(number)
        if found.state == "drafted" and found.draft is not None:
            return found.draft
        if found.state != "open":
            raise Answered
        if found.known is None or not _fits(found, line):
            raise NotProposed
        title = _(
            "Access for %(name)s: %(what)s",
            name=found.name,
            what=found.known.describe(spoken()) if found.known else found.permission,
        )
        draft = await drafts.start(title[:200], kind="access")  # the locked request is its key
        await drafts.change(draft, add=[line])
        await db.execute(
            "UPDATE access_request SET state = 'drafted', draft = $2 WHERE id = $1", number, draft
        )
        audit.record(
            Permission.POLICY_DRAFT, "access_request", number, change="drafted", draft=draft
        )
        return draft


async def decline(number: int, answer: str) -> None:
    """Say no, with words for the asker. Raises ``Answered``."""
    await _answer(number, "declined", answer)


async def confirm(number: int, answer: str) -> None:
    """The asker has it already, by another way. Raises ``Answered``, ``NotYet``."""
    found = await request(number)
    if found is not None and not has_it(found.asker, found.permission):
        raise NotYet
    await _answer(number, "granted", answer)


async def _answer(number: int, state: str, answer: str) -> None:
    async with db.transaction():
        found = await _locked(number)
        if found.state == state and found.answer == answer:
            return  # sent twice
        if found.state != "open":
            raise Answered
        await db.execute(
            "UPDATE access_request SET state = $2, answer = $3, answered_by = $4, answered_at = $5 WHERE id = $1",
            number,
            state,
            answer,
            current_act().subject,
            clock.now(),
        )
        audit.record(Permission.POLICY_DRAFT, "access_request", number, change=state)


async def follow(draft: Draft) -> None:
    """A draft has ended, in the open transaction: tell the requests it was made for."""
    rows = await db.fetch(
        "SELECT id, asker, permission FROM access_request WHERE draft = $1 AND state = 'drafted' FOR UPDATE",
        draft.id,
    )
    if not rows:
        return
    released = CompiledPolicy(draft.policy) if draft.state == "released" else None
    for row in rows:
        if released and has_it(row["asker"], row["permission"], released):
            await db.execute(
                "UPDATE access_request SET state = 'granted', answered_by = $2, answered_at = $3 WHERE id = $1",
                row["id"],
                current_act().subject,
                clock.now(),
            )
        else:
            await db.execute(
                "UPDATE access_request SET state = 'open', draft = NULL WHERE id = $1", row["id"]
            )


async def _locked(number: int) -> Request:
    row = await db.fetchrow("SELECT id FROM access_request WHERE id = $1 FOR UPDATE", number)
    found = await request(number) if row else None
    if found is None:
        raise Answered
    return found


def _in_force() -> CompiledPolicy:
    snapshot = policy.snapshot
    return snapshot.compiled if snapshot else CompiledPolicy(Policy((), (), (), ()))


drafts.on_end.append(follow)
