"""The call list: whom no message reached, of whatever kind (BK-11)."""

from typing import Any, Final
from urllib.parse import urlencode

from litestar import MediaType, Response, get, post
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.core import clock
from portal.core.text import whole_number
from portal.features.booking import calls
from portal.features.booking.calls import Wanted
from portal.features.booking.messages import WORDS
from portal.web.forms import Form, read
from portal.web.pagination import Page, page_number
from portal.web.permission import Needs
from portal.web.respond import go, page, wants_fragment
from rbac.permissions import Permission

CALL: Final = Needs(Permission.VISITOR_REVEAL)
PAGE_SIZE: Final = 25


@get("/calls", guards=[CALL], name="calls.list")
async def show_calls(request: HTMXRequest) -> Response[bytes]:
    """Who is to be called about what; numbers stay masked."""
    return await _calls_page(request, plain=False)


@post("/calls", guards=[CALL], name="calls.show", status_code=200)
async def show_numbers(request: HTMXRequest) -> Response[bytes]:
    """The same with the numbers, each noted on the trail with its order."""
    return await _calls_page(request, plain=True)


async def _calls_page(request: HTMXRequest, *, plain: bool) -> Response[bytes]:
    wanted = _wanted(request)
    shown = Page(page_number(request.query_params.get("page")), PAGE_SIZE)
    rows = await calls.listed(wanted, shown.limit, shown.offset, plain=plain)
    return page(
        request,
        "staff/calls.html",
        form=Form({}, WORDS),
        wanted=wanted,
        query=_query(wanted),
        rows=rows[: shown.size],
        shown=Page(shown.number, shown.size, more=len(rows) > shown.size),
        plain=plain,
        kinds=await calls.kinds(),
    )


def _wanted(request: HTMXRequest) -> Wanted:
    day = clock.asked_day(request.query_params.get("date"))
    return Wanted(day, request.query_params.get("kind", "")[:40])


def _query(wanted: Wanted) -> str:
    given = {"date": wanted.day.isoformat() if wanted.day else "", "kind": wanted.kind}
    return urlencode({name: value for name, value in given.items() if value})


@post("/calls/{message_id:int}/told", guards=[CALL], name="calls.told", status_code=200)
async def told(request: HTMXRequest, message_id: FromPath[int]) -> Response[Any]:
    """They know: the row leaves the list. A repeat changes nothing."""
    await calls.told(message_id)
    return await _row_done(request)


@post("/calls/{message_id:int}/missed", guards=[CALL], name="calls.missed", status_code=200)
async def missed(request: HTMXRequest, message_id: FromPath[int]) -> Response[Any]:
    """Nobody answered: it goes to the end of its day."""
    await calls.not_reached(message_id)
    return await _row_done(request)


async def _row_done(request: HTMXRequest) -> Response[Any]:
    """To htmx nothing, so that the row goes and the other numbers stay on the screen; else back to the list."""
    fields = await read(request)
    if wants_fragment(request):
        return Response(b"", media_type=MediaType.HTML)
    back = fields.get("back", "")
    return go(
        request,
        f"/closures/{back}"
        if whole_number(back) is not None
        else f"/calls?{_query(_wanted(request))}",
    )


ROUTES = (show_calls, show_numbers, told, missed)
