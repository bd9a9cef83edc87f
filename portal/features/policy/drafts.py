"""Drafts of the policy: changed step by step, then released by a second person (PO-4).

A draft holds the whole policy as it would be. Each change is one step, checked as a whole: lines that cannot be
trusted are never stored. A line's text is its identity, and the draft's row is locked while a step is made, so of
two people who change different lines both get what they want; who changes a line that is not there any more is
told who took it away (``Conflict``), and nothing of theirs is mixed in. Steps can be undone, the last one first.

A draft rests on the version it began with. When another version is released meanwhile, ``rebasing.py`` makes the
draft's own changes again on the newer lines; a draft with an old base cannot be released. A release is one
transaction: assertions, the new version, the draft's end, the audit entry and the news to every process are there
together or not at all (``service.release``), even when the process is killed on the way.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from portal.core import audit, clock, db
from portal.core.context import current_act
from portal.features.people import queries as people
from portal.features.people import sign_in
from portal.features.policy import queries, service
from portal.features.policy.edits import above, difference, replaced, tidy
from portal.web.permission import policy as in_force
from rbac.assertions import Failure, failures
from rbac.facts import Facts
from rbac.permissions import Permission
from rbac.policy import Policy

KINDS: Final = ("edit", "import", "grant", "organisation", "access", "restore")
LIVING: Final = ("open", "submitted")

#: Called with a draft that has just been released or dropped, in the transaction that ended it.
on_end: list[Callable[["Draft"], Awaitable[None]]] = []


class DraftGone(Exception):
    """There is no such draft, or it can no longer be changed: submitted, released or dropped."""


class Conflict(Exception):
    """A line to be changed is not there any more. ``by`` took it away at ``at``; nobody known: it never was there."""

    def __init__(self, line: str, by: str = "", at: datetime | None = None) -> None:
        super().__init__(line)
        self.line = line
        self.by = by
        self.at = at


class NothingToUndo(Exception):
    """The draft is as it began."""


class Outdated(Exception):
    """Another version was released meanwhile: the draft must be rebased, and looked at again."""


class Changed(Exception):
    """The draft was taken back and changed since it was looked at."""


class Unchanged(Exception):
    """The draft says what is in force already."""


class WrongPassword(Exception):
    """Whoever releases did not prove who they are."""


class Unsafe(Exception):
    """Standing assertions would fail: ``failures`` says which and for whom."""

    def __init__(self, found: Sequence[Failure]) -> None:
        super().__init__(", ".join(failure.assertion.name for failure in found))
        self.failures = tuple(found)


@dataclass(frozen=True)
class Draft:
    """A draft as it stands. ``authors`` made, changed or submitted it: none of them may release it."""

    id: int
    title: str
    kind: str
    base_version: int
    text: str
    revision: int
    state: str
    created_by: str
    created_at: datetime
    submitted_by: str | None
    submitted_at: datetime | None
    ended_at: datetime | None
    released_version: int | None
    overtaken: str
    authors: frozenset[str]

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(self.text.splitlines())

    @cached_property
    def policy(self) -> Policy:
        return Policy.parse(self.text)

    @property
    def editable(self) -> bool:
        return self.state == "open"


@dataclass(frozen=True, slots=True)
class Step:
    """One change of a draft, newest first in a list."""

    number: int
    by: str
    at: datetime
    removed: tuple[str, ...]
    added: tuple[str, ...]
    undone_at: datetime | None


_COLUMNS: Final = (
    "d.id, d.title, d.kind, d.base_version, d.lines AS text, d.revision, d.state, d.created_by, d.created_at, "
    "d.submitted_by, d.submitted_at, d.ended_at, d.released_version, d.overtaken, "
    "array_remove(array(SELECT DISTINCT s.by FROM policy_step s WHERE s.draft = d.id) "
    "|| d.created_by || d.submitted_by, NULL) AS authors "
)


def _draft(row: Any) -> Draft:
    return Draft(**{**row, "authors": frozenset(row["authors"])})


async def get(draft: int) -> Draft:
    """Raises ``DraftGone`` when there is none; one that has ended is still shown."""
    row = await db.fetchrow(f"SELECT {_COLUMNS}FROM policy_draft d WHERE d.id = $1", draft)
    if row is None:
        raise DraftGone
    return _draft(row)


async def living() -> list[Draft]:
    """Drafts that are open or wait for their release, the newest first."""
    rows = await db.fetch(
        f"SELECT {_COLUMNS}FROM policy_draft d WHERE d.state = ANY ($1) ORDER BY d.id DESC",
        list(LIVING),
    )
    return [_draft(row) for row in rows]


async def steps(draft: int) -> list[Step]:
    rows = await db.fetch(
        "SELECT number, by, at, removed, added, undone_at FROM policy_step WHERE draft = $1 "
        "ORDER BY number DESC",
        draft,
    )
    return [
        Step(
            row["number"],
            row["by"],
            row["at"],
            tuple(row["removed"].splitlines()),
            tuple(row["added"].splitlines()),
            row["undone_at"],
        )
        for row in rows
    ]


async def start(
    title: str, *, kind: str = "edit", lines: str | None = None, key: UUID | None = None
) -> int:
    """Begin a draft from the version in force, or with other ``lines``; a repeat of the key finds the first one.

    Raises ``PolicyError`` for lines that do not hold.
    """
    newest = await queries.newest()
    if newest is None:
        raise DraftGone
    text = newest.lines if lines is None else Policy.parse(lines).text
    async with db.transaction():
        made: int | None = await db.fetchval(
            "INSERT INTO policy_draft (title, kind, base_version, lines, created_by, created_at, idempotency_key) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (idempotency_key) DO NOTHING RETURNING id",
            title,
            kind,
            newest.number,
            text,
            current_act().subject,
            clock.now(),
            key,
        )
        if made is None:
            return int(
                await db.fetchval("SELECT id FROM policy_draft WHERE idempotency_key = $1", key)
            )
        audit.record("policy:draft", "policy_draft", made, change="begun", kind=kind)
    return made


async def change(
    draft: int, *, remove: Sequence[str] = (), add: Sequence[str] = (), near: str | None = None
) -> int:
    """Take lines away and put lines in, as one step; returns the draft's revision after it.

    What comes stands where the first line stood that went, else after ``near``, else last of its sort. A line to be
    added that is there already is left as it is; when nothing changes, there is no step. Raises ``Conflict`` for a
    line that is not there to be removed, ``PolicyError`` when the whole would not hold, ``DraftGone``.
    """
    gone, come = [tidy(line) for line in remove], [tidy(line) for line in add]
    async with db.transaction():
        row = await locked(draft)
        before = row["lines"].splitlines()
        for line in gone:
            if line not in before:
                if set(come) <= set(before):
                    return int(row["revision"])  # the same change, sent again
                raise await _conflict(draft, line)
        place = gone[0] if gone else (tidy(near) if near else None)
        after = replaced(before, gone, come, place)
        return await _step(row, before, after)


async def undo(draft: int, step: int | None = None) -> int:
    """Take back the last step that is not undone, whoever made it; returns the revision.

    ``step`` is the one that was seen: another is not taken back in its stead. Raises ``NothingToUndo``, ``DraftGone``.
    """
    async with db.transaction():
        row = await locked(draft)
        last = await db.fetchrow(
            "SELECT number, removed, added, after FROM policy_step WHERE draft = $1 AND undone_at IS NULL "
            "ORDER BY number DESC LIMIT 1",
            draft,
        )
        if last is None or step not in (None, last["number"]):
            raise NothingToUndo
        before = row["lines"].splitlines()
        gone, come = last["added"].splitlines(), last["removed"].splitlines()
        after = replaced(
            before, gone, come, gone[0] if gone else last["after"] or None, first=not last["after"]
        )
        await db.execute(
            "UPDATE policy_step SET undone_at = $3 WHERE draft = $1 AND number = $2",
            draft,
            last["number"],
            clock.now(),
        )
        audit.record(
            "policy:draft", "policy_draft", draft, change="undone", removed=gone, added=come
        )
        return await _store(row, after)


async def submit(draft: int) -> None:
    """Hand the draft over to be released; it can no longer be changed. Raises ``Unchanged``, ``DraftGone``."""
    async with db.transaction():
        row = await locked(draft)
        base = await queries.version(row["base_version"])
        if base.lines == row["lines"]:
            raise Unchanged
        await db.execute(
            "UPDATE policy_draft SET state = 'submitted', submitted_by = $2, submitted_at = $3 WHERE id = $1",
            draft,
            current_act().subject,
            clock.now(),
        )
        audit.record("policy:draft", "policy_draft", draft, change="submitted")


async def withdraw(draft: int) -> None:
    """Take a submitted draft back, to change it further."""
    async with db.transaction():
        await locked(draft, "submitted")
        await db.execute("UPDATE policy_draft SET state = 'open' WHERE id = $1", draft)
        audit.record("policy:draft", "policy_draft", draft, change="withdrawn")


async def drop(draft: int) -> None:
    """End the draft without a release; it stays to be read."""
    async with db.transaction():
        await locked(draft, *LIVING)
        await db.execute(
            "UPDATE policy_draft SET state = 'dropped', ended_at = $2 WHERE id = $1",
            draft,
            clock.now(),
        )
        audit.record("policy:draft", "policy_draft", draft, change="dropped")
        await _tell_of_end(draft)


async def may_release(draft: Draft, subject: str) -> bool:
    """Whether the policy in force lets this person release the draft, whoever of its authors is looked at."""
    return all(
        in_force.decide(subject, Permission.POLICY_RELEASE, facts).allowed
        for facts in await release_facts(draft, subject)
    )


async def release_facts(draft: Draft, subject: str) -> list[Facts]:
    """What the policy is asked about: once for each author. ``sole`` while nobody but authors could release."""
    sole = not (await releasers() - draft.authors)
    asked = draft.authors & {subject} or draft.authors
    return [Facts(requester=author, attributes={"sole": sole}) for author in sorted(asked)]


async def releasers() -> frozenset[str]:
    """Everybody who could release some draft and whose account is open.

    A closed account counts no more: else a policy that names one second person could never be changed again once
    that person has left.
    """
    snapshot = in_force.snapshot
    if snapshot is None:
        return frozenset()
    able = [
        subject
        for subject in snapshot.compiled.policy.subjects
        if snapshot.compiled.may_ever(subject, Permission.POLICY_RELEASE)
    ]
    return frozenset(able) - await people.closed(able)


async def release(draft: int, person_id: int, password: str, seen: int | None = None) -> int:
    """Put the draft in force as the next version; returns its number. ``seen`` is the revision that was looked at.

    The caller has asked the policy (``release_facts``). Raises ``WrongPassword``, ``DraftGone``, ``Outdated``,
    ``Changed``, ``Unchanged``, ``Unsafe``, ``PolicyError``. Of two releases at once one is the next version and the
    other is outdated. A repeat finds the draft gone.
    """
    if not await sign_in.confirm(person_id, password):
        raise WrongPassword
    async with db.transaction():
        row = await locked(draft, "submitted")
        if seen is not None and seen != row["revision"]:
            raise Changed
        await service.lock()
        newest = await queries.newest()
        if newest is None or newest.number != row["base_version"]:
            raise Outdated
        if newest.lines == row["lines"]:
            raise Unchanged
        wanted = Policy.parse(row["lines"])
        # In a thread: with thousands of people it takes seconds, in which this process must go on answering.
        if found := await asyncio.to_thread(failures, wanted, clock.now().astimezone(UTC)):
            raise Unsafe(found)
        authors = sorted((await get(draft)).authors)
        version = await service.release(
            wanted.text, row["title"], drafted_by=", ".join(authors), draft=draft
        )
        await db.execute(
            "UPDATE policy_draft SET state = 'released', ended_at = $2, released_version = $3 WHERE id = $1",
            draft,
            clock.now(),
            version,
        )
        await _tell_of_end(draft)
    return version


async def _tell_of_end(draft: int) -> None:
    ended = await get(draft)
    for follow in on_end:
        await follow(ended)


async def locked(draft: int, *states: str) -> Any:
    """The draft's row, held until the transaction ends; ``open`` when no states are named. Raises ``DraftGone``."""
    row = await db.fetchrow("SELECT * FROM policy_draft WHERE id = $1 FOR UPDATE", draft)
    if row is None or row["state"] not in (states or ("open",)):
        raise DraftGone
    return row


async def _conflict(draft: int, line: str) -> Conflict:
    """Who took the line away last."""
    for step in await steps(draft):
        if step.undone_at is None and line in step.removed:
            return Conflict(line, step.by, step.at)
    return Conflict(line)


async def _step(row: Any, before: list[str], after: list[str]) -> int:
    text = Policy.parse("\n".join(after)).text
    removed, added = difference(before, text.splitlines())
    if not removed and not added:
        return int(row["revision"])
    await db.execute(
        "INSERT INTO policy_step (draft, number, by, at, removed, added, after) "
        "SELECT $1, 1 + coalesce(max(number), 0), $2, $3, $4, $5, $6 FROM policy_step WHERE draft = $1",
        row["id"],
        current_act().subject,
        clock.now(),
        "\n".join(removed),
        "\n".join(added),
        above(before, removed[0]) if removed else above(text.splitlines(), added[0]),
    )
    audit.record("policy:draft", "policy_draft", row["id"], removed=removed, added=added)
    return await _store(row, text.splitlines())


async def _store(row: Any, lines: Sequence[str]) -> int:
    revision: int = await db.fetchval(
        "UPDATE policy_draft SET lines = $2, revision = revision + 1 WHERE id = $1 RETURNING revision",
        row["id"],
        Policy.parse("\n".join(lines)).text,
    )
    return revision
