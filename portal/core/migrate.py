"""Migrations: hand-written SQL, run by Piccolo in the order of the slices' tiers.

The DDL is SQL because it says what Piccolo's tables cannot: partitions, partial unique indexes,
functions. ``tests/architecture`` holds every Piccolo table equal to what the SQL really made.

Piccolo's migration commands are imported where they are used: they bring a code formatter along, and a worker,
which only asks whether the schema is there, would carry it for good.
"""

import contextlib
import io
import sys
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING

from piccolo.apps.migrations.tables import Migration

from portal.core.db import current_transaction, execute, fetch, fetchval, transaction

if TYPE_CHECKING:
    from piccolo.apps.migrations.auto.migration_manager import MigrationManager

MIGRATION_LOCK = 0x5A4D_0001  # pg_advisory lock: two nodes that start at once migrate once
PATIENCE = 4 * 3600.0  # seconds: of one long statement

Say = Callable[[str], None]

_say: ContextVar[Say] = ContextVar("say", default=lambda _line: None)


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


async def index_partitions(table: str, name: str, definition: str) -> None:
    """Make an index on a table that is cut in parts, one part after the other, saying how far it has come.

    ``definition`` is what follows the table's name: ``(at) WHERE …``.
    """
    connection = current_transaction().connection
    await connection.execute(f"CREATE INDEX {name} ON ONLY {table} {definition}")
    parts = await fetch(
        "SELECT c.relname AS name, greatest(c.reltuples, 0)::bigint AS rows FROM pg_inherits i "
        "JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = $1::regclass ORDER BY 1",
        table,
    )
    for number, part in enumerate(parts, 1):
        begun = time.monotonic()
        own = f"{name}{part['name'].removeprefix(table)}"
        await connection.execute(
            f"CREATE INDEX {own} ON {part['name']} {definition}", timeout=PATIENCE
        )
        await connection.execute(f"ALTER INDEX {name} ATTACH PARTITION {own}")
        _say.get()(
            f"index {name}: {number} of {len(parts)} parts, {part['name']} with about {part['rows']:,} rows "
            f"in {time.monotonic() - begun:.1f} s"
        )


async def migrate(app_names: tuple[str, ...], say: Say = lambda _: None) -> int:
    """Bring every app up to date, in the order given; returns how many migrations ran.

    All of it is one transaction: a failing migration leaves the database as it was.
    """
    async with transaction():
        await execute("SELECT pg_advisory_xact_lock($1)", MIGRATION_LOCK)
        await Migration.create_table(if_not_exists=True).run()
        before = await Migration.count()
        token = _say.set(_aloud(say))
        try:
            for name in app_names:
                await _migrate_app(name, say)
        finally:
            _say.reset(token)
        return int(await Migration.count()) - int(before)


def _aloud(say: Say) -> Say:
    """Say it where it is heard, while Piccolo's own words are kept from there."""
    heard = sys.stdout

    def aloud(line: str) -> None:
        with contextlib.redirect_stdout(heard):
            say(line)

    return aloud


async def _migrate_app(name: str, say: Say) -> None:
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
