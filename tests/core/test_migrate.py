"""The schema: made once whoever starts, kept as it is when it is there, whole or not at all."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator

import asyncpg
import pytest

from portal.core import db
from portal.core.migrate import is_migrated, migrate, raw_migration
from portal.core.settings import settings
from portal.registry import APP_NAMES, migrations
from tests.factories.booking import an_order


async def rows() -> dict[str, int]:
    """How many rows each table has."""
    names = await db.fetch(
        "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'"
    )
    return {
        row["name"]: await db.fetchval(f'SELECT count(*) FROM "{row["name"]}"') for row in names
    }


@pytest.mark.commits
async def test_a_second_run_changes_nothing_in_a_filled_database(database: None) -> None:
    await an_order()
    before = await rows()
    assert before["ticket"] == 1
    assert await migrate(APP_NAMES) == 0
    assert await rows() == before


@pytest.mark.commits
async def test_a_migration_that_fails_leaves_the_database_as_it_was(database: None) -> None:
    before = set(await rows())

    async def forwards() -> None:
        await db.execute("CREATE TABLE half_done (id integer)")
        await db.execute("SELECT 1 / 0")

    manager = raw_migration("core", "2099-01-01T00:00:00:000000", "fails", forwards)
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with db.transaction():
            await manager.run()
    assert set(await rows()) == before


async def test_a_database_is_ready_when_it_has_all_migrations(database: None) -> None:
    assert await is_migrated(migrations())
    assert not await is_migrated(migrations() + 1)
    await db.execute("DROP TABLE migration")
    assert not await is_migrated(1)


@pytest.fixture
async def empty(migrated: str) -> AsyncIterator[str]:
    """The address of an empty database beside the one of the tests."""
    name = f"{settings().database_url}".rpartition("/")[2].partition("?")[0] + "_empty"
    connection = await asyncpg.connect(migrated)
    await connection.execute(f"CREATE DATABASE {name}")
    yield migrated.replace(name.removesuffix("_empty"), name)
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


async def portal(*arguments: str, url: str) -> tuple[int, str, str]:
    """Run the command; its exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "portal",
        *arguments,
        env=os.environ | {"PORTAL_DATABASE_URL": url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_nodes_that_start_at_once_migrate_once(empty: str) -> None:
    done = await asyncio.gather(*(portal("migrate", url=empty) for _ in range(3)))
    assert [code for code, _out, _err in done] == [0, 0, 0], done
    said = [out.splitlines()[-1] for _code, out, _err in done]
    assert sorted(said) == [
        f"{migrations()} migrations ran",
        "the schema is up to date",
        "the schema is up to date",
    ]


async def test_a_server_that_is_not_there_is_told_in_one_line() -> None:
    code, _out, err = await portal("migrate", url="postgresql://nobody@127.0.0.1:1/nothing")
    assert code == 2
    assert err.startswith("portal: cannot reach the database of PORTAL_DATABASE_URL: ")
    assert len(err.strip().splitlines()) == 1
    assert "Traceback" not in err
