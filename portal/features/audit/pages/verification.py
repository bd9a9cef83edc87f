"""Verifying the trail in the page (AU-1): begun with a button, followed while it runs, kept when it is over."""

from typing import Any, Final

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.features.audit import verification, words
from portal.web.permission import Needs
from portal.web.respond import go, page
from rbac.permissions import Permission

VERIFY: Final = Needs(Permission.AUDIT_TRAIL_VERIFY)
SHOWN: Final = 30


@post("/audit/verify", guards=[VERIFY], name="audit.verify", status_code=200)
async def verify(request: HTMXRequest) -> Response[Any]:
    """Begin a run and show it; where one is on already, show that."""
    number = await verification.begin()
    if number is not None:
        verification.in_background(number)
        return go(request, f"/audit/verifications/{number}")
    on = await verification.running()
    return go(request, f"/audit/verifications/{on.id}" if on else "/audit/verifications")


@get("/audit/verifications", guards=[VERIFY], name="audit.verifications")
async def show_runs(request: HTMXRequest) -> Response[bytes]:
    return page(
        request,
        "audit/verifications.html",
        runs=await verification.recent(SHOWN),
        reasons=words.REASONS,
    )


@get("/audit/verifications/{number:int}", guards=[VERIFY], name="audit.verification")
async def show_run(request: HTMXRequest, number: FromPath[int]) -> Response[bytes]:
    found = await verification.get(number)
    if found is None:
        raise NotFoundException
    return page(
        request,
        "audit/verification.html",
        block="progress",
        run=found,
        reasons=words.REASONS,
    )


ROUTES: Final[tuple[Any, ...]] = (verify, show_runs, show_run)
