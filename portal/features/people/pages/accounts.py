"""Accounts for the system administrator: made, handed over, reset, unlocked, closed. No role is granted here."""

from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.core import i18n
from portal.core.settings import settings
from portal.features.people import account_list, accounts, forms, idle, queries
from portal.features.people.account_list import Account, Wanted
from portal.features.people.service import AccountError
from portal.web.actor import actor_of
from portal.web.forms import Form, read
from portal.web.pagination import Page, page_number
from portal.web.permission import Needs, allow, may
from portal.web.respond import go, page
from rbac.facts import Facts
from rbac.permissions import Permission

READ: Final = Needs(Permission.ACCOUNT_READ)
CREATE: Final = Needs(Permission.ACCOUNT_CREATE)
RESET: Final = Needs(Permission.ACCOUNT_RESET)
DISABLE: Final = Needs(Permission.ACCOUNT_DISABLE)
REVOKE: Final = Needs(Permission.SESSION_REVOKE)


@get("/accounts", guards=[READ], name="accounts.list")
async def show_accounts(request: HTMXRequest) -> Response[bytes]:
    wanted = forms.parse_wanted(request.query_params)
    shown = Page(page_number(request.query_params.get("page")))
    rows = await account_list.accounts(wanted, shown.limit, shown.offset)
    return page(
        request,
        "people/accounts.html",
        wanted=wanted,
        query=_query(wanted),
        rows=rows[: shown.size],
        shown=Page(shown.number, more=len(rows) > shown.size),
        counts=await account_list.counts(),
        idle_days=idle.IDLE_DAYS(),
        warning_days=idle.WARNING_DAYS(),
        may_create=may(actor_of(request), Permission.ACCOUNT_CREATE),
    )


def _query(wanted: Wanted) -> str:
    asked = {
        "q": wanted.text,
        "state": wanted.state,
        "factor": wanted.factor,
        "idle": wanted.idle_days,
    }
    return urlencode({name: value for name, value in asked.items() if value})


@get("/accounts/new", guards=[CREATE], name="accounts.new")
async def show_new_account(request: HTMXRequest) -> Response[bytes]:
    return page(request, "people/account_new.html", form=forms.blank())


@post("/accounts", guards=[CREATE], name="accounts.create", status_code=200)
async def create_account(request: HTMXRequest) -> Response[Any]:
    """Make it and show its one-time password: in this answer alone, so it is in no address and no log."""
    form, newcomer = forms.parse_new_account(await read(request))
    key = form.key("username")
    if newcomer is not None and key is not None:
        try:
            password = await accounts.create(newcomer, key)
        except accounts.MadeBefore as before:
            return go(request, f"/accounts/{before.args[0]}?done=made-before")
        except AccountError as error:
            form.error("username", error.args[0])
        else:
            return await _hand_over(request, newcomer.username, password, made=True)
    return page(request, "people/account_new.html", form=form)


async def _hand_over(
    request: HTMXRequest, username: str, password: str, *, made: bool
) -> Response[bytes]:
    """The slip for the person: once on the screen, to be printed or read out."""
    return page(
        request,
        "people/handover.html",
        account=await _account(username),
        password=password,
        made=made,
        address=f"{settings().base_url}/login",
    )


@get("/accounts/{username:str}", guards=[READ], name="accounts.show")
async def show_account(request: HTMXRequest, username: FromPath[str]) -> Response[bytes]:
    return await _account_page(request, await _account(username), forms.blank())


async def _account(username: str) -> Account:
    found = await account_list.account(username)
    if found is None:
        raise NotFoundException
    return found


async def _account_page(request: HTMXRequest, account: Account, form: Form) -> Response[bytes]:
    actor, about = actor_of(request), Facts(owner=account.username)
    may_see_sessions = may(actor, Permission.SESSION_LIST, about)
    return page(
        request,
        "people/account_of.html",
        form=form,
        account=account,
        sessions=await queries.open_sessions(account.person, None) if may_see_sessions else [],
        own=account.username == actor.subject,
        may_see_sessions=may_see_sessions,
        may_reset=may(actor, Permission.ACCOUNT_RESET, about),
        may_disable=may(actor, Permission.ACCOUNT_DISABLE, about),
        may_revoke=may(actor, Permission.SESSION_REVOKE, about),
        done=request.query_params.get("done", ""),
    )


async def _about(request: HTMXRequest, username: str, permission: Permission) -> Account:
    """The account on which somebody may really do this."""
    account = await _account(username)
    about = Facts(owner=account.username)
    await allow(actor_of(request), permission, about, "account", account.username)
    return account


@post(
    "/accounts/{username:str}/password", guards=[RESET], name="accounts.password", status_code=200
)
async def reset_password(request: HTMXRequest, username: FromPath[str]) -> Response[Any]:
    account = await _about(request, username, Permission.ACCOUNT_RESET)
    form, reason = forms.parse_reason(await read(request), "password_reason")
    if _is_own(request, account):
        form.error("password_reason", "own-account")
    if form.errors:
        return await _account_page(request, account, form)
    try:
        password = await accounts.reset_password(account.username, reason)
    except AccountError as error:
        form.error("password_reason", error.args[0])
        return await _account_page(request, account, form)
    return await _hand_over(request, account.username, password, made=False)


@post("/accounts/{username:str}/factor", guards=[RESET], name="accounts.factor", status_code=200)
async def reset_factor(request: HTMXRequest, username: FromPath[str]) -> Response[Any]:
    account = await _about(request, username, Permission.ACCOUNT_RESET)
    return await _for_a_reason(request, account, "factor", accounts.reset_second_factor)


@post(
    "/accounts/{username:str}/disable", guards=[DISABLE], name="accounts.disable", status_code=200
)
async def disable_account(request: HTMXRequest, username: FromPath[str]) -> Response[Any]:
    account = await _about(request, username, Permission.ACCOUNT_DISABLE)
    return await _for_a_reason(request, account, "disable", accounts.disable)


@post("/accounts/{username:str}/enable", guards=[DISABLE], name="accounts.enable", status_code=200)
async def enable_account(request: HTMXRequest, username: FromPath[str]) -> Response[Any]:
    account = await _about(request, username, Permission.ACCOUNT_DISABLE)
    return await _for_a_reason(request, account, "enable", accounts.enable)


async def _for_a_reason(
    request: HTMXRequest,
    account: Account,
    name: str,
    act: Callable[[str, str], Awaitable[None]],
) -> Response[Any]:
    """Do it, with the reason from the act's own field; not to oneself."""
    field = f"{name}_reason"
    form, reason = forms.parse_reason(await read(request), field)
    if _is_own(request, account):
        form.error(field, "own-account")
    if not form.errors:
        try:
            await act(account.username, reason)
        except accounts.LastOne as error:
            form.error(field, "last-one")
            words = [
                permission.describe("en" if i18n.language() == "en" else "zh")
                for permission in error.lost
            ]
            form.parameters["what"] = i18n.gettext(", ").join(words)
        except AccountError as error:
            form.error(field, error.args[0])
        else:
            return go(request, f"/accounts/{account.username}?done={name}")
    return await _account_page(request, await _account(account.username), form)


def _is_own(request: HTMXRequest, account: Account) -> bool:
    return account.username == actor_of(request).subject


@post("/accounts/{username:str}/unlock", guards=[RESET], name="accounts.unlock", status_code=303)
async def unlock_account(request: HTMXRequest, username: FromPath[str]) -> Response[Any]:
    account = await _about(request, username, Permission.ACCOUNT_RESET)
    await accounts.unlock(account.username)
    return go(request, f"/accounts/{account.username}?done=unlock")


@post(
    "/accounts/{username:str}/sessions/{mark:str}/end",
    guards=[REVOKE],
    name="accounts.end_session",
    status_code=303,
)
async def end_session(
    request: HTMXRequest, username: FromPath[str], mark: FromPath[str]
) -> Response[Any]:
    account = await _about(request, username, Permission.SESSION_REVOKE)
    await accounts.end_session(account.username, mark)
    return go(request, f"/accounts/{account.username}?done=session")


@post(
    "/accounts/{username:str}/sessions/end",
    guards=[REVOKE],
    name="accounts.end_sessions",
    status_code=303,
)
async def end_sessions(request: HTMXRequest, username: FromPath[str]) -> Response[Any]:
    account = await _about(request, username, Permission.SESSION_REVOKE)
    await accounts.end_sessions(account.username)
    return go(request, f"/accounts/{account.username}?done=sessions")


ROUTES: Final = (
    show_accounts,
    show_new_account,
    create_account,
    show_account,
    reset_password,
    reset_factor,
    disable_account,
    enable_account,
    unlock_account,
    end_session,
    end_sessions,
)
