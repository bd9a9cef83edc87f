"""A draft that rests on an old version is made again on the newest one: nothing of it is lost (PO-4)."""

from collections.abc import Sequence
from dataclasses import dataclass

from portal.core import audit, clock, db
from portal.features.policy import drafts, queries
from portal.features.policy.edits import difference
from rbac.policy import Policy


@dataclass(frozen=True, slots=True)
class Rebased:
    """``missing`` are lines that the draft took away and that the newer version had taken away already."""

    revision: int
    base_version: int
    missing: tuple[str, ...]


async def rebase(draft: int) -> Rebased:
    """Make the draft's own changes again on the newest version. A repeat changes nothing.

    What it adds is added where it stood; what it took away and is gone already is told, and kept in the draft until
    it is made again once more. A submitted draft is taken back by it: what was handed over is no longer what stands
    there. Raises ``PolicyError`` when the two do not go together (a circle of lines), ``DraftGone``.
    """
    async with db.transaction():
        row = await drafts.locked(draft, *drafts.LIVING)
        newest = await queries.newest()
        if newest is None or newest.number == row["base_version"]:
            return Rebased(
                row["revision"], row["base_version"], tuple(row["overtaken"].splitlines())
            )
        base = await queries.version(row["base_version"])
        theirs = newest.lines.splitlines()
        lines, missing = merged(base.lines.splitlines(), row["lines"].splitlines(), theirs)
        revision: int = await db.fetchval(
            "UPDATE policy_draft SET lines = $2, base_version = $3, revision = revision + 1, overtaken = $4, "
            "state = 'open' WHERE id = $1 RETURNING revision",
            draft,
            Policy.parse("\n".join(lines)).text,
            newest.number,
            "\n".join(missing),
        )
        # Steps were made on other lines: they stay as history and can no longer be undone one by one.
        await db.execute(
            "UPDATE policy_step SET undone_at = $2 WHERE draft = $1 AND undone_at IS NULL",
            draft,
            clock.now(),
        )
        audit.record("policy:draft", "policy_draft", draft, change="rebased", version=newest.number)
        return Rebased(revision, newest.number, tuple(missing))


def merged(
    base: Sequence[str], mine: Sequence[str], theirs: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Their lines with my changes; and what I took away that they had taken away already.

    A line of mine stands after the line it stood after, as far as that is still there.
    """
    removed, added = difference(base, mine)
    there = set(theirs)
    gone = set(removed)
    missing = [line for line in removed if line not in there]
    new = {line for line in added if line not in there}
    lines = [line for line in theirs if line not in gone]
    places = {line: number for number, line in enumerate(lines)}
    after: dict[int, list[str]] = {}
    place = -1
    for line in mine:
        if line in new:
            after.setdefault(place, []).append(line)
        else:
            place = places.get(line, place)
    found = after.get(-1, [])
    for number, line in enumerate(lines):
        found += [line, *after.get(number, ())]
    return found, missing
