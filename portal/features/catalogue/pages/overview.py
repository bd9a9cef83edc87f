"""The catalogue at a glance, and the capacity calculator."""

from datetime import timedelta
from typing import Any, Final

from litestar import Response, get, post
from litestar.plugins.htmx import HTMXRequest

from portal.core import clock
from portal.features.catalogue import generation, health, sale
from portal.features.catalogue.availability import SlotView, availability
from portal.features.catalogue.checks import WORDS
from portal.features.catalogue.resources import RESOURCES
from portal.features.catalogue.rules import slots as slot_rules
from portal.features.catalogue.snapshot import catalogue
from portal.web.actor import actor_of
from portal.web.forms import Form
from portal.web.permission import Needs, may
from portal.web.respond import go, page
from rbac.permissions import Permission

READ: Final = Needs(Permission.CATALOGUE_READ)
EDIT: Final = Needs(Permission.SLOT_EDIT)
DAYS_SHOWN: Final = 14
LARGEST_AREA: Final = 1_000_000_000


@get("/catalogue", guards=[READ], name="catalogue.show")
async def show_catalogue(request: HTMXRequest) -> Response[bytes]:
    """What wants an eye, the next days, today's prices, and where everything is edited."""
    today = clock.today()
    days = [today + timedelta(days=offset) for offset in range(DAYS_SHOWN)]
    products = [product for product in catalogue().products if product.on_sale]
    return page(
        request,
        "catalogue/index.html",
        concerns=await health.concerns(),
        resources=RESOURCES.values(),
        prices=[(product, catalogue().prices_on(product.id, today)) for product in products],
        products=products,
        days=[
            (day, _by_product(availability.day(day)), catalogue().calendar.names.get(day))
            for day in days
        ],
        last_day=sale.last_day(),
        daily_maximum=sale.daily_maximum(today),
        instant_maximum=sale.instant_maximum(today),
        may_edit=may(actor_of(request), Permission.SLOT_EDIT),
        done=request.query_params.get("done", ""),
    )


def _by_product(slots: tuple[SlotView, ...]) -> dict[int, tuple[int, int]]:
    """Capacity and places left online, by product."""
    found: dict[int, tuple[int, int]] = {}
    for slot in slots:
        capacity, left = found.get(slot.product, (0, 0))
        found[slot.product] = capacity + slot.capacity, left + slot.left
    return found


@post("/catalogue/generate", guards=[EDIT], name="catalogue.generate", status_code=303)
async def generate(request: HTMXRequest) -> Response[Any]:
    """Bring the slots to the plan now."""
    await generation.generate()
    return go(request, "/catalogue?done=generated")


@get("/catalogue/capacity", guards=[READ], name="catalogue.capacity")
async def capacity(request: HTMXRequest) -> Response[bytes]:
    """A calculator of the maximum capacity by the standard's formulas (LB/T 034); areas may be in several parts."""
    form = Form(dict(request.query_params), WORDS)
    result = None
    if any(name in form.values for name in ("hours", "stay")):
        parts = [
            (area, form.integer(f"each-{row}", minimum=1, maximum=1000))
            for row in range(PARTS)
            if (
                area := form.integer(
                    f"area-{row}", required=row == 0, minimum=1, maximum=LARGEST_AREA
                )
            )
        ]
        hours = form.integer("hours", minimum=1, maximum=24)
        stay = form.integer("stay", minimum=1, maximum=24)
        if not form.errors:
            instant = slot_rules.instant_capacity(parts)
            result = (instant, slot_rules.daily_capacity(instant, hours, stay))
    return page(
        request,
        "catalogue/capacity.html",
        form=form,
        parts=range(PARTS),
        result=result,
        daily_maximum=sale.daily_maximum(clock.today()),
        instant_maximum=sale.instant_maximum(clock.today()),
    )


PARTS: Final = 3

ROUTES = (show_catalogue, generate, capacity)
