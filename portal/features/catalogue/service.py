"""Changes of the catalogue: one row, one transaction, on the trail, in force everywhere at once.

A change that moves slots brings them to the plan in the same transaction. What it would do can be seen before it is
done: the same acts are carried out and taken back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from portal.core import audit, db
from portal.core.notify import notify
from portal.features.catalogue import checks, generation, plan, snapshot
from portal.features.catalogue.fields import Resource, Values
from portal.features.catalogue.generation import Generated
from portal.features.catalogue.rules.holidays import CalendarDay

#: Beside which field it stands that there is such a row already, by the constraint that says so.
PLACE_OF: Final[Mapping[str, str]] = {
    "product_slug_key": "slug",
    "category_code_key": "code",
    "calendar_day_day_key": "day",
    "slot_exception_product_day_key": "day",
    "price_product_category_season_day_type_valid_from_key": "valid_from",
}


class Refusal(Exception):
    """The change does not hold: ``args`` are the code and the field beside which it is said ("" for the first)."""


class _TakenBack(Exception):
    """Ends a rehearsal: everything is rolled back."""


@dataclass(frozen=True, slots=True)
class Change:
    """A row to be made (``row_id`` None, then with a key of its own) or changed. ``values`` None deletes it."""

    values: Values | None
    row_id: int | None = None
    key: UUID | None = None


async def rows(resource: Resource) -> list[dict[str, Any]]:
    columns = [getattr(resource.table, name) for name in resource.order]
    return list(await resource.table.select().order_by(*columns))


async def row(resource: Resource, row_id: int) -> dict[str, Any] | None:
    table: Any = resource.table
    found: dict[str, Any] | None = await table.select().where(table.id == row_id).first()
    return found


async def rehearse(resource: Resource, change: Change) -> Generated:
    """What the change would do to slots, without doing it. Raises ``Refusal`` as the change itself would."""
    seen: list[Generated] = []
    try:
        async with db.transaction():
            _row, done = await _carry_out(resource, change)
            seen.append(done or Generated(0, 0, 0, 0))
            raise _TakenBack  # noqa: TRY301  this is how a rehearsal ends
    except _TakenBack:
        return seen[0]


async def save(resource: Resource, change: Change) -> int:
    """Carry the change out; returns the row. A key that came before answers with its row. Raises ``Refusal``."""
    async with db.transaction() as opened:
        saved, _done = await _carry_out(resource, change)
        await notify(snapshot.CHANNEL)
        opened.after_commit.append(snapshot.load)
    return saved


async def _carry_out(resource: Resource, change: Change) -> tuple[int, Generated | None]:
    before = await plan.read() if resource.slots else None
    try:
        async with db.transaction():
            saved = await _write(resource, change)
    except db.UniqueViolation as error:
        raise Refusal("taken", PLACE_OF.get(str(error.constraint_name), "")) from None
    except db.ForeignKeyViolation:
        raise Refusal("in-use" if change.values is None else "not-a-choice", "") from None
    except db.CheckViolation:
        raise Refusal("not-allowed", "") from None
    if before is None:
        return saved, None
    if change.values is not None and plan.overfull(before, await plan.read()):
        field = "capacity" if "capacity" in change.values else "capacity_percent"
        raise Refusal("daily-maximum", field)
    return saved, await generation.generate()


async def _write(resource: Resource, change: Change) -> int:
    table: Any = resource.table
    if change.row_id is None:
        return await _insert(resource, change)
    before = await row(resource, change.row_id)
    if before and resource.keep and (code := resource.keep(before)):
        raise Refusal(code, "")
    if change.values is None:
        return await _delete(resource, change.row_id, before)
    await table.update(
        {getattr(table, name): value for name, value in change.values.items()}
    ).where(table.id == change.row_id)
    changed = {
        name: value for name, value in change.values.items() if before and before[name] != value
    }
    _note(resource, change.row_id, "change", changed)
    return change.row_id


async def _insert(resource: Resource, change: Change) -> int:
    table: Any = resource.table
    values = change.values or {}
    known = await db.fetchval("SELECT row_id FROM catalogue_key WHERE key = $1", change.key)
    if known is not None:
        return int(known)
    added = await table.insert(table(**values)).returning(table.id)
    made = int(added[0]["id"])
    if change.key is not None:
        await db.execute(
            "INSERT INTO catalogue_key (key, resource, row_id) VALUES ($1, $2, $3)",
            change.key,
            resource.name,
            made,
        )
    _note(resource, made, "create", values)
    return made


async def _delete(resource: Resource, row_id: int, gone: dict[str, Any] | None) -> int:
    """Delete a row that nothing refers to; a repeat changes nothing."""
    table: Any = resource.table
    if gone is None:
        return row_id
    if resource.table._meta.tablename == "price" and (code := await checks.price_gone(gone)):  # noqa: SLF001
        raise Refusal(code, "")
    await table.delete().where(table.id == row_id)
    _note(resource, row_id, "delete", {name: gone[name] for name in _names(resource)})
    return row_id


def _names(resource: Resource) -> list[str]:
    return [field.name for field in resource.fields]


def _note(resource: Resource, row_id: int, act: str, values: Values) -> None:
    detail = {name: str(value) for name, value in values.items()}
    audit.record(str(resource.edit), resource.name, row_id, change=act, values=detail)


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file of days did: rows added, changed and left as they were."""

    added: int
    changed: int
    same: int


async def import_days(days: Sequence[CalendarDay]) -> Imported:
    """Put a calendar in, day by day; a day that is there takes the file's words. A repeat changes nothing."""
    async with db.transaction() as opened:
        done = await db.fetch(
            "INSERT INTO calendar_day AS c (day, kind, name_zh, name_en, confirmed) SELECT * FROM "
            "unnest($1::date[], $2::text[], $3::text[], $4::text[], $5::boolean[]) "
            "ON CONFLICT (day) DO UPDATE SET kind = excluded.kind, name_zh = excluded.name_zh, "
            "name_en = excluded.name_en, confirmed = excluded.confirmed "
            "WHERE (c.kind, c.name_zh, c.name_en, c.confirmed) IS DISTINCT FROM "
            "(excluded.kind, excluded.name_zh, excluded.name_en, excluded.confirmed) RETURNING (xmax = 0) AS fresh",
            [day.day for day in days],
            [day.kind for day in days],
            [day.name_zh for day in days],
            [day.name_en for day in days],
            [day.confirmed for day in days],
        )
        added = sum(row["fresh"] for row in done)
        imported = Imported(added, len(done) - added, len(days) - len(done))
        if done:
            audit.record(
                "catalogue:edit", "calendar", "import", added=added, changed=imported.changed
            )
            await notify(snapshot.CHANNEL)
            opened.after_commit.append(snapshot.load)
    return imported


async def confirm_year(year: int) -> int:
    """The plan of a year was announced as it stands here; returns how many days were unconfirmed."""
    async with db.transaction() as opened:
        done = await db.fetch(
            "UPDATE calendar_day SET confirmed = true WHERE extract(year FROM day) = $1 AND NOT confirmed RETURNING id",
            year,
        )
        if done:
            audit.record("catalogue:edit", "calendar", year, change="confirm", days=len(done))
            await notify(snapshot.CHANNEL)
            opened.after_commit.append(snapshot.load)
    return len(done)
