"""Ask for a duty after a refusal, and the security admin's inbox of such requests (PO-6)."""

from typing import Any, Final

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.core.i18n import _l
from portal.core.text import is_visible_line
from portal.features.people import queries as people
from portal.features.policy import requests, simulator
from portal.features.policy.requests import Answered, NotProposed, NotYet, Request
from portal.web.actor import actor_of
from portal.web.ask import asked_for
from portal.web.forms import Form, read
from portal.web.pagination import Page, page_number
from portal.web.permission import Needs, allow, may
from portal.web.respond import go, page
from rbac.assertion_words import failure_words
from rbac.facts import Facts
from rbac.lines import Grant, written
from rbac.permissions import BY_NAME, Permission
from rbac.proposals import Proposal
from rbac.words import sentence, subject_words

ASK: Final = Needs(Permission.POLICY_REQUEST_ACCESS)
DECIDE: Final = Needs(Permission.POLICY_DRAFT)

LONGEST: Final = 500
CONFLICT: Final = 409
_NARROWEST: Final = 2  # one duty for one person
MESSAGES: Final = {
    "not-visible": _l("Please write it in plain words."),
    "answered": _l("This request has been answered meanwhile."),
    "not-proposed": _l("This change is not among those that fit now. Please choose again."),
    "not-yet": _l("The policy in force does not let the person yet."),
}


@get("/policy/ask", guards=[ASK], name="policy.ask")
async def show_ask(request: HTMXRequest) -> Response[bytes]:
    """The form for the duty of the token, and one's own requests; looking at the answers ends their news."""
    return await _ask_page(request, Form({}, MESSAGES), request.query_params.get("for", ""))


@post("/policy/ask", guards=[ASK], name="policy.ask_send", status_code=200)
async def send(request: HTMXRequest) -> Response[Any]:
    form = Form(await read(request), MESSAGES)
    given = form.values.get("for", "")
    permission = asked_for(actor_of(request).subject, given)
    if permission is None:
        raise NotFoundException
    reason = _words(form, "reason")
    if form.errors:
        return await _ask_page(request, form, given)
    _number, fresh = await requests.ask(permission, reason)
    return go(request, f"/policy/ask?done={'sent' if fresh else 'again'}")


def _words(form: Form, name: str, *, required: bool = True) -> str:
    typed = form.text(name, longest=LONGEST, required=required)
    if not is_visible_line(typed):
        form.error(name, "not-visible")
    return typed


async def _ask_page(request: HTMXRequest, form: Form, given: str) -> Response[bytes]:
    asker = actor_of(request).subject
    permission = asked_for(asker, given) if given else None
    if given and permission is None:
        raise NotFoundException
    own = await requests.mine(asker)
    living = next(
        (one for one in own if one.permission == permission and one.state in requests.LIVING), None
    )
    answer = page(
        request,
        "policy/ask.html",
        form=form,
        given=given,
        permission=permission,
        duty=permission.describe(simulator.spoken()) if permission else "",
        living=living,
        own=[(one, _duty(one)) for one in own],
        done=request.query_params.get("done", ""),
    )
    await requests.seen(asker)
    return answer


def _duty(one: Request) -> str:
    return one.known.describe(simulator.spoken()) if one.known else one.permission


@get("/policy/requests", guards=[DECIDE], name="policy.requests")
async def show_requests(request: HTMXRequest) -> Response[bytes]:
    """Open ones, those whose draft is on its way, answered ones."""
    view = request.query_params.get("show", "open")
    view = view if view in requests.VIEWS else "open"
    shown = Page(page_number(request.query_params.get("page")))
    rows = await requests.listed(view, shown.limit, shown.offset)
    return page(
        request,
        "policy/requests.html",
        view=view,
        rows=[(one, _duty(one)) for one in rows[: shown.size]],
        shown=Page(shown.number, more=len(rows) > shown.size),
        open_number=(await requests.waiting())[0],
        done=request.query_params.get("done", ""),
    )


@get("/policy/requests/{number:int}", guards=[DECIDE], name="policy.request")
async def show_request(request: HTMXRequest, number: FromPath[int]) -> Response[bytes]:
    return await _request_page(request, number, Form({}, MESSAGES))


@post(
    "/policy/requests/{number:int}/prepare",
    guards=[DECIDE],
    name="policy.request_prepare",
    status_code=200,
)
async def prepare(request: HTMXRequest, number: FromPath[int]) -> Response[Any]:
    """Open the draft with the chosen change. Nobody prepares what would be given to themselves."""
    form = Form(await read(request), MESSAGES)
    line = form.text("line", longest=1000)
    if form.errors:
        return await _request_page(request, number, form)
    await _not_for_oneself(request, number)
    try:
        draft = await requests.prepare(number, line)
    except Answered:
        return await _stale(request, number, form, "answered")
    except NotProposed:
        return await _stale(request, number, form, "not-proposed")
    return go(request, f"/policy/drafts/{draft}/review")


@post(
    "/policy/requests/{number:int}/decline",
    guards=[DECIDE],
    name="policy.request_decline",
    status_code=200,
)
async def decline(request: HTMXRequest, number: FromPath[int]) -> Response[Any]:
    form = Form(await read(request), MESSAGES)
    answer = _words(form, "answer")
    if form.errors:
        return await _request_page(request, number, form)
    try:
        await requests.decline(number, answer)
    except Answered:
        return await _stale(request, number, form, "answered")
    return go(request, "/policy/requests?done=declined")


@post(
    "/policy/requests/{number:int}/confirm",
    guards=[DECIDE],
    name="policy.request_confirm",
    status_code=200,
)
async def confirm(request: HTMXRequest, number: FromPath[int]) -> Response[Any]:
    """The asker has the duty already, by another change."""
    form = Form(await read(request), MESSAGES)
    try:
        await requests.confirm(number, "")
    except Answered:
        return await _stale(request, number, form, "answered")
    except NotYet:
        return await _stale(request, number, form, "not-yet")
    return go(request, "/policy/requests?done=confirmed")


async def _not_for_oneself(request: HTMXRequest, number: int) -> None:
    found = await requests.request(number)
    if found is None:
        raise NotFoundException
    await allow(
        actor_of(request),
        Permission.ROLE_GRANT,
        Facts(owner=found.asker),
        "access_request",
        number,
    )


async def _stale(request: HTMXRequest, number: int, form: Form, code: str) -> Response[bytes]:
    form.error("line", code)
    return await _request_page(request, number, form, status=CONFLICT)


async def _request_page(
    request: HTMXRequest, number: int, form: Form, *, status: int | None = None
) -> Response[bytes]:
    found = await requests.request(number)
    if found is None:
        raise NotFoundException
    open_ = found.state == "open"
    proposed = await requests.proposed(found) if open_ else ()
    mentioned = {name for each in proposed for name in (*each.people, each.line.tokens[1])}
    names = await people.names(mentioned | {found.asker})
    return page(
        request,
        "policy/request.html",
        status=status,
        form=form,
        found=found,
        duty=_duty(found),
        has_it=requests.has_it(found.asker, found.permission),
        proposals=[_shown(each, names) for each in proposed],
        may_grant=may(actor_of(request), Permission.ROLE_GRANT, Facts(owner=found.asker)),
    )


def _shown(proposal: Proposal, names: dict[str, str]) -> dict[str, Any]:
    """A proposal in words: what it says, what it gives to whom, what stands against it."""
    lang = simulator.spoken()
    return {
        "line": written(proposal.line.tokens),
        "number": None,
        "words": sentence(proposal.line, lang, names),
        "is_grant": isinstance(proposal.line, Grant),
        "further": max(len(proposal.permissions) - 1, 0),
        "several": len(proposal.people) > 1,
        "narrow": proposal.power <= _NARROWEST,
        "permissions": [BY_NAME[name].describe(lang) for name in proposal.permissions],
        "people": [subject_words(name, lang, names) for name in proposal.people],
        "breaks": [failure_words(failure, lang, names) for failure in proposal.breaks],
    }


ROUTES: Final = (show_ask, send, show_requests, show_request, prepare, decline, confirm)
