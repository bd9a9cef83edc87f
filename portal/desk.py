"""The desk: where staff land after signing in; each slice puts on it what waits (``web/desk.py``)."""

from litestar import Response, get
from litestar.plugins.htmx import HTMXRequest

from portal.web.actor import actor_of
from portal.web.desk import figure_items, figures_for, waiting_for, waiting_items
from portal.web.permission import Needs, subject_of
from portal.web.respond import page
from rbac.lines import NEWCOMER
from rbac.permissions import Permission


@get("/desk", guards=[Needs(Permission.DESK_READ)], name="desk.show")
async def show_desk(request: HTMXRequest) -> Response[bytes]:
    """What waits for this person, the figures of the day, and where the work is."""
    actor = actor_of(request)
    return page(
        request,
        "staff/desk.html",
        block="news",
        waiting=await waiting_for(actor, waiting_items),
        newcomer=subject_of(actor) == NEWCOMER,
        figures=await figures_for(actor, figure_items),
    )


@get("/desk/help", guards=[Needs(Permission.DESK_READ)], name="desk.help")
async def show_help(request: HTMXRequest) -> Response[bytes]:
    """How the work is done here: what this person may open, each with the steps."""
    return page(request, "staff/help.html")


ROUTES = (show_desk, show_help)
