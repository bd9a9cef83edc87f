"""The desk: where staff land after signing in; each slice may put something on it."""

from typing import Any

from litestar import Response, get
from litestar.plugins.htmx import HTMXRequest

from portal.features.booking import goals
from portal.web.actor import actor_of
from portal.web.permission import Needs, may
from portal.web.respond import page
from rbac.permissions import Permission


@get("/desk", guards=[Needs(Permission.DESK_READ)], name="desk.show")
async def show_desk(request: HTMXRequest) -> Response[bytes]:
    """What this person may do, and the live goals for whoever may see them."""
    actor = actor_of(request)
    daily: list[Any] = await goals.daily(1) if may(actor, Permission.ATTEMPT_READ) else []
    return page(request, "staff/desk.html", today_measured=daily[0] if daily else None)
