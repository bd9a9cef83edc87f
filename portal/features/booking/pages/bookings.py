"""Staff's pages of orders: a day, a search, one order with its history."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.core import audit, clock, db, order_code, text
from portal.core.i18n import LazyText, _l, language
from portal.core.money import yuan
from portal.features.booking import orders, privacy, queries, search, window
from portal.features.booking.messages import WORDS
from portal.features.booking.queries import OrderView
from portal.features.booking.search import Wanted
from portal.features.catalogue.snapshot import Product, catalogue
from portal.web.actor import actor_of
from portal.web.forms import Form, read
from portal.web.pagination import Page, page_number
from portal.web.permission import Needs, allow, may
from portal.web.respond import go, page
from portal.web.spreadsheet import csv_file
from rbac.facts import NOBODY, Facts
from rbac.permissions import BY_NAME, Permission

LIST: Final = Needs(Permission.ORDER_LIST)
REVEAL: Final = Needs(Permission.VISITOR_REVEAL)
CANCEL: Final = Needs(Permission.BOOKING_CANCEL)

#: What the trail's details are called on the screen; amounts among them are in fen.
DETAILS: Final[Mapping[str, LazyText]] = {
    "fen": _l("amount"),
    "paid": _l("paid in"),
    "refund": _l("goes back"),
    "party": _l("visitors"),
    "places": _l("places"),
    "slot": _l("slot"),
    "channel": _l("sold"),
    "rule": _l("rule"),
    "reason": _l("reason"),
    "method": _l("way"),
    "to": _l("moved to"),
    "by": _l("by"),
}
MONEY: Final = frozenset({"fen", "paid", "refund"})


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list shows: the orders of a day, page by page, or what a search has found (then ``found``)."""

    rows: list[search.Row]
    number: int = 1
    found: bool = False

    @property
    def shown(self) -> Page:
        size = Page(self.number).size
        return Page(self.number, more=not self.found and len(self.rows) > size)


@get("/bookings", guards=[LIST], name="bookings.list")
async def show_bookings(request: HTMXRequest) -> Response[bytes]:
    """The orders of a day; a search goes by POST, so that no number stands in an address."""
    wanted = _wanted(request.query_params)
    asked = Page(page_number(request.query_params.get("page")))
    rows = await search.of_day(wanted, asked.limit, asked.offset)
    return await _list_page(request, Form({}, WORDS), wanted, Listing(rows, asked.number))


@post("/bookings", guards=[LIST], name="bookings.search", status_code=200)
async def search_bookings(request: HTMXRequest) -> Response[Any]:
    """By order code, phone or document number, found by blind index."""
    form = Form(await read(request), WORDS)
    wanted = form.text("q", longest=60)
    code = order_code.tidy(wanted)
    if not form.errors and order_code.is_valid(code) and await queries.order(code):
        return go(request, f"/bookings/{code}")
    found = [] if form.errors else await search.by_number(wanted)
    return await _list_page(request, form, Wanted(clock.today()), Listing(found, found=True))


async def _list_page(
    request: HTMXRequest, form: Form, wanted: Wanted, listing: Listing
) -> Response[bytes]:
    return page(
        request,
        "staff/bookings.html",
        form=form,
        wanted=wanted,
        query=_query(wanted),
        rows=listing.rows[: listing.shown.size],
        shown=listing.shown,
        found=listing.found,
        sold=[] if listing.found else await search.sold_on(wanted.day),
        products=_products(),
        states=search.STATES,
        channels=search.CHANNELS,
        may_close=may(actor_of(request), Permission.CLOSURE_CREATE),
    )


def _products() -> dict[int, Product]:
    return {product.id: product for product in catalogue().products}


def _wanted(params: Mapping[str, str]) -> Wanted:
    """What is asked for; nonsense asks for everything."""
    day = clock.asked_day(params.get("date")) or clock.today()
    state, channel = params.get("state", ""), params.get("channel", "")
    return Wanted(
        day,
        text.whole_number(params.get("slot", "")),
        text.whole_number(params.get("product", "")),
        state if state in search.STATES else "",
        channel if channel in search.CHANNELS else "",
    )


def _query(wanted: Wanted) -> str:
    given = {
        "date": wanted.day.isoformat(),
        "slot": wanted.slot,
        "product": wanted.product,
        "state": wanted.state,
        "channel": wanted.channel,
    }
    return "&".join(f"{name}={value}" for name, value in given.items() if value)


@get("/bookings.csv", guards=[LIST], name="bookings.file")
async def bookings_file(request: HTMXRequest) -> Response[bytes]:
    """The tickets of the orders that are shown, names and numbers masked; on the trail."""
    wanted = _wanted(request.query_params)
    names = {product.id: str(product.name) for product in catalogue().products}
    rows = [row async for row in search.tickets_masked(wanted, names)]
    async with db.transaction():
        audit.record("order:list", "day", wanted.day.isoformat(), exported=len(rows))
    return csv_file(f"bookings-{wanted.day}.csv", search.EXPORT_HEAD, rows)


@get("/bookings/{code:str}", guards=[LIST], name="bookings.order")
async def show_booking(request: HTMXRequest, code: FromPath[str]) -> Response[bytes]:
    return await _order_page(request, await _order(code), Form({}, WORDS))


async def _order(code: str) -> OrderView:
    found = await queries.order(order_code.tidy(code))
    if found is None:
        raise NotFoundException
    return found


def _facts(order: OrderView) -> Facts:
    return Facts(owner=NOBODY, attributes={"channel": order.channel})


@post("/bookings/{code:str}/reveal", guards=[REVEAL], name="bookings.reveal", status_code=200)
async def reveal(request: HTMXRequest, code: FromPath[str]) -> Response[bytes]:
    """Plain names and numbers, for a reason that is recorded first; they leave the screen by themselves."""
    order = await _order(code)
    form = Form(await read(request), WORDS)
    reason = form.text("reason", longest=200)
    if reason and (len(reason) < privacy.SHORTEST_REASON or not text.is_visible_line(reason)):
        form.error("reason", "reason-short")
    plain = None if form.errors else await privacy.reveal(order.code, reason)
    return await _order_page(request, order, form, plain)


@get("/bookings/{code:str}/cancel", guards=[LIST, CANCEL], name="bookings.ask_cancel")
async def ask_cancel(request: HTMXRequest, code: FromPath[str]) -> Response[Any]:
    """What cancelling gives back by the rules, before it is done."""
    order = await _order(code)
    await allow(actor_of(request), Permission.BOOKING_CANCEL, _facts(order), "order", order.code)
    if not order.standing or not order.live_tickets:
        return go(request, f"/bookings/{order.code}?done=nothing")
    return page(
        request,
        "staff/cancel.html",
        form=Form({}, WORDS),
        order=order,
        quotes={
            ticket.ordinal: orders.quote_of(order, ticket.price_fen)
            for ticket in order.live_tickets
        },
    )


@post("/bookings/{code:str}/cancel", guards=[LIST, CANCEL], name="bookings.cancel", status_code=303)
async def cancel_booking(request: HTMXRequest, code: FromPath[str]) -> Response[Any]:
    """Cancel the ticked tickets, or all, for a visitor who asks; the same rules as for everybody."""
    order = await _order(code)
    await allow(actor_of(request), Permission.BOOKING_CANCEL, _facts(order), "order", order.code)
    fields = await read(request)
    ticked = [text.whole_number(name[7:]) for name in fields if name.startswith("ticket-")]
    chosen = {ordinal for ordinal in ticked if ordinal is not None}
    try:
        await orders.cancel(order.code, chosen if ticked else None)
    except orders.TooLate:
        return go(request, f"/bookings/{order.code}?done=too-late")
    except orders.OrderGone:
        return go(request, f"/bookings/{order.code}?done=nothing")
    return go(request, f"/bookings/{order.code}?done=cancelled")


async def _order_page(
    request: HTMXRequest, order: OrderView, form: Form, plain: dict[str, Any] | None = None
) -> Response[bytes]:
    actor, facts = actor_of(request), _facts(order)
    return page(
        request,
        "staff/booking.html",
        form=form,
        order=order,
        plain=plain,
        sold=await window.receipt(order.code) if order.channel == "window" else None,
        history=[_told(entry) for entry in await search.history(order.code)],
        messages=await search.messages(order.code),
        may_reveal=may(actor, Permission.VISITOR_REVEAL),
        may_cancel=order.standing
        and bool(order.live_tickets)
        and may(actor, Permission.BOOKING_CANCEL, facts),
        may_change=order.state == "confirmed" and may(actor, Permission.BOOKING_CHANGE, facts),
        may_print=bool(order.live_tickets) and may(actor, Permission.TICKET_READ, facts),
        done=request.query_params.get("done", ""),
    )


def _told(entry: Any) -> dict[str, Any]:
    """An entry of the trail in the reader's words."""
    permission = BY_NAME.get(entry["act"])
    lang = "zh" if language() == "zh" else "en"
    return {
        "at": entry["at"],
        "subject": entry["subject"],
        "act": permission.describe(lang) if permission else entry["act"],  # type: ignore[arg-type]
        "refused": entry["outcome"] == "refused",
        "detail": [
            (DETAILS.get(name, name), yuan(value) if name in MONEY else value)
            for name, value in json.loads(entry["detail"]).items()
        ],
    }


ROUTES = (
    show_bookings,
    search_bookings,
    bookings_file,
    show_booking,
    reveal,
    ask_cancel,
    cancel_booking,
)
