"""The catalogue's staff pages: what is sold, to whom, when, for how much, to how many (BK-1, BK-2)."""

from datetime import date, timedelta
from typing import Any, Final

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.core import clock
from portal.core.i18n import language
from portal.features.catalogue import generation, sale, service
from portal.features.catalogue.availability import availability
from portal.features.catalogue.resources import RESOURCES, WORDS, Field, Resource
from portal.features.catalogue.rules import slots as slot_rules
from portal.features.catalogue.snapshot import catalogue
from portal.web.actor import actor_of
from portal.web.forms import Form, read
from portal.web.permission import Needs, may, refuse
from portal.web.respond import go, page
from rbac.permissions import Permission

READ: Final = Needs(Permission.CATALOGUE_READ)
#: Each resource asks for its own permission besides; see ``_editable``.
EDIT: Final = Needs(Permission.SLOT_EDIT)


@get("/catalogue", guards=[READ], name="catalogue.show")
async def show_catalogue(request: HTMXRequest) -> Response[bytes]:
    """The whole at a glance: products with their prices today, the next days, and what lies elsewhere."""
    today = clock.today()
    days = [today + timedelta(days=offset) for offset in range(14)]
    return page(
        request,
        "catalogue/index.html",
        resources=RESOURCES.values(),
        products=[
            (product, catalogue().prices_on(product.id, today)) for product in catalogue().products
        ],
        days=[
            (
                day,
                sum(slot.capacity for slot in availability.day(day)),
                sum(slot.left for slot in availability.day(day)),
            )
            for day in days
        ],
        daily_maximum=sale.DAILY_MAXIMUM(),
        may_edit=may(actor_of(request), Permission.SLOT_EDIT),
        done=request.query_params.get("done", ""),
    )


@post("/catalogue/generate", guards=[EDIT], name="catalogue.generate", status_code=303)
async def generate(request: HTMXRequest) -> Response[Any]:
    """Bring the slots to the plan now."""
    await generation.generate()
    return go(request, "/catalogue?done=generated")


@get("/catalogue/capacity", guards=[READ], name="catalogue.capacity")
async def capacity(request: HTMXRequest) -> Response[bytes]:
    """A calculator of the maximum capacity by the standard's formulas (LB/T 034)."""
    form = Form(dict(request.query_params), WORDS)
    result = None
    if "area" in form.values:
        area, each = form.integer("area", minimum=1), form.integer("each", minimum=1, maximum=1000)
        hours, stay = (
            form.integer("hours", minimum=1, maximum=24),
            form.integer("stay", minimum=1, maximum=24),
        )
        if not form.errors:
            instant = slot_rules.instant_capacity([(area, each)])
            result = (instant, slot_rules.daily_capacity(instant, hours, stay))
    return page(request, "catalogue/capacity.html", form=form, result=result)


@get("/catalogue/{resource_name:str}", guards=[READ], name="catalogue.list")
async def show_list(request: HTMXRequest, resource_name: FromPath[str]) -> Response[bytes]:
    resource = _resource(resource_name)
    return page(
        request,
        "catalogue/list.html",
        resource=resource,
        columns=[field for field in resource.fields if field.in_list],
        rows=await service.rows(resource),
        references=await _references(resource),
        show=_shown,
        may_edit=may(actor_of(request), resource.edit),
        done=request.query_params.get("done", ""),
    )


@get("/catalogue/{resource_name:str}/new", guards=[READ], name="catalogue.new")
async def new_row(request: HTMXRequest, resource_name: FromPath[str]) -> Response[bytes]:
    resource = await _editable(request, resource_name)
    form = Form({field.name: "0" for field in resource.fields if field.name == "position"}, WORDS)
    form.values |= {"valid_from": clock.today().isoformat(), "capacity_percent": "100"}
    return await _form_page(request, resource, form, None)


@post("/catalogue/{resource_name:str}", guards=[READ], name="catalogue.create", status_code=200)
async def create_row(request: HTMXRequest, resource_name: FromPath[str]) -> Response[Any]:
    return await _save(request, await _editable(request, resource_name), None)


@get("/catalogue/{resource_name:str}/{row_id:int}", guards=[READ], name="catalogue.edit")
async def edit_row(
    request: HTMXRequest, resource_name: FromPath[str], row_id: FromPath[int]
) -> Response[bytes]:
    resource = _resource(resource_name)
    row = await service.row(resource, row_id)
    if row is None:
        raise NotFoundException
    return await _form_page(request, resource, Form(resource.typed(row), WORDS), row_id)


@post(
    "/catalogue/{resource_name:str}/{row_id:int}",
    guards=[READ],
    name="catalogue.update",
    status_code=200,
)
async def update_row(
    request: HTMXRequest, resource_name: FromPath[str], row_id: FromPath[int]
) -> Response[Any]:
    return await _save(request, await _editable(request, resource_name), row_id)


@post(
    "/catalogue/{resource_name:str}/{row_id:int}/delete",
    guards=[READ],
    name="catalogue.delete",
    status_code=200,
)
async def delete_row(
    request: HTMXRequest, resource_name: FromPath[str], row_id: FromPath[int]
) -> Response[Any]:
    resource = await _editable(request, resource_name)
    row = await service.row(resource, row_id)
    if row is None:
        return go(request, f"/catalogue/{resource.name}?done=deleted")
    try:
        await service.delete(resource, row_id)
    except service.Refusal as refusal:
        form = Form(resource.typed(row), WORDS)
        form.error(resource.fields[0].name, refusal.args[0])
        return await _form_page(request, resource, form, row_id)
    return go(request, f"/catalogue/{resource.name}?done=deleted")


def _resource(name: str) -> Resource:
    if name not in RESOURCES:
        raise NotFoundException
    return RESOURCES[name]


async def _editable(request: HTMXRequest, name: str) -> Resource:
    """The resource, if this person may change it; a refusal is on the trail."""
    resource = _resource(name)
    if not may(actor_of(request), resource.edit):
        await refuse(actor_of(request), resource.edit, "catalogue", name)
    return resource


async def _save(request: HTMXRequest, resource: Resource, row_id: int | None) -> Response[Any]:
    form = Form(await read(request), WORDS)
    values = resource.parse(form)
    if not form.errors and resource.check and (wrong := await resource.check(values, row_id)):
        form.error(*wrong)
    if form.errors:
        return await _form_page(request, resource, form, row_id)
    try:
        await service.save(resource, values, row_id)
    except service.Refusal as refusal:
        form.error(resource.fields[0].name, refusal.args[0])
        return await _form_page(request, resource, form, row_id)
    return go(request, f"/catalogue/{resource.name}?done=saved")


async def _form_page(
    request: HTMXRequest, resource: Resource, form: Form, row_id: int | None
) -> Response[bytes]:
    return page(
        request,
        "catalogue/form.html",
        resource=resource,
        form=form,
        row_id=row_id,
        references=await _references(resource),
        may_edit=may(actor_of(request), resource.edit),
    )


async def _references(resource: Resource) -> dict[str, list[tuple[int, str]]]:
    """For each reference the rows to choose from, in the reader's language."""
    found: dict[str, list[tuple[int, str]]] = {}
    for field in resource.fields:
        if field.refers_to is not None:
            rows = await field.refers_to.select().order_by(field.refers_to._meta.primary_key)  # noqa: SLF001
            found[field.name] = [(row["id"], _name(row)) for row in rows]
    return found


def _name(row: dict[str, Any]) -> str:
    return str(row["name_en"] if language() == "en" else row["name_zh"])


def _shown(  # noqa: PLR0911  an answer for each kind of field
    field: Field, value: Any, references: dict[str, list[tuple[int, str]]]
) -> Any:
    """A stored value as a list shows it."""
    if value is None:
        return "–"
    match field.kind:
        case "reference":
            return dict(references[field.name]).get(value, value)
        case "choice":
            return dict(field.choices).get(value, value)
        case "switch":
            return "✓" if value else "–"
        case "time":
            return f"{value:%H:%M}"
        case "weekdays":
            return "".join(str(day) for day in value)
        case "date":
            return value.isoformat() if isinstance(value, date) else value
        case "list":
            return ", ".join(value) or "–"
        case _:
            return value


ROUTES = (
    show_catalogue,
    generate,
    capacity,
    show_list,
    new_row,
    create_row,
    edit_row,
    update_row,
    delete_row,
)
