"""The measured goals, live (BK-12)."""

from litestar import Response, get
from litestar.plugins.htmx import HTMXRequest

from portal.core import db
from portal.features.booking import goals
from portal.web.permission import Needs
from portal.web.respond import page
from rbac.permissions import Permission


@get("/goals", guards=[Needs(Permission.ATTEMPT_READ)], name="goals.show")
async def show_goals(request: HTMXRequest) -> Response[bytes]:
    """Success and failure rate with their definitions."""
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


ROUTES = (show_goals,)
