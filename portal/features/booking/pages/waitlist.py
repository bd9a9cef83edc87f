"""The waiting list for visitors: join, see one's place, take an offer, leave (BK-8)."""

from typing import Any, Final

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.core import text
from portal.features.booking import attempts, forms, waitlist
from portal.features.booking.limits import LARGEST_PARTY
from portal.features.booking.messages import WORDS
from portal.features.booking.pages.order_form import form_page, same_prices, terms_of, wanted_slot
from portal.features.booking.place import Goods, Sale, day_key, new_order
from portal.features.booking.queries import order_url
from portal.features.booking.waitlist import Entry
from portal.features.catalogue.availability import availability
from portal.web.forms import Form, read
from portal.web.permission import Needs
from portal.web.ratelimit import Buckets, limited
from portal.web.respond import go, page
from rbac.permissions import Permission

JOIN: Final = Needs(Permission.WAITLIST_JOIN)
CONFLICT: Final = 409

#: One address: thirty parties at once, then one every five seconds.
JOINING: Final = Buckets(burst=30, per_second=0.2)

#: Beside which field a refusal stands.
PLACE_OF: Final = {"blocked": "phone", "waits-many": "phone"}


@get("/waitlist/{slot_id:int}", guards=[JOIN], name="waitlist.form")
async def show_join(request: HTMXRequest, slot_id: FromPath[int]) -> Response[bytes]:
    return _join_page(request, slot_id, Form({}, WORDS))


@post(
    "/waitlist/{slot_id:int}",
    guards=[JOIN, limited(JOINING, local=False)],
    name="waitlist.join",
    status_code=200,
)
async def join(request: HTMXRequest, slot_id: FromPath[int]) -> Response[Any]:
    slot, _product = wanted_slot(slot_id)
    form = Form(await read(request), WORDS)
    party = form.integer("party", minimum=1, maximum=LARGEST_PARTY())
    phone = text.tidy_phone(form.text("phone", longest=40))
    if phone and (code := text.phone_error(phone)):
        form.error("phone", code)
    if not form.checked("consent"):
        form.error("consent", "consent-needed")
    key = form.key("party")
    if form.errors or key is None:
        return _join_page(request, slot_id, form)
    try:
        entry = await waitlist.join(slot, party, phone, key)
    except waitlist.AlreadyWaiting:
        form.error("phone", "already-waiting")
        return _join_page(request, slot_id, form)
    except waitlist.CannotWait as refusal:
        [code] = refusal.args
        form.error(PLACE_OF.get(code, "party"), code)
        return _join_page(request, slot_id, form)
    return go(request, waitlist.entry_url(entry))


def _join_page(request: HTMXRequest, slot_id: int, form: Form) -> Response[bytes]:
    slot, product = wanted_slot(slot_id)
    return page(
        request,
        "booking/wait.html",
        block="wait",
        form=form,
        slot=slot,
        product=product,
        largest=LARGEST_PARTY(),
        wait_until=waitlist.latest_wait(slot),
    )


@get("/waitlist/entry/{entry_id:int}", guards=[JOIN], name="waitlist.entry")
async def show_entry(request: HTMXRequest, entry_id: FromPath[int]) -> Response[Any]:
    """One's place in the list; with an offer, the booking form for it."""
    entry = await _entry(request, entry_id)
    if entry.state == "taken" and entry.order_code:
        return go(request, order_url(entry.order_code))
    slot, product = wanted_slot(entry.slot)
    if entry.state == "offered":
        return form_page(
            request, slot, product, forms.blank(entry.party), action=f"{entry.url}", offer=entry
        )
    return page(
        request, "booking/waiting.html", block="waiting", entry=entry, slot=slot, product=product
    )


@post("/waitlist/entry/{entry_id:int}", guards=[JOIN], name="waitlist.take", status_code=200)
async def take(request: HTMXRequest, entry_id: FromPath[int]) -> Response[Any]:
    """Book the offered places."""
    entry = await _entry(request, entry_id)
    slot, product = wanted_slot(entry.slot)
    raw, terms = await read(request), terms_of(slot)
    if "quote" in raw:
        form = forms.as_typed(raw)
        return form_page(request, slot, product, form, status=200, action=entry.url, offer=entry)
    form, wanted = forms.parse_order(raw, terms)
    if wanted is None:
        return form_page(request, slot, product, form, action=entry.url, offer=entry)
    if not same_prices(raw, slot):
        attempts.count("price-changed", slot.product)
        form.error("party", "price-changed")
        return form_page(
            request, slot, product, form, status=CONFLICT, action=entry.url, offer=entry
        )
    key = await day_key(slot.visit_day)
    order = new_order(key, wanted, Goods(slot, product, terms.priced), Sale())
    try:
        outcome = await waitlist.take(entry.id, order)
    except waitlist.NoOffer:
        form.error("party", "no-offer")
        return form_page(
            request, slot, product, form, status=CONFLICT, action=entry.url, offer=entry
        )
    except waitlist.Refused as refusal:
        form.error("party", refusal.outcome.kind)
        return form_page(
            request, slot, product, form, status=CONFLICT, action=entry.url, offer=entry
        )
    return go(request, order_url(outcome.code))


@post("/waitlist/entry/{entry_id:int}/leave", guards=[JOIN], name="waitlist.leave", status_code=303)
async def leave(request: HTMXRequest, entry_id: FromPath[int]) -> Response[Any]:
    entry = await _entry(request, entry_id)
    await waitlist.leave(entry.id)
    return go(request, entry.url)


async def _entry(request: HTMXRequest, entry_id: int) -> Entry:
    if not waitlist.key_is_good(entry_id, request.query_params.get("key", "")):
        raise NotFoundException
    entry = await waitlist.entry(entry_id)
    if entry is None or availability.slot(entry.slot) is None:
        raise NotFoundException
    return entry


ROUTES = (show_join, join, show_entry, take, leave)
