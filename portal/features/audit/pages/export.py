"""The trail to take away (AU-1): with its chain, so that it can be checked elsewhere."""

from dataclasses import asdict
from typing import Any, Final
from urllib.parse import quote

from litestar import get
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Stream

from portal.core import audit, db
from portal.features.audit import export as files
from portal.features.audit.pages.asked import filter_of
from portal.web.permission import Needs
from rbac.permissions import Permission

EXPORT: Final = Needs(Permission.AUDIT_TRAIL_EXPORT)


@get("/audit/export", guards=[EXPORT], name="audit.export")
async def export(request: HTMXRequest) -> Stream:
    """The entries that fit, made while they are sent; that they were taken stands on the trail before."""
    wanted = filter_of(request.query_params)
    form = request.query_params.get("format", files.CSV)
    if form not in files.FORMATS:
        form = files.CSV
    rows = await files.count(wanted)
    asked = {name: str(value) for name, value in asdict(wanted).items() if value}
    async with db.transaction():
        span = f"{wanted.first}/{wanted.last}"
        audit.record("audit_trail:export", "audit", span, format=form, rows=rows, asked=asked)
    if form == files.CSV:
        lines, media_type, suffix = files.csv_lines(wanted), "text/csv", "csv"
    else:
        lines = files.json_lines(wanted, proof=form == files.PROOF)
        media_type, suffix = "application/x-ndjson", "jsonl"
    name = quote(f"audit-{wanted.first}.{suffix}")
    return Stream(
        lines,
        media_type=f"{media_type}; charset=utf-8",
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"},
    )


ROUTES: Final[tuple[Any, ...]] = (export,)
