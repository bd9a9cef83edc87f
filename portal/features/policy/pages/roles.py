"""Who holds which role (PO-2, AP-3): by role, by person; grants and their ends on the way to release."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.core import clock
from portal.core.i18n import _, _l
from portal.features.people import queries as people
from portal.features.people.organisation.effects import Ability
from portal.features.policy import drafts, roles, simulator
from portal.features.policy.roles import Change, Held, Trial, When, Wish
from portal.web.actor import actor_of
from portal.web.forms import Form, read
from portal.web.pagination import Page, page_number
from portal.web.permission import Needs, Unavailable, allow, may
from portal.web.permission import policy as in_force
from portal.web.respond import go, page
from rbac.assertion_words import failure_words
from rbac.facts import Facts
from rbac.lines import EVERY
from rbac.permissions import BY_NAME, Permission
from rbac.policy import Policy
from rbac.reading import PolicyError
from rbac.words import group_words, sentence, subject_words

READ: Final = Needs(Permission.ROLE_READ)
GRANT: Final = Needs(Permission.ROLE_GRANT)

CONFLICT: Final = 409
MOST_OFFERED: Final = 300
VIEWS: Final = ("now", "later", "over", "all")
WORDS: Final = {
    "no-such-person": _l("Please choose somebody with an open account."),
    "several-people": _l("Several people have this name. Please type the user name."),
    "day-is-over": _l("This day is over. Choose today or a later day."),
    "ends-before": _l("The end must come after the beginning."),
    "deputy-ends": _l("A deputy stands in for a limited time: say until when."),
    "oneself": _l("Nobody stands in for themselves."),
    "absent-lacks-role": _l("The absent does not hold this role there."),
    "held-already": _l("The person holds this role there already at that time."),
    "does-not-hold": _l("The policy would not hold with this line."),
    "line-gone": _l("This line is not in the policy any more: somebody has changed it."),
    "unsafe": _l("This could not be released: see at the top what would no longer hold."),
}


def policy() -> Policy:
    """The policy in force; the guard has let nobody by without one."""
    if in_force.snapshot is None:
        raise Unavailable
    return in_force.snapshot.compiled.policy


# ── who holds what ───────────────────────────────────────────────────────────────────────────────


@get("/policy/roles", guards=[READ], name="roles.list")
async def show_roles(request: HTMXRequest) -> Response[bytes]:
    asked = {
        name: (request.query_params.get(name) or "").strip()[:64] for name in ("q", "role", "group")
    }
    view = request.query_params.get("show", "")
    view = view if view in VIEWS else "now"
    everything = roles.held(policy(), clock.now())
    names = await people.names({one.grant.person for one in everything})
    found = [one for one in everything if _fits(one, asked, names) and view in ("all", one.when)]
    shown = Page(page_number(request.query_params.get("page")))
    rows = found[shown.offset : shown.offset + shown.size]
    return page(
        request,
        "policy/roles.html",
        rows=rows,
        names=names | await people.names({one.grant.instead_of for one in rows}),
        closed=await people.closed({one.grant.person for one in rows}),
        shown=Page(shown.number, more=len(found) > shown.offset + shown.size),
        number=len(found),
        people_number=len({one.grant.person for one in found}),
        asked=asked,
        view=view,
        query=urlencode({**{k: v for k, v in asked.items() if v}, "show": view}),
        **_choices(),
        may_grant=may(actor_of(request), Permission.ROLE_GRANT),
    )


def _fits(one: Held, asked: Mapping[str, str], names: Mapping[str, str]) -> bool:
    grant, typed = one.grant, asked["q"].lower()
    return (
        (not asked["role"] or grant.role == asked["role"])
        and (not asked["group"] or grant.group == asked["group"])
        and (not typed or typed in grant.person or typed in names.get(grant.person, "").lower())
    )


def _choices() -> dict[str, Any]:
    """Roles and groups in words, for fields to choose by."""
    lang, there = simulator.spoken(), policy()
    return {
        "roles": [(role, _role_words(role)) for role in roles.roles(there)],
        "groups": [
            (group, _("everywhere") if group == EVERY else group_words(group, lang))
            for group in roles.groups(there)
        ],
        "role_words": _role_words,
        "group_words": lambda group: (
            _("everywhere") if group == EVERY else group_words(group, lang)
        ),
    }


def _role_words(role: str) -> str:
    """The role as an office, not as the beginning of a sentence."""
    words = subject_words(role, simulator.spoken())
    for article in ("a ", "the "):
        words = words.removeprefix(article)
    return words


@get("/policy/roles/of/{username:str}", guards=[READ], name="roles.of")
async def show_roles_of(request: HTMXRequest, username: FromPath[str]) -> Response[bytes]:
    """What one person holds, held and will hold, and what is on its way."""
    return await _person_page(request, username)


async def _person_page(request: HTMXRequest, username: str) -> Response[bytes]:
    own = [one for one in roles.held(policy(), clock.now()) if one.grant.person == username]
    names = await people.names({username, *(one.grant.instead_of for one in own)})
    if username not in names and not own:
        raise NotFoundException
    actor = actor_of(request)
    return page(
        request,
        "policy/roles_of.html",
        username=username,
        name=names.get(username, username),
        names=names,
        closed=bool(await people.closed([username])),
        parts=[(when, [one for one in own if one.when is when]) for when in When],
        underway=await roles.underway(username),
        **_choices(),
        may_grant=may(actor, Permission.ROLE_GRANT, Facts(owner=username)),
        may_simulate=may(actor, Permission.POLICY_SIMULATE),
        done=request.query_params.get("done", ""),
    )


# ── granting ─────────────────────────────────────────────────────────────────────────────────────


@get("/policy/roles/new", guards=[GRANT], name="roles.new")
async def show_new_grant(request: HTMXRequest) -> Response[bytes]:
    asked = {
        name: request.query_params.get(name, "")[:64]
        for name in ("person", "role", "group", "instead_of")
    }
    return await _grant_page(request, Form(asked, WORDS))


@post("/policy/roles", guards=[GRANT], name="roles.grant", status_code=200)
async def grant_role(request: HTMXRequest) -> Response[Any]:
    """Look first (``act`` is ``check``), then hand it over to be released."""
    form = Form(await read(request), WORDS)
    wish = await _wish(form)
    key = form.key("person")
    if wish is not None:
        await _allowed(request, wish.person)
    change = roles.granting(wish) if wish else None
    trial = _tried(form, "role", change) if change else None
    if trial and change and key and not form.errors and form.values.get("act") == "submit":
        sent = await _propose(request, form, change, key)
        if sent is not None:
            return sent
    return await _grant_page(request, form, trial)


async def _wish(form: Form) -> Wish | None:
    """What is wished for, as far as its names are good and it makes sense."""
    there = policy()
    person = await _person(form, "person")
    role = form.choice("role", tuple(roles.roles(there)))
    group = form.choice("group", tuple(roles.groups(there)))
    first, last = _day(form, "first"), _day(form, "last")
    absent = await _person(form, "instead_of", required=False)
    if form.errors:
        return None
    wish = Wish(person, role, group, first, last, absent)
    if wrong := roles.wish_error(there, wish):
        form.error(*wrong)
        return None
    return wish


async def _person(form: Form, name: str, *, required: bool = True) -> str:
    """The user name of whom the field means, by user name or by name."""
    typed = form.text(name, longest=64, required=required)
    if not typed:
        return ""
    found = await people.named(typed)
    if len(found) != 1:
        form.error(name, "several-people" if found else "no-such-person")
        return ""
    form.values[name] = found[0]
    return found[0]


def _day(form: Form, name: str) -> date | None:
    typed = form.text(name, required=False, longest=20)
    day = clock.asked_day(typed) if typed else None
    if typed and day is None:
        form.error(name, "bad-date")
    return day


async def _allowed(request: HTMXRequest, person: str) -> None:
    """Nobody grants themselves anything; whose it is decides, and the refusal is on the trail."""
    about = Facts(owner=person)
    await allow(actor_of(request), Permission.ROLE_GRANT, about, "account", person)


def _tried(form: Form, field: str, change: Change) -> Trial | None:
    """What it comes to; nothing, and an error of the field, when it cannot be or must not be sent."""
    try:
        trial = roles.tried(policy(), change)
    except PolicyError:
        form.error(field, "does-not-hold")
        return None
    if trial.breaks and form.values.get("act") == "submit":
        form.error(field, "unsafe")
    return trial


async def _propose(
    request: HTMXRequest, form: Form, change: Change, key: UUID
) -> Response[Any] | None:
    """Send it on its way; nothing, and an error in the form, when the policy has changed meanwhile."""
    person = change.about.person
    said = {
        "person": (await people.names({person})).get(person, person),
        "role": _role_words(change.about.role),
    }
    ends = change.gone is not None
    title = (
        _("End: %(person)s, %(role)s", **said) if ends else _("Grant: %(person)s, %(role)s", **said)
    )
    try:
        await roles.propose(title, change, key)
    except (drafts.Conflict, drafts.Unchanged):
        form.error("last" if ends else "role", "line-gone" if ends else "held-already")
        return None
    return go(request, f"/policy/roles/of/{person}?done=submitted")


async def _grant_page(
    request: HTMXRequest, form: Form, trial: Trial | None = None
) -> Response[bytes]:
    return page(
        request,
        "policy/role_grant.html",
        form=form,
        offered=await people.open_accounts(MOST_OFFERED),
        today=clock.today(),
        **_choices(),
        **await _told(trial),
    )


# ── ending ───────────────────────────────────────────────────────────────────────────────────────


@get("/policy/roles/end", guards=[GRANT], name="roles.ask_end")
async def show_end(request: HTMXRequest) -> Response[bytes]:
    found = _granted(request.query_params.get("line", ""))
    if found is None:
        raise NotFoundException
    return await _end_page(request, Form({"line": found.line}, WORDS), found)


@post("/policy/roles/end", guards=[GRANT], name="roles.end", status_code=200)
async def end_role(request: HTMXRequest) -> Response[Any]:
    """End a grant as soon as that is released, or with a day; looked at first like a new one."""
    form = Form(await read(request), WORDS)
    found = _granted(form.values.get("line", ""))
    if found is None:
        form.error("line", "line-gone")
        return page(request, "policy/role_gone.html", form=form, status=CONFLICT)
    await _allowed(request, found.grant.person)
    last, key = _day(form, "last"), form.key("last")
    if last and (last < clock.today() or (found.since and clock.local(found.since).date() > last)):
        form.error("last", "ends-before")
    if form.errors or key is None:
        return await _end_page(request, form, found)
    change = roles.ending(found.grant, last)
    trial = _tried(form, "last", change)
    if trial and not form.errors and form.values.get("act") == "submit":
        sent = await _propose(request, form, change, key)
        if sent is not None:
            return sent
    return await _end_page(request, form, found, trial)


def _granted(line: str) -> Held | None:
    """The grant of this very line in the policy in force, unless it is over."""
    for one in roles.held(policy(), clock.now()):
        if one.line == line.strip() and one.when is not When.OVER:
            return one
    return None


async def _end_page(
    request: HTMXRequest, form: Form, found: Held, trial: Trial | None = None
) -> Response[bytes]:
    names = await people.names({found.grant.person, found.grant.instead_of})
    return page(
        request,
        "policy/role_end.html",
        form=form,
        found=found,
        words=sentence(found.grant, simulator.spoken(), names),
        name=names.get(found.grant.person, found.grant.person),
        today=clock.today(),
        may_grant=may(actor_of(request), Permission.ROLE_GRANT, Facts(owner=found.grant.person)),
        **_choices(),
        **await _told(trial),
    )


# ── in words ─────────────────────────────────────────────────────────────────────────────────────


async def _told(trial: Trial | None) -> dict[str, Any]:
    """The change as sentences, what it gives and takes, and what would no longer hold."""
    if trial is None:
        return {"trial": False, "ends": [], "begins": [], "told": [], "breaks": []}
    lang = simulator.spoken()
    old, new = set(trial.before.grants), set(trial.after.grants)
    mentioned = {name for grant in old ^ new for name in (grant.person, grant.instead_of)}
    mentioned |= {failure.subject for failure in trial.breaks}
    mentioned |= {
        name
        for effect in trial.effects
        for ability in (*effect.gained, *effect.lost)
        for name in ability.people
    }
    names = await people.names(mentioned)
    return {
        "trial": True,
        "ends": sorted(sentence(grant, lang, names) for grant in old - new),
        "begins": sorted(sentence(grant, lang, names) for grant in new - old),
        "told": [
            (
                names.get(effect.person, effect.person),
                [_ability(ability, names) for ability in effect.gained],
                [_ability(ability, names) for ability in effect.lost],
            )
            for effect in trial.effects
        ],
        "breaks": [failure_words(failure, lang, names) for failure in trial.breaks],
    }


def _ability(ability: Ability, names: Mapping[str, str]) -> tuple[str, str]:
    lang = simulator.spoken()
    limits = [group_words(group, lang) for group in ability.groups if group != EVERY]
    limits += [_("own")] if ability.own else []
    limits += [names.get(person, person) for person in ability.people]
    return BY_NAME[ability.permission].describe(lang), _(", ").join(limits)


ROUTES: Final = (show_roles, show_roles_of, show_new_grant, grant_role, show_end, end_role)
