"""What every test may use: a database, a clean process, the application, people who send requests.

A test that needs the database asks for ``database``, or for a fixture or a factory's row that does. Ordinarily it
runs on one connection whose transaction is rolled back (``one_connection.py``: about 2 ms a test, and every act
of the code under test still commits as far as it can tell, with its hooks). A test of races, isolation,
NOTIFY or lost connections carries ``@pytest.mark.commits``: then it has the real pool, and the tables are emptied
after it (some 50 ms). Page tests need no mark: the booker and the requests share the test's connection.

The clock is held by time-machine (``time_machine.travel``). Each test finds settings, snapshots, policy,
sessions and rate limits as a process has them that has just started with the demo policy.
"""

import contextlib
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

import asyncpg
import pytest
import structlog
import time_machine

from tests.scratch import scratch_folder

# Before the portal is imported: what it reads of its environment, it reads from here.
PREFIX = "shanmen-test-"
DATA = scratch_folder(PREFIX)
for _name in [name for name in os.environ if name.startswith("PORTAL_") and "_TEST_" not in name]:
    del os.environ[_name]
os.environ["PORTAL_DATA"] = str(DATA)
os.environ["PORTAL_DEMO"] = (
    "1"  # the test bank takes payments, as in the demo whose policy is in force
)
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(DATA / "metrics")
(DATA / "metrics").mkdir()

from httpx import ASGITransport  # noqa: E402

from portal.app import litestar  # noqa: E402
from portal.core import audit, clock, db  # noqa: E402
from portal.core.keyring import keyring  # noqa: E402
from portal.core.migrate import migrate  # noqa: E402
from portal.core.postgres import EmbeddedPostgres, PostgresError  # noqa: E402
from portal.core.settings import settings  # noqa: E402
from portal.features.audit import verification  # noqa: E402
from portal.features.booking import process  # noqa: E402
from portal.features.booking.booker import Booker  # noqa: E402
from portal.features.booking.limits import ORDERS_PER_PHONE  # noqa: E402
from portal.registry import APP_NAMES  # noqa: E402
from portal.web.cookies import cookie_name  # noqa: E402
from portal.web.envelope import Envelope  # noqa: E402
from portal.web.session import sessions  # noqa: E402
from tests.browser import Browser, SignIn  # noqa: E402
from tests.factories.people import signed_in  # noqa: E402
from tests.one_connection import OneConnection, rolled_back  # noqa: E402
from tests.process import POLICY, POLICY_VERSION, start_anew  # noqa: E402

# What went wrong is shown with a failed test; without the values of every frame.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        ),
    ]
)


#: Filled when the tables are made, not by a test.
KEPT = ("migration", "policy_version")


def pytest_unconfigure() -> None:
    shutil.rmtree(DATA, ignore_errors=True)


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    """A database of this run's own, on the server of ``PORTAL_TEST_DATABASE_URL`` or on one started for it."""
    if given := os.environ.get("PORTAL_TEST_DATABASE_URL"):
        yield given
        return
    _clear_after_the_killed()
    server = EmbeddedPostgres(DATA)
    try:
        yield server.start()
    finally:
        _stop_for_good(server)


def _stop_for_good(server: EmbeddedPostgres) -> None:
    server.stop()
    if server.home:  # a temporary folder that the account cannot enter puts it elsewhere
        shutil.rmtree(server.home)


def _clear_after_the_killed() -> None:
    """A run that was killed left its server and its folder. Whoever still runs, runs, and holds the lock on them."""
    for lock in DATA.parent.glob(f"{PREFIX}*/postgres.lock"):
        with contextlib.suppress(PostgresError, OSError, ValueError):
            if not _lives(int(lock.read_text("ascii"))):
                left = EmbeddedPostgres(lock.parent)
                left.start()  # found again as it runs, or started once more: what starts is stopped in order
                _stop_for_good(left)
                shutil.rmtree(lock.parent)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture(scope="session")
async def migrated(database_url: str) -> AsyncIterator[str]:
    """Its address, once it has all tables and the demo policy as version 1."""
    name = f"portal_test_{os.getpid()}_{secrets.token_hex(3)}"
    admin = await asyncpg.connect(database_url)
    await admin.execute(f"CREATE DATABASE {name}")
    os.environ["PORTAL_DATABASE_URL"] = url = named(database_url, name)
    settings.cache_clear()
    try:
        await db.open_pool()
        await migrate(APP_NAMES)
        await db.execute(
            "INSERT INTO policy_version (version, lines, reason, released_by, released_at) "
            "VALUES ($1, $2, 'shipped with the portal', 'system', $3)",
            POLICY_VERSION,
            POLICY.text,
            clock.now(),
        )
        await db.close_pool()
        yield url
    finally:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.close()


def named(url: str, database: str) -> str:
    """The same server's address with another database."""
    server, mark, options = url.partition("?")
    return f"{server.rpartition('/')[0]}/{database}{mark}{options}"


class _Line:
    """The connection of all tests that are rolled back, opened anew when one of them broke it."""

    def __init__(self) -> None:
        self._connection: Any = None

    async def open(self) -> Any:
        used = self._connection
        if used is None or used.is_closed() or used.is_in_transaction():
            self._connection = await db.engine().get_new_connection()
        return self._connection

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()


@pytest.fixture(scope="session")
async def line(migrated: str) -> AsyncIterator[_Line]:
    made = _Line()
    yield made
    await made.close()


@pytest.fixture(autouse=True)
def fresh_process() -> None:
    start_anew()


@pytest.fixture
async def database(
    request: pytest.FixtureRequest, line: _Line, fresh_process: None
) -> AsyncIterator[None]:
    """The portal's database, empty but for the policy, with a booker at work."""
    async with AsyncExitStack() as stack:
        if request.node.get_closest_marker("commits"):
            stack.push_async_callback(_truncate, line)
            await db.open_pool()
            stack.push_async_callback(db.close_pool)
            stack.push_async_callback(
                verification.stop
            )  # begun by a page, it would outlive the test
            connect: Callable[[], Awaitable[Any]] = db.engine().get_new_connection
        else:
            pool = await stack.enter_async_context(rolled_back(await line.open()))
            db.engine().pool = pool  # type: ignore[assignment]
            stack.callback(_no_pool)
            connect = _lend(pool)
        booker = Booker(connect, audit.booking_lane(), ORDERS_PER_PHONE)
        await booker.start()
        stack.push_async_callback(booker.stop)
        process._booker = booker
        yield
        process._booker = None


def _no_pool() -> None:
    db.engine().pool = None


def _lend(pool: OneConnection) -> Callable[[], Awaitable[Any]]:
    """The booker opens a connection of its own; in a rolled back test that is the test's."""

    async def connect() -> Any:
        return pool

    return connect


async def _truncate(line: _Line) -> None:
    """Empty what the test filled. Whoever still holds a lock on it has lost: the test is over."""
    connection = await line.open()
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND backend_type = 'client backend'"
    )
    names = [
        row["name"]
        for row in await connection.fetch(
            "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace "
            "AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> ALL ($1) ORDER BY 1",
            list(KEPT),
        )
    ]
    filled = await connection.fetchrow(
        "SELECT " + ", ".join(f'EXISTS (SELECT FROM "{name}") AS "{name}"' for name in names)
    )
    wanted = ", ".join(f'"{name}"' for name in names if filled[name])
    guarded = await connection.fetch(
        "SELECT DISTINCT tgrelid::regclass::text AS name FROM pg_trigger WHERE tgname = 'never_emptied'"
    )
    if wanted:
        async with connection.transaction():
            for row in guarded:
                await connection.execute(f"ALTER TABLE {row['name']} DISABLE TRIGGER never_emptied")
            await connection.execute(f"TRUNCATE {wanted} RESTART IDENTITY CASCADE")
            for row in guarded:
                await connection.execute(f"ALTER TABLE {row['name']} ENABLE TRIGGER never_emptied")
    for row in await connection.fetch(  # cut by what was tested
        "SELECT inhrelid::regclass::text AS name, inhparent::regclass::text AS parent "
        "FROM pg_inherits JOIN pg_class ON oid = inhrelid "
        "WHERE relkind = 'r' AND relname ~ '_[0-9]{4}_[0-9]{2}$'"
    ):
        await connection.execute(f"ALTER TABLE {row['parent']} DETACH PARTITION {row['name']}")
        await connection.execute(f"DROP TABLE {row['name']}")
    async with connection.transaction():
        await connection.execute("ALTER TABLE policy_version DISABLE TRIGGER USER")
        await connection.execute("DELETE FROM policy_version WHERE version > $1", POLICY_VERSION)
        await connection.execute("ALTER TABLE policy_version ENABLE TRIGGER USER")


@pytest.fixture(scope="session")
def application() -> Any:
    """The real application without its envelope, made once."""
    return litestar()


@pytest.fixture
def served(application: Any) -> Any:
    """What a worker serves."""
    return Envelope(application, keyring, sessions)


@pytest.fixture
async def new_browser(served: Any, database: None) -> AsyncIterator[Callable[[], Browser]]:
    """Makes browsers: each keeps cookies of its own."""
    async with AsyncExitStack() as stack:

        def make() -> Browser:
            transport = ASGITransport(
                served, raise_app_exceptions=False, client=("192.0.2.1", 50000)
            )
            made = Browser(transport=transport, base_url=settings().base_url)
            stack.push_async_callback(made.aclose)
            return made

        yield make


@pytest.fixture
def visitor(new_browser: Callable[[], Browser]) -> Browser:
    """Somebody without an account."""
    return new_browser()


@pytest.fixture
def signed_in_as(new_browser: Callable[[], Browser]) -> SignIn:
    """Ask it for a browser with a session, by user name; roles are the demo's."""

    async def sign_in(username: str) -> Browser:
        made = new_browser()
        host = made.base_url.host
        made.cookies.set(cookie_name("session"), await signed_in(username), domain=host)
        return made

    return sign_in


@pytest.fixture
def at() -> Iterator[Callable[[datetime], None]]:
    """``at(instant)`` moves the clock; it goes on from there."""
    traveller: time_machine.travel | None = None
    coordinates: Any = None

    def move(instant: datetime) -> None:
        nonlocal traveller, coordinates
        if traveller is None:
            traveller = time_machine.travel(instant)
            coordinates = traveller.start()
        else:
            coordinates.move_to(instant)

    yield move
    if traveller is not None:
        traveller.stop()
