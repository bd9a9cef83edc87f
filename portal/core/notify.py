"""NOTIFY between processes: one listening connection per process, reopened when it is lost.

A notice says only that something changed; whoever listens reads the truth. While the connection
was away notices were lost, so every listener is also called after each reconnect, with payload "".
"""

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import structlog

from portal.core.db import ConnectionLost, engine, execute

Listener = Callable[[str], Awaitable[None]]

RECONNECT_SECONDS = 0.25
GRACE_SECONDS = 1.0
PULSE_SECONDS = 1.0
CONNECT_SECONDS = 2.0
RETRIES = 40  # of a listener that finds the database away: about as long as a restart takes

log = structlog.get_logger(__name__)

_ears: set[int] = set()


def listening_backends() -> frozenset[int]:
    """The server's processes behind this process's listening connections: while one lives, so does this one.

    There is one; none before the start and while the connection is away.
    """
    return frozenset(_ears)


async def notify(channel: str, payload: str = "") -> None:
    """Tell all processes; inside a transaction they hear of it when it commits, else never."""
    await execute("SELECT pg_notify($1, $2)", channel, payload)


class Notices:
    """The listening side. ``connected`` is False while what this process knows may be stale.

    ``on_lost`` is called when the connection could not be had back for ``GRACE_SECONDS``.
    """

    def __init__(self, on_lost: Callable[[], None] = lambda: None) -> None:
        self.connected = False
        self._on_lost = on_lost
        self._listeners: dict[str, list[Listener]] = defaultdict(list)
        self._inbox: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []

    def on(self, channel: str, listener: Listener) -> None:
        """Register before ``start``; listeners of one channel run one after the other."""
        self._listeners[channel].append(listener)

    async def start(self) -> None:
        ready = asyncio.Event()
        self._tasks = [
            asyncio.create_task(self._stay_connected(ready), name="notices.connection"),
            asyncio.create_task(self._deliver(), name="notices.deliver"),
        ]
        await ready.wait()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def _stay_connected(self, ready: asyncio.Event) -> None:
        since: float | None = None
        while True:
            try:
                await self._listen(ready)
            except (*ConnectionLost, asyncpg.PostgresError) as error:
                log.info("notices.away", error=repr(error))
            except (
                Exception
            ):  # whatever it is: who no longer listens must not go on with what was true
                log.exception("notices.failed")
            now = time.monotonic()
            since = now if self.connected or since is None else since
            self.connected = False
            if now - since >= GRACE_SECONDS:
                self._on_lost()
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self, ready: asyncio.Event) -> None:
        connection = await asyncio.wait_for(engine().get_new_connection(), CONNECT_SECONDS)
        backend = connection.get_server_pid()
        try:
            _ears.add(backend)
            for channel in self._listeners:
                await connection.add_listener(channel, self._heard)
                self._inbox.put_nowait((channel, ""))
            self.connected = True
            ready.set()
            while True:  # a dead peer shows itself only when it is asked
                await asyncio.sleep(PULSE_SECONDS)
                await connection.fetchval("SELECT 1", timeout=PULSE_SECONDS)
        finally:
            _ears.discard(backend)
            with contextlib.suppress(*ConnectionLost):
                await connection.close(timeout=1)

    def _heard(self, _connection: Any, _pid: int, channel: str, payload: str) -> None:
        self._inbox.put_nowait((channel, payload))

    async def _deliver(self) -> None:
        while True:
            channel, payload = await self._inbox.get()
            for listener in self._listeners[channel]:
                try:
                    await _told(listener, payload)
                except Exception:
                    log.exception("notice.failed", channel=channel)


async def _told(listener: Listener, payload: str) -> None:
    """Let it read the truth; while the database is away, again: a notice that was dropped is missed for good."""
    for _ in range(RETRIES):
        with contextlib.suppress(*ConnectionLost):
            await listener(payload)
            return
        await asyncio.sleep(RECONNECT_SECONDS)
    await listener(payload)
