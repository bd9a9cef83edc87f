"""The web application of one worker process: slices wired together, refused to start when one is open to everybody."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from granian.utils.proxies import wrap_asgi_with_proxy_headers
from litestar import Litestar
from litestar.exceptions import HTTPException
from litestar.plugins.htmx import HTMXRequest

from portal import desk, patterns, setup, system_pages
from portal.core import audit, crypto, db, jobs, logs, site_settings
from portal.core.keyring import keyring
from portal.core.notify import Notices
from portal.core.parent import end_with_parent
from portal.core.settings import settings
from portal.registry import SLICES
from portal.web import desk as desk_entries
from portal.web import records, respond, session, templating
from portal.web.envelope import Envelope
from portal.web.errors import on_http_error, on_unexpected
from portal.web.permission import policy, require_permissions
from portal.web.session import sessions

MAX_BODY = 2_000_000  # octets; uploads have routes of their own
GARBAGE = 20_000  # objects made before the youngest generation is looked at


@asynccontextmanager
async def lifespan(_app: Litestar) -> AsyncIterator[None]:
    """Everything that a worker holds while it serves, taken in this order and given back in the other."""
    await db.open_pool()
    notices, runner = Notices(on_lost=policy.clear), jobs.Runner()
    watch = asyncio.create_task(end_with_parent(os.getppid()), name="parent")
    started = []
    try:
        await audit.claim_lane()
        notices.on(site_settings.CHANNEL, site_settings.load)
        notices.on(session.CHANNEL, sessions().forget)
        notices.on(jobs.CHANNEL, runner.wake)
        notices.on(crypto.CHANNEL, crypto.vault().heard)
        for piece in SLICES:
            for channel, listener in piece.listeners.items():
                notices.on(channel, listener)
        await site_settings.load()
        for piece in SLICES:
            if piece.start:
                await piece.start()
            started.append(piece)
        await notices.start()
        await runner.start()
        _settle_garbage()
        yield
    finally:
        watch.cancel()
        await runner.stop()
        await notices.stop()  # first: what it tells would start work in a slice that has ended
        for piece in reversed(started):
            if piece.stop:
                await piece.stop()
        await db.close_pool()


def _settle_garbage() -> None:
    """What was made at the start stays: the collector need not look at it in every round (6 % of a booking)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE, 5, 5)


def litestar() -> Litestar:
    """The application without its envelope; raises ``UnguardedRoute`` while a route names no permission."""
    respond.menu_items[:] = [item for piece in SLICES for item in piece.menu]
    desk_entries.waiting_items[:] = [item for piece in SLICES for item in piece.waiting]
    desk_entries.figure_items[:] = [figure for piece in SLICES for figure in piece.figures]
    records.record_kinds[:] = [kind for piece in SLICES for kind in piece.records]
    app = Litestar(
        route_handlers=[
            *system_pages.ROUTES,
            patterns.show_patterns,
            *setup.ROUTES,
            *desk.ROUTES,
            *(route for piece in SLICES for route in piece.routes),
        ],
        exception_handlers={HTTPException: on_http_error, Exception: on_unexpected},
        request_class=HTMXRequest,
        request_max_body_size=MAX_BODY,
        openapi_config=None,
        lifespan=[lifespan],
        logging_config=None,  # structlog writes; Litestar's own would keep a thread and a queue
        debug=False,
    )
    require_permissions(app)
    return app


#: The application of this process and of those that are forked from it.
prepared = cache(litestar)


def prepare() -> None:
    """Make all that workers can share before they are forked: routes and the place of templates.

    Opens nothing, neither connection nor thread: those would not survive the fork.
    """
    prepared()
    templating.environment()


def create() -> Any:
    """What a worker serves: the application in its envelope, behind the proxies that are trusted."""
    logs.configure(development=settings().development)
    app: Any = Envelope(prepared(), keyring, sessions)
    if proxies := settings().trusted_proxies:
        app = wrap_asgi_with_proxy_headers(app, trusted_hosts=[str(network) for network in proxies])
    return app
