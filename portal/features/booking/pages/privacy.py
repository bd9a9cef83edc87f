"""One's own data: see it, take it along, delete it. And the pages that say what the rules are."""

import json
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.core import clock, text
from portal.features.booking import limits, privacy, queries
from portal.features.booking.access import FINDING, order_of_link
from portal.features.booking.messages import WORDS
from portal.features.booking.queries import OrderView
from portal.features.catalogue import sale
from portal.features.catalogue.snapshot import catalogue
from portal.web.forms import Form, read
from portal.web.permission import Needs
from portal.web.ratelimit import limited
from portal.web.respond import download, go, page
from rbac.permissions import Permission

OWN: Final = Needs(Permission.VISITOR_REQUEST)
PUBLIC: Final = Needs(Permission.PUBLIC_READ)


@get("/orders/{code:str}/data", guards=[OWN], name="privacy.data")
async def show_data(request: HTMXRequest, code: FromPath[str]) -> Response[bytes]:
    order = await order_of_link(request, code, OWN.permission)
    return _data_page(request, order, Form({}, WORDS))


@post(
    "/orders/{code:str}/data/export",
    guards=[OWN, limited(FINDING)],
    name="privacy.export",
    status_code=200,
)
async def export_data(request: HTMXRequest, code: FromPath[str]) -> Response[Any]:
    """Everything in plain text as JSON, for whoever has the link and knows the phone number."""
    order = await order_of_link(request, code, OWN.permission)
    form = Form(await read(request), WORDS)
    if not await _proved(form, order):
        return _data_page(request, order, form)
    body = json.dumps(await privacy.export(order.code), ensure_ascii=False, indent=1).encode()
    return download(body, f"{order.shown_code}.json", "application/json")


@post(
    "/orders/{code:str}/data/erase",
    guards=[OWN, limited(FINDING)],
    name="privacy.erase",
    status_code=200,
)
async def erase_data(request: HTMXRequest, code: FromPath[str]) -> Response[Any]:
    order = await order_of_link(request, code, OWN.permission)
    form = Form(await read(request), WORDS)
    if not await _proved(form, order):
        return _data_page(request, order, form)
    try:
        await privacy.erase(order.code)
    except privacy.StillNeeded as needed:
        form.error("phone", needed.args[0])
        return _data_page(request, order, form)
    return go(request, order.at("data", done="erased"))


async def _proved(form: Form, order: OrderView) -> bool:
    phone = text.tidy_phone(form.text("phone", longest=40))
    if not form.errors and not await queries.code_for_phone(order.code, phone):
        form.error("phone", "order-unknown")
    return not form.errors


def _data_page(request: HTMXRequest, order: OrderView, form: Form) -> Response[bytes]:
    return page(
        request,
        "booking/data.html",
        form=form,
        order=order,
        done=request.query_params.get("done", ""),
        retention_days=limits.RETENTION_DAYS(),
        document_days=limits.DOCUMENT_DAYS(),
    )


@get("/help", guards=[PUBLIC], name="info.help")
async def show_help(request: HTMXRequest) -> Response[bytes]:
    return page(request, "booking/help.html", **_figures())


@get("/rules", guards=[PUBLIC], name="info.rules")
async def show_rules(request: HTMXRequest) -> Response[bytes]:
    return page(request, "booking/rules.html", **_figures())


@get("/privacy", guards=[PUBLIC], name="info.privacy")
async def show_privacy(request: HTMXRequest) -> Response[bytes]:
    return page(request, "booking/privacy.html", **_figures())


def _figures() -> dict[str, Any]:
    """The settings in force, so that what is published is what is done."""
    return {
        "largest_party": limits.LARGEST_PARTY(),
        "orders_per_phone": limits.ORDERS_PER_PHONE(),
        "hold_minutes": limits.HOLD_MINUTES(),
        "late_fee": limits.LATE_FEE_PERCENT(),
        "change_limit": limits.CHANGE_LIMIT(),
        "offer_minutes": limits.OFFER_MINUTES(),
        "no_shows_counted": limits.COUNT_NO_SHOWS(),
        "no_show": limits.block_rule(),
        "retention_days": limits.RETENTION_DAYS(),
        "document_days": limits.DOCUMENT_DAYS(),
        "days_ahead": sale.DAYS_AHEAD(),
        "release_time": sale.RELEASE_TIME(),
        "daily_maximum": sale.daily_maximum(clock.today()),
        "instant_maximum": sale.instant_maximum(clock.today()),
        "categories": list(catalogue().categories.values()),
    }


ROUTES = (show_data, export_data, erase_data, show_help, show_rules, show_privacy)
