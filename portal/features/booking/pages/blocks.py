"""Suspensions of booking and the appeals against them: by a person, with a reason, with an end (BK-7)."""

from typing import Any, Final

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.core import clock, text
from portal.features.booking import blocks
from portal.features.booking.messages import WORDS
from portal.features.booking.place import document_index, phone_index
from portal.features.booking.privacy import SHORTEST_REASON
from portal.features.booking.rules import documents
from portal.web.actor import actor_of
from portal.web.forms import Form, read
from portal.web.pagination import Page, page_number
from portal.web.permission import Needs, may
from portal.web.respond import go, page
from rbac.permissions import Permission

READ: Final = Needs(Permission.BOOKING_BLOCK_READ)
SUSPEND: Final = Needs(Permission.BOOKING_BLOCK_CREATE)
LIFT: Final = Needs(Permission.BOOKING_BLOCK_LIFT)
DECIDE: Final = Needs(Permission.APPEAL_DECIDE)

MAX_DAYS: Final = 730
VIEWS: Final = ("appeals", "in_force", "all")


@get("/blocks", guards=[READ], name="blocks.list")
async def show_blocks(request: HTMXRequest) -> Response[bytes]:
    """Those with an open appeal, those in force, or all."""
    return await _list_page(request, Form({}, WORDS))


async def _list_page(request: HTMXRequest, form: Form) -> Response[bytes]:
    view = request.query_params.get("show", "in_force")
    view = view if view in VIEWS else "in_force"
    shown = Page(page_number(request.query_params.get("page")))
    rows = await blocks.listed(view, shown.limit, shown.offset)
    actor = actor_of(request)
    return page(
        request,
        "staff/blocks.html",
        form=form,
        view=view,
        rows=rows[: shown.size],
        shown=Page(shown.number, more=len(rows) > shown.size),
        open_appeals=await blocks.open_appeals(),
        id_types=documents.ID_TYPES,
        now=clock.now(),
        may_suspend=may(actor, Permission.BOOKING_BLOCK_CREATE),
        may_lift=may(actor, Permission.BOOKING_BLOCK_LIFT),
        may_decide=may(actor, Permission.APPEAL_DECIDE),
        done=request.query_params.get("done", ""),
    )


@post("/blocks", guards=[SUSPEND], name="blocks.create", status_code=200)
async def create_block(request: HTMXRequest) -> Response[Any]:
    """Suspend a document or phone by a person's decision. The number itself is not kept."""
    form = Form(await read(request), WORDS)
    kind = form.choice("kind", ("document", "phone"))
    subject = _subject(form, kind)
    days = form.integer("days", minimum=1, maximum=MAX_DAYS)
    note = form.text("note", longest=300)
    key = form.key("number")
    if form.errors or key is None:
        return await _list_page(request, form)
    await blocks.suspend(subject, kind, days, note, key)
    return go(request, "/blocks?done=suspended")


def _subject(form: Form, kind: str) -> bytes:
    """The fingerprint of the number typed."""
    number = form.text("number", longest=60)
    if kind == "phone":
        phone = text.tidy_phone(number)
        if number and (code := text.phone_error(phone)):
            form.error("number", code)
        return phone_index(phone)
    document = documents.tidy(
        form.values.get("id_type") or documents.RESIDENT, number, form.values.get("country", "")
    )
    if number and (code := documents.error(document, clock.today())):
        form.error("id_type" if code == "not-a-choice" else "number", code)
    if code := documents.country_error(document):
        form.error("country", code)
    return document_index(document)


@get("/blocks/{block_id:int}", guards=[READ], name="blocks.show")
async def show_block(request: HTMXRequest, block_id: FromPath[int]) -> Response[bytes]:
    return await _block_page(request, block_id, Form({}, WORDS))


@post("/blocks/{block_id:int}/lift", guards=[LIFT], name="blocks.lift", status_code=200)
async def lift_block(request: HTMXRequest, block_id: FromPath[int]) -> Response[Any]:
    """End it now, for a reason that stands on the trail."""
    form = Form(await read(request), WORDS)
    why = form.text("why", longest=200)
    if why and (len(why) < SHORTEST_REASON or not text.is_visible_line(why)):
        form.error("why", "reason-short")
    if form.errors:
        return await _block_page(request, block_id, form)
    await blocks.lift(block_id, why)
    return go(request, f"/blocks/{block_id}")


async def _block_page(request: HTMXRequest, block_id: int, form: Form) -> Response[bytes]:
    found = await blocks.block(block_id)
    if found is None:
        raise NotFoundException
    actor = actor_of(request)
    return page(
        request,
        "staff/block.html",
        form=form,
        suspension=found,
        appeals=await blocks.appeals_of(block_id),
        now=clock.now(),
        may_lift=may(actor, Permission.BOOKING_BLOCK_LIFT),
        may_decide=may(actor, Permission.APPEAL_DECIDE),
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
    return go(request, f"/appeals/{appeal_id}")


async def _appeal_page(request: HTMXRequest, appeal_id: int, form: Form) -> Response[bytes]:
    found = await blocks.appeal(appeal_id)
    if found is None:
        raise NotFoundException
    return page(request, "staff/appeal.html", form=form, appeal=found, now=clock.now())


ROUTES = (
    show_blocks,
    create_block,
    show_block,
    lift_block,
    show_appeal,
    decide_appeal,
)
