"""Sign-in, sign-out, and one's own account."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import segno
from litestar import Response, get, post
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.features.people import forms, passkeys, queries, second_factor, service, sign_in
from portal.features.people.sign_in import Verdict
from portal.web import session
from portal.web.actor import actor_of
from portal.web.forms import Form, read
from portal.web.permission import Needs, second_factor_is_due
from portal.web.ratelimit import Buckets, limited
from portal.web.respond import go, page, remember, safe_path, site
from rbac.permissions import Permission

LOGIN = Needs(Permission.SESSION_LOGIN)
LOGOUT = Needs(Permission.SESSION_LOGOUT)
SELF = Needs(Permission.ACCOUNT_SELF)

#: One address may try 20 times at once and then every 5 seconds; accounts lock by themselves.
ATTEMPTS = Buckets(burst=20, per_second=0.2)

Done = TypeVar("Done")

FORBIDDEN = 403
TOO_MANY = 429


@get("/login", guards=[LOGIN], name="people.login")
async def show_login(request: HTMXRequest) -> Response[Any]:
    if actor_of(request).signed_in:
        return go(request, safe_path(request.query_params.get("next"), "/desk"))
    form = forms.blank()
    form.values["next"] = safe_path(request.query_params.get("next"), "/desk")
    return login_page(request, form, code=False)


@post("/login", guards=[LOGIN, limited(ATTEMPTS)], name="people.sign_in", status_code=200)
async def do_sign_in(request: HTMXRequest) -> Response[Any]:
    form, attempt = forms.parse_sign_in(await read(request), request.headers.get("user-agent", ""))
    if attempt is None:
        return login_page(request, form, code=bool(form.values.get("halfway")))
    result = await sign_in.sign_in(attempt)
    if result.verdict is Verdict.SIGNED_IN:
        remember(request, session.COOKIE, result.cookie)
        return go(request, safe_path(form.values.get("next"), "/desk"))
    form.values["halfway"] = result.halfway
    form.values["code"] = ""
    if result.verdict is Verdict.CODE_NEEDED:
        return login_page(request, form, code=True)
    form.error("code" if result.verdict is Verdict.WRONG_CODE else "username", result.verdict)
    return login_page(request, form, code=bool(result.halfway), result=result)


def login_page(
    request: HTMXRequest,
    form: Form,
    *,
    code: bool,
    result: sign_in.Result | None = None,
) -> Response[bytes]:
    return page(
        request,
        "people/login.html",
        block="sign_in",
        form=form,
        step="code" if code else "password",
        until=result.until if result else None,
        done=request.query_params.get("done", ""),
        passkeys_possible=passkeys.party() is not None,
    )


@post("/logout", guards=[LOGOUT], name="people.sign_out", status_code=303)
async def sign_out(request: HTMXRequest) -> Response[Any]:
    actor = actor_of(request)
    if actor.session_id is not None:
        await service.sign_out(actor.subject, actor.session_id)
    remember(request, session.COOKIE, "", 0)
    return go(request, "/")


@get("/account", guards=[SELF], name="people.account")
async def show_account(request: HTMXRequest) -> Response[bytes]:
    return await account_page(request, forms.blank())


@post("/account/password", guards=[SELF], name="people.change_password", status_code=200)
async def change_password(request: HTMXRequest) -> Response[Any]:
    actor = actor_of(request)
    form, wished = forms.parse_new_password(await read(request))
    if wished is not None and actor.person_id is not None:
        try:
            await service.change_password(actor.person_id, *wished, actor.session_id)
        except service.AccountError as error:
            code = error.args[0]
            form.error("current_password" if code == "wrong-password" else "new_password", code)
        else:
            return go(
                request, f"/account?done={'welcome' if actor.must_change_password else 'password'}"
            )
    return await account_page(request, form)


@post("/account/second-factor", guards=[SELF], name="people.start_second_factor", status_code=200)
async def start_second_factor(request: HTMXRequest) -> Response[bytes]:
    """Show a new secret as a QR code and as text; it holds once a code of it was typed."""
    form, secret = await _with_password(request, service.start_second_factor)
    return await account_page(request, form, secret=secret or "")


@post(
    "/account/second-factor/confirm",
    guards=[SELF],
    name="people.confirm_second_factor",
    status_code=200,
)
async def confirm_second_factor(request: HTMXRequest) -> Response[bytes]:
    fields = await read(request)
    form = forms.blank()
    try:
        codes = await service.confirm_second_factor(
            actor_of(request).person_id or 0, fields.get("code", "")
        )
    except service.AccountError as error:
        form.error("code", error.args[0])
        secret = await service.pending_secret(
            actor_of(request).person_id or 0, fields.get("secret", "")
        )
        return await account_page(request, form, secret=secret)
    if not codes:  # those that came with a passkey stay good
        return go(request, "/account?done=factor")
    return await account_page(request, form, codes=codes)


@post("/account/recovery-codes", guards=[SELF], name="people.recovery_codes", status_code=200)
async def renew_recovery_codes(request: HTMXRequest) -> Response[bytes]:
    form, codes = await _with_password(request, service.renew_recovery_codes)
    return await account_page(request, form, codes=codes)


@post(
    "/account/second-factor/drop", guards=[SELF], name="people.drop_second_factor", status_code=200
)
async def drop_second_factor(request: HTMXRequest) -> Response[Any]:
    form, _done = await _with_password(request, service.drop_second_factor)
    if form.errors:
        return await account_page(request, form)
    return go(request, "/account?done=second-factor")


async def _with_password(
    request: HTMXRequest, act: Callable[[int, str], Awaitable[Done]]
) -> tuple[Form, Done | None]:
    """What came of an act that asks for one's password again; else the form says why nothing did."""
    fields = await read(request)
    form = forms.blank()
    try:
        return form, await act(actor_of(request).person_id or 0, fields.get("password", ""))
    except service.AccountError as error:
        form.error("password", error.args[0])
        return form, None


@post("/account/sessions/{mark:str}/end", guards=[SELF], name="people.end_session", status_code=303)
async def end_session(request: HTMXRequest, mark: FromPath[str]) -> Response[Any]:
    actor = actor_of(request)
    await service.end_session(actor.person_id or 0, actor.subject, mark)
    return go(request, "/account?done=session")


@post("/account/sessions/end", guards=[SELF], name="people.end_other_sessions", status_code=303)
async def end_other_sessions(request: HTMXRequest) -> Response[Any]:
    actor = actor_of(request)
    await service.end_other_sessions(actor.person_id or 0, actor.subject, actor.session_id)
    return go(request, "/account?done=sessions")


async def account_page(
    request: HTMXRequest, form: Form, *, secret: str = "", codes: list[str] | None = None
) -> Response[bytes]:
    actor = actor_of(request)
    address = second_factor.address(secret, actor.subject, site().name) if secret else ""
    return page(
        request,
        "people/account.html",
        form=form,
        done=request.query_params.get("done", ""),
        sessions=await queries.open_sessions(actor.person_id or 0, actor.session_id),
        second_factor=await queries.second_factor(actor.person_id or 0),
        passkeys=await queries.passkeys(actor.person_id or 0),
        passkeys_possible=passkeys.party() is not None,
        factor_due=second_factor_is_due(actor),
        secret=secret,
        secret_qr=segno.make(address).svg_inline(scale=4) if secret else "",
        codes=codes or [],
    )


ROUTES = (
    show_login,
    do_sign_in,
    sign_out,
    show_account,
    change_password,
    start_second_factor,
    confirm_second_factor,
    renew_recovery_codes,
    drop_second_factor,
    end_session,
    end_other_sessions,
)
