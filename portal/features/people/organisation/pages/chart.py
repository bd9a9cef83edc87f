"""The chart on a day, and each person in it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.core import clock
from portal.core.i18n import language
from portal.features.people.organisation import queries
from portal.features.people.organisation.chart import BOX, Drawing, Person, draw, fitted
from portal.features.people.organisation.queries import Member, Structure
from portal.features.people.organisation.words import ALL_KINDS, STATES
from portal.web.actor import Actor, actor_of
from portal.web.permission import Needs, may
from portal.web.respond import page
from rbac.bilingual import Language
from rbac.facts import Facts
from rbac.lines import DUAL, SOLID
from rbac.permissions import Permission
from rbac.validity import in_force
from rbac.words import grant_sentence, report_sentence

READ: Final = Needs(Permission.ORGANISATION_READ)
ZOOMS: Final = {"fit": 0.0, "1": 1.0, "1.5": 1.5, "2": 2.0}
VIEWS: Final = ("chart", "list")
LONGEST_SEARCH: Final = 60


@dataclass(slots=True)
class Node:
    """Somebody in the nested list, with those one step below on solid lines."""

    person: Person
    duals: list[str]
    below: list["Node"] = field(default_factory=list)


@get("/people", guards=[READ], name="organisation.chart")
async def show_chart(request: HTMXRequest) -> Response[bytes]:
    asked = request.query_params
    day = clock.asked_day(asked.get("on")) or clock.today()
    structure = await queries.structure(day)
    members = await queries.members(day)
    people = placed(day, structure, members)
    names = {person.key: person.name for person in people}
    sought = asked.get("q", "").strip()[:LONGEST_SEARCH]
    found = matching(people, sought)
    actor = actor_of(request)
    editor = may(actor, Permission.ORGANISATION_EDIT)
    zoom = asked.get("zoom", "")
    return page(
        request,
        "people/organisation/chart.html",
        day=day,
        days=await queries.effective_days(clock.today()),
        drawing=draw(people) if people else Drawing(),
        tree=tree(people, names),
        structure=structure,
        shade=shades(structure),
        fitted=fitted,
        box_width=BOX,
        zoom=zoom if zoom in ZOOMS else "1",
        zooms=ZOOMS,
        view=asked.get("view") if asked.get("view") in VIEWS else "",
        sought=sought,
        found=found,
        marked=found[0] if found else next((p for p in people if p.key == actor.subject), None),
        unplaced=[m for m in members if editor and m.active and m.username not in names],
        may_edit=editor,
    )


def placed(day: date, structure: Structure, members: Iterable[Member]) -> list[Person]:
    """Everybody who holds a post or stands in the lines on the day, and the posts that are vacant."""
    standing = queries.compiled().standing(queries.moment_of(day))
    register, moment = standing.register, standing.start
    known = {member.username: member for member in members}
    named = {
        name
        for report in queries.compiled().policy.reports
        if in_force(report, moment)
        for name in (report.person, report.superior)
    }
    unit_rank = {unit.id: rank for rank, unit in enumerate(structure.units)}
    post_rank = {post.id: rank for rank, post in enumerate(structure.posts)}
    people = []
    for username in sorted(named | {name for name, m in known.items() if m.post is not None}):
        member = known.get(username)
        post = structure.post_of.get(member.post or 0) if member else None
        reports = register.reports(username, moment)
        people.append(
            Person(
                username,
                member.name if member else username,
                post.name if post else "",
                unit_rank[post.unit] if post else len(unit_rank),
                post_rank[post.id] if post else len(post_rank),
                next((r.superior for r in reports if r.line == SOLID), None),
                tuple(sorted({r.superior for r in reports if r.line == DUAL})),
                id=member.id if member else 0,
            )
        )
    return [*people, *_vacancies(structure, people, unit_rank, post_rank)]


def _vacancies(
    structure: Structure,
    people: list[Person],
    unit_rank: Mapping[int, int],
    post_rank: Mapping[int, int],
) -> list[Person]:
    """A vacant post stands where its like stand: under whom others of the post, or of the unit, report to."""
    found = []
    for post in structure.posts:
        if not post.vacant:
            continue
        alike = [p.superior for p in people if p.rank == post_rank[post.id]]
        alike = alike or [p.superior for p in people if p.unit == unit_rank[post.unit]]
        above = Counter(name for name in alike if name).most_common(1)
        found.append(
            Person(
                f"vacant:{post.id}",
                "",
                post.name,
                unit_rank[post.unit],
                post_rank[post.id],
                above[0][0] if above else None,
                vacant=post.vacant,
                id=post.id,
            )
        )
    return found


def tree(people: Iterable[Person], names: Mapping[str, str]) -> list[Node]:
    """The chart as nested lists: for a phone, and for whoever does not see the drawing."""
    nodes = {
        person.key: Node(person, [names.get(name, name) for name in person.duals])
        for person in people
    }
    top: list[Node] = []
    for node in sorted(nodes.values(), key=lambda n: (n.person.unit, n.person.rank, n.person.key)):
        above = nodes.get(node.person.superior or "")
        (above.below if above else top).append(node)
    return top


def shades(structure: Structure) -> dict[int, int]:
    """A quiet colour for each unit, by its place; the department's own come first."""
    ranked = sorted(range(len(structure.units)), key=lambda rank: not structure.units[rank].own)
    return {rank: number % 6 for number, rank in enumerate(ranked)} | {len(structure.units): 5}


def matching(people: Iterable[Person], sought: str) -> list[Person]:
    """Whose name, user name or post has the words in it."""
    wanted = sought.casefold()
    return [
        person
        for person in people
        if wanted
        and not person.vacant
        and wanted in f"{person.name}\n{person.key}\n{person.post}".casefold()
    ]


@get("/people/{person_id:int}", guards=[READ], name="organisation.person")
async def show_person(request: HTMXRequest, person_id: FromPath[int]) -> Response[bytes]:
    day = clock.asked_day(request.query_params.get("on")) or clock.today()
    member = await queries.member(person_id, day)
    if member is None:
        raise NotFoundException
    actor = actor_of(request)
    structure = await queries.structure(day)
    members = await queries.members(day)
    known = queries.by_username(members)
    names = {one.username: one.name for one in members}
    compiled = queries.compiled()
    standing = compiled.standing(queries.moment_of(day))
    register, moment = standing.register, standing.start
    reports = register.reports(member.username, moment)
    led = register.led(member.username, moment)
    details = may_see_details(actor, member)
    editor = may(actor, Permission.ORGANISATION_EDIT)
    lang: Language = "en" if language() == "en" else "zh"
    policy = compiled.policy
    return page(
        request,
        "people/organisation/person.html",
        member=member,
        day=day,
        post=structure.post_of.get(member.post or 0),
        structure=structure,
        known=known,
        solid=[r.superior for r in reports if r.line == SOLID],
        dual=[r.superior for r in reports if r.line == DUAL],
        led_solid=sorted(r.person for r in led if r.line == SOLID),
        led_dual=sorted(r.person for r in led if r.line == DUAL),
        names=names,
        deputies=[
            (grant.person, grant.until)
            for grant in policy.grants
            if grant.instead_of == member.username
            and grant in register.grants(grant.person, moment)
        ],
        details=details,
        roles=[
            grant_sentence(grant, lang, names) for grant in register.grants(member.username, moment)
        ]
        if details
        else [],
        line_history=[
            report_sentence(report, lang, names)
            for report in policy.reports
            if report.person == member.username and (report.since or report.until)
        ]
        if details
        else [],
        holdings=await queries.holdings(person_id),
        changes=await queries.changes_of(person_id) if details else [],
        kinds=ALL_KINDS,
        states=STATES,
        may_edit=editor,
    )


def may_see_details(actor: Actor, member: Member) -> bool:
    """Roles and the history of changes: for oneself, whoever may read the file, and whoever keeps roles."""
    return (
        actor.subject == member.username
        or may(actor, Permission.ORGANISATION_EDIT)
        or may(actor, Permission.PERSONNEL_READ, Facts(owner=member.username))
        or may(actor, Permission.ROLE_READ)
        or may(actor, Permission.POLICY_READ)
    )


ROUTES: Final = (show_chart, show_person)
