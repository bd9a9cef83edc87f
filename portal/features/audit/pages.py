"""The audit trail for whoever may read it (AU-1): filter, follow one object or person, verify, export."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.plugins.htmx import HTMXRequest

from portal.core import audit, clock, db
from portal.features.audit import queries, words
from portal.features.audit.queries import Filter
from portal.web.actor import actor_of
from portal.web.pagination import Page, page_number
from portal.web.permission import Needs, may
from portal.web.respond import page
from portal.web.spreadsheet import csv_file
from rbac.permissions import BY_NAME, Permission

READ: Final = Needs(Permission.AUDIT_TRAIL_READ)
VERIFY: Final = Needs(Permission.AUDIT_TRAIL_VERIFY)
EXPORT: Final = Needs(Permission.AUDIT_TRAIL_EXPORT)
MOST_EXPORTED: Final = 100_000
USUAL: Final = timedelta(days=7)
FOLLOWED: Final = timedelta(days=730)  # one thing's entries are few, and asked for by an index
HEAD: Final = (
    "at", "subject", "act", "object_type", "object_id", "outcome", "rule", "address", "request_id", "detail",
    "lane", "seq",
)  # fmt: skip


@get("/audit", guards=[READ], name="audit.show")
async def show_audit(request: HTMXRequest) -> Response[bytes]:
    return await _page(request, _filter(request.query_params))


@post("/audit/verify", guards=[VERIFY], name="audit.verify", status_code=200)
async def verify(request: HTMXRequest) -> Response[bytes]:
    """Walk every chain and say what was found."""
    breaks, seen = [], 0
    async for step in audit.verify():
        if isinstance(step, audit.Break):
            breaks.append(step)
        else:
            seen = step
    return await _page(request, _filter({}), {"seen": seen, "breaks": breaks})


async def _page(
    request: HTMXRequest, wanted: Filter, verified: Mapping[str, Any] | None = None
) -> Response[bytes]:
    shown = Page(page_number(request.query_params.get("page")))
    rows = await queries.entries(wanted, shown.limit, shown.offset)
    return page(
        request,
        "audit/index.html",
        wanted=wanted,
        rows=rows[: shown.size],
        shown=Page(shown.number, more=len(rows) > shown.size),
        query=_query(wanted),
        verified=verified,
        looks=[(label, urlencode(asked)) for label, asked in words.LOOKS],
        acts=[(name, words.act(name)) for name in BY_NAME],
        things=[(name, words.thing(name)) for name in words.THINGS],
        words=words,
        may_verify=may(actor_of(request), Permission.AUDIT_TRAIL_VERIFY),
        may_export=may(actor_of(request), Permission.AUDIT_TRAIL_EXPORT),
    )


@get("/audit/export", guards=[EXPORT], name="audit.export")
async def export(request: HTMXRequest) -> Response[bytes]:
    """The entries that fit as CSV; a cell that a spreadsheet would run is made harmless."""
    wanted = _filter(request.query_params)
    rows = await queries.entries(wanted, MOST_EXPORTED, 0)
    async with db.transaction():
        audit.record("audit_trail:export", "audit", f"{wanted.first}/{wanted.last}", rows=len(rows))
    return csv_file(f"audit-{wanted.first}.csv", HEAD, map(_cells, rows))


def _cells(row: queries.Entry) -> tuple[object, ...]:
    return (
        row.at.isoformat(), row.subject, row.act, row.object_type, row.object_id, row.outcome, row.rule,
        row.address, row.request_id, row.detail, row.lane, row.seq,
    )  # fmt: skip


def _filter(params: Mapping[str, str]) -> Filter:
    """What is asked for. Whoever follows one thing sees its past, not only this week's."""
    today = clock.today()

    def said(name: str, longest: int = 60) -> str:
        return (params.get(name) or "").strip()[:longest]

    back = FOLLOWED if said("object_id") else USUAL
    return Filter(
        clock.asked_day(params.get("first")) or today - back,
        clock.asked_day(params.get("last")) or today,
        said("subject"),
        said("act"),
        said("object_type"),
        said("object_id", 100),
        said("outcome", 10),
    )


def _query(wanted: Filter) -> str:
    return urlencode({name: value for name, value in asdict(wanted).items() if value})


ROUTES = (show_audit, verify, export)
