"""Heads outside (AU-1): what was kept and sent, the heads to take away, heads from elsewhere held against the trail."""

from typing import Any, Final

from litestar import Response, get, post
from litestar.plugins.htmx import HTMXRequest

from portal.core import anchors, audit, clock, db, mail
from portal.core.i18n import _l
from portal.features.audit import anchoring, queries
from portal.features.audit.retention import KEEP_DAYS
from portal.web.actor import actor_of
from portal.web.forms import Form, read
from portal.web.permission import Needs, may
from portal.web.respond import UNPROCESSABLE, download, page
from portal.web.uploads import BadFile, text_file
from rbac.permissions import Permission

ANCHOR: Final = Needs(Permission.AUDIT_TRAIL_ANCHOR)

LARGEST: Final = 1_900_000  # octets: heads of three years
HEADS_SHOWN: Final = 20
WORDS: Final = {
    "no-heads": _l("There is no head among these lines."),
    "file-large": _l("This file is too large."),
    "file-encoding": _l("This file is not in UTF-8."),
    "required": _l("Please paste the lines, or choose the file."),
}


@get("/audit/anchors", guards=[ANCHOR], name="audit.anchors")
async def show_anchors(request: HTMXRequest) -> Response[bytes]:
    return await _page(request, Form({}, WORDS))


@get("/audit/anchors/file", guards=[ANCHOR], name="audit.anchors_file")
async def take_heads(request: HTMXRequest) -> Response[bytes]:  # noqa: ARG001  a route's signature
    """The heads of all chains as they are now."""
    heads = await anchors.current()
    async with db.transaction():
        today = clock.today().isoformat()
        audit.record("audit_trail:anchor", "audit", today, way="download", rows=len(heads))
    return download(
        anchors.lines(heads).encode(), f"audit-heads-{today}.jsonl", "application/x-ndjson"
    )


@post("/audit/anchors/compare", guards=[ANCHOR], name="audit.anchors_compare", status_code=200)
async def compare(request: HTMXRequest) -> Response[bytes]:
    """Hold heads that were kept elsewhere against the trail."""
    form = Form(await read(request), WORDS)
    text = form.values.get("heads", "")
    try:
        text += "\n" + (await text_file(request, "file", LARGEST) or "")
    except BadFile as error:
        form.error("file", error.args[0])
    found = None
    if not form.errors:
        found = await anchoring.compare(text)
        if found is None:
            form.error("heads", "no-heads" if text.strip() else "required")
    return await _page(request, form, found)


async def _page(
    request: HTMXRequest, form: Form, compared: anchoring.Compared | None = None
) -> Response[bytes]:
    kept = anchors.read()
    return page(
        request,
        "audit/anchors.html",
        status=UNPROCESSABLE if form.errors else None,
        form=form,
        compared=compared,
        kept=len(kept),
        kept_at=anchors.kept_at(),
        minutes=anchoring.FILE_MINUTES(),
        mail_to=anchoring.MAIL_TO(),
        mail_hours=anchoring.MAIL_HOURS(),
        mail_set_up=mail.is_set_up(),
        sent=await queries.last_sent(),
        heads=await queries.newest_heads(HEADS_SHOWN),
        sealed=await queries.sealed_months(),
        broken=await queries.broken_months(),
        keep_days=KEEP_DAYS(),
        seal_lane=anchors.SEAL,
        may_settings=may(actor_of(request), Permission.SETTINGS_READ),
    )


ROUTES: Final[tuple[Any, ...]] = (show_anchors, take_heads, compare)
