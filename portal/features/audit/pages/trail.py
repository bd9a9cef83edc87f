"""The audit trail for whoever may read it (AU-1): filter, follow one thing, person or request, open one entry."""

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.core import clock
from portal.core.context import VISITOR
from portal.features.audit import queries, verification, words
from portal.features.audit.pages.asked import filter_of, query_of
from portal.features.audit.queries import AREA, Entry, Place
from portal.web.actor import actor_of
from portal.web.pagination import PAGE_SIZE
from portal.web.permission import Needs, may, policy
from portal.web.respond import page
from rbac import areas
from rbac.chances import possible_rules
from rbac.lines import written
from rbac.permissions import BY_NAME, Permission

READ: Final = Needs(Permission.AUDIT_TRAIL_READ)


class Rows(NamedTuple):
    """One page of the list; ``newer`` and ``older`` are where its neighbours begin, as an address says it."""

    entries: Sequence[Entry]
    newer: str = ""
    older: str = ""
    too_much: bool = False

    @property
    def days(self) -> list[tuple[date, list[Entry]]]:
        return [(day, list(rows)) for day, rows in groupby(self.entries, _day)]


def _day(entry: Entry) -> date:
    return clock.local(entry.at).date()


@get("/audit", guards=[READ], name="audit.show")
async def show_audit(request: HTMXRequest) -> Response[bytes]:
    wanted = filter_of(request.query_params)
    rows = await _rows(request, wanted)
    actor = actor_of(request)
    may_verify = may(actor, Permission.AUDIT_TRAIL_VERIFY)
    return page(
        request,
        "audit/index.html",
        wanted=wanted,
        rows=rows,
        names=await queries.names([entry.subject for entry in rows.entries]),
        query=query_of(wanted),
        looks=[(label, urlencode(asked)) for label, asked in words.LOOKS],
        areas=_areas(),
        area=wanted.act.removesuffix(AREA) if wanted.act.endswith(AREA) else "",
        acts=[(name, words.act(name)) for name in (*BY_NAME, *words.ACTS)],
        things=[(name, words.thing(name)) for name in words.THINGS],
        words=words,
        runs=await verification.recent(1) if may_verify else (),
        may_verify=may_verify,
        may_export=may(actor, Permission.AUDIT_TRAIL_EXPORT),
        may_anchor=may(actor, Permission.AUDIT_TRAIL_ANCHOR),
    )


async def _rows(request: HTMXRequest, wanted: queries.Filter) -> Rows:
    before = Place.read(request.query_params.get("before"))
    after = None if before else Place.read(request.query_params.get("after"))
    try:
        found = await queries.entries(wanted, PAGE_SIZE + 1, before=before, after=after)
    except queries.TooMuch:
        return Rows((), too_much=True)
    more = len(found) > PAGE_SIZE
    shown = found[-PAGE_SIZE:] if after else found[:PAGE_SIZE]
    if not shown:
        return Rows(())
    return Rows(
        shown,
        newer=shown[0].place.text if before or (after and more) else "",
        older=shown[-1].place.text if after or more else "",
    )


def _areas() -> list[tuple[str, list[tuple[str, str]]]]:
    """What acts are about: a heading and the resources below it."""
    lang = words.language()
    return [
        (
            area.words.say(lang),
            [(name, areas.resource_words(name, lang)) for name in areas.by_resource(area.name)],
        )
        for area in areas.AREAS
    ]


@get("/audit/entries/{day:str}/{lane:int}/{seq:int}", guards=[READ], name="audit.entry")
async def show_entry(
    request: HTMXRequest, day: FromPath[str], lane: FromPath[int], seq: FromPath[int]
) -> Response[bytes]:
    """Everything about one entry, with its place in the chain worked out anew."""
    asked = clock.asked_day(day)
    found = await queries.entry(asked, lane, seq) if asked and lane < queries.LANES else None
    if found is None:
        raise NotFoundException
    entry, proof = found
    kept = queries.details(entry.detail)
    return page(
        request,
        "audit/entry.html",
        entry=entry,
        proof=proof,
        name=(await queries.names([entry.subject])).get(entry.subject, ""),
        detail=words.detail(entry.detail),
        facts=words.facts(kept),
        today_rules=_lines_of_today(entry),
        words=words,
    )


def _lines_of_today(entry: Entry) -> list[tuple[str, str]]:
    """Lines of the policy in force that let this person do this, where the entry kept none: written and said."""
    permission, snapshot = BY_NAME.get(entry.act), policy.snapshot
    if entry.rule or permission is None or snapshot is None:
        return []
    subject = policy.judged_as(entry.subject) if entry.subject != VISITOR else VISITOR
    compiled = snapshot.compiled
    possible = possible_rules(compiled, compiled.standing(), subject, permission)
    lines = dict.fromkeys(written(rule.tokens) for rule, _holding in possible)
    return [(line, words.rule(line)) for line in lines]


ROUTES: Final[tuple[Any, ...]] = (show_audit, show_entry)
