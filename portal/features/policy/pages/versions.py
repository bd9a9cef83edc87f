"""Every version that was ever in force: what it changed, its lines as sentences; any of them can come back (PO-4).

Restoring is a draft like any other, with the old lines: it is reviewed, released by a second person and becomes a
new version. So nobody can bring back in one step what two people have ended.
"""

from typing import Any, Final

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.core.i18n import _, _l
from portal.features.people import queries as people
from portal.features.policy import drafts, holders, queries
from portal.features.policy.pages.drafts import DRAFT, READ
from portal.features.policy.review import Said, said_lines, said_policy
from portal.features.policy.simulator import spoken
from portal.web.actor import actor_of
from portal.web.forms import Form, read
from portal.web.pagination import Page, page_number
from portal.web.permission import may
from portal.web.respond import go, page
from rbac.permissions import Permission
from rbac.policy import Policy
from rbac.problem_words import problem_words
from rbac.reading import PolicyError

LINES_SHOWN: Final = 100
LONGEST_SEARCH: Final = 60
SORTS: Final = {
    "p": _l("Rules"),
    "g": _l("Roles"),
    "g2": _l("Solid lines"),
    "g3": _l("Dual lines"),
}
MESSAGES: Final = {
    "in-force": _l("This version says what is in force already."),
    "unreadable": _l("This version cannot be read any more: %(problem)s"),
}


@get("/policy/versions", guards=[READ], name="policy.versions")
async def show_versions(request: HTMXRequest) -> Response[bytes]:
    shown = Page(page_number(request.query_params.get("page")))
    rows = await queries.releases(shown.limit, shown.offset)
    [newest] = await queries.releases(1)
    return page(
        request,
        "policy/versions.html",
        rows=rows[: shown.size],
        newest=newest.number,
        shown=Page(shown.number, more=len(rows) > shown.size),
        names=await people.names(
            {name for row in rows for name in (row.released_by, *row.authors)}
        ),
    )


@get("/policy/versions/{number:int}", guards=[READ], name="policy.version")
async def show_version(request: HTMXRequest, number: FromPath[int]) -> Response[bytes]:
    return await _page(request, number, Form({}, MESSAGES))


async def _page(request: HTMXRequest, number: int, form: Form) -> Response[bytes]:
    release = await queries.release(number)
    if release is None:
        raise NotFoundException
    [newest] = await queries.releases(1)
    before = await queries.previous(number)
    text = (await queries.version(number)).lines
    asked = request.query_params
    sort = asked.get("sort", "") if asked.get("sort", "") in SORTS else "p"
    wanted = asked.get("q", "").strip()[:LONGEST_SEARCH]
    shown = Page(page_number(asked.get("page")), size=LINES_SHOWN)
    problem, lines = "", []
    changes: tuple[Any, ...] = ()
    try:
        policy = Policy.parse(text)
        lines = _fitting(await said_policy(policy), sort, wanted)
        changes = await said_lines(Policy.parse(before.lines), policy) if before else ()
    except PolicyError as error:
        problem = problem_words(error.problems[0], spoken())
    return page(
        request,
        "policy/version.html",
        form=form,
        done=asked.get("done", ""),
        release=release,
        newest=newest.number,
        before=before.number if before else None,
        holders=await holders.holders(number) if number == newest.number else None,
        changes=changes,
        problem=problem,
        sorts=SORTS,
        sort=sort,
        q=wanted,
        lines=lines[shown.offset :][: shown.size],
        number_of_lines=len(lines),
        shown=Page(shown.number, size=shown.size, more=len(lines) > shown.offset + shown.size),
        names=await people.names({release.released_by, *release.authors}),
        may_draft=may(actor_of(request), Permission.POLICY_DRAFT),
    )


def _fitting(lines: list[Said], sort: str, wanted: str) -> list[Said]:
    sought = wanted.casefold()
    return [
        line
        for line in lines
        if line.line.partition(",")[0] == sort
        and (sought in line.line.casefold() or sought in line.words.casefold())
    ]


@post(
    "/policy/versions/{number:int}/restore", guards=[DRAFT], name="policy.restore", status_code=200
)
async def restore(request: HTMXRequest, number: FromPath[int]) -> Response[Any]:
    """Draft the old lines; a repeat of the form finds the draft that it made."""
    form = Form(await read(request), MESSAGES)
    if await queries.release(number) is None:
        raise NotFoundException
    lines = (await queries.version(number)).lines
    newest = await queries.newest()
    if newest and newest.lines == lines:
        form.error("restore", "in-force")
        return await _page(request, number, form)
    try:
        made = await drafts.start(
            _("Restore version %(number)s", number=number),
            kind="restore",
            lines=lines,
            key=form.key("idempotency_key"),
        )
    except PolicyError as error:
        form.parameters["problem"] = problem_words(error.problems[0], spoken())
        form.error("restore", "unreadable")
        return await _page(request, number, form)
    return go(request, f"/policy/drafts/{made}/review?done=restored")


ROUTES: Final = (show_versions, show_version, restore)
