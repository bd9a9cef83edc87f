"""Answers: a page or its fragment, a redirect, a file. One place decides what a browser and htmx each get."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from litestar import MediaType, Response
from litestar.plugins.htmx import HTMXRequest

from portal.core import clock, i18n
from portal.core.i18n import _l
from portal.core.site_settings import SiteSetting, declare
from portal.web import address
from portal.web.actor import Actor, actor_of
from portal.web.cookies import set_cookie_header
from portal.web.headers import header
from portal.web.menu import MenuItem, menu_for
from portal.web.templating import render

UNPROCESSABLE: Final = 422
VARY: Final = "HX-Request, Accept-Language, Cookie"

SITE_NAME_ZH = declare(
    SiteSetting(
        "site.name_zh",
        "山门景区",  # i18n: the Chinese name itself
        _l("Name of the scenic area (Chinese)"),
    )
)
SITE_NAME_EN = declare(
    SiteSetting("site.name_en", "Shanmen Scenic Area", _l("Name of the scenic area (English)"))
)
SITE_PHONE = declare(SiteSetting("site.phone", "0571-0000-0000", _l("Telephone for visitors")))
SITE_ADDRESS_ZH = declare(SiteSetting("site.address_zh", "", _l("Address (Chinese)")))
SITE_ADDRESS_EN = declare(SiteSetting("site.address_en", "", _l("Address (English)")))
BANNER_ZH = declare(SiteSetting("site.banner_zh", "", _l("Banner on all public pages (Chinese)")))
BANNER_EN = declare(SiteSetting("site.banner_en", "", _l("Banner on all public pages (English)")))
BANNER_LEVEL = declare(
    SiteSetting(
        "site.banner_level",
        "info",
        _l("Level of the banner"),
        choices={
            "info": _l("information"),
            "warning": _l("warning"),
            "danger": _l("danger"),
        },
    )
)
BANNER_UNTIL = declare(
    SiteSetting(
        "site.banner_until",
        "",
        _l("The banner is taken down at"),
        _l("Empty leaves it up."),
        check=lambda text: not text or _minute(text) is not None,
        input="datetime-local",
    )
)


def _minute(text: str) -> datetime | None:
    """The instant that a typed site time means; None for what is none."""
    try:
        typed = datetime.fromisoformat(text.strip())
        return clock.at(typed.date(), typed.time().replace(tzinfo=None))
    except (ValueError, OverflowError):
        return None


@dataclass(frozen=True, slots=True)
class Site:
    name: str
    phone: str
    address: str


@dataclass(frozen=True, slots=True)
class Banner:
    level: str
    text: str


def site() -> Site:
    if i18n.language() == "en":
        return Site(SITE_NAME_EN(), SITE_PHONE(), SITE_ADDRESS_EN())
    return Site(SITE_NAME_ZH(), SITE_PHONE(), SITE_ADDRESS_ZH())


def banner() -> Banner | None:
    """What all public pages say at the top now; in the other language where one is missing."""
    texts = (BANNER_ZH(), BANNER_EN())
    text = (texts[1] or texts[0]) if i18n.language() == "en" else (texts[0] or texts[1])
    return Banner(BANNER_LEVEL(), text) if text and not banner_is_over() else None


def banner_is_over() -> bool:
    """Whether a banner is kept whose time is over: nobody sees it any more."""
    until = _minute(BANNER_UNTIL()) if BANNER_UNTIL() else None
    return until is not None and until <= clock.now()


#: Filled by the composition: the staff menu of all slices, and further values for every page.
menu_items: list[MenuItem] = []
extra_context: list[Callable[[Actor], Mapping[str, Any]]] = []


def base_context(request: Any) -> dict[str, Any]:
    """What every template may rely on."""
    state = request.scope["state"]
    actor = actor_of(request)
    path = request.scope["path"]
    here, language = address.here(request), i18n.language()
    context: dict[str, Any] = {
        "lang": language,
        "prefs": state["prefs"],
        "actor": actor,
        "menu": menu_for(actor, menu_items, path) if actor.signed_in else (),
        "path": path,
        "here": here,
        "other_lang_url": address.in_language(here, "zh" if language == "en" else "en"),
        "site": site(),
        "banner": banner(),
        "now": clock.now(),
        "today": clock.today(),
        "request_id": state["request_id"],
    }
    for more in extra_context:
        context.update(more(actor))
    return context


def wants_fragment(request: Any) -> bool:
    """An htmx swap, but not a boosted link or a return through the browser's history."""
    scope = request.scope
    return (
        is_htmx(scope)
        and header(scope, b"hx-boosted") != "true"
        and header(scope, b"hx-history-restore-request") != "true"
        and header(scope, b"hx-request-type") != "full"
    )


def is_htmx(scope: Any) -> bool:
    return header(scope, b"hx-request") == "true"


def page(
    request: Any,
    template: str,
    *,
    block: str | None = None,
    status: int | None = None,
    **context: Any,
) -> Response[bytes]:
    """The page, or only ``block`` of it to an htmx swap. 422 while ``form`` has errors, else 200."""
    fragment = block if block and wants_fragment(request) else None
    if status is None:
        form = context.get("form")
        status = UNPROCESSABLE if form is not None and form.errors else 200
    body = render(template, base_context(request) | context, fragment)
    return Response(
        body.encode(),
        status_code=status,
        media_type=MediaType.HTML,
        headers={"Vary": VARY},
    )


def go(request: Any, url: str) -> Response[Any]:
    """To another page: 303 for a browser, ``HX-Redirect`` for htmx (a 303 would be swapped into the form)."""
    if is_htmx(request.scope):
        return Response(
            b"", status_code=200, media_type=MediaType.HTML, headers={"HX-Redirect": url}
        )
    return Response(b"", status_code=303, media_type=MediaType.HTML, headers={"Location": url})


def remember(request: Any, name: str, value: str, max_age: int | None = None) -> None:
    """Set a cookie with the answer to this request; ``max_age`` in seconds, 0 deletes it."""
    request.scope["state"]["cookies"].append(set_cookie_header(name, value, max_age))


def download(body: bytes, filename: str, media_type: str) -> Response[bytes]:
    """A file to keep, under a name that may be Chinese."""
    return Response(
        body,
        media_type=media_type,
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(filename)}"},
    )


def safe_path(text: str | None, default: str = "/") -> str:
    """A path of this site to go on to; anything that could lead elsewhere is the default."""
    if (
        not text
        or not text.startswith("/")
        or text.startswith(("//", "/\\"))
        or not text.isprintable()
    ):
        return default
    return text


__all__ = ["HTMXRequest", "base_context", "download", "go", "page", "remember", "safe_path"]
