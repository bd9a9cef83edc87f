"""Pages of the portal itself: health, metrics, static files, preferences, the pattern page of development."""

import shutil
from typing import Any

from litestar import MediaType, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.core import db
from portal.core.keyring import keyring
from portal.core.migrate import is_migrated
from portal.core.settings import settings
from portal.registry import SLICES, migrations
from portal.web import forms, metrics, prefs
from portal.web.csrf import EXEMPT
from portal.web.headers import header
from portal.web.permission import Needs, policy
from portal.web.respond import go, remember, safe_path
from portal.web.templating import assets
from rbac.permissions import Permission

YEAR = 365 * 24 * 3600
FOREVER = f"public, max-age={YEAR}, immutable"
BRIEFLY = "public, max-age=3600"
LOW_DISK = 200_000_000  # octets

HEALTH = Needs(Permission.HEALTH_READ)
PUBLIC = Needs(Permission.PUBLIC_READ)


@get("/healthz", guards=[HEALTH], name="system.healthz", media_type=MediaType.TEXT)
async def healthz() -> str:
    """The process answers."""
    return "ok"


@get("/readyz", guards=[HEALTH], name="system.readyz")
async def readyz() -> Response[dict[str, str]]:
    """Whether this process can do its work: database, schema, policy, disk, keys, and what its slices keep running.

    503 names what is missing. The keys in use are named too: whoever rotates them sees every process follow.
    """
    found = {
        "database": await _database(),
        "policy": "ok" if policy.version else "no policy",
        "disk": "ok" if shutil.disk_usage(settings().data).free > LOW_DISK else "almost full",
        "keys": "ok" if keyring().ticket else "no signing key",
    }
    found |= {piece.name: "ok" if piece.alive() else "stopped" for piece in SLICES if piece.alive}
    good = all(state == "ok" for state in found.values())
    held = keyring()
    in_use = {"wrapping_key": held.wrapping_active, "ticket_key": str(held.ticket_active)}
    return Response(found | in_use, status_code=200 if good else 503)


async def _database() -> str:
    try:
        return "ok" if await is_migrated(migrations()) else "not migrated"
    except db.ConnectionLost:
        return "away"


@get("/metrics", guards=[Needs(Permission.METRICS_READ)], name="system.metrics")
async def show_metrics() -> Response[bytes]:
    return Response(metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")


@get("/static/{name:path}", guards=[PUBLIC], name="system.static")
async def static_file(request: HTMXRequest, name: FromPath[str]) -> Response[bytes]:
    """A file of ``static/``; under its hashed name it may be kept for a year."""
    return _asset(request, name)


def _asset(request: HTMXRequest, name: str) -> Response[bytes]:
    found = assets().find(name.lstrip("/"))
    if found is None:
        raise NotFoundException
    asset, hashed = found
    body, encoding = asset.best(header(request.scope, b"accept-encoding"))
    headers = {"Cache-Control": FOREVER if hashed else BRIEFLY, "Vary": "Accept-Encoding"}
    if encoding:
        headers["Content-Encoding"] = encoding
    return Response(body, media_type=asset.media_type, headers=headers)


@get("/favicon.ico", guards=[PUBLIC], name="system.favicon")
async def favicon(request: HTMXRequest) -> Response[bytes]:
    """Browsers ask for it here whatever the page says."""
    return _asset(request, "icons/favicon.ico")


ROBOTS = """User-agent: *
Disallow: /api/
Disallow: /desk
Disallow: /login
Disallow: /pay/
Disallow: /preferences
"""


@get("/robots.txt", guards=[PUBLIC], name="system.robots", media_type=MediaType.TEXT)
async def robots() -> Response[str]:
    """What search engines need not ask for. Pages of one visitor say ``noindex`` themselves."""
    return Response(ROBOTS, media_type=MediaType.TEXT, headers={"Cache-Control": BRIEFLY})


@post(
    "/preferences", guards=[PUBLIC], name="system.preferences", opt={EXEMPT: True}, status_code=303
)
async def set_preferences(request: HTMXRequest) -> Response[Any]:
    """Text size and theme, in a cookie. Cached public pages carry this form, so it needs no token."""
    fields = await forms.read(request)
    before: prefs.Prefs = request.scope["state"]["prefs"]
    wished = prefs.decode(f"{fields.get('text', before.text)}-{fields.get('theme', before.theme)}")
    remember(request, prefs.COOKIE, wished.encode(), YEAR)
    return go(request, safe_path(fields.get("next")))


ROUTES = (healthz, readyz, show_metrics, static_file, favicon, robots, set_preferences)
