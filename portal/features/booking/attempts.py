"""Attempts that never reached the booker, counted in memory and written every few seconds (BK-12).

The booker's own outcomes are counted in the same transaction as the bookings. What is counted here
(input errors, busy, faults) would only be lost with the process, and only for some seconds.
"""

from collections import Counter
from typing import Final

from portal.core import audit, clock, db
from portal.web import metrics

ONLINE: Final = "online"

_counted: Counter[tuple[int, str, str]] = Counter()

SQL: Final = (
    "INSERT INTO booking_attempt AS a (minute, lane, product, channel, outcome, attempts) "
    "SELECT date_trunc('minute', $1::timestamptz), $2, * FROM unnest($3::int[], $4::text[], $5::text[], $6::int[]) "
    "ORDER BY 3, 4, 5 "  # as the booking function does, so that the two never wait in a circle
    "ON CONFLICT (minute, product, channel, outcome, lane) DO UPDATE SET attempts = a.attempts + excluded.attempts"
)


def count(outcome: str, product: int, channel: str = ONLINE) -> None:
    _counted[product, channel, outcome] += 1
    metrics.BOOKINGS.labels(outcome).inc()


async def write() -> None:
    """Put what was counted into the database."""
    if not _counted:
        return
    taken = dict(_counted)
    _counted.clear()
    try:
        await db.execute(
            SQL,
            clock.now(),
            audit.booking_lane(),
            [product for product, _channel, _outcome in taken],
            [channel for _product, channel, _outcome in taken],
            [outcome for _product, _channel, outcome in taken],
            list(taken.values()),
        )
    except BaseException:
        _counted.update(taken)
        raise
