"""Home, the day's slots and the list of slots for programs: the pages that everybody asks for most.

They hold nothing personal, so each process keeps them rendered and compressed until something they show changes. A
slot that changes is seen within a second (``catalogue/availability.py``); the clock is looked at once a minute.
"""

import gzip
import json
from collections.abc import Callable
from datetime import date, timedelta
from hashlib import blake2b
from typing import Any, Final

from litestar import MediaType, Response, get
from litestar.plugins.htmx import HTMXRequest

from portal.core import clock, i18n
from portal.features.booking import day as days
from portal.features.catalogue import sale
from portal.features.catalogue.snapshot import catalogue
from portal.web.actor import actor_of
from portal.web.headers import header
from portal.web.permission import Needs
from portal.web.respond import page, wants_fragment
from rbac.permissions import Permission

PUBLIC: Final = Needs(Permission.PUBLIC_READ)
SLOTS: Final = Needs(Permission.SLOT_READ)
MOST_KEPT: Final = 400
NOT_MODIFIED: Final = 304
LONGEST_QUERY: Final = 40  # octets; more than ?date= and ?lang= is not worth the memory


class Kept:
    """A rendered answer: plain, compressed, and its mark for If-None-Match."""

    __slots__ = ("body", "gzipped", "media_type", "tag", "version")

    def __init__(self, body: bytes, media_type: str, version: object) -> None:
        self.body = body
        self.media_type = media_type
        self.gzipped = gzip.compress(body, 6, mtime=0)
        self.tag = f'W/"{blake2b(body, digest_size=12).hexdigest()}"'
        self.version = version


_kept: dict[object, Kept] = {}


def _from_memory(request: HTMXRequest, make: Callable[[], Response[Any]]) -> Response[bytes]:
    """The answer as it was last made, unless something it shows has changed since."""
    scope = request.scope
    if actor_of(request).signed_in:
        return make()
    key = (
        scope["path"],
        scope["query_string"],
        i18n.language(),
        scope["state"]["prefs"],
        wants_fragment(request),
    )
    version = days.version()
    kept = _kept.get(key)
    if kept is None or kept.version != version:
        made = make()
        kept = Kept(made.content, made.media_type or MediaType.HTML, version)
        if len(scope["query_string"]) <= LONGEST_QUERY:
            if len(_kept) >= MOST_KEPT:
                _kept.clear()
            _kept[key] = kept
    return _answer(scope, kept)


def _answer(scope: Any, kept: Kept) -> Response[bytes]:
    headers = {
        "Cache-Control": "private, no-cache",
        "ETag": kept.tag,
        "Vary": "HX-Request, Accept-Language, Accept-Encoding, Cookie",
    }
    if header(scope, b"if-none-match") == kept.tag:
        return Response(b"", status_code=NOT_MODIFIED, media_type=kept.media_type, headers=headers)
    body = kept.body
    if "gzip" in header(scope, b"accept-encoding"):
        headers["Content-Encoding"] = "gzip"
        body = kept.gzipped
    return Response(body, media_type=kept.media_type, headers=headers)


def _day_asked(request: HTMXRequest) -> date | None:
    """The day in ``?date=``; None when there is none or it is none."""
    return clock.asked_day(request.query_params.get("date"))


@get("/", guards=[PUBLIC], name="booking.home")
async def home(request: HTMXRequest) -> Response[bytes]:
    """What the area is, and the first day with free places at once."""
    return _from_memory(
        request, lambda: _day_page(request, "booking/home.html", days.first_open_day())
    )


@get("/book", guards=[SLOTS], name="booking.day")
async def show_day(request: HTMXRequest) -> Response[bytes]:
    """The slots of a day with the places left."""
    return _from_memory(
        request, lambda: _day_page(request, "booking/day.html", _day_or_first(request))
    )


def _day_page(request: HTMXRequest, template: str, day: date) -> Response[bytes]:
    return page(request, template, block="slots", **_shown(day))


def _day_or_first(request: HTMXRequest) -> date:
    return _day_asked(request) or days.first_open_day()


def _shown(day: date) -> dict[str, Any]:
    before, after = days.beside(day)
    return {
        "before": before,
        "after": after,
        "day": day,
        "strip": days.strip(),
        "products": days.products_on(day),
        "on_sale": sale.on_sale(day),
        "past": day < clock.today(),
        "opens_at": sale.opens_at(day),
        "next_opens_at": sale.opens_at(sale.last_day() + timedelta(days=1)),
        "attractions": list(catalogue().attractions.values()),
        "daily_maximum": sale.daily_maximum(clock.today()),
        "instant_maximum": sale.instant_maximum(clock.today()),
        "booking_needed": sale.BOOKING_NEEDED(),
    }


@get("/api/slots", guards=[SLOTS], name="booking.api_slots")
async def api_slots(request: HTMXRequest) -> Response[bytes]:
    """The slots on sale of a day (default: the first with free places), at most a second old."""
    return _from_memory(request, lambda: _slots_as_json(_day_or_first(request)))


def _slots_as_json(day: date) -> Response[bytes]:
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
    return Response(json.dumps(slots).encode(), media_type=MediaType.JSON)


ROUTES = (home, show_day, api_slots)
