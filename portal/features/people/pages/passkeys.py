"""Passkeys: made and removed on one's own account, and signing in with one. The script asks the device."""

from typing import Any, Final

from litestar import MediaType, Response, post
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.features.people import forms, passkeys, service, sign_in
from portal.features.people.pages import own
from portal.features.people.passkeys import Browser
from portal.features.people.sign_in import Verdict
from portal.web import session
from portal.web.actor import actor_of
from portal.web.forms import Form, read
from portal.web.permission import Needs
from portal.web.ratelimit import limited
from portal.web.respond import UNPROCESSABLE, go, remember, safe_path, site
from rbac.permissions import Permission

LOGIN: Final = Needs(Permission.SESSION_LOGIN)
SELF: Final = Needs(Permission.ACCOUNT_SELF)


@post(
    "/login/passkey/options",
    guards=[LOGIN, limited(own.ATTEMPTS)],
    name="passkeys.ask",
    status_code=200,
)
async def ask_for_sign_in(request: HTMXRequest) -> Response[Any]:
    """What the device is asked to sign."""
    if passkeys.party() is None:
        return _told(Form({}, service.WORDS), "passkey_name", "passkey-refused")
    return _json(await passkeys.ask_for_sign_in(_browser(request)))


@post(
    "/login/passkey",
    guards=[LOGIN, limited(own.ATTEMPTS)],
    name="passkeys.sign_in",
    status_code=200,
)
async def sign_in_with_passkey(request: HTMXRequest) -> Response[Any]:
    fields = await read(request)
    form = Form({"next": safe_path(fields.get("next"), "/desk")}, service.WORDS)
    result = await passkeys.signs_in(fields.get("credential", ""), _browser(request))
    if result.verdict is Verdict.SIGNED_IN:
        remember(request, session.COOKIE, result.cookie)
        return go(request, form.values["next"])
    form.error("username", result.verdict)
    return own.login_page(request, form, code=False, result=result)


@post("/account/passkeys/options", guards=[SELF], name="passkeys.ask_new", status_code=200)
async def ask_for_new(request: HTMXRequest) -> Response[Any]:
    """What the device is asked to make, for whoever types the password again."""
    fields, actor = await read(request), actor_of(request)
    form, _name = forms.parse_passkey_name(fields)
    if passkeys.party() is None:
        form.error("passkey_name", "passkey-refused")
    elif not form.errors and not await sign_in.confirm(
        actor.person_id or 0, fields.get("passkey_password", "")
    ):
        form.error("passkey_password", "wrong-password")
    if not form.errors:
        try:
            return _json(
                await passkeys.ask_for_new(actor.person_id or 0, _browser(request), site().name)
            )
        except service.AccountError as error:
            form.error("passkey_name", error.args[0])
    field = next(iter(form.errors))
    return _told(form, field, form.errors[field])


@post("/account/passkeys", guards=[SELF], name="passkeys.register", status_code=200)
async def register_passkey(request: HTMXRequest) -> Response[Any]:
    fields, actor = await read(request), actor_of(request)
    form, name = forms.parse_passkey_name(fields)
    codes: list[str] = []
    if not form.errors:
        try:
            codes = await passkeys.register(
                actor.person_id or 0, name, fields.get("credential", ""), _browser(request)
            )
        except service.AccountError as error:
            form.error("passkey_name", error.args[0])
    if form.errors or codes:
        return await own.account_page(request, form, codes=codes)
    return go(request, "/account?done=passkey")


@post(
    "/account/passkeys/{passkey_id:int}/remove",
    guards=[SELF],
    name="passkeys.remove",
    status_code=200,
)
async def remove_passkey(request: HTMXRequest, passkey_id: FromPath[int]) -> Response[Any]:
    """Remove one's own, with the password."""
    actor, form = actor_of(request), forms.blank()
    password = (await read(request)).get("password", "")
    if not await sign_in.confirm(actor.person_id or 0, password):
        form.error(f"remove-{passkey_id}", "wrong-password")
        return await own.account_page(request, form)
    await passkeys.remove(actor.person_id or 0, passkey_id)
    return go(request, "/account?done=passkey-removed")


def _browser(request: HTMXRequest) -> Browser:
    """By the cookie that its forms are tied to: it has one, or its request were forged."""
    mark = request.scope["state"]["csrf"].nonce
    return Browser(mark, request.headers.get("user-agent", ""))


def _json(body: str) -> Response[str]:
    return Response(body, media_type=MediaType.JSON)


def _told(form: Form, field: str, code: str) -> Response[dict[str, str]]:
    """To the script: which field is wrong, and the words for it."""
    form.error(field, code)
    return Response(
        {"field": field, "error": form.message(field) or code},
        status_code=UNPROCESSABLE,
        media_type=MediaType.JSON,
    )


ROUTES: Final = (
    ask_for_sign_in,
    sign_in_with_passkey,
    ask_for_new,
    register_passkey,
    remove_passkey,
)
