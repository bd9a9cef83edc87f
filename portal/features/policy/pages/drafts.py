"""The home of the policy, and a draft's way into force: looked at, handed over, released by a second person (PO-4).

``/policy`` says what is in force and what is under way. ``/policy/drafts/{id}/review`` shows everything that whoever
releases should see, and is where a draft is submitted, taken back, made again on a newer version, dropped, and
released with the password. Whoever had a hand in a draft does not release it; only while nobody else could, the
policy lets them, and the page says so.
"""

from typing import Any, Final

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.core.i18n import _l
from portal.core.text import is_visible_line
from portal.features.people import queries as people
from portal.features.policy import drafts, holders, queries, rebasing
from portal.features.policy.drafts import Draft, DraftGone
from portal.features.policy.review import LineDifference, line_of, review, said_line, said_lines
from portal.features.policy.simulator import spoken
from portal.web.actor import Actor, actor_of
from portal.web.forms import Form, read
from portal.web.permission import Needs, allow, may
from portal.web.respond import go, page
from rbac.lines import Rule
from rbac.permissions import Permission
from rbac.policy import Policy
from rbac.problem_words import problem_words
from rbac.reading import PolicyError

READ: Final = Needs(Permission.POLICY_READ)
DRAFT: Final = Needs(Permission.POLICY_DRAFT)
RELEASE: Final = Needs(Permission.POLICY_RELEASE)

LONGEST_TITLE: Final = 200
CONFLICT: Final = 409

MESSAGES: Final = {
    "not-visible": _l("Please write it in plain words."),
    "wrong-password": _l("This is not your password."),
    "changed": _l("The draft was changed since you looked at it. Please look again."),
    "outdated": _l("Another version was released meanwhile."),
    "unsafe": _l("An assertion would fail."),
    "gone": _l("This draft no longer waits for its release."),
    "unchanged": _l("The draft says what is in force already."),
}


@get("/policy", guards=[READ], name="policy.home")
async def show_home(request: HTMXRequest) -> Response[bytes]:
    return await _home(request, Form({}, MESSAGES))


@post("/policy/drafts", guards=[DRAFT], name="policy.start", status_code=200)
async def start(request: HTMXRequest) -> Response[Any]:
    """Begin a draft from the version in force; a repeat of the form finds the one it began."""
    form = Form(await read(request), MESSAGES)
    title = parse_title(form)
    if form.errors:
        return await _home(request, form)
    made = await drafts.start(title, key=form.key("idempotency_key"))
    return go(request, f"/policy/drafts/{made}")


def parse_title(form: Form) -> str:
    title = form.text("title", longest=LONGEST_TITLE)
    if not is_visible_line(title):
        form.error("title", "not-visible")
    return title


async def _home(request: HTMXRequest, form: Form) -> Response[bytes]:
    actor = actor_of(request)
    [newest] = await queries.releases(1)
    living = await drafts.living()
    return page(
        request,
        "policy/home.html",
        form=form,
        done=request.query_params.get("done", ""),
        release=newest,
        holders=await holders.holders(newest.number),
        mine=[draft for draft in living if await waits_for(actor, draft)],
        drafts=living,
        names=await _names(
            newest.released_by,
            *newest.authors,
            *(name for draft in living for name in draft.authors),
        ),
        may_draft=may(actor, Permission.POLICY_DRAFT),
        places=[(url, label, about) for url, label, about, asked in PLACES if may(actor, asked)],
    )


#: Where one goes on from the home: address, words, what for, who may.
PLACES: Final = (
    (
        "/policy/simulate",
        _l("Try the policy"),
        _l("Who may do what, and why"),
        Permission.POLICY_SIMULATE,
    ),
    (
        "/policy/who",
        _l("Who may do this"),
        _l("Everybody who may, and why each"),
        Permission.POLICY_SIMULATE,
    ),
    (
        "/policy/import",
        _l("Import"),
        _l("A policy from a file becomes a draft"),
        Permission.POLICY_IMPORT,
    ),
    (
        "/policy/export",
        _l("Export"),
        _l("The policy in force as Casbin files"),
        Permission.POLICY_EXPORT,
    ),
    (
        "/policy/versions",
        _l("Versions"),
        _l("Everything that was ever in force; any of it can come back"),
        Permission.POLICY_READ,
    ),
)


async def waits_for(actor: Actor, draft: Draft) -> bool:
    """Whether this draft waits for this person's release."""
    return (
        draft.state == "submitted"
        and may(actor, Permission.POLICY_RELEASE)
        and await drafts.may_release(draft, actor.subject)
    )


async def _names(*subjects: str) -> dict[str, str]:
    return await people.names(set(subjects))


@get("/policy/drafts/{draft_id:int}/review", guards=[READ], name="policy.review")
async def show_review(request: HTMXRequest, draft_id: FromPath[int]) -> Response[bytes]:
    return await _review(request, draft_id, Form({}, MESSAGES))


async def _review(
    request: HTMXRequest, draft_id: int, form: Form, status: int | None = None
) -> Response[bytes]:
    actor = actor_of(request)
    try:
        draft = await drafts.get(draft_id)
    except DraftGone:
        raise NotFoundException from None
    [newest] = await queries.releases(1)
    living = draft.state in drafts.LIVING
    base = Policy.parse((await queries.version(draft.base_version)).lines)
    problem, found = "", None
    lines: tuple[LineDifference, ...] = ()
    try:
        if living:
            found = await review(draft)
        lines = found.lines if found else await said_lines(base, draft.policy)
    except PolicyError as error:  # written by another version of the program
        problem = problem_words(error.problems[0], spoken())
    others = sorted(await drafts.releasers() - draft.authors)
    names = await _names(*draft.authors, *others)
    return page(
        request,
        "policy/review.html",
        status=status,
        form=form,
        done=request.query_params.get("done", ""),
        draft=draft,
        newest=newest.number,
        outdated=living and draft.base_version != newest.number,
        problem=problem,
        lines=lines,
        review=found,
        overtaken=_overtaken(draft, base, names),
        release=await queries.release(draft.released_version) if draft.released_version else None,
        names=names,
        own=actor.subject in draft.authors,
        others=[names.get(each, each) for each in others if each != actor.subject],
        may_draft=may(actor, Permission.POLICY_DRAFT),
        may_release=may(actor, Permission.POLICY_RELEASE)
        and await drafts.may_release(draft, actor.subject),
        is_releaser=may(actor, Permission.POLICY_RELEASE),
    )


def _overtaken(draft: Draft, base: Policy, names: dict[str, str]) -> list[tuple[Any, list[Any]]]:
    """Lines that the draft wanted to change and that a newer version had changed: each with what stands there now."""
    lang = spoken()
    found = []
    for text in draft.overtaken.splitlines():
        line = line_of(text)
        heirs = [
            rule
            for rule in base.rules
            if isinstance(line, Rule)
            and (rule.subject, rule.permission) == (line.subject, line.permission)
        ]
        found.append(
            (said_line(line, lang, names), [said_line(rule, lang, names) for rule in heirs])
        )
    return found


@post("/policy/drafts/{draft_id:int}/submit", guards=[DRAFT], name="policy.submit", status_code=200)
async def submit(request: HTMXRequest, draft_id: FromPath[int]) -> Response[Any]:
    """Hand over; twice is once."""
    form = Form(await read(request), MESSAGES)
    try:
        await drafts.submit(draft_id)
    except drafts.Unchanged:
        form.error("submit", "unchanged")
        return await _review(request, draft_id, form)
    except DraftGone:
        return await _gone(request, draft_id, "submitted")
    return go(request, f"/policy/drafts/{draft_id}/review?done=submitted")


@post(
    "/policy/drafts/{draft_id:int}/withdraw",
    guards=[DRAFT],
    name="policy.withdraw",
    status_code=200,
)
async def withdraw(request: HTMXRequest, draft_id: FromPath[int]) -> Response[Any]:
    try:
        await drafts.withdraw(draft_id)
    except DraftGone:
        return await _gone(request, draft_id, "open")
    return go(request, f"/policy/drafts/{draft_id}/review?done=withdrawn")


@post("/policy/drafts/{draft_id:int}/drop", guards=[DRAFT], name="policy.drop", status_code=200)
async def drop(request: HTMXRequest, draft_id: FromPath[int]) -> Response[Any]:
    try:
        await drafts.drop(draft_id)
    except DraftGone:
        return await _gone(request, draft_id, "dropped")
    return go(request, "/policy?done=dropped")


@post("/policy/drafts/{draft_id:int}/rebase", guards=[DRAFT], name="policy.rebase", status_code=200)
async def rebase(request: HTMXRequest, draft_id: FromPath[int]) -> Response[Any]:
    """Make the draft's changes again on the newest version."""
    try:
        await rebasing.rebase(draft_id)
    except DraftGone:
        return await _gone(request, draft_id, "")
    except PolicyError as error:
        form = Form({}, {"together": _l("The two do not go together: %(problem)s")})
        form.parameters["problem"] = problem_words(error.problems[0], spoken())
        form.error("rebase", "together")
        return await _review(request, draft_id, form, CONFLICT)
    return go(request, f"/policy/drafts/{draft_id}/review?done=rebased")


async def _gone(request: HTMXRequest, draft_id: int, wanted: str) -> Response[Any]:
    """What a repeat finds: it is as was wanted, or the page says how it is now."""
    try:
        draft = await drafts.get(draft_id)
    except DraftGone:
        raise NotFoundException from None
    url = "/policy?done=dropped" if wanted == "dropped" else f"/policy/drafts/{draft_id}/review"
    if draft.state == wanted:
        return go(request, url)
    return await _review(request, draft_id, Form({}, MESSAGES), CONFLICT)


@post(
    "/policy/drafts/{draft_id:int}/release",
    guards=[RELEASE],
    name="policy.release",
    status_code=200,
)
async def release(request: HTMXRequest, draft_id: FromPath[int]) -> Response[Any]:
    """Put the draft in force, with the password; answers when every process decides by it, or after a second."""
    actor = actor_of(request)
    form = Form(await read(request), MESSAGES)
    password = form.values.pop("password", "")
    seen = form.integer("revision")
    try:
        draft = await drafts.get(draft_id)
    except DraftGone:
        raise NotFoundException from None
    if draft.state == "released":
        return go(request, f"/policy/versions/{draft.released_version}")
    for facts in await drafts.release_facts(draft, actor.subject):
        await allow(actor, Permission.POLICY_RELEASE, facts, "policy_draft", draft_id)
    if not password:
        form.error("password", "required")
    if form.errors:
        return await _review(request, draft_id, form)
    try:
        version = await drafts.release(draft_id, actor.person_id or 0, password, seen)
    except tuple(REFUSALS) as error:
        form.error("password", REFUSALS[type(error)])
        wrong = isinstance(error, drafts.WrongPassword)
        return await _review(request, draft_id, form, None if wrong else CONFLICT)
    await holders.everywhere(version)
    return go(request, f"/policy/versions/{version}?done=released")


REFUSALS: Final[dict[type[Exception], str]] = {
    drafts.WrongPassword: "wrong-password",
    drafts.Changed: "changed",
    drafts.Outdated: "outdated",
    drafts.Unsafe: "unsafe",
    drafts.Unchanged: "unchanged",
    DraftGone: "gone",
}


ROUTES: Final = (
    show_home,
    start,
    show_review,
    submit,
    withdraw,
    drop,
    rebase,
    release,
)
