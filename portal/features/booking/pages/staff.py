"""Staff's pages of booking: orders, closures, suspensions and appeals, messages, the measured goals."""

from datetime import date
from typing import Any, Final

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.core import clock, db, order_code, text
from portal.features.booking import blocks, closure, goals, orders, privacy, queries, search
from portal.features.booking.closure import KINDS, NewClosure
from portal.features.booking.messages import WORDS
from portal.features.booking.place import document_index, phone_index
from portal.features.booking.rules import documents
from portal.features.catalogue.availability import availability
from portal.features.catalogue.snapshot import catalogue
from portal.web.forms import Form, read
from portal.web.pagination import Page, page_number
from portal.web.permission import Needs
from portal.web.respond import go, page
from rbac.permissions import Permission

LIST: Final = Needs(Permission.ORDER_LIST)
REVEAL: Final = Needs(Permission.VISITOR_REVEAL)
REFUND: Final = Needs(Permission.REFUND_CREATE)
CLOSURES: Final = Needs(Permission.CLOSURE_READ)
CLOSE: Final = Needs(Permission.CLOSURE_CREATE)
LIFT: Final = Needs(Permission.CLOSURE_LIFT)
BLOCKS: Final = Needs(Permission.BOOKING_BLOCK_READ)
BLOCK: Final = Needs(Permission.BOOKING_BLOCK_CREATE)
UNBLOCK: Final = Needs(Permission.BOOKING_BLOCK_LIFT)
DECIDE: Final = Needs(Permission.APPEAL_DECIDE)
APPEAL: Final = Needs(Permission.APPEAL_FILE)
GOALS: Final = Needs(Permission.ATTEMPT_READ)

MAX_BLOCK_DAYS: Final = 730


@get("/bookings", guards=[LIST], name="bookings.list")
async def show_bookings(request: HTMXRequest) -> Response[bytes]:
    """The orders of a day; a search goes by POST, so that no number stands in an address."""
    day = _day(request.query_params.get("date"))
    number = page_number(request.query_params.get("page"))
    shown = Page(number)
    rows = await search.of_day(day, shown.limit, shown.offset)
    return page(
        request,
        "staff/bookings.html",
        form=Form({}, WORDS),
        day=day,
        rows=rows[: shown.size],
        shown=Page(number, more=len(rows) > shown.size),
        found=None,
        sold=await search.sold_on(day),
        products={product.id: product for product in catalogue().products},
    )


@post("/bookings", guards=[LIST], name="bookings.search", status_code=200)
async def search_bookings(request: HTMXRequest) -> Response[Any]:
    """By order code, phone or document number, found by blind index."""
    form = Form(await read(request), WORDS)
    wanted = form.text("q", longest=60)
    code = order_code.tidy(wanted)
    if not form.errors and order_code.is_valid(code) and await queries.order(code):
        return go(request, f"/bookings/{code}")
    found = [] if form.errors else await search.by_number(wanted)
    return page(
        request,
        "staff/bookings.html",
        form=form,
        day=clock.today(),
        rows=[],
        shown=Page(1),
        found=found,
        sold=[],
        products={product.id: product for product in catalogue().products},
    )


def _day(given: str | None) -> date:
    try:
        return date.fromisoformat(given or "")
    except ValueError:
        return clock.today()


@get("/bookings/{code:str}", guards=[LIST], name="bookings.order")
async def show_booking(request: HTMXRequest, code: FromPath[str]) -> Response[bytes]:
    return await _booking_page(request, code, Form({}, WORDS))


@post("/bookings/{code:str}/reveal", guards=[REVEAL], name="bookings.reveal", status_code=200)
async def reveal(request: HTMXRequest, code: FromPath[str]) -> Response[bytes]:
    """Plain names and numbers, for a reason that is recorded first; they leave the screen by themselves."""
    form = Form(await read(request), WORDS)
    reason = form.text("reason", longest=200)
    if reason and (len(reason) < privacy.SHORTEST_REASON or not text.is_visible_line(reason)):
        form.error("reason", "reason-short")
    tidy = order_code.tidy(code)
    if form.errors or not order_code.is_valid(tidy):
        return await _booking_page(request, code, form)
    return await _booking_page(request, code, form, await privacy.reveal(tidy, reason))


@post("/bookings/{code:str}/cancel", guards=[REFUND], name="bookings.cancel", status_code=303)
async def cancel_booking(request: HTMXRequest, code: FromPath[str]) -> Response[Any]:
    """Cancel for a visitor who asks at the counter; the same rules as for everybody."""
    tidy = order_code.tidy(code)
    try:
        await orders.cancel(tidy)
    except (orders.OrderGone, orders.TooLate):
        return go(request, f"/bookings/{tidy}?done=nothing")
    return go(request, f"/bookings/{tidy}?done=cancelled")


async def _booking_page(
    request: HTMXRequest, code: str, form: Form, plain: dict[str, Any] | None = None
) -> Response[bytes]:
    order = await queries.order(order_code.tidy(code))
    if order is None:
        raise NotFoundException
    return page(
        request,
        "staff/booking.html",
        form=form,
        order=order,
        plain=plain,
        history=await search.history(order.code),
        done=request.query_params.get("done", ""),
    )


@get("/closures", guards=[CLOSURES], name="closures.list")
async def show_closures(request: HTMXRequest) -> Response[bytes]:
    return page(request, "staff/closures.html", closures=await closure.recent())


@get("/closures/new", guards=[CLOSE], name="closures.form")
async def new_closure(request: HTMXRequest) -> Response[bytes]:
    form = Form({"date": request.query_params.get("date", clock.today().isoformat())}, WORDS)
    form.values.setdefault("choose_hours", "24")
    return await _closure_page(request, form)


@post("/closures", guards=[CLOSE], name="closures.create", status_code=200)
async def create_closure(request: HTMXRequest) -> Response[Any]:
    """Stop the sale and tell the holders. With ``look`` only the day is changed in the form."""
    form = Form(await read(request), WORDS)
    if "look" in form.values:
        return await _closure_page(request, form)
    day = _day(form.text("date"))
    chosen = {text.whole_number(name[5:]) for name in form.values if name.startswith("slot-")}
    slots = tuple(slot.id for slot in availability.day(day) if slot.id in chosen)
    if not slots:
        form.error("slots", "slots-needed")
    kind = form.choice("kind", KINDS)
    reason_zh = form.text("reason_zh", longest=300)
    reason_en = form.text("reason_en", longest=300)
    hours = form.integer("choose_hours", minimum=1, maximum=720)
    key = form.key("slots")
    if form.errors or key is None:
        return await _closure_page(request, form)
    made = await closure.close(NewClosure(slots, day, kind, reason_zh, reason_en, hours, key))
    return go(request, f"/closures/{made}")


async def _closure_page(request: HTMXRequest, form: Form) -> Response[bytes]:
    day = _day(form.values.get("date"))
    return page(
        request,
        "staff/closure_form.html",
        form=form,
        day=day,
        slots=[slot for slot in availability.day(day) if not slot.closed],
        held=await search.held_by_slot(day),
        products={product.id: product for product in catalogue().products},
        kinds=KINDS,
    )


@get("/closures/{closure_id:int}", guards=[CLOSURES], name="closures.progress")
async def show_closure(request: HTMXRequest, closure_id: FromPath[int]) -> Response[bytes]:
    """How far telling and settling have come, and whom somebody must call."""
    found = await closure.progress(closure_id)
    if found is None:
        raise NotFoundException
    return page(
        request,
        "staff/closure.html",
        block="progress",
        closure=found,
        calls=await search.to_call(found.visit_day, "closure"),
        form=Form({}, WORDS),
    )


@post("/closures/{closure_id:int}/lift", guards=[LIFT], name="closures.lift", status_code=303)
async def lift_closure(request: HTMXRequest, closure_id: FromPath[int]) -> Response[Any]:
    await closure.lift(closure_id)
    return go(request, f"/closures/{closure_id}")


@post("/messages/{message_id:int}/called", guards=[REVEAL], name="messages.called", status_code=303)
async def message_called(request: HTMXRequest, message_id: FromPath[int]) -> Response[Any]:
    """Somebody was told by telephone."""
    fields = await read(request)
    await search.mark_called(message_id)
    back = fields.get("back", "")
    return go(request, f"/closures/{back}" if text.whole_number(back) is not None else "/bookings")


@get("/blocks", guards=[BLOCKS], name="blocks.list")
async def show_blocks(request: HTMXRequest) -> Response[bytes]:
    return await _blocks_page(request, Form({}, WORDS))


@post("/blocks", guards=[BLOCK], name="blocks.create", status_code=200)
async def create_block(request: HTMXRequest) -> Response[Any]:
    """Suspend a document or phone by a person's decision. The number itself is not kept."""
    form = Form(await read(request), WORDS)
    number = form.text("number", longest=60)
    kind = form.choice("kind", ("document", "phone"))
    days = form.integer("days", minimum=1, maximum=MAX_BLOCK_DAYS)
    note = form.text("note", longest=300)
    if kind == "phone" and number and (code := text.phone_error(text.tidy_phone(number))):
        form.error("number", code)
    if form.errors:
        return await _blocks_page(request, form)
    if kind == "phone":
        subject = phone_index(text.tidy_phone(number))
    else:
        subject = document_index(
            documents.tidy(form.values.get("id_type", documents.RESIDENT), number)
        )
    await blocks.suspend(subject, kind, days, note)
    return go(request, "/blocks")


@post("/blocks/{block:int}/lift", guards=[UNBLOCK], name="blocks.lift", status_code=303)
async def lift_block(request: HTMXRequest, block: FromPath[int]) -> Response[Any]:
    await blocks.lift(block, "staff")
    return go(request, "/blocks")


async def _blocks_page(request: HTMXRequest, form: Form) -> Response[bytes]:
    number = page_number(request.query_params.get("page"))
    shown = Page(number)
    rows = await blocks.listed(shown.limit, shown.offset)
    return page(
        request,
        "staff/blocks.html",
        form=form,
        rows=rows[: shown.size],
        shown=Page(number, more=len(rows) > shown.size),
        id_types=documents.ID_TYPES,
        now=clock.now(),
    )


@get("/appeals/{appeal_id:int}", guards=[DECIDE], name="appeals.show")
async def show_appeal(request: HTMXRequest, appeal_id: FromPath[int]) -> Response[bytes]:
    return await _appeal_page(request, appeal_id, Form({}, WORDS))


@post("/appeals/{appeal_id:int}/decide", guards=[DECIDE], name="appeals.decide", status_code=200)
async def decide_appeal(request: HTMXRequest, appeal_id: FromPath[int]) -> Response[Any]:
    form = Form(await read(request), WORDS)
    decision = form.choice("decision", ("grant", "reject"))
    answer = form.text("answer", longest=500)
    if form.errors:
        return await _appeal_page(request, appeal_id, form)
    await blocks.decide(appeal_id, granted=decision == "grant", answer=answer)
    return go(request, "/blocks")


async def _appeal_page(request: HTMXRequest, appeal_id: int, form: Form) -> Response[bytes]:
    found = await blocks.appeal(appeal_id)
    if found is None:
        raise NotFoundException
    return page(request, "staff/appeal.html", form=form, appeal=found)


@get("/goals", guards=[GOALS], name="goals.show")
async def show_goals(request: HTMXRequest) -> Response[bytes]:
    """Success and failure rate with their definitions, live."""
    async with db.transaction():
        daily, quarterly = await goals.daily(), await goals.quarterly()
    return page(
        request,
        "staff/goals.html",
        block="figures",
        now_measured=daily[0],
        daily=daily,
        quarterly=quarterly,
        success_goal=goals.SUCCESS_GOAL,
        failure_goal=goals.FAILURE_GOAL,
    )


ROUTES = (
    show_bookings,
    search_bookings,
    show_booking,
    reveal,
    cancel_booking,
    show_closures,
    new_closure,
    create_closure,
    show_closure,
    lift_closure,
    message_called,
    show_blocks,
    create_block,
    lift_block,
    show_appeal,
    decide_appeal,
    show_goals,
)
