"""The booking slice as the composition sees it."""

from portal.features.booking import process
from portal.features.booking.pages import day, order_form
from portal.web.slices import Slice

SLICE = Slice(
    "booking",
    routes=(*day.ROUTES, *order_form.ROUTES),
    start=process.start,
    stop=process.stop,
)
