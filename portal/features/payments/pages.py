"""The provider's door, and the test provider's own page."""

import re
from typing import Any, Final
from uuid import UUID

from litestar import MediaType, Response, get, post
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.core import db
from portal.features.payments import service
from portal.features.payments.providers import BadNotice, provider
from portal.features.payments.test_provider import make_notice
from portal.web.csrf import EXEMPT
from portal.web.forms import Form, read
from portal.web.permission import Needs
from portal.web.respond import go, page
from rbac.permissions import Permission

PAY: Final = Needs(Permission.PAYMENT_PAY)
RECEIVE: Final = Needs(Permission.PAYMENT_RECEIVE)

RETURN: Final = re.compile(r"/orders/[0-9A-Z]{11}/return\?[\w=&-]+", re.ASCII)


@post(
    "/payments/{provider_name:str}/notice",
    guards=[RECEIVE],
    name="payments.notice",
    opt={EXEMPT: "signed"},
    status_code=200,
)
async def receive_notice(request: HTMXRequest, provider_name: FromPath[str]) -> Response[str]:
    """A provider's notice. Answered with success for a repeat too, or it would never end."""
    try:
        await service.receive(provider_name, dict(request.headers), await request.body())
    except BadNotice as error:
        raise ClientException(f"notice-{error.args[0]}") from None
    return Response("success", media_type=MediaType.TEXT)


@get("/pay/test/{payment:uuid}", guards=[PAY], name="payments.test_page")
async def show_test_page(request: HTMXRequest, payment: FromPath[UUID]) -> Response[bytes]:
    """Play money: pay or give up. Development and demo only."""
    return page(
        request,
        "payments/test.html",
        form=Form(),
        payment=await _test_payment(payment),
        back=_back(request),
    )


@post("/pay/test/{payment:uuid}", guards=[PAY], name="payments.test_pay", status_code=303)
async def pay_test(request: HTMXRequest, payment: FromPath[UUID]) -> Response[Any]:
    """The bank sends its signed notice through the same door as a real one, then the visitor comes back."""
    row = await _test_payment(payment)
    fields = await read(request)
    if row["state"] == "open":
        sent = make_notice(payment, row["amount_fen"], paid=fields.get("act") == "pay")
        await service.receive("test", sent.headers, sent.body)
    return go(request, _back(request))


def _back(request: HTMXRequest) -> str:
    """The address that the visitor was sent here with; whoever came without one learns of no order."""
    given = str(request.query_params.get("back", ""))
    return given if RETURN.fullmatch(given) else "/orders"


async def _test_payment(payment: UUID) -> Any:
    try:
        provider("test")
    except BadNotice:
        raise NotFoundException from None
    row = await db.fetchrow(
        "SELECT id, reference, amount_fen, state FROM payment WHERE id = $1 AND provider = 'test'",
        payment,
    )
    if row is None:
        raise NotFoundException
    return row


ROUTES = (receive_notice, show_test_page, pay_test)
