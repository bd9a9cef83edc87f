"""The booking slice as the composition sees it."""

from datetime import timedelta

from portal.core import clock, partitions
from portal.core.i18n import _l
from portal.core.jobs import periodic
from portal.features.booking import (
    closure,
    day_end,
    desk,
    messenger,
    orders,
    places,
    privacy,
    process,
    records,
    waitlist,
)
from portal.features.booking.pages import (
    appeal,
    blocks,
    bookings,
    calls,
    closures,
    day,
    drawers,
    goals,
    order_form,
    refunds,
    window,
)
from portal.features.booking.pages import orders as order_pages
from portal.features.booking.pages import privacy as privacy_pages
from portal.features.booking.pages import waitlist as waitlist_pages
from portal.features.catalogue import sale
from portal.features.catalogue.sale import DAYS_AHEAD
from portal.features.payments.providers import available
from portal.web.menu import VISITORS, MenuItem
from portal.web.slices import Slice
from rbac.permissions import Permission

sale.on_payable(lambda: bool(available()))

MONTHS_MARGIN = 62  # days: the next two months are ready when this one ends


@periodic("booking.partitions", timedelta(days=1))
async def cut_months() -> None:
    """Partitions for every month that may be sold, and for the audit trail of those months."""
    today = clock.today()
    await partitions.ensure(
        ("booking_order", "ticket", "audit_entry"),
        today - timedelta(days=1),
        today + timedelta(days=DAYS_AHEAD() + MONTHS_MARGIN),
    )


@periodic("booking.holds", timedelta(seconds=20))
async def expire_holds() -> None:
    while await orders.expire_holds():
        continue


@periodic("booking.places", timedelta(seconds=20))
async def places_and_offers() -> None:
    await waitlist.end_missed()
    await places.release_due()
    await waitlist.offer_wherever_one_waits()


@periodic("booking.closures", timedelta(minutes=1))
async def refund_undecided() -> None:
    while await closure.refund_undecided():
        continue


@periodic("booking.reminders", timedelta(minutes=10))
async def remind() -> None:
    while await day_end.remind():
        continue


@periodic("booking.messages", timedelta(minutes=10))
async def hand_over_messages() -> None:
    await messenger.hand_over_stranded()


@periodic("booking.past_days", timedelta(minutes=30))
async def close_past_days() -> None:
    while await day_end.close_past_days():
        continue


@periodic("booking.retention", timedelta(hours=6))
async def destroy_old_data() -> None:
    await privacy.destroy_old()


SLICE = Slice(
    "booking",
    routes=(
        *day.ROUTES,
        *order_form.ROUTES,
        *order_pages.ROUTES,
        *waitlist_pages.ROUTES,
        *privacy_pages.ROUTES,
        *appeal.ROUTES,
        *bookings.ROUTES,
        *closures.ROUTES,
        *calls.ROUTES,
        *blocks.ROUTES,
        *goals.ROUTES,
        *window.ROUTES,
        *drawers.ROUTES,
        *refunds.ROUTES,
    ),
    menu=(
        MenuItem(
            VISITORS,
            _l("Bookings"),
            "/bookings",
            Permission.ORDER_LIST,
            _l("Orders of a day, search, history"),
        ),
        MenuItem(
            VISITORS,
            _l("Ticket window"),
            "/window",
            Permission.WINDOW_SALE_CREATE,
            _l("Sell and take the money"),
        ),
        MenuItem(
            VISITORS,
            _l("Drawers"),
            "/window/drawers",
            Permission.WINDOW_SALE_REPORT,
            _l("What each window took, and differences"),
        ),
        MenuItem(
            VISITORS,
            _l("Failed refunds"),
            "/refunds",
            Permission.PAYMENT_READ,
            _l("Money that a payment service would not send back"),
        ),
        MenuItem(
            VISITORS,
            _l("Closures"),
            "/closures",
            Permission.CLOSURE_READ,
            _l("Close slots, tell their holders"),
        ),
        MenuItem(
            VISITORS,
            _l("Call list"),
            "/calls",
            Permission.VISITOR_REVEAL,
            _l("Whom no message reached"),
        ),
        MenuItem(
            VISITORS,
            _l("Suspensions and appeals"),
            "/blocks",
            Permission.BOOKING_BLOCK_READ,
            _l("Who may not book, and their appeals"),
        ),
        MenuItem(
            VISITORS,
            _l("Measured goals"),
            "/goals",
            Permission.ATTEMPT_READ,
            _l("Success and failure of bookings"),
        ),
    ),
    waiting=desk.WAITING,
    figures=desk.FIGURES,
    records=records.RECORDS,
    start=process.start,
    stop=process.stop,
    alive=process.alive,
)
