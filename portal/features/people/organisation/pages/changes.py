"""Changes of the organisation: proposed by HR, seen with their effects, followed until they are in force."""

from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.core import clock
from portal.core.i18n import _, language
from portal.features.people.organisation import effects, forms, lines, proposal, queries, service
from portal.features.people.organisation.effects import Ability, Effect
from portal.features.people.organisation.proposal import KINDS, Plan, Refusal
from portal.features.people.organisation.queries import Change, Member, Structure
from portal.features.people.organisation.words import ALL_KINDS, STATES
from portal.features.people.organisation.words import KINDS as KIND_WORDS
from portal.web.actor import actor_of
from portal.web.forms import Form, read
from portal.web.pagination import Page, page_number
from portal.web.permission import Needs, may
from portal.web.respond import go, page
from rbac.bilingual import Language
from rbac.lines import DUAL, EVERY, SOLID
from rbac.permissions import BY_NAME, Permission
from rbac.policy import Policy
from rbac.reading import PolicyError
from rbac.validity import Dated, in_force
from rbac.words import group_words, sentence

EDIT: Final = Needs(Permission.ORGANISATION_EDIT)
FEWEST_DUALS: Final = 2
MOST_NAMED: Final = 20


@get("/people/changes", guards=[EDIT], name="organisation.changes")
async def show_changes(request: HTMXRequest) -> Response[bytes]:
    asked = Page(page_number(request.query_params.get("page")))
    found = await queries.changes(asked.limit, asked.offset)
    members = await queries.members(clock.today())
    return page(
        request,
        "people/organisation/changes.html",
        changes=found[: asked.size],
        listing=Page(asked.number, asked.size, len(found) > asked.size),
        people={member.id: member for member in members},
        structure=await queries.structure(clock.today()),
        kinds=ALL_KINDS,
        states=STATES,
        may_edit=True,
    )


@get("/people/changes/new", guards=[EDIT], name="organisation.new_change")
async def new_change(request: HTMXRequest) -> Response[bytes]:
    """The form for a kind of change; what is so today is filled in."""
    asked = request.query_params
    kind = asked.get("kind", "")
    form = forms.blank({"kind": kind if kind in KINDS else KINDS[0]})
    form.values["effective_on"] = clock.today().isoformat()
    form.values["absent"] = asked.get("absent", "")[:60]
    members = queries.by_username(await queries.members(clock.today()))
    person = members.get(asked.get("person", ""))
    if person is not None:
        form.values["person"] = person.username
        form.values["post"] = str(person.post or "")
        standing = queries.compiled().standing()
        reports = standing.register.reports(person.username, standing.start)
        form.values["superior"] = next((r.superior for r in reports if r.line == SOLID), "")
        duals = sorted(r.superior for r in reports if r.line == DUAL)
        form.values |= {f"dual_{number}": name for number, name in enumerate(duals, 1)}
    return await _form_page(request, form)


@post("/people/changes", guards=[EDIT], name="organisation.propose", status_code=200)
async def propose_change(request: HTMXRequest) -> Response[Any]:
    """First what it comes to is shown, then it is filed."""
    form, wish = forms.parse_proposal(await read(request))
    if (
        "edit" in form.values or "again" in form.values
    ):  # back from the preview; another kind chosen
        form.errors.clear()
        return await _form_page(request, form, status=200)
    if wish is None:
        return await _form_page(request, form)
    try:
        if "seen" in form.values:
            return go(request, f"/people/changes/{await service.propose(wish)}?done=proposed")
        planned = await proposal.plan(wish)
    except Refusal as refusal:
        members = await queries.members(clock.today())
        forms.refuse(form, refusal, {member.username: member.name for member in members})
        return await _form_page(request, form)
    names = {member.username: member.name for member in planned.people.values()}
    return page(
        request,
        "people/organisation/preview.html",
        form=form,
        plan=planned,
        structure=await queries.structure(wish.effective_on),
        kinds=KIND_WORDS,
        others=[
            (names.get(_username(planned, other.person), ""), other)
            for other in await queries.changes(MOST_NAMED, 0)
            if other.state == "proposed"
        ],
        kept=[sentence(grant, _lang(), names) for grant in planned.kept()],
        forbidden=[
            (failure.assertion.words.say(_lang()), names.get(failure.subject, failure.subject))
            for failure in planned.forbidden()
        ],
        **_told(planned.before, planned.after, planned.effects(), planned.people.values()),
    )


def _username(planned: Plan, person: int) -> str:
    return next((name for name, one in planned.people.items() if one.id == person), "")


async def _form_page(
    request: HTMXRequest, form: Form, status: int | None = None
) -> Response[bytes]:
    members = await queries.members(clock.today())
    people = [member for member in members if member.active]
    structure = await queries.structure(clock.today())
    reports = queries.compiled().policy.reports
    placed = {name for report in reports for name in (report.person, report.superior)}
    for name in ("person", "absent"):
        form.values.setdefault(name, "")
    if form.values.get("kind") not in KINDS:
        form.values["kind"] = KINDS[0]
    filled = sum(1 for name in form.values if name.startswith("dual_") and form.values[name])
    return page(
        request,
        "people/organisation/change_form.html",
        status=status,
        form=form,
        kinds=KIND_WORDS,
        structure=structure,
        members=queries.by_username(people),
        joining=[member for member in people if member.post is None],
        placed=[m for m in people if m.post is not None or m.username in placed],
        leading={r.superior for r in reports if in_force(r, clock.now().timestamp())},
        named=partial(_named, structure),
        post_options=[
            (
                one.id,
                f"{structure.unit_of[one.unit].name} · {one.name} ({one.held}/{one.headcount})",
            )
            for one in structure.posts
        ],
        duals_shown=max(FEWEST_DUALS, filled),
    )


def _named(
    structure: Structure, members: Iterable[Member], without: Member | None = None
) -> list[tuple[str, str]]:
    """People to choose from, each with the post that tells namesakes apart."""
    found = []
    for member in members:
        if member != without:
            held = structure.post_of.get(member.post or 0)
            found.append(
                (member.username, f"{member.name} · {held.name if held else member.username}")
            )
    return found


@get("/people/changes/{change_id:int}", guards=[EDIT], name="organisation.change")
async def show_change(request: HTMXRequest, change_id: FromPath[int]) -> Response[bytes]:
    return await _change_page(request, await _change(change_id), forms.blank())


async def _change_page(request: HTMXRequest, found: Change, form: Form) -> Response[bytes]:
    actor = actor_of(request)
    members = await queries.members(found.effective_on)
    told: dict[str, Any] = {"told": [], "ends": [], "begins": []}
    if found.state == "proposed":
        told = _told_of(found, members)
    return page(
        request,
        "people/organisation/change.html",
        form=form,
        change=found,
        people={member.id: member for member in members},
        names={member.username: member.name for member in members},
        structure=await queries.structure(found.effective_on),
        kinds=ALL_KINDS,
        states=STATES,
        may_read_policy=may(actor, Permission.POLICY_READ),
        done=request.query_params.get("done", ""),
        **told,
    )


def _told_of(change: Change, members: list[Member]) -> dict[str, Any]:
    """What a waiting proposal would do to the policy as it is now."""
    policy = queries.compiled().policy
    rewrite = lines.Rewrite(list(change.removed), list(change.added))
    names = {member.id: member.username for member in members}
    since = queries.start_of(change.effective_on)
    try:
        after = lines.rewritten(policy, rewrite)
    except PolicyError:  # a newer policy has taken other ways: the draft says which
        after = policy
    who = effects.concerned(policy, after, names.get(change.person, ""), since)
    return _told(policy, after, effects.effects(policy, after, who, since), members)


@post(
    "/people/changes/{change_id:int}/withdraw",
    guards=[EDIT],
    name="organisation.withdraw",
    status_code=303,
)
async def withdraw_change(request: HTMXRequest, change_id: FromPath[int]) -> Response[Any]:
    await _change(change_id)
    done = "withdrawn" if await service.withdraw(change_id) else "settled"
    return go(request, f"/people/changes/{change_id}?done={done}")


@post(
    "/people/changes/{change_id:int}/recall",
    guards=[EDIT],
    name="organisation.recall",
    status_code=200,
)
async def recall_change(request: HTMXRequest, change_id: FromPath[int]) -> Response[Any]:
    found = await _change(change_id)
    form, wish = forms.parse_recall(await read(request), change_id)
    if wish is not None:
        try:
            return go(request, f"/people/changes/{await service.recall(wish)}?done=proposed")
        except Refusal as refusal:
            members = await queries.members(clock.today())
            forms.refuse(form, refusal, {member.username: member.name for member in members})
    return await _change_page(request, found, form)


async def _change(change_id: int) -> Change:
    found = await queries.change(change_id)
    if found is None:
        raise NotFoundException
    return found


# ── in words ─────────────────────────────────────────────────────────────────────────────────────


def _told(
    before: Policy, after: Policy, found: Iterable[Effect], members: Iterable[Member]
) -> dict[str, Any]:
    """Lines that end and begin as sentences; what each person gains and loses, by name."""
    lang = _lang()
    names = {member.username: member.name for member in members}
    old, new = set(_dated(before)), set(_dated(after))
    until = {line._replace(until=""): line for line in new - old if line.until}
    ended = {until.get(line._replace(until=""), line) for line in old - new}
    return {
        "ends": sorted(sentence(line, lang, names) for line in ended),
        "begins": sorted(sentence(line, lang, names) for line in new - old - ended),
        "told": [
            (
                names.get(effect.person, effect.person),
                [_ability(ability, lang, names) for ability in effect.gained],
                [_ability(ability, lang, names) for ability in effect.lost],
            )
            for effect in found
        ],
    }


def _lang() -> Language:
    return "en" if language() == "en" else "zh"


def _dated(policy: Policy) -> Iterable[Dated]:
    return (*policy.grants, *policy.reports)


def _ability(ability: Ability, lang: Language, names: dict[str, str]) -> tuple[str, str]:
    """The permission in words, and what it is limited to."""
    limits = [group_words(group, lang) for group in ability.groups if group != EVERY]
    limits += [_("own")] if ability.own else []
    limits += [names.get(person, person) for person in ability.people]
    return BY_NAME[ability.permission].describe(lang), _(", ").join(limits)


ROUTES: Final = (
    show_changes,
    new_change,
    propose_change,
    show_change,
    withdraw_change,
    recall_change,
)
