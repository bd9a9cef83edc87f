"""What a worker process keeps for booking: its one booker."""

from portal.core import audit
from portal.core.db import engine
from portal.features.booking.booker import Booker
from portal.features.booking.limits import ORDERS_PER_PHONE

_booker: Booker | None = None


def booker() -> Booker:
    if _booker is None:
        raise RuntimeError("the booker is not started")
    return _booker


async def start() -> None:
    global _booker  # noqa: PLW0603  one per process, like the pool
    _booker = Booker(engine().get_new_connection, audit.booking_lane(), ORDERS_PER_PHONE)
    await _booker.start()


async def stop() -> None:
    """Book what waits, then stop."""
    await booker().stop()
