"""The grid of roles and permissions: of the version in force to read, of a draft to change (PO-2)."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.core.i18n import _
from portal.core.text import whole_number
from portal.features.policy import drafts
from portal.features.policy.grid import ALL, Choice, Grid, Ticks, posted_ticks
from portal.features.policy.source import Source, in_force, lang, of_draft
from portal.features.policy.words import problem_said
from portal.web.actor import actor_of
from portal.web.forms import read
from portal.web.permission import Needs
from portal.web.respond import go, page, safe_path, wants_fragment
from rbac.areas import AREAS
from rbac.permissions import BY_NAME, Permission
from rbac.reading import PolicyError, split

READ: Final = Needs(Permission.POLICY_READ)
DRAFT: Final = Needs(Permission.POLICY_DRAFT)
#: A line that was to be changed, and the step of somebody else that took it away.
Overtaken = tuple[str, drafts.Step]

CHOICES: Final = ("area", "roles", "role", "q")


@get("/policy/grid", guards=[READ], name="policy.grid")
async def show_grid(request: HTMXRequest) -> Response[bytes]:
    """The version in force, to read."""
    return _grid_page(request, await in_force(), request.query_params)


@get("/policy/drafts/{draft_id:int}", guards=[READ], name="policy.draft")
async def show_draft(request: HTMXRequest, draft_id: FromPath[int]) -> Response[bytes]:
    source = await of_draft(draft_id, actor_of(request))
    return _grid_page(request, source, request.query_params)


@post("/policy/drafts/{draft_id:int}/ticks", guards=[DRAFT], name="policy.tick", status_code=200)
async def tick(request: HTMXRequest, draft_id: FromPath[int]) -> Response[Any]:
    """Save what was ticked or unticked in a section, or in one cell; a repeat changes nothing."""
    source = await of_draft(draft_id, actor_of(request))
    values = await read(request)
    ticks = posted_ticks(values)
    told, error = "", ""
    overtaken: list[Overtaken] = []
    try:
        overtaken, changed = await _apply(source, ticks, actor_of(request).subject)
        told = "saved" if changed else "" if overtaken else "same"
    except PolicyError as refused:
        error = problem_said(refused.problems[0])
    except drafts.DraftGone:
        error = _("This draft can no longer be changed.")
    source = await of_draft(draft_id, actor_of(request))
    news = {"told": told, "error": error, "overtaken": overtaken}
    if wants_fragment(request):
        return _ticked(request, source, values, news)
    if told and not overtaken:
        asked = {name: values[name] for name in CHOICES if values.get(name)}
        back = safe_path(values.get("back"), f"{source.url}?{urlencode(asked)}")
        return go(request, f"{back}{'&' if '?' in back else '?'}done={told}")
    return _grid_page(request, source, values, **news)


async def _apply(source: Source, ticks: Ticks, by: str) -> tuple[list[Overtaken], bool]:
    """Make the ticks one step. What somebody else has changed meanwhile is left, and told."""
    there = set(source.draft.lines) if source.draft else set()
    gone = [line for line in ticks.removed if line in there]
    new = [line for line in ticks.added if line not in there]
    overtaken = [
        (line, step)
        for line in ticks.removed
        if line not in there
        and (step := source.taken_away(line))
        and step.by != by
        and source.heirs(line, step)
    ]
    if source.draft and (gone or new):
        near = _place(source, new[0]) if new else None
        await drafts.change(source.draft.id, remove=gone, add=new, near=near)
    return overtaken, bool(gone or new)


def _place(source: Source, line: str) -> str | None:
    """The last rule of the same role on the same resource, else of the same role: there a new one belongs."""
    _p, subject, _group, resource, *_rest = split(line)
    best, near = 0, None
    for other in source.draft.lines if source.draft else ():
        tokens = split(other)
        if tokens[0] == "p" and tokens[1] == subject:
            fits = 2 if tokens[3] == resource else 1
            if fits >= best:
                best, near = fits, other
    return near


def _ticked(
    request: HTMXRequest, source: Source, values: Mapping[str, str], news: Mapping[str, Any]
) -> Response[bytes]:
    """The news, and the row of the permission that was ticked."""
    grid = Grid(source.table, Choice.of(values), source.names)
    asked = values.get("permission", "")
    line = grid.line(BY_NAME[asked]) if asked in BY_NAME else None
    return page(
        request,
        "policy/_ticked.html",
        block="ticked",
        source=source,
        grid=grid,
        line=line,
        back=_back(values),
        **news,
    )


@post("/policy/drafts/{draft_id:int}/undo", guards=[DRAFT], name="policy.undo", status_code=303)
async def undo(request: HTMXRequest, draft_id: FromPath[int]) -> Response[Any]:
    """Take back the step that the page named; if another came meanwhile, nothing is taken back and the page says so."""
    values = await read(request)
    url = f"/policy/drafts/{draft_id}"
    back = safe_path(values.get("back", ""), url)
    seen = whole_number(values.get("step", ""))
    try:
        await drafts.undo(draft_id, seen or 0)
        done = "undone"
    except drafts.NothingToUndo:
        done = "another-step"
    except drafts.DraftGone:
        await of_draft(draft_id, actor_of(request))  # not found, where there is none
        done = "not-undone"
    except PolicyError:
        done = "not-undone"
    return go(request, f"{back}{'&' if '?' in back else '?'}done={done}")


@get("/policy/drafts/{draft_id:int}/steps", guards=[READ], name="policy.steps")
async def show_steps(request: HTMXRequest, draft_id: FromPath[int]) -> Response[bytes]:
    source = await of_draft(draft_id, actor_of(request))
    return page(
        request,
        "policy/steps.html",
        source=source,
        back=f"{source.url}/steps",
        done=request.query_params.get("done", ""),
    )


@get("/policy/drafts/{draft_id:int}/pulse", guards=[READ], name="policy.pulse")
async def pulse(request: HTMXRequest, draft_id: FromPath[int]) -> Response[bytes]:
    """Whether somebody has changed the draft since the page that asks was made."""
    source = await of_draft(draft_id, actor_of(request))
    seen = whole_number(request.query_params.get("revision", ""))
    return page(
        request,
        "policy/_pulse.html",
        block="pulse",
        source=source,
        seen=seen or 0,
    )


def _back(values: Mapping[str, str]) -> dict[str, str]:
    choice = Choice.of(values)
    return {"area": choice.area, "roles": choice.roles, "role": choice.role, "q": choice.q}


def _grid_page(
    request: HTMXRequest, source: Source, values: Mapping[str, str], **news: Any
) -> Response[bytes]:
    choice = Choice.of(values)
    grid = Grid(source.table, choice, source.names)
    back = _back(values)

    def address(**changed: str) -> str:
        asked = {name: value for name, value in (back | changed).items() if value}
        return f"{source.url}?{urlencode(asked)}"

    areas = [(area.name, area.words.say(lang())) for area in AREAS]
    return page(
        request,
        "policy/grid.html",
        status=422 if news.get("error") else 409 if news.get("overtaken") else 200,
        source=source,
        grid=grid,
        sections=list(grid.sections),
        areas=[*areas, (ALL, _("All areas"))],
        address=address,
        back=back,
        done=request.query_params.get("done", ""),
        odd=len(source.findings),
        **({"told": "", "error": "", "overtaken": []} | news),
    )


ROUTES = (show_grid, show_draft, tick, undo, show_steps, pulse)
