"""The price list: what holds on a day, what is coming, what was (BK-1)."""

from datetime import date

from litestar import Response
from litestar.plugins.htmx import HTMXRequest

from portal.core import clock
from portal.features.catalogue import price_list
from portal.features.catalogue.resources import RESOURCES
from portal.features.catalogue.snapshot import catalogue
from portal.web.actor import actor_of
from portal.web.permission import may
from portal.web.respond import page


async def show(request: HTMXRequest) -> Response[bytes]:
    """The prices of a visit day, readable at a glance."""
    try:
        day = date.fromisoformat(request.query_params.get("on", ""))
    except ValueError:
        day = clock.today()
    rules, names = await price_list.published(), await price_list.categories()
    resource = RESOURCES["prices"]
    return page(
        request,
        "catalogue/prices.html",
        resource=resource,
        day=day,
        holiday=catalogue().calendar.names.get(day),
        sheets=price_list.sheets(rules, names, day),
        rules=rules,
        names=names,
        products={product.id: product for product in catalogue().products},
        season_words=dict(_choices("season")),
        day_words=dict(_choices("day_type")),
        today=clock.today(),
        may_edit=may(actor_of(request), resource.edit),
        done=request.query_params.get("done", ""),
    )


def _choices(name: str) -> tuple[tuple[str, object], ...]:
    return next(field.choices for field in RESOURCES["prices"].fields if field.name == name)
