"""Error pages, made in one place: whole for a browser, a fragment for htmx, problem details for the API.

Each says what happened, what is safe and what to do next; none shows an internal.
"""

from typing import Any, Final
from urllib.parse import quote

import structlog
from litestar import Response
from litestar.exceptions import HTTPException

from portal.core import db
from portal.core.i18n import language
from portal.web.actor import actor_of
from portal.web.ask import access_token
from portal.web.csrf import ForgedRequest
from portal.web.permission import (
    ChangePasswordFirst,
    Refused,
    SecondFactorFirst,
    SignInFirst,
    may,
)
from portal.web.ratelimit import TooMany
from portal.web.respond import go, page
from rbac.permissions import Permission

log = structlog.get_logger(__name__)

PAGES: Final = (400, 401, 403, 404, 405, 409, 413, 422, 429, 500, 503)
SERVER_ERROR: Final = 500
UNAVAILABLE: Final = 503


def on_http_error(request: Any, error: HTTPException) -> Response[Any]:
    """Every answer of 400 and above that was meant."""
    status = error.status_code if error.status_code in PAGES else _nearest(error.status_code)
    if isinstance(error, SignInFirst) and request.scope["method"] == "GET" and not _is_api(request):
        query = request.scope["query_string"].decode("latin-1")
        here = request.scope["path"] + (f"?{query}" if query else "")
        return go(request, f"/login?next={quote(here)}")
    if isinstance(error, ChangePasswordFirst):
        return go(request, "/account?done=first")
    if isinstance(error, SecondFactorFirst):
        return go(request, "/account?done=factor-first")
    return _answer(request, status, error)


def on_unexpected(request: Any, error: Exception) -> Response[Any]:
    """A fault of ours: logged with its request id, told without an internal."""
    if isinstance(error, db.ConnectionLost):
        log.warning("database.away", error=repr(error))
        return _answer(request, UNAVAILABLE, error)
    log.error(
        "unexpected",
        exc_info=error,
        path=request.scope["path"],
        request_id=request.scope["state"]["request_id"],
    )
    return _answer(request, SERVER_ERROR, error)


def _nearest(status: int) -> int:
    return SERVER_ERROR if status >= SERVER_ERROR else 400


def _is_api(request: Any) -> bool:
    return str(request.scope["path"]).startswith("/api/")


def _answer(request: Any, status: int, error: Exception) -> Response[Any]:
    headers = {}
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(error.retry_after)
    elif status == UNAVAILABLE:
        headers["Retry-After"] = "2"
    if isinstance(error, HTTPException) and error.headers:
        headers |= {name: str(value) for name, value in error.headers.items()}
    if _is_api(request):
        return _problem(request, status, error, headers)
    answer = page(
        request,
        "errors/page.html",
        block="fragment",
        status=status,
        problem=status,
        **_words(request, error),
    )
    answer.headers.update(headers)
    return answer


def _words(request: Any, error: Exception) -> dict[str, Any]:
    """What the page may know: which duty is missing, whom to ask and with what token, how long to wait."""
    return {
        "duty": error.permission.describe(_language()) if isinstance(error, Refused) else None,
        "permission": str(error.permission) if isinstance(error, Refused) else None,
        "retry_after": error.retry_after if isinstance(error, TooMany) else 2,
        "forged": isinstance(error, ForgedRequest),
        "ask": error.ask if isinstance(error, Refused) else None,
        "access": _access(request, error) if isinstance(error, Refused) else None,
    }


def _access(request: Any, error: Refused) -> str | None:
    """With what the refused person may ask for the duty; None when they may not even ask."""
    actor = actor_of(request)
    if not may(actor, Permission.POLICY_REQUEST_ACCESS):
        return None
    return access_token(actor.subject, error.permission)


def _language() -> Any:
    return language()


def _problem(
    request: Any, status: int, error: Exception, headers: dict[str, str]
) -> Response[dict[str, Any]]:
    detail = (
        error.detail if isinstance(error, HTTPException) and status < SERVER_ERROR else "failed"
    )
    return Response(
        {
            "type": "about:blank",
            "status": status,
            "title": detail,
            "instance": request.scope["path"],
        },
        status_code=status,
        media_type="application/problem+json",
        headers=headers,
    )
