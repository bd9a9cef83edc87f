"""The reverse: who may do this and why each; what somebody may do; the menu as somebody sees it (PO-3)."""

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from litestar import Response, get, post
from litestar.plugins.htmx import HTMXRequest
from litestar.routes import HTTPRoute

from portal.core import audit, db
from portal.features.policy import asking, simulator
from portal.features.policy.asking import Asked, look_up
from portal.features.policy.pages.simulate import SIMULATE
from portal.web.desk import figure_items, waiting_items
from portal.web.forms import read
from portal.web.menu import Group, menu_of
from portal.web.pagination import Page, page_number
from portal.web.permission import Needs
from portal.web.respond import go, menu_items, page
from rbac.lines import VISITOR
from rbac.permissions import Permission


class Opens(NamedTuple):
    """A page's address and the duty that opens it."""

    path: str
    permission: Permission


@get("/policy/who", guards=[SIMULATE], name="policy.who")
async def show_who(request: HTMXRequest) -> Response[bytes]:
    """With a permission: who may, on this record or on some. With a person alone: everything they may."""
    return await _page(request, await look_up(request.query_params))


@post("/policy/who", guards=[SIMULATE], name="policy.who_ask", status_code=200)
async def ask_who(request: HTMXRequest) -> Response[Any]:
    raw = await read(request)
    needed = ("who",) if "of" in raw else ("what",)
    asked = await look_up(raw, needed=needed)
    if asked.form.errors:
        return await _page(request, asked)
    return go(request, f"/policy/who?{asked.question.query}")


async def _page(request: HTMXRequest, asked: Asked) -> Response[bytes]:
    question, found, total, areas = asked.question, [], 0, []
    shown = Page(page_number(request.query_params.get("page")))
    if asked.chosen and not asked.form.errors:
        at = question.moment
        if asked.permission:
            what = str(asked.permission)
            if question.tells_of_a_record:
                everybody = simulator.holders_on(asked.chosen, what, asked.facts, at)
                some = everybody[shown.offset :][: shown.size]
                found = await simulator.why_on(asked.chosen, some, what, asked.facts, at)
            else:
                everybody = simulator.holders_on_some(asked.chosen, what, at)
                some = everybody[shown.offset :][: shown.size]
                found = await simulator.why_on_some(asked.chosen, some, what, at)
            total = len(everybody)
        elif question.who:
            areas = simulator.duties(asked.chosen, question.who, at)
    return page(
        request,
        "policy/who.html",
        of_a_person="of" in request.query_params or bool(question.who and not question.what),
        found=found,
        total=total,
        shown=Page(shown.number, more=total > shown.offset + shown.size),
        areas=areas,
        by=asked.chosen,
        moment=question.moment,
        **await asking.fields(asked),
    )


@get("/policy/menu", guards=[SIMULATE], name="policy.menu")
async def show_menu(request: HTMXRequest) -> Response[bytes]:
    """The menu, the desk's entries and the pages that somebody would find; whoever looks stays themselves."""
    asked = await look_up(request.query_params)
    question = asked.question
    menu: tuple[Group, ...] = ()
    entries: list[str] = []
    pages: list[Opens] = []
    public = 0
    if asked.chosen and question.who and not asked.form.errors:
        allows = _may(asked)
        menu = menu_of(allows, menu_items)
        entries = [str(item.label) for item in figure_items if allows(item.permission)]
        entries += [str(item.label) for item in waiting_items if allows(item.permission)]
        everybody = asked.chosen.compiled.may_ever
        opening = [opens for opens in _pages(request.app) if allows(opens.permission)]
        pages += [opens for opens in opening if not everybody(VISITOR, opens.permission)]
        public = len(opening) - len(pages)
        async with db.transaction():
            audit.record(
                Permission.POLICY_SIMULATE, "account", question.who, by=asked.chosen.reference
            )
    return page(
        request,
        "policy/menu.html",
        shown_menu=menu,
        entries=entries,
        pages=[(opens.path, opens.permission.describe(simulator.spoken())) for opens in pages],
        public=public,
        by=asked.chosen,
        moment=question.moment,
        **await asking.fields(asked),
    )


@post("/policy/menu", guards=[SIMULATE], name="policy.menu_ask", status_code=200)
async def ask_menu(request: HTMXRequest) -> Response[Any]:
    asked = await look_up(await read(request), needed=("who",))
    if asked.form.errors:
        return page(
            request,
            "policy/menu.html",
            shown_menu=(),
            entries=[],
            pages=[],
            public=0,
            by=asked.chosen,
            moment=None,
            **await asking.fields(asked),
        )
    return go(request, f"/policy/menu?{asked.question.query}")


def _may(asked: Asked) -> Callable[[Permission], bool]:
    assert asked.chosen is not None
    compiled, at = asked.chosen.compiled, asked.question.moment
    subject = simulator.subject_at(compiled, asked.question.who, at)
    return lambda permission: compiled.may_ever(subject, permission, at)


def _pages(app: Any) -> Iterator[Opens]:
    """Every page that answers GET, with the permission that it names."""
    for route in sorted(app.routes, key=lambda route: str(route.path)):
        if not isinstance(route, HTTPRoute):
            continue
        for handler in route.route_handlers:
            if "GET" not in handler.http_methods:
                continue
            for guard in handler.resolve_guards():
                if isinstance(guard, Needs):
                    yield Opens(route.path, guard.permission)
                    break


ROUTES: Final = (show_who, ask_who, show_menu, ask_menu)
