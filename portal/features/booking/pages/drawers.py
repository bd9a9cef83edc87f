"""The drawers of all windows, for whoever answers for them (BK-10)."""

from datetime import date, datetime, timedelta
from typing import Any, Final

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.core import audit, clock, db
from portal.features.booking import window
from portal.features.booking.messages import WORDS
from portal.features.booking.window import Drawer
from portal.web.forms import Form, read
from portal.web.permission import Needs
from portal.web.respond import go, page
from portal.web.spreadsheet import csv_file
from rbac.permissions import Permission

REPORT: Final = Needs(Permission.WINDOW_SALE_REPORT)
DAYS_SHOWN: Final = 7
HEAD: Final = (
    "drawer", "seller", "opened_at", "closed_at", "sales", "float", "cash", "card", "scan", "given_back",
    "expected", "counted", "difference", "note", "checked_by",
)  # fmt: skip


@get("/window/drawers", guards=[REPORT], name="window.drawers")
async def show_drawers(request: HTMXRequest) -> Response[bytes]:
    """What each drawer took on these days, and how far the count was off."""
    first, last = _days(request)
    found = await window.drawers(first, last)
    return page(
        request,
        "window/drawers.html",
        first=first,
        last=last,
        drawers=found,
        total=_total(found),
    )


def _days(request: HTMXRequest) -> tuple[date, date]:
    last = _day(request.query_params.get("last"), clock.today())
    first = _day(request.query_params.get("first"), last - timedelta(days=DAYS_SHOWN - 1))
    return min(first, last), max(first, last)


def _day(text: str | None, default: date) -> date:
    return clock.asked_day(text) or default


def _total(drawers: list[Drawer]) -> dict[str, int]:
    names = ("sales", "cash_fen", "card_fen", "scan_fen", "back_fen", "taken_fen", "difference_fen")
    return {name: sum(getattr(drawer, name) for drawer in drawers) for name in names}


@get("/window/drawers.csv", guards=[REPORT], name="window.drawers_file")
async def drawers_file(request: HTMXRequest) -> Response[bytes]:
    """The same as a file; amounts in yuan."""
    first, last = _days(request)
    found = await window.drawers(first, last)
    async with db.transaction():
        audit.record("window_sale:report", "drawers", f"{first}/{last}", rows=len(found))
    return csv_file(f"drawers-{first}-{last}.csv", HEAD, map(_cells, found))


def _cells(drawer: Drawer) -> tuple[object, ...]:
    amounts = (
        drawer.float_fen,
        drawer.cash_fen,
        drawer.card_fen,
        drawer.scan_fen,
        drawer.back_fen,
        drawer.expected_fen,
        drawer.counted_fen or 0,
        drawer.difference_fen,
    )
    return (
        drawer.id,
        drawer.seller,
        _minute(drawer.opened_at),
        _minute(drawer.closed_at),
        drawer.sales,
        *(fen / 100 for fen in amounts),
        drawer.note,
        drawer.checked_by,
    )


def _minute(instant: datetime | None) -> str:
    return f"{clock.local(instant):%Y-%m-%d %H:%M}" if instant else ""


@get("/window/drawers/{shift:int}", guards=[REPORT], name="window.drawer")
async def show_drawer(request: HTMXRequest, shift: FromPath[int]) -> Response[bytes]:
    return await _drawer_page(request, shift, Form({}, WORDS))


@post("/window/drawers/{shift:int}/check", guards=[REPORT], name="window.check", status_code=200)
async def check_drawer(request: HTMXRequest, shift: FromPath[int]) -> Response[Any]:
    """A closed drawer has been looked at; what was found is a remark. A repeat changes nothing."""
    form = Form(await read(request), WORDS)
    remark = form.text("remark", longest=500)
    if form.errors:
        return await _drawer_page(request, shift, form)
    await window.check_drawer(shift, remark)
    return go(request, f"/window/drawers/{shift}")


async def _drawer_page(request: HTMXRequest, shift: int, form: Form) -> Response[bytes]:
    drawer = await window.drawer_of(shift)
    if drawer is None:
        raise NotFoundException
    return page(
        request,
        "window/drawer.html",
        form=form,
        drawer=drawer,
        lines=await window.lines(shift),
    )


ROUTES = (show_drawers, drawers_file, show_drawer, check_drawer)
