"""Home, the day's slots and the list of slots for programs: the pages that everybody asks for most.

They hold nothing personal, so each process keeps them rendered and compressed until something they show changes. A
slot that changes is seen within a second (``catalogue/availability.py``); the clock is looked at once a minute.
"""

import gzip
import time
from collections.abc import Callable
from datetime import date, timedelta
from hashlib import blake2b
from typing import Any, Final

from litestar import MediaType, Response, get
from litestar.plugins.htmx import HTMXRequest

from portal.core import clock, i18n, site_settings
from portal.features.booking import day as days
from portal.features.catalogue import sale
from portal.features.catalogue.availability import availability
from portal.features.catalogue.snapshot import catalogue
from portal.web.actor import actor_of
from portal.web.permission import Needs
from portal.web.respond import page, wants_fragment
from rbac.permissions import Permission

PUBLIC: Final = Needs(Permission.PUBLIC_READ)
SLOTS: Final = Needs(Permission.SLOT_READ)
MINUTE: Final = 60
MOST_KEPT: Final = 400
NOT_MODIFIED: Final = 304


class Kept:
    """A rendered page: plain, compressed, and its mark for If-None-Match."""

    __slots__ = ("body", "gzipped", "tag", "version")

    def __init__(self, body: bytes, version: object) -> None:
        self.body = body
        self.gzipped = gzip.compress(body, 6, mtime=0)
        self.tag = f'W/"{blake2b(body, digest_size=12).hexdigest()}"'
        self.version = version


_kept: dict[object, Kept] = {}


def _version() -> object:
    return (availability.version, catalogue(), site_settings.version(), int(time.time()) // MINUTE)


def _from_memory(
    request: HTMXRequest, name: str, day: date, make: Callable[[], Response[bytes]]
) -> Response[bytes]:
    """The page as it was last rendered, unless something it shows has changed since."""
    if actor_of(request).signed_in:
        return make()
    state = request.scope["state"]
    key = (
        name,
        day,
        i18n.language(),
        state["prefs"],
        request.scope["path"],
        request.scope["query_string"],
        wants_fragment(request),
    )
    version = _version()
    kept = _kept.get(key)
    if kept is None or kept.version != version:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        kept = _kept[key] = Kept(make().content, version)
    headers = {
        "Cache-Control": "private, no-cache",
        "ETag": kept.tag,
        "Vary": "HX-Request, Accept-Language, Accept-Encoding, Cookie",
    }
    if request.headers.get("if-none-match") == kept.tag:
        return Response(b"", status_code=NOT_MODIFIED, media_type=MediaType.HTML, headers=headers)
    body = kept.body
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        body = kept.gzipped
    return Response(body, media_type=MediaType.HTML, headers=headers)


def _day_asked(request: HTMXRequest) -> date | None:
    """The day in ``?date=``; None when there is none or it is none."""
    try:
        return date.fromisoformat(request.query_params.get("date", ""))
    except ValueError:
        return None


@get("/", guards=[PUBLIC], name="booking.home")
async def home(request: HTMXRequest) -> Response[bytes]:
    """What the area is, and the first day with free places at once."""
    day = days.first_open_day()
    return _from_memory(
        request,
        "home",
        day,
        lambda: page(request, "booking/home.html", block="slots", **_shown(day)),
    )


@get("/book", guards=[SLOTS], name="booking.day")
async def show_day(request: HTMXRequest) -> Response[bytes]:
    """The slots of a day with the places left."""
    day = _day_asked(request) or days.first_open_day()
    return _from_memory(
        request, "day", day, lambda: page(request, "booking/day.html", block="slots", **_shown(day))
    )


def _shown(day: date) -> dict[str, Any]:
    return {
        "day": day,
        "strip": days.strip(),
        "products": days.products_on(day),
        "on_sale": sale.on_sale(day),
        "past": day < clock.today(),
        "opens_at": sale.opens_at(day),
        "next_opens_at": sale.opens_at(sale.last_day() + timedelta(days=1)),
        "attractions": list(catalogue().attractions.values()),
        "daily_maximum": sale.DAILY_MAXIMUM(),
        "instant_maximum": sale.INSTANT_MAXIMUM(),
        "booking_needed": sale.BOOKING_NEEDED(),
    }


@get("/api/slots", guards=[SLOTS], name="booking.api_slots")
async def api_slots(request: HTMXRequest) -> Response[list[dict[str, Any]]]:
    """The slots on sale of a day (default: the first with free places), at most a second old."""
    day = _day_asked(request) or days.first_open_day()
    slots = [
        {
            "id": slot.id,
            "product": shown.product.slug,
            "starts_at": slot.starts_at.isoformat(),
            "ends_at": slot.ends_at.isoformat(),
            "capacity": slot.capacity,
            "left": slot.left,
            "from_price": shown.from_fen,
        }
        for shown in days.products_on(day)
        for slot in shown.slots
        if slot.state not in ("closed", "over")
    ]
    return Response(slots, headers={"Cache-Control": "no-cache"})


ROUTES = (home, show_day, api_slots)
