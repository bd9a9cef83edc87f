"""One transaction per act: what is promised at its edges, and that no connection is ever lost."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest
from piccolo.engine.postgres import PostgresEngine

from portal.core import db
from portal.core.settings import settings
from portal.features.catalogue.tables import Attraction

KILL = "SELECT pg_terminate_backend(pg_backend_pid())"


async def people() -> int:
    return int(await db.fetchval("SELECT count(*) FROM person"))


async def add(name: str = "甲") -> None:
    await db.execute("INSERT INTO person (name) VALUES ($1)", name)


class Trouble(Exception):
    pass


# ── nesting ──────────────────────────────────────────────────────────────────────────────────────


async def test_an_exception_rolls_the_act_back(database: None) -> None:
    with pytest.raises(Trouble):
        async with db.transaction():
            await add()
            raise Trouble
    assert await people() == 0
    assert not db.in_transaction()


async def test_an_inner_act_that_fails_leaves_the_outer_one_whole(database: None) -> None:
    async with db.transaction():
        await add("甲")
        with pytest.raises(Trouble):
            async with db.transaction():
                await add("乙")
                raise Trouble
        await add("丙")
    assert [row["name"] for row in await db.fetch("SELECT name FROM person ORDER BY id")] == [
        "甲",
        "丙",
    ]


async def test_a_failed_statement_can_be_caught_around_an_inner_act(database: None) -> None:
    async with db.transaction():
        await add()
        with pytest.raises(db.CheckViolation):
            async with db.transaction():
                await add("")
        await add()
    assert await people() == 2


async def test_without_an_inner_act_a_caught_failure_spoils_the_whole(database: None) -> None:
    """The control of the test above: PostgreSQL itself forgives nothing."""
    with pytest.raises(asyncpg.InFailedSQLTransactionError):
        async with db.transaction():
            with pytest.raises(db.CheckViolation):
                await add("")
            await add()
    assert await people() == 0


async def test_piccolo_s_queries_are_part_of_the_act(database: None) -> None:
    with pytest.raises(Trouble):
        async with db.transaction():
            await Attraction.insert(Attraction(name_zh="山", name_en="Hill"))
            assert await db.fetchval("SELECT count(*) FROM attraction") == 1
            raise Trouble
    assert await Attraction.count() == 0


async def test_many_rows_are_written_at_once(database: None) -> None:
    await db.executemany("INSERT INTO person (name) VALUES ($1)", [("甲",), ("乙",)])
    assert await people() == 2
    assert (await db.fetchrow("SELECT min(name) AS first FROM person"))["first"] == "乙"


async def test_what_needs_an_act_says_so(database: None) -> None:
    with pytest.raises(RuntimeError, match="inside a transaction"):
        db.current_transaction()
    async with db.transaction() as opened:
        assert db.current_transaction() is opened


@pytest.mark.commits
async def test_without_a_pool_nothing_is_asked_of_the_database(database: None) -> None:
    await db.close_pool()
    with pytest.raises(RuntimeError, match="pool is not open"):
        await db.fetchval("SELECT 1")
    await db.close_pool()
    await db.open_pool()
    assert await db.fetchval("SELECT 1") == 1


# ── hooks ────────────────────────────────────────────────────────────────────────────────────────


async def test_hooks_before_the_commit_still_write_in_the_act(database: None) -> None:
    order: list[str] = []

    async def first() -> None:
        order.append("first")
        await add("甲")
        opened.before_commit.append(second)

    async def second() -> None:
        order.append("second")
        await add("乙")

    async with db.transaction() as opened:
        opened.before_commit.append(first)
        assert order == []
    assert order == ["first", "second"]
    assert await people() == 2


async def test_a_hook_that_fails_before_the_commit_undoes_the_act(database: None) -> None:
    async def fails() -> None:
        raise Trouble

    with pytest.raises(Trouble):
        async with db.transaction() as opened:
            await add()
            opened.before_commit.append(fails)
    assert await people() == 0


@pytest.mark.parametrize(("inner_fails", "outer_fails"), [(True, False), (False, True)])
async def test_hooks_after_the_commit_do_not_run_for_what_was_undone(
    inner_fails: bool,  # noqa: FBT001
    outer_fails: bool,  # noqa: FBT001
    database: None,
) -> None:
    ran: list[str] = []

    def noting(name: str) -> Callable[[], Any]:
        async def hook() -> None:
            ran.append(name)

        return hook

    async def act() -> None:
        async with db.transaction() as outer:
            outer.after_commit.append(noting("outer"))
            with contextlib.suppress(Trouble):
                async with db.transaction() as inner:
                    inner.after_commit.append(noting("inner"))
                    if inner_fails:
                        raise Trouble
            if outer_fails:
                raise Trouble

    if outer_fails:
        with pytest.raises(Trouble):
            await act()
    else:
        await act()
    assert ran == ([] if outer_fails else ["outer"])


@pytest.mark.commits
async def test_after_the_commit_everybody_sees_what_the_hook_tells_of(database: None) -> None:
    seen: list[int] = []

    async def hook() -> None:
        seen.append(await people())  # on another connection of the pool
        assert not db.in_transaction()

    async with db.transaction() as opened:
        await add()
        opened.after_commit.append(hook)
        assert await elsewhere() == 0
    assert seen == [1]


async def elsewhere() -> int:
    async with db.connection() as other:
        return int(await other.fetchval("SELECT count(*) FROM person"))


# ── connections ──────────────────────────────────────────────────────────────────────────────────


async def pool_is_whole() -> None:
    """All connections of the pool can be had at the same time, and each answers."""
    async with asyncio.timeout(5):
        async with asyncio.TaskGroup() as group:
            for _ in range(db.POOL_SIZE):
                group.create_task(asks())


async def asks() -> None:
    async with db.transaction():
        await db.fetchval("SELECT pg_sleep(0.05)")


@pytest.mark.commits
async def test_a_database_restart_drains_no_connection(database: None) -> None:
    for _ in range(3 * db.POOL_SIZE):
        with pytest.raises(db.ConnectionLost):
            async with db.transaction():
                await add()
                await db.execute(KILL)
    await pool_is_whole()
    assert await people() == 0


@pytest.mark.commits
async def test_cancelled_acts_drain_no_connection(database: None) -> None:
    async def slow() -> None:
        async with db.transaction():
            await add()
            await db.execute("SELECT pg_sleep(10)")

    for pause in (0.0, 0.001, 0.01, 0.03):
        tasks = [asyncio.create_task(slow()) for _ in range(2 * db.POOL_SIZE)]
        await asyncio.sleep(pause)
        for _ in range(3):  # again while the rollback is under way
            for task in tasks:
                task.cancel()
            await asyncio.sleep(0)
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(result) for result in results} == {asyncio.CancelledError}
    await pool_is_whole()
    assert await people() == 0


@pytest.fixture
async def piccolo() -> AsyncIterator[PostgresEngine]:
    """Piccolo's own engine with a pool of two."""
    engine = PostgresEngine(config={"dsn": settings().database_url}, extensions=())
    await engine.start_connection_pool(min_size=1, max_size=2)
    yield engine
    assert engine.pool is not None
    engine.pool.terminate()


async def test_piccolo_s_own_transaction_drains_the_pool(
    database: None, piccolo: PostgresEngine
) -> None:
    """The control: why ``transaction()`` is our own. Should this fail, Piccolo has been mended."""

    async def slow() -> None:
        async with piccolo.transaction() as opened:
            await opened.connection.execute("SELECT pg_sleep(10)")

    assert piccolo.pool is not None
    for _ in range(2):
        task = asyncio.create_task(slow())
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    with pytest.raises(TimeoutError):
        await piccolo.pool.acquire(timeout=0.3)


@pytest.mark.commits
async def test_a_connection_outside_an_act_is_given_back(database: None) -> None:
    for _ in range(2 * db.POOL_SIZE):
        with pytest.raises(Trouble):
            async with db.connection() as held:
                await held.execute("SELECT 1")
                raise Trouble
    await pool_is_whole()


@pytest.mark.commits
async def test_a_server_that_is_too_old_is_told(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    await db.close_pool()
    monkeypatch.setattr(db, "OLDEST", 99)
    with pytest.raises(db.Unreachable, match="must be 99 or newer"):
        await db.open_pool()
    monkeypatch.undo()
    await db.open_pool()
