"""Changes of the catalogue: one row, one transaction, on the trail, in force everywhere at once."""

from typing import Any

from portal.core import audit, db
from portal.core.notify import notify
from portal.features.catalogue import generation, snapshot
from portal.features.catalogue.resources import Resource, Values


class Refusal(Exception):
    """A constraint of the database says no; ``args[0]`` is the code."""


async def rows(resource: Resource) -> list[dict[str, Any]]:
    columns = [getattr(resource.table, name) for name in resource.order]
    return list(await resource.table.select().order_by(*columns))


async def row(resource: Resource, row_id: int) -> dict[str, Any] | None:
    table: Any = resource.table
    found: dict[str, Any] | None = await table.select().where(table.id == row_id).first()
    return found


async def save(resource: Resource, values: Values, row_id: int | None) -> int:
    """Insert or change a row; returns its id. Raises ``Refusal``."""
    table: Any = resource.table
    try:
        async with db.transaction() as opened:
            if row_id is None:
                added = await table.insert(table(**values)).returning(table.id)
                saved = int(added[0]["id"])
                await _note(resource, saved, "create", values)
            else:
                before = await row(resource, row_id)
                await table.update(
                    {getattr(table, name): value for name, value in values.items()}
                ).where(table.id == row_id)
                saved = row_id
                changed = {
                    name: value
                    for name, value in values.items()
                    if before and before[name] != value
                }
                await _note(resource, saved, "change", changed)
            opened.after_commit.append(snapshot.load)
    except db.UniqueViolation:
        raise Refusal("taken") from None
    except (db.CheckViolation, db.ForeignKeyViolation):
        raise Refusal("not-allowed") from None
    if resource.slots:
        await generation.generate()
    return saved


async def delete(resource: Resource, row_id: int) -> None:
    """Delete a row that nothing refers to; a repeat changes nothing. Raises ``Refusal``."""
    table: Any = resource.table
    try:
        async with db.transaction() as opened:
            await table.delete().where(table.id == row_id)
            await _note(resource, row_id, "delete", {})
            opened.after_commit.append(snapshot.load)
    except db.ForeignKeyViolation:
        raise Refusal("in-use") from None
    if resource.slots:
        await generation.generate()


async def _note(resource: Resource, row_id: int, act: str, values: Values) -> None:
    detail = {name: str(value) for name, value in values.items()}
    audit.record(str(resource.edit), resource.name, row_id, change=act, values=detail)
    await notify(snapshot.CHANNEL)
