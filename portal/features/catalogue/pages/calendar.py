"""Holidays: by year, in spans, with a file to bring a year in and one click to confirm it (BK-2)."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from litestar import Response, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.core import clock
from portal.features.catalogue import calendar_file, service
from portal.features.catalogue.checks import WORDS
from portal.features.catalogue.pages.access import editable
from portal.features.catalogue.resources import RESOURCES
from portal.web.actor import actor_of
from portal.web.forms import Form, read
from portal.web.permission import Needs, may
from portal.web.respond import go, page
from portal.web.uploads import BadFile, text_file
from rbac.permissions import Permission

READ: Final = Needs(Permission.CATALOGUE_READ)
NAME: Final = "calendar"
WRONG_SHOWN: Final = 50


@dataclass(slots=True)
class Span:
    """Days of one kind and name that follow each other."""

    kind: str
    name_zh: str
    name_en: str
    confirmed: bool
    days: list[dict[str, Any]]

    @property
    def first(self) -> date:
        return self.days[0]["day"]  # type: ignore[no-any-return]

    @property
    def last(self) -> date:
        return self.days[-1]["day"]  # type: ignore[no-any-return]


async def show(request: HTMXRequest) -> Response[bytes]:
    return await _calendar_page(request, Form({}, {**WORDS, **calendar_file.WORDS}))


async def _calendar_page(
    request: HTMXRequest, form: Form, wrong: list[calendar_file.WrongRow] | None = None
) -> Response[bytes]:
    resource = RESOURCES[NAME]
    years: dict[int, list[Span]] = {}
    for row in await service.rows(resource):
        _gather(years.setdefault(row["day"].year, []), row)
    return page(
        request,
        "catalogue/calendar.html",
        resource=resource,
        form=form,
        wrong=wrong or [],
        wrong_shown=WRONG_SHOWN,
        years=sorted(years.items(), reverse=True),
        kinds=dict(next(field.choices for field in resource.fields if field.name == "kind")),
        this_year=clock.today().year,
        may_edit=may(actor_of(request), resource.edit),
        done=request.query_params.get("done", ""),
        counts=request.query_params.get("counts", "").split("-"),
    )


def _gather(spans: list[Span], row: dict[str, Any]) -> None:
    """Add a day to the last span where it goes on, else begin a new one."""
    last = spans[-1] if spans else None
    same = last and (last.kind, last.name_zh, last.confirmed) == (
        row["kind"],
        row["name_zh"],
        row["confirmed"],
    )
    if last and same and row["day"] - last.last == timedelta(days=1):
        last.days.append(row)
    else:
        spans.append(Span(row["kind"], row["name_zh"], row["name_en"], row["confirmed"], [row]))


@post(
    "/catalogue/{resource_name:str}/import",
    guards=[READ],
    name="catalogue.import",
    status_code=200,
)
async def import_calendar(request: HTMXRequest, resource_name: FromPath[str]) -> Response[Any]:
    """Take a file or pasted rows in, all or none: while one is wrong nothing is changed, and each is named."""
    await _calendar_of(request, resource_name)
    form = Form(await read(request), {**WORDS, **calendar_file.WORDS})
    try:
        text = await text_file(request, "file") or form.text("rows", longest=20_000)
        days, wrong = calendar_file.parse(text) if text else ([], [])
    except (BadFile, ValueError) as error:
        form.error("rows", error.args[0])
        return await _calendar_page(request, form)
    if wrong:
        form.parameters["rows"] = str(len(wrong))
        form.error("rows", "rows-wrong")
    if form.errors:
        return await _calendar_page(request, form, wrong)
    done = await service.import_days(days)
    return go(
        request,
        f"/catalogue/calendar?done=imported&counts={done.added}-{done.changed}-{done.same}",
    )


@post(
    "/catalogue/{resource_name:str}/confirm/{year:int}",
    guards=[READ],
    name="catalogue.confirm_year",
    status_code=303,
)
async def confirm_year(
    request: HTMXRequest, resource_name: FromPath[str], year: FromPath[int]
) -> Response[Any]:
    """The year's plan was announced as it stands here. A repeat changes nothing."""
    await _calendar_of(request, resource_name)
    await service.confirm_year(year)
    return go(request, "/catalogue/calendar?done=confirmed")


async def _calendar_of(request: HTMXRequest, name: str) -> None:
    """Only the calendar comes from files; it is there for whom may edit it."""
    await editable(request, NAME)
    if name != NAME:
        raise NotFoundException


ROUTES = (import_calendar, confirm_year)
