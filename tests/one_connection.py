"""A pool of one connection whose transaction is never committed: how an ordinary test leaves no trace.

It stands in the place of the process's pool, below everything the portal does. So ``db.transaction()``
is the outermost act for the code under test, commits a savepoint, and then really runs its
``after_commit`` hooks; tasks of their own (the booker, a request) see the same data. Each turn is a
savepoint: a statement that fails outside any transaction spoils nothing, as with a real pool.

What it cannot show: two transactions at once, NOTIFY, isolation levels, a commit that outlives the test.
Such tests are marked ``commits``.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

PATIENCE = 5.0  # seconds


class OneConnection:
    """Takes the part of ``asyncpg.Pool`` that the portal and Piccolo use; turns are one after the other."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._turn = asyncio.Lock()
        self._savepoint: Any = None

    def acquire(self) -> "_Turn":
        return _Turn(self)

    async def take(self) -> Any:
        try:
            await asyncio.wait_for(self._turn.acquire(), PATIENCE)
        except TimeoutError:
            raise RuntimeError(
                "the one connection of this test is in use: something inside a transaction waits for "
                "a second one (close the transaction first, or mark the test with `commits`)"
            ) from None
        try:
            self._savepoint = self._connection.transaction()
            await self._savepoint.start()
        except BaseException:
            self._turn.release()
            raise
        return self._connection

    async def release(self, connection: Any, *, failed: bool = False) -> None:
        """End a turn. What a failed statement did is forgotten, as it is without a transaction."""
        assert connection is self._connection
        savepoint, self._savepoint = self._savepoint, None
        try:
            if not connection.is_closed():
                await (savepoint.rollback() if failed else savepoint.commit())
        finally:
            self._turn.release()

    async def fetch(self, sql: str, *args: Any, **options: Any) -> list[Any]:
        async with self.acquire() as connection:
            return list(await connection.fetch(sql, *args, **options))

    async def fetchrow(self, sql: str, *args: Any) -> Any:
        async with self.acquire() as connection:
            return await connection.fetchrow(sql, *args)

    async def fetchval(self, sql: str, *args: Any) -> Any:
        async with self.acquire() as connection:
            return await connection.fetchval(sql, *args)

    async def execute(self, sql: str, *args: Any) -> str:
        async with self.acquire() as connection:
            return str(await connection.execute(sql, *args))

    async def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        async with self.acquire() as connection:
            await connection.executemany(sql, rows)

    async def close(self, timeout: float = 0) -> None:  # noqa: ASYNC109  asyncpg's own name
        """Whoever was given it as a connection of their own gives it back; the test goes on."""

    def terminate(self) -> None:
        """The same."""


class _Turn:
    """What ``acquire()`` gives: to be awaited, or entered."""

    def __init__(self, pool: OneConnection) -> None:
        self._pool = pool
        self._connection: Any = None

    def __await__(self) -> Any:
        return self._pool.take().__await__()

    async def __aenter__(self) -> Any:
        self._connection = await self._pool.take()
        return self._connection

    async def __aexit__(self, kind: object, *_error: object) -> None:
        await self._pool.release(self._connection, failed=kind is not None)


@asynccontextmanager
async def rolled_back(connection: Any) -> AsyncIterator[OneConnection]:
    """The pool of one test; nothing of it stays."""
    outer = connection.transaction()
    await outer.start()
    try:
        yield OneConnection(connection)
    finally:
        if not connection.is_closed():
            await outer.rollback()
