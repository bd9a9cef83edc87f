"""What a worker process keeps for booking: its one booker, and the counter of attempts."""

import asyncio
import contextlib

import structlog

from portal.core import audit, db
from portal.features.booking import attempts
from portal.features.booking.booker import Booker
from portal.features.booking.limits import ORDERS_PER_PHONE

log = structlog.get_logger(__name__)

WRITE_SECONDS = 5.0

#: What a process books with; the benchmark's floor puts another here.
booker_class: type[Booker] = Booker

_booker: Booker | None = None
_writer: asyncio.Task[None] | None = None


def booker() -> Booker:
    if _booker is None:
        raise RuntimeError("the booker is not started")
    return _booker


async def start() -> None:
    global _booker, _writer  # noqa: PLW0603  one per process, like the pool
    _booker = booker_class(db.engine().get_new_connection, audit.booking_lane(), ORDERS_PER_PHONE)
    await _booker.start()
    _writer = asyncio.create_task(_write_attempts(), name="attempts")


async def stop() -> None:
    """Book what waits, write what was counted, then stop."""
    await booker().stop()
    if _writer is not None:
        _writer.cancel()
        await asyncio.gather(_writer, return_exceptions=True)
    with contextlib.suppress(*db.ConnectionLost):
        await attempts.write()


def alive() -> bool:
    return _booker is not None and _booker.alive()


async def _write_attempts() -> None:
    while True:
        await asyncio.sleep(WRITE_SECONDS)
        try:
            await attempts.write()
        except db.ConnectionLost:
            continue  # what was counted is kept for the next round
        except Exception:
            log.exception("attempts.unwritten")
