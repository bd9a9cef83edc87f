"""The process above the workers: it owns the database server, brings the schema up to date and serves.

It holds no request itself. A worker that dies is replaced at once; a crash loop ends the group, which is
begun again after a pause, and given up after ``RESTARTS`` in ``RESTART_WINDOW`` seconds. A worker whose
supervisor was killed drains and ends (``core/parent.py``), so that the next supervisor finds the port free.
"""

import asyncio
import contextlib
import ctypes
import gc
import importlib
import os
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from granian import Granian
from granian.constants import Interfaces, Loops
from granian.http import HTTP1Settings

from portal import app as application
from portal import demo, setup
from portal.core import db, site_settings
from portal.core.context import Act, set_act
from portal.core.keyring import keyring
from portal.core.migrate import migrate
from portal.core.settings import settings
from portal.features.booking.slice import cut_months
from portal.features.catalogue import generation
from portal.features.people.organisation import posts as organisation
from portal.features.policy import service as policy
from portal.registry import APP_NAMES

RESTARTS: Final = 10
RESTART_WINDOW: Final = 60.0  # seconds
DRAIN_SECONDS: Final = (
    10  # a worker that has not ended by then is killed: what it acknowledged is committed
)
BACKLOG: Final = 4096  # connections that wait for a worker while a release is on

Say = Callable[[str], None]


class NotTheDemo(Exception):
    """``--demo`` on a database that holds something else."""


@dataclass(frozen=True, slots=True)
class Listen:
    """Where to serve, and with how many processes."""

    host: str
    port: int
    workers: int


def run(listen: Listen, *, with_demo: bool, say: Say) -> None:
    """Prepare the database of ``PORTAL_DATABASE_URL``, then serve until a signal ends it."""
    keyring()
    asyncio.run(_prepare(with_demo=with_demo, say=say))
    say(
        f"Shanmen serves on http://{listen.host}:{listen.port} with {listen.workers} workers; Ctrl-C stops it"
    )
    _serve(listen, say)


async def _prepare(*, with_demo: bool, say: Say) -> None:
    set_act(Act("command"))
    await db.open_pool()
    try:
        await migrate(APP_NAMES, lambda line: say(f"migrating: {line}"))
        await (
            cut_months()
        )  # before the first act is recorded: rows in a default partition stay there
        await site_settings.load()
        await policy.ensure_shipped(demo=with_demo)
        await organisation.ensure_shipped()
        if with_demo:
            await _prepare_demo(say)
        elif await setup.is_needed():
            say(f"This portal is empty. Set it up, once, at {setup.address()}")
        await generation.generate()
    finally:
        await db.close_pool()


async def _prepare_demo(say: Say) -> None:
    if await demo.is_empty():
        say("filling the demo scenic area …")
        await demo.fill()
    elif not await demo.is_demo():
        raise NotTheDemo("this database holds a scenic area of its own: start without --demo")
    await demo.place()
    say("Demo accounts (password: demo- and the user name, such as demo-director):")
    say("  " + " ".join(username for username, _name in demo.PEOPLE))


def _serve(listen: Listen, say: Say) -> None:
    begun: deque[float] = deque(maxlen=RESTARTS)
    while True:
        group = server(listen)
        begun.append(time.monotonic())
        with contextlib.suppress(SystemExit):  # Granian's way to say that its workers crashed
            group.serve()
        if group.interrupt_signal:
            return
        if len(begun) == RESTARTS and begun[-1] - begun[0] < RESTART_WINDOW:
            say("the workers keep crashing: see the log above")
            sys.exit(1)
        time.sleep(0.2)


def server(listen: Listen, target: str = "portal.app:create") -> Any:
    """The group of workers that serves the application made by ``target``.

    Its code is imported and its routes are made here: workers are forked, so they share what was
    there before, as long as the garbage collector does not write to it (some 45 MB a worker).
    """
    importlib.import_module(target.partition(":")[0])
    application.prepare()
    _return_memory()
    gc.collect()
    gc.freeze()
    return Granian(
        target,
        factory=True,
        address=listen.host,
        port=listen.port,
        interface=Interfaces.ASGI,
        workers=listen.workers,
        loop=Loops.uvloop,
        backlog=BACKLOG,
        backpressure=BACKLOG,
        websockets=False,
        http1_settings=HTTP1Settings(max_buffer_size=256 * 1024),
        log_enabled=settings().development,
        respawn_failed_workers=True,
        workers_kill_timeout=DRAIN_SECONDS,
    )


#: glibc's `mallopt`: one arena for all threads of a worker, and blocks of 64 KB go back to the system at once.
_MALLOC: Final = {-8: 1, -1: 64 * 1024, -3: 64 * 1024}


def _return_memory() -> None:
    """Let workers, which inherit it, keep less of what a rush took: 12 MB of two after 80,000 bookings."""
    with contextlib.suppress(AttributeError, OSError):  # another C library has other ways
        for parameter, value in _MALLOC.items():
            ctypes.CDLL(None).mallopt(parameter, value)


def workers_by_default() -> int:
    """One for each core that this process may use."""
    return max(
        1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
