"""The ticket window's pages: drawer, sale, receipt (BK-10)."""

import contextlib
from datetime import timedelta
from typing import Any, Final

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.core import clock, db, money, order_code
from portal.features.booking import forms, queries, tickets, window
from portal.features.booking.booker import NewOrder
from portal.features.booking.documents import qr
from portal.features.booking.messages import WORDS
from portal.features.booking.pages.order_form import terms_of, wanted_slot
from portal.features.booking.place import WINDOW, Goods, Sale, day_key, new_order
from portal.features.booking.rules.documents import ID_TYPES
from portal.features.booking.rules.party import LARGEST_PARTY
from portal.features.catalogue.snapshot import catalogue
from portal.web.actor import actor_of
from portal.web.forms import Form, read
from portal.web.permission import Needs
from portal.web.respond import go, page
from rbac.permissions import Permission

SELL: Final = Needs(Permission.WINDOW_SALE_CREATE)
CASH_UP: Final = Needs(Permission.WINDOW_SALE_CASH_UP)
REPORT: Final = Needs(Permission.WINDOW_SALE_REPORT)
CONFLICT: Final = 409
DAYS_SOLD: Final = 2


@get("/window", guards=[SELL], name="window.home")
async def show_window(request: HTMXRequest) -> Response[bytes]:
    return await _window_page(request, Form({}, WORDS))


@post("/window/open", guards=[CASH_UP], name="window.open", status_code=200)
async def open_drawer(request: HTMXRequest) -> Response[Any]:
    form = Form(await read(request), WORDS)
    amount = _amount(form, "float")
    if form.errors:
        return await _window_page(request, form)
    with contextlib.suppress(window.ShiftOpen):  # a repeat finds the drawer open, as wanted
        await window.open_drawer(actor_of(request).person_id or 0, amount)
    return go(request, "/window")


@post("/window/close", guards=[CASH_UP], name="window.close", status_code=200)
async def close_drawer(request: HTMXRequest) -> Response[Any]:
    form = Form(await read(request), WORDS)
    counted = _amount(form, "counted")
    note = form.text("note", required=False, longest=500)
    if form.errors:
        return await _window_page(request, form)
    with contextlib.suppress(window.NoShift):
        await window.close_drawer(actor_of(request).person_id or 0, counted, note)
    return go(request, "/window?done=closed")


def _amount(form: Form, name: str) -> int:
    try:
        return money.parse_yuan(form.text(name, longest=20) or "0")
    except money.BadAmount as error:
        form.error(name, error.args[0])
        return 0


async def _window_page(request: HTMXRequest, form: Form) -> Response[bytes]:
    today = clock.today()
    days = [
        (day, await window.slots_on(day))
        for day in (today + timedelta(days=n) for n in range(DAYS_SOLD))
    ]
    return page(
        request,
        "window/home.html",
        form=form,
        drawer=await window.drawer(actor_of(request).person_id or 0),
        days=days,
        products={product.id: product for product in catalogue().products},
        done=request.query_params.get("done", ""),
    )


@get("/window/{slot_id:int}", guards=[SELL], name="window.form")
async def show_sale(request: HTMXRequest, slot_id: FromPath[int]) -> Response[Any]:
    if await window.drawer(actor_of(request).person_id or 0) is None:
        return go(request, "/window")
    party = request.query_params.get("party", "1")
    return _sale_page(
        request,
        slot_id,
        forms.blank(min(max(int(party), 1), LARGEST_PARTY) if party.isdigit() else 1),
    )


@post("/window/{slot_id:int}", guards=[SELL], name="window.sell", status_code=200)
async def sell(request: HTMXRequest, slot_id: FromPath[int]) -> Response[Any]:
    slot, product = wanted_slot(slot_id)
    raw = await read(request)
    if resized := forms.resized(raw, LARGEST_PARTY):
        return _sale_page(request, slot_id, resized, status=200)
    terms = terms_of(slot)
    form, wanted = forms.parse_window(raw, terms)
    method = form.choice("method", window.METHODS)
    if wanted is None or form.errors:
        return _sale_page(request, slot_id, form)
    key = await day_key(slot.visit_day)
    sale = Sale(WINDOW, "cash", actor_of(request).person_id)
    order = new_order(key, wanted, Goods(slot, product, terms.priced), sale)
    payment = window.Payment(method, _given(form, method, order.total_fen))
    if form.errors:
        return _sale_page(request, slot_id, form, total=order.total_fen)
    return await _sold(request, form, order, payment)


def _given(form: Form, method: str, total_fen: int) -> int:
    """What the visitor hands over: in cash what was typed, else exactly the total."""
    if method != "cash" or not form.values.get("given", "").strip():
        return total_fen
    given = _amount(form, "given")
    if given < total_fen:
        form.error("given", "given-short")
    return given


async def _sold(
    request: HTMXRequest, form: Form, order: NewOrder, payment: window.Payment
) -> Response[Any]:
    """Sell it: on to the receipt, or back to the form with the reason why not."""
    try:
        outcome = await window.sell(order.sold_by or 0, order, payment)
    except window.NoShift:
        return go(request, "/window")
    except db.UniqueViolation:
        form.error("party", "duplicate-document")
    else:
        if outcome.placed:
            return go(request, f"/window/receipt/{outcome.code}")
        form.error("party", outcome.kind)
    return _sale_page(request, order.slot, form, status=CONFLICT)


def _sale_page(
    request: HTMXRequest,
    slot_id: int,
    form: Form,
    *,
    status: int | None = None,
    total: int | None = None,
) -> Response[bytes]:
    slot, product = wanted_slot(slot_id)
    return page(
        request,
        "window/sale.html",
        block="sale",
        status=status,
        form=form,
        slot=slot,
        product=product,
        rows=range(int(form.values.get("rows", "1"))),
        priced=catalogue().prices_on(slot.product, slot.visit_day),
        id_types=ID_TYPES,
        total=total,
    )


@get("/window/receipt/{code:str}", guards=[SELL], name="window.receipt")
async def show_receipt(request: HTMXRequest, code: FromPath[str]) -> Response[bytes]:
    """Receipt and tickets, to be printed and handed over."""
    order = await queries.order(order_code.tidy(code))
    paid = await window.receipt(order.code) if order else None
    if order is None or paid is None:
        raise NotFoundException
    codes = {
        ticket.ordinal: qr.svg(tickets.qr_text(order, ticket), order.shown_code)
        for ticket in order.tickets
        if ticket.state == "valid"
    }
    return page(request, "window/receipt.html", order=order, paid=paid, qr=codes)


@get("/window/drawers", guards=[REPORT], name="window.drawers")
async def show_drawers(request: HTMXRequest) -> Response[bytes]:
    """Closed drawers with their differences."""
    return page(request, "window/drawers.html", drawers=await window.closed_drawers())


ROUTES = (show_window, open_drawer, close_drawer, show_sale, sell, show_receipt, show_drawers)
