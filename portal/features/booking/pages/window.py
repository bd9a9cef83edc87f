"""The ticket window's pages: drawer, sale, receipt, money back (BK-10)."""

import contextlib
from datetime import date, timedelta
from typing import Any, Final

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.core import clock, db, money, order_code
from portal.core.text import whole_number
from portal.features.booking import orders, queries, tickets, window, window_forms
from portal.features.booking.booker import NewOrder
from portal.features.booking.documents import qr
from portal.features.booking.limits import WINDOW_DOCUMENTS
from portal.features.booking.messages import WORDS
from portal.features.booking.pages.order_form import terms_of, wanted_slot
from portal.features.booking.place import WINDOW, Goods, Sale, day_key, new_order
from portal.features.booking.queries import OrderView
from portal.features.booking.rules.documents import ID_TYPES
from portal.features.catalogue.snapshot import Product, catalogue
from portal.web.actor import actor_of
from portal.web.forms import Form, read
from portal.web.permission import Needs
from portal.web.respond import go, page
from rbac.permissions import Permission

SELL: Final = Needs(Permission.WINDOW_SALE_CREATE)
CASH_UP: Final = Needs(Permission.WINDOW_SALE_CASH_UP)
GIVE_BACK: Final = Needs(Permission.WINDOW_SALE_REFUND)
CONFLICT: Final = 409
DAYS_SOLD: Final = 2
OWED_SHOWN: Final = 50

#: Notes and coins in fen, for counting a drawer.
NOTES: Final = (10_000, 5_000, 2_000, 1_000, 500, 100, 50, 10)


@get("/window", guards=[SELL], name="window.home")
async def show_window(request: HTMXRequest) -> Response[bytes]:
    """The drawer, and what can be sold now; without an open drawer first the float."""
    return await _window_page(request, Form({}, WORDS))


@post("/window/open", guards=[CASH_UP], name="window.open", status_code=200)
async def open_drawer(request: HTMXRequest) -> Response[Any]:
    form = Form(await read(request), WORDS)
    amount = _amount(form, "float")
    if form.errors:
        return await _window_page(request, form)
    with contextlib.suppress(window.ShiftOpen):  # a repeat finds the drawer open, as wanted
        await window.open_drawer(_seller(request), amount)
    return go(request, "/window")


def _seller(request: HTMXRequest) -> int:
    return actor_of(request).person_id or 0


def _amount(form: Form, name: str) -> int:
    try:
        return money.parse_yuan(form.text(name, longest=20) or "0", largest=money.LARGEST_STORED)
    except money.BadAmount as error:
        form.error(name, error.args[0])
        return 0


async def _window_page(request: HTMXRequest, form: Form) -> Response[bytes]:
    today = clock.today()
    drawer = await window.drawer(_seller(request))
    days = [today + timedelta(days=ahead) for ahead in range(DAYS_SOLD)] if drawer else []
    return page(
        request,
        "window/home.html",
        form=form,
        drawer=drawer,
        days=[(day, _by_product(day, await window.slots_on(day))) for day in days],
        lines=await window.lines(drawer.id, 10) if drawer else [],
        owed=len(await window.owed(OWED_SHOWN)),
        done=request.query_params.get("done", ""),
    )


def _by_product(
    day: date, slots: list[window.WindowSlot]
) -> list[tuple[Product, list[window.WindowSlot]]]:
    """A day's slots under their products, as far as those are sold on it."""
    return [
        (product, own)
        for product in catalogue().products
        if (own := [slot for slot in slots if slot.product == product.id]) and product.sold_on(day)
    ]


@get("/window/close", guards=[CASH_UP], name="window.ask_close")
async def ask_close(request: HTMXRequest) -> Response[Any]:
    """The count comes first; what should be there is said after it."""
    if await window.drawer(_seller(request)) is None:
        return go(request, "/window")
    return _close_page(request, Form({}, WORDS))


@post("/window/close", guards=[CASH_UP], name="window.close", status_code=200)
async def close_drawer(request: HTMXRequest) -> Response[Any]:
    """Count and close. A difference is shown once and wants a word. A repeat finds the drawer closed."""
    form = Form(await read(request), WORDS)
    counted = _counted(form)
    note = form.text("note", required=False, longest=500)
    if form.errors or "add_up" in form.values:
        return _close_page(request, form, status=None if form.errors else 200)
    try:
        shift = await window.close_drawer(_seller(request), counted, note)
    except window.NoShift:
        return go(request, "/window?done=closed")
    except window.Uneven as uneven:
        form.error("note", "drawer-uneven")
        return _close_page(request, form, difference=uneven.args[0])
    return go(request, f"/window?done=closed&drawer={shift}")


def _counted(form: Form) -> int:
    """The sum as typed, or added up from the notes where the sum was left empty."""
    notes = {
        fen: form.integer(f"notes-{fen}", required=False, minimum=0, maximum=100_000)
        for fen in NOTES
    }
    if any(notes.values()) and not form.values.get("counted", "").strip():
        form.values["counted"] = money.plain_yuan(sum(fen * many for fen, many in notes.items()))
    return _amount(form, "counted")


def _close_page(
    request: HTMXRequest, form: Form, *, difference: int | None = None, status: int | None = None
) -> Response[bytes]:
    return page(
        request,
        "window/close.html",
        status=status,
        form=form,
        difference=difference,
        notes=NOTES,
    )


@get("/window/{slot_id:int}", guards=[SELL], name="window.form")
async def show_sale(request: HTMXRequest, slot_id: FromPath[int]) -> Response[Any]:
    if await window.drawer(_seller(request)) is None:
        return go(request, "/window")
    return await _sale_page(request, slot_id, window_forms.blank())


@post("/window/{slot_id:int}", guards=[SELL], name="window.sell", status_code=200)
async def sell(request: HTMXRequest, slot_id: FromPath[int]) -> Response[Any]:
    """Sell, or with ``work_out`` only add up and ask for names."""
    slot, product = wanted_slot(slot_id)
    raw = await read(request)
    if "work_out" in raw or "show_names" in raw:
        form = Form(raw, WORDS)
        if "show_names" in raw:
            form.values["names"] = "yes"
        return await _sale_page(request, slot_id, form, status=200)
    if not product.sold_on(slot.visit_day):
        form = Form(raw, WORDS)
        form.error("party", "slot-closed")
        return await _sale_page(request, slot_id, form, status=CONFLICT)
    terms = terms_of(slot)
    form, wanted = window_forms.parse(raw, terms, documents_needed=_documents_needed(product))
    method = form.choice("method", window.METHODS)
    payment = window.Payment(method, _given(form, method, terms.priced))
    if wanted is None or form.errors:
        return await _sale_page(request, slot_id, form)
    key = await day_key(slot.visit_day)
    sale = Sale(WINDOW, "cash", _seller(request))
    return await _sold(
        request, form, new_order(key, wanted, Goods(slot, product, terms.priced), sale), payment
    )


def _documents_needed(product: Product) -> bool:
    return product.id_required and WINDOW_DOCUMENTS() == "needed"


def _given(form: Form, method: str, priced: Any) -> int:
    """What the visitor hands over: in cash what was typed, else exactly the total."""
    total = window_forms.total_fen(form.values, priced)
    if method != "cash" or not form.values.get("given", "").strip():
        return total
    given = _amount(form, "given")
    if given < total:
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
        if outcome.kind == "key-reused":
            form.renew_key()
    return await _sale_page(request, order.slot, form, status=CONFLICT)


async def _sale_page(
    request: HTMXRequest, slot_id: int, form: Form, *, status: int | None = None
) -> Response[bytes]:
    slot, product = wanted_slot(slot_id)
    priced = catalogue().prices_on(slot.product, slot.visit_day)
    total = window_forms.total_fen(form.values, priced)
    needed = _documents_needed(product)
    beside = await window.slots_on(slot.visit_day)
    return page(
        request,
        "window/sale.html",
        block="sale",
        status=status,
        form=form,
        slot=slot,
        product=product,
        beside=_by_product(slot.visit_day, beside),
        left=next((other.left for other in beside if other.id == slot.id), 0),
        priced=priced,
        counts=window_forms.counts(form.values, priced),
        rows=window_forms.rows(form.values, priced)
        if needed or form.values.get("names") == "yes"
        else [],
        documents_needed=needed,
        id_types=ID_TYPES,
        total=total,
        change=_change(form, total),
    )


def _change(form: Form, total: int) -> int | None:
    """What goes back of the money typed; None while that cannot be told."""
    try:
        given = money.parse_yuan(form.values.get("given", ""))
    except money.BadAmount:
        return None
    return given - total if form.values.get("method", "cash") == "cash" else None


@get("/window/receipt/{code:str}", guards=[SELL], name="window.receipt")
async def show_receipt(request: HTMXRequest, code: FromPath[str]) -> Response[bytes]:
    """Receipt and tickets, to be printed and handed over."""
    order = await _order(code)
    paid = await window.receipt(order.code) if order else None
    if order is None or paid is None:
        raise NotFoundException
    codes = {
        ticket.ordinal: qr.svg(
            tickets.qr_text(order, ticket), f"{order.shown_code} / {ticket.ordinal + 1}"
        )
        for ticket in order.tickets
        if ticket.state == "valid"
    }
    return page(request, "window/receipt.html", order=order, paid=paid, qr=codes)


async def _order(code: str) -> OrderView | None:
    return await queries.order(order_code.tidy(code))


@get("/window/back", guards=[GIVE_BACK], name="window.ask_back")
async def ask_back(request: HTMXRequest) -> Response[Any]:
    """Find a sale whose money goes back, or take one from those whose money waits."""
    return await _back_page(request, Form(dict(request.query_params), WORDS))


@post("/window/back", guards=[GIVE_BACK], name="window.give_back", status_code=200)
async def give_back(request: HTMXRequest) -> Response[Any]:
    """Cancel the ticked tickets and pay out what is owed. A repeat finds nothing left and says so."""
    form = Form(await read(request), WORDS)
    method = form.choice("method", window.METHODS)
    ticked = [whole_number(name[7:]) for name in form.values if name.startswith("ticket-")]
    chosen = [ordinal for ordinal in ticked if ordinal is not None]
    code = order_code.tidy(form.text("code", longest=40))
    if form.errors:
        return await _back_page(request, form)
    try:
        places, fen = await window.give_back(_seller(request), code, chosen, method)
    except window.NoShift:
        return go(request, "/window")
    except window.NotSoldHere:
        form.error("code", "not-sold-here")
    except (orders.OrderGone, orders.TooLate) as refused:
        form.error("code", "back-late" if isinstance(refused, orders.TooLate) else "back-nothing")
    else:
        done = f"done=back&fen={fen}" if places or fen else "done=nothing"
        return go(request, f"/window/back?code={code}&{done}")
    return await _back_page(request, form)


async def _back_page(request: HTMXRequest, form: Form) -> Response[bytes]:
    typed = form.values.get("code", "").strip()
    order = await _order(typed) if typed else None
    sold = await window.receipt(order.code) if order else None
    if typed and sold is None:
        form.error("code", "order-unknown-here" if order is None else "not-sold-here")
    fen = request.query_params.get("fen", "")
    return page(
        request,
        "window/back.html",
        form=form,
        drawer=await window.drawer(_seller(request)),
        order=order if sold else None,
        sold=sold,
        quotes={
            ticket.ordinal: orders.quote_of(order, ticket.price_fen)
            for ticket in order.live_tickets
        }
        if order and order.standing
        else {},
        waiting=await window.owed(OWED_SHOWN),
        done=request.query_params.get("done", ""),
        paid_out=whole_number(fen) or 0,
    )


ROUTES = (
    show_window,
    open_drawer,
    ask_close,
    close_drawer,
    show_sale,
    sell,
    show_receipt,
    ask_back,
    give_back,
)
