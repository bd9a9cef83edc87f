"""A command's way to the database: the server of ``PORTAL_DATABASE_URL``, or the embedded one, started if need be."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TypeVar

from portal.core import db, site_settings
from portal.core.context import Act, set_act
from portal.core.postgres import EmbeddedPostgres, Keeper
from portal.core.settings import settings

T = TypeVar("T")


@contextmanager
def database(keep: Callable[[str], None] | None = None) -> Iterator[str]:
    """Make ``PORTAL_DATABASE_URL`` true for this process and its children.

    A server of its own ends with the command; with ``keep``, which is told of it, it is started again when it ends
    before.
    """
    if url := settings().database_url:
        yield url
        return
    server = EmbeddedPostgres(settings().data)
    with server.using() as url, Keeper(server, keep) if keep else nullcontext():
        os.environ["PORTAL_DATABASE_URL"] = url
        settings.cache_clear()
        try:
            yield url
        finally:
            del os.environ["PORTAL_DATABASE_URL"]
            settings.cache_clear()


def run(work: Callable[[], Awaitable[T]]) -> T:
    """Run a command's work with the database at hand, on the trail as ``command``."""

    async def inside() -> T:
        set_act(Act("command"))
        await db.open_pool()
        try:
            if await db.fetchval("SELECT to_regclass('site_setting') IS NOT NULL"):
                await site_settings.load()
            return await work()
        finally:
            await db.close_pool()

    with database():
        return asyncio.run(inside())
