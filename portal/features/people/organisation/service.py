"""Changes of the organisation, from the proposal of HR to the post that is held.

A proposal that touches the policy waits for its release. Whoever carries it there registers with ``carry_with`` and
reports back with ``released`` or ``dropped``, in the transaction of that act, so that lines and posts never
disagree. A proposal that touches no line (the post alone changes) is in force at once.
"""

from typing import Final, Protocol
from uuid import UUID

from portal.core import audit, clock, db
from portal.core.context import current_act
from portal.core.i18n import _
from portal.features.people.organisation import checks, queries
from portal.features.people.organisation.lines import Rewrite
from portal.features.people.organisation.proposal import Plan, Proposal, Recall, Refusal, plan
from portal.features.people.organisation.queries import Change
from portal.web.templating import local_date

LONGEST_TITLE: Final = 200


class Stale(Exception):
    """The policy became another while the change was looked at."""


class Carrier(Protocol):
    """Who brings proposals into the policy."""

    async def prepare(self, change: Change, title: str, key: UUID) -> int:
        """Prepare a draft with the lines of the change, in the open transaction; returns its number.

        Raises ``Stale`` when they do not fit the policy that is in force by now.
        """

    async def drop(self, draft: int) -> bool:
        """Drop what was prepared for a proposal; False when it was released or dropped already."""


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
    except Stale:
        raise Refusal("person", "stale") from None
    except db.UniqueViolation:  # somebody else, or the same form, a moment before
        if (known := await queries.change_by_key(proposal.key)) is not None:
            return known
        raise Refusal("person", "already-proposed") from None
    return change_id


async def recall(wish: Recall) -> int:
    """Propose that a released change shall not come: its lines go back. Raises ``Refusal``."""
    try:
        async with db.transaction():
            if (known := await queries.change_by_key(wish.key)) is not None:
                return known
            change = await queries.change(wish.change)
            if change is None or change.shown_state != "scheduled":
                raise Refusal("reason", "not-scheduled")
            change_id = await _insert_recall(change, wish)
            audit.record("organisation:edit", "org_change", change_id, recalls=change.id)
            filed = await queries.change(change_id)
            for carrier in _carriers:
                if filed is not None:
                    words = with_reason(await _recall_title(change), wish.reason)
                    draft = await carrier.prepare(filed, words, wish.key)
                    await db.execute(
                        "UPDATE org_change SET draft = $2 WHERE id = $1", change_id, draft
                    )
    except Stale:
        raise Refusal("reason", "stale") from None
    except db.UniqueViolation:
        if (known := await queries.change_by_key(wish.key)) is not None:
            return known
        raise Refusal("reason", "already-proposed") from None
    return change_id


async def _insert_recall(change: Change, wish: Recall) -> int:
    """The same lines the other way round."""
    rewrite = Rewrite(list(change.added), list(change.removed))
    username = str(
        await db.fetchval("SELECT username FROM account WHERE person = $1", change.person)
    )
    policy, since = queries.compiled().policy, queries.start_of(change.effective_on)
    if found := checks.problem(policy, rewrite, username, since):
        raise Refusal("reason", found.code, found.people)
    return int(
        await db.fetchval(
            "INSERT INTO org_change (kind, person, effective_on, recalls, reason, removed, added, state, "
            "proposed_by, proposed_at, idempotency_key) "
            "VALUES ('recall', $1, $2, $3, $4, $5, $6, 'proposed', $7, $8, $9) RETURNING id",
            change.person,
            change.effective_on,
            change.id,
            wish.reason,
            rewrite.removed,
            rewrite.added,
            current_act().subject,
            clock.now(),
            wish.key,
        )
    )


async def _recall_title(change: Change) -> str:
    name = await db.fetchval("SELECT name FROM person WHERE id = $1", change.person)
    return _(
        "%(person)s: the change of %(day)s is called off",
        person=name,
        day=local_date(change.effective_on),
    )


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
        words = with_reason(title(planned), planned.proposal.reason)
        draft = await carrier.prepare(filed, words, planned.proposal.key)
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


def with_reason(words: str, reason: str) -> str:
    """Whoever releases the draft reads why; as much of it as a title holds."""
    told = f"{words} · {' '.join(reason.split())}"
    return told if len(told) <= LONGEST_TITLE else f"{told[: LONGEST_TITLE - 1]}…"


async def withdraw(change_id: int) -> bool:
    """Take a proposal back that is not in force; False when it is settled already.

    The draft is taken first and the proposal after it, as a release does: in the other order two of them would wait
    for each other.
    """
    async with db.transaction():
        change = await queries.change(change_id)
        if change is None or change.state != "proposed":
            return False
        if change.draft is not None:
            for carrier in _carriers:
                if not await carrier.drop(change.draft):
                    return False
        await _settle(change, "withdrawn")
        audit.record("organisation:edit", "org_change", change_id, withdrawn=True)
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
    if change.recalls is not None:
        await _hold_as_before(change.recalls)
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


async def _hold_as_before(recalled: int) -> None:
    """What a change had given and taken is as it was."""
    await db.execute(
        "UPDATE org_change SET state = 'recalled' WHERE id = $1 AND state = 'released'", recalled
    )
    await db.execute("DELETE FROM post_holding WHERE change = $1", recalled)
    await db.execute(
        "UPDATE post_holding h SET until = NULL FROM org_change c WHERE c.id = $1 "
        "AND h.person = c.person AND h.until = c.effective_on",
        recalled,
    )
    await db.execute(
        "UPDATE person p SET left_on = NULL FROM org_change c WHERE c.id = $1 AND p.id = c.person "
        "AND p.left_on = c.effective_on",
        recalled,
    )
