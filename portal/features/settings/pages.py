"""Site settings in the browser: each with its default, its limits and who changed it last."""

from typing import Any, Final

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.core import db, site_settings
from portal.core.i18n import _l
from portal.core.site_settings import BadValue, SiteSetting, declared
from portal.web.actor import actor_of
from portal.web.forms import Form, read
from portal.web.permission import Needs, may
from portal.web.respond import go, page
from rbac.permissions import Permission

READ: Final = Needs(Permission.SETTINGS_READ)
EDIT: Final = Needs(Permission.SETTINGS_EDIT)

GROUPS: Final = {
    "site": _l("The scenic area"),
    "booking": _l("Booking"),
    "capacity": _l("Maximum capacity"),
    "window": _l("Ticket window"),
    "waitlist": _l("Waiting list"),
    "closure": _l("Closures"),
    "no_show": _l("Missed visits"),
    "privacy": _l("Personal data"),
    "security": _l("Signing in"),
    "audit": _l("Audit trail"),
}


@get("/settings", guards=[READ], name="settings.show")
async def show_settings(request: HTMXRequest) -> Response[bytes]:
    return await _page(request, Form({}))


@post("/settings/{name:str}", guards=[EDIT], name="settings.change", status_code=200)
async def change_setting(request: HTMXRequest, name: FromPath[str]) -> Response[Any]:
    """Change one setting; a value that does not fit stays beside its field."""
    if name not in declared():
        raise NotFoundException
    form = Form(await read(request))
    try:
        await site_settings.change(name, form.values.get(name, ""))
    except BadValue as error:
        form.error(name, error.args[0])
        return await _page(request, form)
    return go(request, f"/settings?done={name}#{name}")


async def _page(request: HTMXRequest, form: Form) -> Response[bytes]:
    groups: dict[str, list[SiteSetting[Any]]] = {key: [] for key in GROUPS}
    for name, setting in declared().items():
        groups.setdefault(name.partition(".")[0], []).append(setting)
    changed = {
        row["name"]: row
        for row in await db.fetch("SELECT name, changed_by, changed_at FROM site_setting")
    }
    return page(
        request,
        "settings/index.html",
        form=form,
        groups=[(key, GROUPS.get(key, key), settings) for key, settings in groups.items()],
        changed=changed,
        may_edit=may(actor_of(request), Permission.SETTINGS_EDIT),
        done=request.query_params.get("done", ""),
    )


ROUTES = (show_settings, change_setting)
