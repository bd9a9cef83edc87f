"""The audit trail for whoever may read it (AU-1): filter, follow one object or person, verify, export."""

from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.plugins.htmx import HTMXRequest

from portal.core import audit, clock, db
from portal.features.audit import queries
from portal.features.audit.queries import Filter
from portal.web.forms import Form
from portal.web.pagination import Page, page_number
from portal.web.permission import Needs
from portal.web.respond import page
from portal.web.spreadsheet import csv_file
from rbac.permissions import Permission

READ: Final = Needs(Permission.AUDIT_TRAIL_READ)
VERIFY: Final = Needs(Permission.AUDIT_TRAIL_VERIFY)
EXPORT: Final = Needs(Permission.AUDIT_TRAIL_EXPORT)
MOST_EXPORTED: Final = 100_000
HEAD: Final = (
    "at", "subject", "act", "object_type", "object_id", "outcome", "rule", "address", "request_id", "detail",
    "lane", "seq",
)  # fmt: skip


@get("/audit", guards=[READ], name="audit.show")
async def show_audit(request: HTMXRequest) -> Response[bytes]:
    wanted = _filter(request.query_params)
    shown = Page(page_number(request.query_params.get("page")))
    rows = await queries.entries(wanted, shown.limit, shown.offset)
    return page(
        request,
        "audit/index.html",
        wanted=wanted,
        rows=rows[: shown.size],
        shown=Page(shown.number, more=len(rows) > shown.size),
        query=_query(wanted),
        form=Form({}),
        verified=None,
    )


@post("/audit/verify", guards=[VERIFY], name="audit.verify", status_code=200)
async def verify(request: HTMXRequest) -> Response[bytes]:
    """Walk every chain and say what was found."""
    breaks, seen = [], 0
    async for step in audit.verify():
        if isinstance(step, audit.Break):
            breaks.append(step)
        else:
            seen = step
    wanted = _filter({})
    return page(
        request,
        "audit/index.html",
        wanted=wanted,
        rows=[],
        shown=Page(1),
        query=_query(wanted),
        form=Form({}),
        verified={"seen": seen, "breaks": breaks},
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


def _filter(params: Any) -> Filter:
    today = clock.today()
    return Filter(
        _day(params.get("first"), today - timedelta(days=7)),
        _day(params.get("last"), today),
        (params.get("subject") or "").strip()[:60],
        (params.get("act") or "").strip()[:60],
        (params.get("object_id") or "").strip()[:100],
        (params.get("outcome") or "").strip()[:10],
    )


def _day(text: str | None, default: date) -> date:
    return clock.asked_day(text) or default


def _query(wanted: Filter) -> str:
    return urlencode(
        {
            "first": wanted.first.isoformat(),
            "last": wanted.last.isoformat(),
            "subject": wanted.subject,
            "act": wanted.act,
            "object_id": wanted.object_id,
            "outcome": wanted.outcome,
        }
    )


ROUTES = (show_audit, verify, export)
