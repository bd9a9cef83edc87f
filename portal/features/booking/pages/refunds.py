"""Refunds that a provider refused: who still waits for money, and asking for it once more (BK-5)."""

from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.core import order_code
from portal.features.payments import queries as payments
from portal.features.payments.service import try_again
from portal.web.actor import actor_of
from portal.web.pagination import Page, page_number
from portal.web.permission import Needs, allow, may
from portal.web.respond import go, page
from rbac.facts import NOTHING_KNOWN
from rbac.permissions import Permission

READ: Final = Needs(Permission.PAYMENT_READ)
REFUND: Final = Needs(Permission.REFUND_CREATE)
PAGE_SIZE: Final = 25


@get("/refunds", guards=[READ], name="refunds.failed")
async def show_failed(request: HTMXRequest) -> Response[bytes]:
    actor = actor_of(request)
    shown = Page(page_number(request.query_params.get("page")), PAGE_SIZE)
    rows = await payments.failed_refunds(shown.limit, shown.offset)
    return page(
        request,
        "staff/refunds.html",
        refunds=[(row, _order_code(row.reference)) for row in rows[: shown.size]],
        shown=Page(shown.number, shown.size, more=len(rows) > shown.size),
        may_open=may(actor, Permission.ORDER_LIST),
        may_refund=may(actor, REFUND.permission, NOTHING_KNOWN),
        done=request.query_params.get("done", ""),
    )


def _order_code(reference: str) -> str:
    """As it is read out; empty where money came for no order of ours."""
    return order_code.grouped(reference) if order_code.is_valid(reference) else ""


@post("/refunds/{refund:uuid}/again", guards=[REFUND], name="refunds.again", status_code=303)
async def ask_again(request: HTMXRequest, refund: FromPath[UUID]) -> Response[Any]:
    """Ask the provider once more. A repeat finds it under way and asks nothing."""
    await allow(actor_of(request), REFUND.permission, NOTHING_KNOWN, "refund", refund)
    asked = await try_again(refund)
    return go(request, f"/refunds?done={'asked' if asked else 'nothing'}")


ROUTES = (show_failed, ask_again)
