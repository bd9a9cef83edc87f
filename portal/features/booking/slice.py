"""The booking slice as the composition sees it."""

from datetime import timedelta

from portal.core.jobs import periodic
from portal.features.booking import closure, day_end, orders, places, process, waitlist
from portal.features.booking.pages import day, order_form
from portal.features.booking.pages import orders as order_pages
from portal.features.booking.pages import waitlist as waitlist_pages
from portal.web.slices import Slice


@periodic("booking.holds", timedelta(seconds=20))
async def expire_holds() -> None:
    while await orders.expire_holds():
        continue


@periodic("booking.places", timedelta(seconds=20))
async def places_and_offers() -> None:
    await waitlist.end_missed()
    await places.release_due()


@periodic("booking.closures", timedelta(minutes=1))
async def refund_undecided() -> None:
    while await closure.refund_undecided():
        continue


@periodic("booking.reminders", timedelta(minutes=10))
async def remind() -> None:
    while await day_end.remind():
        continue


@periodic("booking.past_days", timedelta(minutes=30))
async def close_past_days() -> None:
    while await day_end.close_past_days():
        continue


SLICE = Slice(
    "booking",
    routes=(*day.ROUTES, *order_form.ROUTES, *order_pages.ROUTES, *waitlist_pages.ROUTES),
    start=process.start,
    stop=process.stop,
)
