"""The database: one pool per process, one transaction per act.

Piccolo runs everyday queries; the measured hot places and whatever Piccolo cannot say use SQL
through ``fetch`` and its siblings. Both see the same transaction.

Piccolo's own ``transaction()`` is not used: when its rollback is cut short (a task cancelled twice, as
at a shutdown) it never gives its connection back, which drains the pool for good; and nested in another
it is no savepoint. ``transaction()`` here always releases, nests by savepoint, and knows what must happen just
before and just after a commit.
"""

import asyncio
import logging
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import asyncpg
from piccolo.engine.postgres import PostgresEngine

from portal.core.settings import settings

logging.getLogger("piccolo").setLevel(
    logging.WARNING
)  # it tells the server's version at each start

POOL_SIZE = 4  # per process: waiters on a hot row cost a process switch each (measured)
COMMAND_TIMEOUT = 30.0  # seconds
OLDEST = 15  # version of PostgreSQL

Hook = Callable[[], Awaitable[None]]

UniqueViolation = asyncpg.UniqueViolationError
CheckViolation = asyncpg.CheckViolationError
ForeignKeyViolation = asyncpg.ForeignKeyViolationError
TookTooLong = asyncpg.QueryCanceledError
#: What a caller sees when the database is away: the act may be repeated with the same key.
ConnectionLost = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a backend that ends between two messages confuses asyncpg
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    OSError,  # no such host, no route, no socket, time out: what a failover looks like
)


class Unreachable(Exception):
    """One line: why there is no connection at all."""


@dataclass(slots=True, eq=False)
class Transaction:
    """An open transaction or savepoint. ``before_commit`` hooks still write in it."""

    connection: Any
    parent: "Transaction | None" = None
    before_commit: list[Hook] = field(default_factory=list)
    after_commit: list[Hook] = field(default_factory=list)
    notes: dict[object, Any] = field(default_factory=dict)


@cache
def engine() -> PostgresEngine:
    """Piccolo's engine on ``PORTAL_DATABASE_URL``; the supervisor sets it for the embedded server."""
    with warnings.catch_warnings():
        # It looks for the server's version at once; `open_pool` does, and says what is wrong in its own words.
        warnings.simplefilter("ignore")
        return PostgresEngine(
            config={
                "dsn": settings().database_url or "",
                "command_timeout": COMMAND_TIMEOUT,
                "server_settings": {"timezone": "UTC", "application_name": "portal"},
            },
            extensions=(),
        )


def _current() -> ContextVar[Any]:
    # Piccolo asks this same variable for `.connection`, which Transaction has.
    return engine().current_transaction


async def open_pool(size: int = POOL_SIZE) -> None:
    """Open the process's pool. Without one, Piccolo would connect anew for each query.

    Raises ``Unreachable``, also for a server that is too old.
    """
    try:
        await engine().start_connection_pool(min_size=1, max_size=size)
    except (*ConnectionLost, asyncpg.PostgresError, ValueError) as error:
        raise Unreachable(f"cannot reach the database of PORTAL_DATABASE_URL: {error}") from error
    async with connection() as held:
        major = held.get_server_version().major
    if major < OLDEST:
        await close_pool()
        raise Unreachable(
            f"the server of PORTAL_DATABASE_URL is PostgreSQL {major}: it must be {OLDEST} or newer"
        )


async def close_pool() -> None:
    if engine().pool:
        await engine().close_connection_pool()


@asynccontextmanager
async def connection() -> AsyncIterator[Any]:
    """A pooled connection outside any transaction, for the hot path and for session-wide locks."""
    pool = _pool()
    held = await pool.acquire()
    try:
        yield held
    finally:
        await asyncio.shield(pool.release(held))


@asynccontextmanager
async def own_snapshot() -> AsyncIterator[Any]:
    """A connection beside the pool that sees the database as it is now, for a long reading."""
    held = await engine().get_new_connection()
    try:
        async with held.transaction(isolation="repeatable_read", readonly=True):
            yield held
    finally:
        held.terminate()


def _pool() -> Any:
    pool = engine().pool
    if pool is None:
        raise RuntimeError("the connection pool is not open")
    return pool


@asynccontextmanager
async def transaction() -> AsyncIterator[Transaction]:
    """One act. Commits on a normal exit, rolls back on any exception; inside another, a savepoint.

    ``before_commit`` hooks run inside it last of all, ``after_commit`` hooks only when the outermost
    transaction has really committed. Never gather or start tasks inside: they would share it.
    """
    outer: Transaction | None = _current().get()
    if outer is None:
        async with connection() as held, _scope(Transaction(held)) as opened:
            yield opened
        for hook in opened.after_commit:
            await hook()
    else:
        async with _scope(Transaction(outer.connection, outer)) as opened:
            yield opened
        outer.after_commit.extend(opened.after_commit)


@asynccontextmanager
async def _scope(opened: Transaction) -> AsyncIterator[Transaction]:
    inner = opened.connection.transaction()
    await inner.start()
    token = _current().set(opened)
    try:
        yield opened
        while opened.before_commit:
            hooks, opened.before_commit = opened.before_commit, []
            for hook in hooks:
                await hook()
        await inner.commit()
    except BaseException:
        if not opened.connection.is_closed():
            await asyncio.shield(_rollback(inner))
        raise
    finally:
        _current().reset(token)


async def _rollback(inner: Any) -> None:
    try:
        await inner.rollback()
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        return  # the server has forgotten the transaction already; the first error is the one to tell


def current_transaction() -> Transaction:
    """The transaction of this act; an error where an act forgot to open one."""
    opened: Transaction | None = _current().get()
    if opened is None:
        raise RuntimeError("this must happen inside a transaction")
    return opened


def in_transaction() -> bool:
    return _current().get() is not None


async def fetch(sql: str, *args: Any) -> list[Any]:
    return list(await _runner().fetch(sql, *args))


async def fetchrow(sql: str, *args: Any) -> Any | None:
    return await _runner().fetchrow(sql, *args)


async def fetchval(sql: str, *args: Any) -> Any:
    return await _runner().fetchval(sql, *args)


async def execute(sql: str, *args: Any) -> str:
    """Run a statement; answers PostgreSQL's command tag, such as ``UPDATE 1``."""
    return str(await _runner().execute(sql, *args))


async def executemany(sql: str, rows: Sequence[Sequence[Any]]) -> None:
    await _runner().executemany(sql, rows)


def _runner() -> Any:
    opened: Transaction | None = _current().get()
    return opened.connection if opened else _pool()
