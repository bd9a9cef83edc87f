"""Migrations: hand-written SQL, run by Piccolo in the order of the slices' tiers.

The DDL is SQL because it says what Piccolo's tables cannot: partitions, partial unique indexes,
functions. ``tests/architecture`` holds every Piccolo table equal to what the SQL really made.

Piccolo's migration commands are imported where they are used: they bring a code formatter along, and a worker,
which only asks whether the schema is there, would carry it for good.
"""

import contextlib
import io
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from piccolo.apps.migrations.tables import Migration

from portal.core.db import execute, fetchval, transaction

if TYPE_CHECKING:
    from piccolo.apps.migrations.auto.migration_manager import MigrationManager

MIGRATION_LOCK = 0x5A4D_0001  # pg_advisory lock: two nodes that start at once migrate once


def sql_migration(
    app_name: str, migration_id: str, description: str, sql: str
) -> "MigrationManager":
    """A migration that runs this SQL in one transaction."""

    async def forwards() -> None:
        await execute(sql)

    return raw_migration(app_name, migration_id, description, forwards)


def raw_migration(
    app_name: str, migration_id: str, description: str, forwards: Callable[[], Awaitable[None]]
) -> "MigrationManager":
    from piccolo.apps.migrations.auto.migration_manager import MigrationManager  # noqa: PLC0415

    manager = MigrationManager(
        migration_id=migration_id,
        app_name=app_name,
        description=description,
        wrap_in_transaction=False,
    )
    manager.add_raw(forwards)
    return manager


async def migrate(app_names: tuple[str, ...], say: Callable[[str], None] = lambda _: None) -> int:
    """Bring every app up to date, in the order given; returns how many migrations ran.

    All of it is one transaction: a failing migration leaves the database as it was.
    """
    async with transaction():
        await execute("SELECT pg_advisory_xact_lock($1)", MIGRATION_LOCK)
        await Migration.create_table(if_not_exists=True).run()
        before = await Migration.count()
        for name in app_names:
            await _migrate_app(name, say)
        return int(await Migration.count()) - int(before)


async def _migrate_app(name: str, say: Callable[[str], None]) -> None:
    from piccolo.apps.migrations.commands.forwards import ForwardsMigrationManager  # noqa: PLC0415

    manager = ForwardsMigrationManager(app_name=name, migration_id="all")
    told = io.StringIO()  # Piccolo prints its progress; ours is said by `say`
    with contextlib.redirect_stdout(told):
        result = await manager.run()
    if not result.success:
        raise RuntimeError(result.message or f"the migrations of {name} failed")
    for line in told.getvalue().splitlines():
        if line.strip().startswith("- "):
            say(f"{name} {line.strip(' -').split(' ')[0]}")


async def is_migrated(expected: int) -> bool:
    """Whether the database carries at least as many migrations as this program brings."""
    if not await fetchval("SELECT to_regclass('migration') IS NOT NULL"):
        return False
    return int(await fetchval("SELECT count(*) FROM migration")) >= expected
