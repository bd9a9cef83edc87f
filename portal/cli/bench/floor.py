"""The portal with everything but the database in a booking: what a booking's request costs by itself.

Same routes, checks, prices, encryption and answers; only the booker says yes at once.
"""

from typing import Any

from portal import app
from portal.features.booking import process
from portal.features.booking.booker import Booker, NewOrder, Outcome


class YesBooker(Booker):
    """Keeps nothing. To be measured, never to be served."""

    async def book(self, order: NewOrder) -> Outcome:
        """Say yes and forget it."""
        return Outcome("booked", order.code, None)


def create() -> Any:
    process.booker_class = YesBooker
    return app.create()
