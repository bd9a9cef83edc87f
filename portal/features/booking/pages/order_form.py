"""The booking form and what comes of it: one page, one click (BK-3)."""

from collections.abc import Mapping
from typing import Any, Final

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.core import clock
from portal.features.booking import attempts, forms
from portal.features.booking import day as days
from portal.features.booking.booker import Busy
from portal.features.booking.limits import HOLD_MINUTES, LARGEST_PARTY
from portal.features.booking.place import Goods, place
from portal.features.booking.process import booker
from portal.features.booking.queries import order_url
from portal.features.booking.rules.documents import ID_TYPES
from portal.features.booking.rules.party import OrderRequest
from portal.features.catalogue import sale
from portal.features.catalogue.availability import SlotView, availability
from portal.features.catalogue.snapshot import Product, catalogue
from portal.web.forms import Form, read
from portal.web.permission import Needs
from portal.web.ratelimit import Buckets, limited
from portal.web.respond import UNPROCESSABLE, go
from portal.web.stencil import stencilled
from rbac.permissions import Permission

BOOK: Final = Needs(Permission.BOOKING_CREATE)
CONFLICT: Final = 409
UNAVAILABLE: Final = 503

#: One address, which may be a whole company or a village: sixty at once, then one a second.
BOOKING: Final = Buckets(burst=60, per_second=1)

#: The price is asked for some times while a form is filled in, and costs no more than showing it.
PRICING: Final = Buckets(burst=400, per_second=10)

#: The hidden field that tells which prices a form showed.
PRICES: Final = "prices"

#: Beside which field an outcome stands.
PLACE_OF: Final = {"phone-limit": "contact_phone"}


@get("/book/{slot_id:int}", guards=[BOOK], name="booking.form")
async def show_form(request: HTMXRequest, slot_id: FromPath[int]) -> Response[bytes]:
    slot, product = wanted_slot(slot_id)
    return form_page(request, slot, product, forms.blank())


@post(
    "/book/{slot_id:int}",
    guards=[BOOK, limited(BOOKING, local=False)],
    name="booking.place",
    status_code=200,
)
async def place_order(request: HTMXRequest, slot_id: FromPath[int]) -> Response[Any]:
    slot, product = wanted_slot(slot_id)
    raw = await read(request)
    if resized := forms.resized(raw, LARGEST_PARTY()):
        return form_page(request, slot, product, resized, status=200)
    terms = terms_of(slot)
    form, wanted = forms.parse_order(raw, terms)
    if wanted is None:
        attempts.count("input-error", slot.product)
        return form_page(request, slot, product, form)
    if not sale.sold(product, slot.visit_day):
        attempts.count("slot-closed", slot.product)
        return _refused(request, slot, product, form, "slot-closed")
    if not same_prices(raw, slot):
        attempts.count("price-changed", slot.product)
        return _refused(request, slot, product, form, "price-changed")
    return await _placed(request, Goods(slot, product, terms.priced), form, wanted)


@post(
    "/book/{slot_id:int}/price",
    guards=[BOOK, limited(PRICING, local=False)],
    name="booking.price",
    status_code=200,
)
async def show_price(request: HTMXRequest, slot_id: FromPath[int]) -> Response[bytes]:
    """The form as it is typed with what it costs; nothing is judged. Asked for as tickets are chosen."""
    slot, product = wanted_slot(slot_id)
    return form_page(request, slot, product, forms.as_typed(await read(request)), status=200)


async def _placed(
    request: HTMXRequest, goods: Goods, form: Form, wanted: OrderRequest
) -> Response[Any]:
    """Place it and tell the visitor what became of it."""
    slot, product = goods.slot, goods.product
    try:
        outcome = await place(booker(), wanted, goods)
    except Busy as busy:
        form.error("party", busy.kind)
        return form_page(request, slot, product, form, status=UNAVAILABLE)
    if outcome.placed:
        return go(request, order_url(outcome.code))
    return _refused(request, slot, product, form, outcome.kind)


def wanted_slot(slot_id: int) -> tuple[SlotView, Product]:
    """The slot and its product; one that nobody may know of is not found."""
    slot = availability.slot(slot_id)
    product = catalogue().product(slot.product) if slot else None
    if slot is None or product is None or not product.on_sale:
        raise NotFoundException
    return slot, product


def same_prices(raw: Mapping[str, str], slot: SlotView) -> bool:
    """Whether the form showed the prices of now. Programs need not say which they saw."""
    mark = catalogue().price_mark(slot.product, slot.visit_day)
    return raw.get(PRICES, mark) == mark


def terms_of(slot: SlotView) -> forms.Terms:
    return forms.Terms(
        visit_day=slot.visit_day,
        today=clock.today(),
        public_holiday=catalogue().calendar.is_public_holiday(slot.visit_day),
        priced=catalogue().prices_on(slot.product, slot.visit_day),
        largest_party=LARGEST_PARTY(),
    )


def _refused(
    request: HTMXRequest, slot: SlotView, product: Product, form: Form, code: str
) -> Response[bytes]:
    """409, with the nearest free slots; everything typed stays in the form."""
    form.error(PLACE_OF.get(code, "party"), code)
    if code == "key-reused":
        form.renew_key()
    return form_page(request, slot, product, form, status=CONFLICT)


def form_page(  # noqa: PLR0913  the page of three ways to book
    request: HTMXRequest,
    slot: SlotView,
    product: Product,
    form: Form,
    *,
    status: int | None = None,
    action: str = "",
    offer: Any = None,
) -> Response[bytes]:
    """The form, for a slot or (then with ``action``) for places that the waiting list offers."""
    rows = int(form.values.get("rows", "1"))
    if status is None:
        status = UNPROCESSABLE if form.errors else 200
    terms = terms_of(slot)
    bill = forms.bill(form, terms)

    def context() -> dict[str, Any]:
        refused = form.errors.get("party") in ("sold-out", "slot-closed")
        shown = days.shown_slot(slot, clock.now())
        bookable = offer is not None or (shown.bookable and sale.sold(product, slot.visit_day))
        not_yet = slot.visit_day > sale.last_day()
        return {
            "slot": slot,
            "shown": shown,
            "product": product,
            "action": action or f"/book/{slot.id}",
            "price_action": action or f"/book/{slot.id}/price",
            "offer": offer,
            "rows": range(rows),
            "largest": LARGEST_PARTY(),
            "hold_minutes": HOLD_MINUTES(),
            "priced": terms.priced,
            "adult": catalogue().full_price(slot.product, slot.visit_day),
            "bill": bill,
            "price_mark": catalogue().price_mark(slot.product, slot.visit_day),
            "id_types": ID_TYPES,
            "bookable": bookable,
            "opens_at": sale.opens_at(slot.visit_day) if not_yet else None,
            "nearest": days.nearest(slot, rows) if refused or not bookable else [],
        }

    return stencilled(
        request,
        "booking/form.html",
        block="order_form",
        status=status,
        form=form,
        choices=forms.choices(rows),
        version=(days.version(), offer),
        context=context,
    )


ROUTES = (show_form, place_order, show_price)
