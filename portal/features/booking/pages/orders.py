"""The visitor's own order: find, see, cancel, move, pay, take along (BK-5 to BK-7)."""

import asyncio
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.core import clock, db, order_code, text
from portal.core.crypto import Unreadable
from portal.features.booking import change as changing
from portal.features.booking import closure, orders, queries, tickets
from portal.features.booking import day as days
from portal.features.booking.access import FINDING, may_do, order_of_link
from portal.features.booking.documents import calendar, pdf, qr
from portal.features.booking.limits import CHANGE_LIMIT, COUNT_NO_SHOWS, LATE_FEE_PERCENT
from portal.features.booking.messages import WORDS
from portal.features.booking.messenger import gateway
from portal.features.booking.queries import OrderView
from portal.features.booking.resend import send_link
from portal.features.booking.rules import refunds
from portal.features.catalogue import sale
from portal.features.catalogue.availability import availability
from portal.features.payments import service as payments
from portal.features.payments.providers import available
from portal.web.forms import Form, read
from portal.web.permission import Needs
from portal.web.ratelimit import limited
from portal.web.respond import download, go, page, site
from rbac.permissions import Permission

READ: Final = Needs(Permission.ORDER_READ)
FIND: Final = Needs(Permission.ORDER_FIND)
CANCEL: Final = Needs(Permission.BOOKING_CANCEL)
CHANGE: Final = Needs(Permission.BOOKING_CHANGE)
PAY: Final = Needs(Permission.PAYMENT_PAY)
TICKET: Final = Needs(Permission.TICKET_READ)
RESEND: Final = Needs(Permission.TICKET_RESEND)

PDF_AT_ONCE: Final = asyncio.Semaphore(1)


@get("/orders", guards=[FIND], name="booking.find")
async def show_find(request: HTMXRequest) -> Response[bytes]:
    return page(request, "booking/find.html", block="find", form=Form({}, WORDS))


@post("/orders", guards=[FIND, limited(FINDING)], name="booking.find_order", status_code=200)
async def find_order(request: HTMXRequest) -> Response[Any]:
    """By code and phone. A wrong pair is one answer, whichever of the two is wrong."""
    form = Form(await read(request), WORDS)
    code = order_code.tidy(form.text("code", longest=40))
    phone = text.tidy_phone(form.text("phone", longest=40))
    if "code" not in form.errors and not order_code.is_valid(code):
        form.error("code", "code-form")
    if not form.errors:
        if await queries.code_for_phone(code, phone):
            return go(request, queries.order_url(code))
        form.error("code", "order-unknown")
    return page(request, "booking/find.html", block="find", form=form)


@get("/orders/{code:str}", guards=[READ], name="booking.order")
async def show_order(request: HTMXRequest, code: FromPath[str]) -> Response[bytes]:
    order = await order_of_link(request, code, READ.permission)
    return page(request, "booking/order.html", block="order", **await _shown(order, request))


async def _shown(order: OrderView, request: HTMXRequest) -> dict[str, Any]:
    now = clock.now()
    return {
        "order": order,
        "form": Form({}, WORDS),
        "done": request.query_params.get("done", ""),
        "qr": {
            ticket.ordinal: _qr(order, ticket)
            for ticket in order.tickets
            if ticket.state == "valid"
        },
        "quote": orders.quote_of(order, order.live_fen),
        "may_change": order.state == "confirmed"
        and may_do(request, order, CHANGE.permission)
        and (
            order.slot_closed
            or refunds.change_error(order.changes, CHANGE_LIMIT(), now, order.deadlines) is None
        ),
        "closure": await closure.of_order(order.code) if order.slot_closed else None,
        "late_fee": LATE_FEE_PERCENT(),
        "no_shows_counted": COUNT_NO_SHOWS(),
        "may_cancel": may_do(request, order, CANCEL.permission),
        "may_pay": may_do(request, order, PAY.permission),
        "payable": bool(available()),
        "may_request": may_do(request, order, Permission.VISITOR_REQUEST),
        "may_resend": order.standing and bool(order.phone) and gateway() is not None,
    }


def _qr(order: OrderView, ticket: queries.TicketView) -> Any:
    label = f"{order.shown_code} / {ticket.ordinal + 1}"
    return qr.svg(tickets.qr_text(order, ticket), label)


@get("/orders/{code:str}/cancel", guards=[CANCEL], name="booking.ask_cancel")
async def ask_cancel(request: HTMXRequest, code: FromPath[str]) -> Response[Any]:
    """What cancelling costs and gives, before the click; where the reminder leads to."""
    order = await order_of_link(request, code, CANCEL.permission)
    if not order.standing or not order.live_tickets:
        return go(request, order.url)
    return page(
        request,
        "booking/cancel.html",
        form=Form({}, WORDS),
        order=order,
        quote=orders.quote_of(order, order.live_fen),
        no_shows_counted=COUNT_NO_SHOWS(),
        quotes={
            ticket.ordinal: orders.quote_of(order, ticket.price_fen)
            for ticket in order.live_tickets
        },
    )


@post("/orders/{code:str}/cancel", guards=[CANCEL], name="booking.cancel", status_code=303)
async def cancel_order(request: HTMXRequest, code: FromPath[str]) -> Response[Any]:
    """Cancel the tickets that were ticked, or all. A repeat finds nothing left and says so."""
    order = await order_of_link(request, code, CANCEL.permission)
    fields = await read(request)
    ticked = [text.whole_number(name[7:]) for name in fields if name.startswith("ticket-")]
    chosen = {ordinal for ordinal in ticked if ordinal is not None}
    try:
        await orders.cancel(order.code, chosen if ticked else None)
    except orders.TooLate:
        return go(request, order.at(done="too-late"))
    except orders.OrderGone:
        return go(request, order.at(done="nothing"))
    return go(request, order.at(done="cancelled"))


@get("/orders/{code:str}/change", guards=[CHANGE], name="booking.ask_change")
async def ask_change(request: HTMXRequest, code: FromPath[str]) -> Response[Any]:
    """The slots that this order could move to, day by day."""
    order = await order_of_link(request, code, CHANGE.permission)
    if order.state != "confirmed":
        return go(request, order.url)
    return _change_page(request, order, Form({}, WORDS))


@post("/orders/{code:str}/change", guards=[CHANGE], name="booking.change", status_code=200)
async def change_order(request: HTMXRequest, code: FromPath[str]) -> Response[Any]:
    order = await order_of_link(request, code, CHANGE.permission)
    form = Form(await read(request), WORDS)
    slot = availability.slot(form.integer("slot"))
    key = form.key("slot")
    if slot is None or not slot.open_at(clock.now()) or not sale.on_sale(slot.visit_day):
        form.error("slot", "slot-closed")
    if form.errors or slot is None or key is None:
        return _change_page(request, order, form)
    try:
        fresh = await changing.change(order.code, slot, key)
    except changing.CannotChange as refusal:
        form.error("slot", refusal.args[0])
        return _change_page(request, order, form)
    except orders.OrderGone:
        return go(request, order.at(done="nothing"))
    return go(request, replace(order, code=fresh).at(done="changed"))


def _change_page(request: HTMXRequest, order: OrderView, form: Form) -> Response[bytes]:
    shown = [
        (
            day.day,
            [
                slot
                for product in days.products_on(day.day)
                if product.product.id == order.product.id
                for slot in product.slots
                if slot.bookable and slot.left >= order.places and slot.id != order.slot
            ],
        )
        for day in days.strip()
        if day.left
    ]
    return page(
        request,
        "booking/change.html",
        block="change",
        form=form,
        order=order,
        choices=[(day, slots) for day, slots in shown if slots],
        change_limit=CHANGE_LIMIT(),
    )


@post("/orders/{code:str}/pay", guards=[PAY], name="booking.pay", status_code=303)
async def pay(request: HTMXRequest, code: FromPath[str]) -> Response[Any]:
    """Open a payment for what is held, or find the open one, and go to the provider."""
    order = await order_of_link(request, code, PAY.permission)
    providers = available()
    if order.state != "held" or order.hold_until is None or not providers:
        return go(request, order.url)
    payment = await payments.start(order.code, order.total_fen, providers[0], order.hold_until)
    back = queries.return_address(order.code, payment)
    return go(request, await payments.address(payment, str(order.product.name), back))


@get("/orders/{code:str}/return", guards=[PAY], name="booking.return")
async def come_back(request: HTMXRequest, code: FromPath[str]) -> Response[Any]:
    """Where the provider sends the visitor back to: the token proves that we sent this visitor there."""
    try:
        payment = UUID(request.query_params.get("payment", ""))
    except ValueError:
        raise NotFoundException from None
    if not queries.return_is_good(payment, request.query_params.get("token", "")):
        raise NotFoundException
    reference = await db.fetchval("SELECT reference FROM payment WHERE id = $1", payment)
    if reference is None or reference != order_code.tidy(code):
        raise NotFoundException
    return go(request, queries.order_url(reference))


@get("/orders/{code:str}/ticket.pdf", guards=[TICKET], name="booking.ticket_pdf")
async def ticket_file(request: HTMXRequest, code: FromPath[str]) -> Response[bytes]:
    order = await order_of_link(request, code, TICKET.permission)
    if order.state not in ("confirmed", "partly_used"):
        raise NotFoundException
    async with PDF_AT_ONCE:
        body = await asyncio.to_thread(pdf.ticket_pdf, order, site().name, site().phone)
    return download(body, f"{order.shown_code}.pdf", "application/pdf")


@get("/orders/{code:str}/visit.ics", guards=[TICKET], name="booking.calendar")
async def calendar_file(request: HTMXRequest, code: FromPath[str]) -> Response[bytes]:
    order = await order_of_link(request, code, TICKET.permission)
    body = calendar.ics(order, site().name, site().address, clock.now())
    return download(body, f"{order.shown_code}.ics", "text/calendar; charset=utf-8")


@get("/orders/{code:str}/print", guards=[TICKET], name="booking.print")
async def print_order(request: HTMXRequest, code: FromPath[str]) -> Response[bytes]:
    order = await order_of_link(request, code, TICKET.permission)
    return page(request, "booking/print.html", **await _shown(order, request))


@post(
    "/orders/{code:str}/resend",
    guards=[RESEND, limited(FINDING)],
    name="booking.resend",
    status_code=303,
)
async def resend(request: HTMXRequest, code: FromPath[str]) -> Response[Any]:
    """The link once more, to the phone that the order was made with and to no other."""
    order = await order_of_link(request, code, Permission.TICKET_RESEND)
    try:
        sent = await send_link(order.code)
    except (orders.OrderGone, Unreadable):
        sent = False
    return go(request, order.at(done="sent" if sent else "not-sent"))


ROUTES = (
    show_find,
    find_order,
    show_order,
    ask_cancel,
    cancel_order,
    ask_change,
    change_order,
    pay,
    come_back,
    ticket_file,
    calendar_file,
    print_order,
    resend,
)
