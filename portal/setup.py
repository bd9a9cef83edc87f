"""The first steps of a new portal: the scenic area's name and its three administrators (三员), once.

``portal serve`` on an empty database prints an address with a token made from the key file. It opens this
page as long as nobody has an account; from then on it is not found. Each administrator gets an account
that may do nothing of the other two's (GB/T 22239, separation of administrators' rights).
"""

from typing import Any, Final

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.plugins.htmx import HTMXRequest

from portal.core import db, site_settings, text
from portal.core.context import Act, current_act, set_act
from portal.core.keyring import keyring
from portal.core.settings import settings
from portal.core.signing import token, token_is_good
from portal.features.people import passwords
from portal.features.people import service as people
from portal.features.people.rules import username_error
from portal.features.policy import service as policy
from portal.web.forms import Form, read
from portal.web.permission import Needs
from portal.web.respond import go, page
from rbac.lines import EVERY, Grant
from rbac.permissions import Permission
from rbac.policy import shipped_policy

SETUP: Final = Needs(Permission.SETUP_RUN)

#: The form's prefix for each administrator, and the role of the account.
ADMINS: Final = (
    ("sysadmin", "role:sysadmin"),
    ("secadmin", "role:secadmin"),
    ("auditadmin", "role:auditadmin"),
)
LOCK: Final = 0x5A4D_0002  # pg_advisory lock: the page answers once


def address() -> str:
    return f"{settings().base_url}/setup?token={token(keyring(), 'setup', 'first')}"


async def is_needed() -> bool:
    """Whether nobody has an account yet."""
    return not await db.fetchval("SELECT EXISTS (SELECT FROM account)")


@get("/setup", guards=[SETUP], name="setup.show")
async def show_setup(request: HTMXRequest) -> Response[bytes]:
    await _open_door(request)
    form = Form({f"{prefix}-username": prefix for prefix, _role in ADMINS}, people.WORDS)
    return page(
        request, "people/setup.html", form=form, admins=[prefix for prefix, _role in ADMINS]
    )


@post("/setup", guards=[SETUP], name="setup.run", status_code=200)
async def run_setup(request: HTMXRequest) -> Response[Any]:
    await _open_door(request)
    form = Form(await read(request), people.WORDS)
    names = (form.text("name_zh", longest=60), form.text("name_en", longest=60))
    accounts = [_account(form, prefix) for prefix, _role in ADMINS]
    if len({username for username, _name, _password in accounts}) < len(ADMINS):
        form.error(f"{ADMINS[1][0]}-username", "username-taken")
    if form.errors:
        return page(
            request, "people/setup.html", form=form, admins=[prefix for prefix, _role in ADMINS]
        )
    await _carry_out(names, accounts)
    return go(request, "/login?done=setup")


def _account(form: Form, prefix: str) -> tuple[str, str, str]:
    username = form.text(f"{prefix}-username", longest=40, check=username_error)
    name = form.text(f"{prefix}-name", longest=60, check=text.name_error)
    password = form.values.pop(f"{prefix}-password", "")
    if code := passwords.error(password, username):
        form.error(f"{prefix}-password", code)
    return username, name, password


async def _carry_out(names: tuple[str, str], accounts: list[tuple[str, str, str]]) -> None:
    """All of it or nothing; whoever comes second finds the door closed."""
    hashes = [await passwords.make(password) for _username, _name, password in accounts]
    act = current_act()
    set_act(Act("setup", None, act.address, act.request_id))
    async with db.transaction():
        await db.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
        if not await is_needed():
            raise NotFoundException
        await site_settings.change("site.name_zh", names[0])
        await site_settings.change("site.name_en", names[1])
        for (username, name, _password), digest in zip(accounts, hashes, strict=True):
            await people.insert(username, name, digest, must_change=False)
        grants = [
            Grant(username, role, EVERY)
            for (username, _name, _password), (_prefix, role) in zip(accounts, ADMINS, strict=True)
        ]
        await policy.release(
            shipped_policy().with_grants(grants).text, "the administrators named at the set-up"
        )


async def _open_door(request: HTMXRequest) -> None:
    given = request.query_params.get("token", "")
    if not token_is_good(keyring(), "setup", "first", given) or not await is_needed():
        raise NotFoundException


ROUTES: Final = (show_setup, run_setup)
