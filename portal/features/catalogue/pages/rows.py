"""Lists and forms of everything that staff may edit of the catalogue, made from its descriptions."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.core import clock, db
from portal.core.i18n import _, language
from portal.features.catalogue import service
from portal.features.catalogue.checks import WORDS
from portal.features.catalogue.fields import Field, Resource
from portal.features.catalogue.generation import Generated
from portal.features.catalogue.pages import calendar, prices
from portal.features.catalogue.pages.access import editable, resource_named
from portal.features.catalogue.service import Change, Refusal
from portal.features.catalogue.snapshot import catalogue
from portal.web.actor import actor_of
from portal.web.forms import Form, read
from portal.web.permission import Needs, may
from portal.web.respond import go, page
from portal.web.templating import local_date
from rbac.permissions import Permission

READ: Final = Needs(Permission.CATALOGUE_READ)

#: Lists that are drawn in a way of their own.
LISTS: Final = {"prices": prices.show, "calendar": calendar.show}

References = dict[str, list[tuple[int, str]]]


@get("/catalogue/{resource_name:str}", guards=[READ], name="catalogue.list")
async def show_list(request: HTMXRequest, resource_name: FromPath[str]) -> Response[bytes]:
    resource = resource_named(resource_name)
    if draw := LISTS.get(resource.name):
        return await draw(request)
    columns = [field for field in resource.fields if field.in_list and field.name != "name_en"]
    return page(
        request,
        "catalogue/list.html",
        resource=resource,
        columns=columns,
        rows=_current_first(resource, await service.rows(resource)),
        references=await _references(resource),
        show=shown,
        name_of=_name,
        today=clock.today(),
        may_edit=may(actor_of(request), resource.edit),
        done=request.query_params.get("done", ""),
    )


def _current_first(resource: Resource, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is over goes to the end of the list."""
    ends = next(
        (name for name in ("valid_until", "last_day", "day") if name in _names(resource)), ""
    )
    if not ends:
        return rows
    today = clock.today()
    return sorted(rows, key=lambda row: bool(row[ends] and row[ends] < today))


def _names(resource: Resource) -> set[str]:
    return {field.name for field in resource.fields}


@get("/catalogue/{resource_name:str}/new", guards=[READ], name="catalogue.new")
async def new_row(request: HTMXRequest, resource_name: FromPath[str]) -> Response[bytes]:
    """An empty form; the address may fill fields, or name a row to be used as a pattern (``like``)."""
    resource = await editable(request, resource_name)
    form = Form({"position": "0", "valid_from": clock.today().isoformat()}, WORDS)
    form.values |= {"capacity_percent": "100", "active": "yes", "on_sale": "yes", "counts": "yes"}
    form.values |= {"id_required": "yes", "confirmed": "yes"}
    like = request.query_params.get("like", "")
    if like.isascii() and like.isdigit() and (row := await service.row(resource, int(like))):
        form.values |= {
            name: value
            for name, value in resource.typed(row).items()
            if not any(field.fixed and field.name == name for field in resource.fields)
        }
    wished = {name: value[:200] for name, value in request.query_params.items() if name != "lang"}
    form.values |= {name: value for name, value in wished.items() if name in _names(resource)}
    return await form_page(request, resource, form)


@post("/catalogue/{resource_name:str}", guards=[READ], name="catalogue.create", status_code=200)
async def create_row(request: HTMXRequest, resource_name: FromPath[str]) -> Response[Any]:
    return await _save(request, await editable(request, resource_name))


@get("/catalogue/{resource_name:str}/{row_id:int}", guards=[READ], name="catalogue.edit")
async def edit_row(
    request: HTMXRequest, resource_name: FromPath[str], row_id: FromPath[int]
) -> Response[bytes]:
    resource = resource_named(resource_name)
    row = await _row(resource, row_id)
    return await form_page(request, resource, Form(resource.typed(row), WORDS), row)


@post(
    "/catalogue/{resource_name:str}/{row_id:int}",
    guards=[READ],
    name="catalogue.update",
    status_code=200,
)
async def update_row(
    request: HTMXRequest, resource_name: FromPath[str], row_id: FromPath[int]
) -> Response[Any]:
    resource = await editable(request, resource_name)
    return await _save(request, resource, await _row(resource, row_id))


@post(
    "/catalogue/{resource_name:str}/{row_id:int}/delete",
    guards=[READ],
    name="catalogue.delete",
    status_code=200,
)
async def delete_row(
    request: HTMXRequest, resource_name: FromPath[str], row_id: FromPath[int]
) -> Response[Any]:
    """Delete after it was asked for once more; a repeat finds the row gone."""
    resource = await editable(request, resource_name)
    row = await service.row(resource, row_id)
    if row is None:
        return go(request, f"/catalogue/{resource.name}?done=deleted")
    fields = await read(request)
    form = Form(resource.typed(row), WORDS)
    change = Change(None, row_id)
    try:
        effect = await service.rehearse(resource, change)
        if "seen" not in fields:
            return await form_page(request, resource, form, row, effect=effect, deleting=True)
        await service.save(resource, change)
    except Refusal as refusal:
        return await _refused(request, resource, form, row, refusal)
    return go(request, f"/catalogue/{resource.name}?done=deleted")


async def _row(resource: Resource, row_id: int) -> dict[str, Any]:
    row = await service.row(resource, row_id)
    if row is None:
        raise NotFoundException
    return row


async def _save(
    request: HTMXRequest, resource: Resource, row: dict[str, Any] | None = None
) -> Response[Any]:
    """Save, or say what is wrong; a change that moves slots is shown before it is made."""
    form = Form(await read(request), WORDS)
    if "edit" in form.values:
        return await form_page(request, resource, form, row, status=200)
    row_id = row["id"] if row else None
    values = resource.parse(form, row)
    if not form.errors and resource.check and (wrong := await resource.check(values, row_id)):
        form.error(*wrong)
    key = form.key(resource.fields[0].name)
    if form.errors:
        return await form_page(request, resource, form, row)
    change = Change(values, row_id, key)
    try:
        if resource.slots and "seen" not in form.values:
            effect = await service.rehearse(resource, change)
            if effect.touches:
                return await form_page(request, resource, form, row, effect=effect)
        await service.save(resource, change)
    except Refusal as refusal:
        return await _refused(request, resource, form, row, refusal)
    return go(request, f"/catalogue/{resource.name}?done=saved")


async def _refused(
    request: HTMXRequest,
    resource: Resource,
    form: Form,
    row: dict[str, Any] | None,
    refusal: Refusal,
) -> Response[bytes]:
    code, field = refusal.args
    form.error(field or resource.fields[0].name, code)
    return await form_page(request, resource, form, row)


async def form_page(  # noqa: PLR0913  the page of six acts
    request: HTMXRequest,
    resource: Resource,
    form: Form,
    row: dict[str, Any] | None = None,
    *,
    effect: Generated | None = None,
    deleting: bool = False,
    status: int | None = None,
) -> Response[bytes]:
    kept = resource.keep(row) if row and resource.keep else None
    return page(
        request,
        "catalogue/form.html",
        status=status,
        resource=resource,
        form=form,
        row=row,
        title=_name(row) if row and "name_zh" in row else "",
        references=await _references(resource),
        effect=effect,
        deleting=deleting,
        kept=WORDS[kept] if kept else None,
        sold_while_closed=await _sold_while_closed(row) if row and "closed_from" in row else [],
        products={product.id: product for product in catalogue().products},
        show=shown,
        may_edit=may(actor_of(request), resource.edit) and not kept,
    )


async def _sold_while_closed(row: Mapping[str, Any]) -> list[Any]:
    """Days of a closed attraction for which tickets are sold: their holders are told by a closure."""
    if row["closed_from"] is None:
        return []
    return await db.fetch(
        "SELECT s.visit_day, sum(s.sold_online + s.sold_window + s.sold_agency)::int AS sold FROM slot s "
        "JOIN product p ON p.id = s.product WHERE p.attraction = $1 AND NOT s.closed "
        "AND s.visit_day >= greatest($2::date, $4::date) AND ($3::date IS NULL OR s.visit_day <= $3) "
        "AND s.sold_online + s.sold_window + s.sold_agency > 0 GROUP BY 1 ORDER BY 1 LIMIT 60",
        row["id"],
        row["closed_from"],
        row["closed_until"],
        clock.today(),
    )


async def _references(resource: Resource) -> References:
    """For each reference the rows to choose from, in the reader's language."""
    found: References = {}
    for field in resource.fields:
        if field.refers_to is not None:
            rows = await field.refers_to.select().order_by(field.refers_to._meta.primary_key)  # noqa: SLF001
            found[field.name] = [(row["id"], _name(row)) for row in rows]
    return found


def _name(row: Mapping[str, Any]) -> str:
    return str(row["name_en"] if language() == "en" else row["name_zh"])


def shown(field: Field, value: Any, references: References) -> Any:  # noqa: PLR0911  one for each kind
    """A stored value as a list shows it."""
    if value is None or value == "":
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
            return _days(value)
        case "date":
            return local_date(value) if isinstance(value, date) else value
        case "list":
            return ", ".join(value) or "–"
        case _:
            return value


def _days(days: list[int]) -> str:
    names = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))
    if len(days) == len(names):
        return _("every day")
    return " ".join(names[day - 1] for day in sorted(days))


ROUTES = (show_list, new_row, create_row, edit_row, update_row, delete_row)
