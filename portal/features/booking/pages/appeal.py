"""A visitor's appeal against a suspension: what holds, why, until when, and a word to a person."""

from typing import Any, Final

from litestar import Response, get, post
from litestar.plugins.htmx import HTMXRequest

from portal.core import text
from portal.features.booking import blocks
from portal.features.booking.access import FINDING
from portal.features.booking.blocks import Block
from portal.features.booking.messages import WORDS
from portal.features.booking.place import indexes_of
from portal.web.forms import Form, read
from portal.web.permission import Needs
from portal.web.ratelimit import limited
from portal.web.respond import page
from rbac.permissions import Permission

APPEAL: Final = Needs(Permission.APPEAL_FILE)
SHORTEST: Final = 5


@get("/appeal", guards=[APPEAL], name="appeals.form")
async def show_appeal_form(request: HTMXRequest) -> Response[bytes]:
    return _page(request, Form({}, WORDS))


@post("/appeal", guards=[APPEAL, limited(FINDING)], name="appeals.file", status_code=200)
async def file_appeal(request: HTMXRequest) -> Response[Any]:
    """First the suspension of a number is shown; with a text the appeal is filed."""
    form = Form(await read(request), WORDS)
    number = form.text("number", longest=60)
    if form.errors:
        return _page(request, form)
    block = await _suspension(number)
    if block is None:
        form.error("number", "no-block")
        return _page(request, form)
    answer = await blocks.latest_answer(block.id)
    if "text" not in form.values:
        return _page(request, form, block, answer)
    words = form.text("text", longest=2000)
    if words and (len(words) < SHORTEST or not text.is_visible_line(words)):
        form.error("text", "text-short")
    if not form.errors and not await blocks.file_appeal(block.id, words):
        form.error("text", "appeal-open")
    if form.errors:
        return _page(request, form, block, answer)
    return _page(request, form, block, await blocks.latest_answer(block.id), filed=True)


async def _suspension(number: str) -> Block | None:
    """The suspension of a phone, or of a document of whatever type with this number."""
    for index in indexes_of(number):
        if found := await blocks.in_force(index):
            return found
    return None


def _page(
    request: HTMXRequest,
    form: Form,
    block: Block | None = None,
    answer: Any = None,
    *,
    filed: bool = False,
) -> Response[bytes]:
    return page(
        request,
        "booking/appeal.html",
        block="appeal_form",
        form=form,
        suspension=block,
        answer=answer,
        filed=filed,
    )


ROUTES = (show_appeal_form, file_appeal)
