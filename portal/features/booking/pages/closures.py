"""Closing slots (BK-11): choose, see whom it touches, do it, follow it; a banner for everybody else."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.plugins.htmx import HTMXRequest

from portal.core import clock, db, i18n, site_settings, text
from portal.core.i18n import LazyText, _, _l
from portal.features.booking import calls, closure, search
from portal.features.booking.closure import KINDS, NewClosure, Progress
from portal.features.booking.limits import CHOOSE_HOURS
from portal.features.booking.messages import WORDS
from portal.features.catalogue.availability import SlotView, availability
from portal.features.catalogue.snapshot import catalogue
from portal.web.actor import actor_of
from portal.web.forms import Form, read
from portal.web.pagination import Page, page_number
from portal.web.permission import Needs, may
from portal.web.respond import BANNER_EN, BANNER_LEVEL, BANNER_ZH, banner, go, page
from portal.web.templating import short_date
from rbac.permissions import Permission

READ: Final = Needs(Permission.CLOSURE_READ)
CLOSE: Final = Needs(Permission.CLOSURE_CREATE)
LIFT: Final = Needs(Permission.CLOSURE_LIFT)

LONGEST_HOURS: Final = 720
CALLS_SHOWN: Final = 5
STATES: Final = ("waiting", "told", "refunded", "rebooked", "kept")

#: The kinds in words; visitors read them as the reason where nobody writes more.
KIND_WORDS: Final[Mapping[str, LazyText]] = {
    "weather": _l("Weather"),
    "incident": _l("Emergency"),
    "maintenance": _l("Maintenance"),
    "authority": _l("Order of the authority"),
}
#: Reasons that come again and again, offered while one types.
USUAL: Final = (
    _l("Strong wind"),
    _l("Heavy rain"),
    _l("Dense fog"),
    _l("Ice and snow"),
    _l("Lightning"),
    _l("Flash flood warning"),
    _l("Maintenance of the cable car"),
    _l("Power failure"),
    _l("Forest fire prevention"),
)


@get("/closures", guards=[READ], name="closures.list")
async def show_closures(request: HTMXRequest) -> Response[bytes]:
    return page(
        request,
        "staff/closures.html",
        closures=await closure.recent(),
        kinds=KIND_WORDS,
        form=Form({}),
        shown_banner=banner(),
        may_close=may(actor_of(request), Permission.CLOSURE_CREATE),
        done=request.query_params.get("done", ""),
    )


@get("/closures/new", guards=[CLOSE], name="closures.form")
async def new_closure(request: HTMXRequest) -> Response[bytes]:
    """The form; a day and a slot may be chosen already in the address."""
    params = request.query_params
    form = Form({"date": params.get("date", clock.today().isoformat())}, WORDS)
    form.values["choose_hours"] = str(CHOOSE_HOURS())
    if (slot := text.whole_number(params.get("slot", ""))) is not None:
        form.values[f"slot-{slot}"] = "yes"
    return await _form_page(request, form)


@post("/closures", guards=[CLOSE], name="closures.create", status_code=200)
async def create_closure(request: HTMXRequest) -> Response[Any]:
    """First whom it touches is shown; once that was seen, sale stops and the holders are told.

    With ``look`` only the day is changed in the form, with ``edit`` the form comes back.
    """
    form = Form(await read(request), WORDS)
    if "look" in form.values or "edit" in form.values:
        return await _form_page(request, form, status=200)
    new = _parse(form)
    if new is None:
        return await _form_page(request, form)
    if "seen" not in form.values:
        touched = await closure.touched(new.slots, new.visit_day)
        return await _form_page(request, form, new=new, touched=touched)
    return go(request, f"/closures/{await closure.close(new)}")


def _parse(form: Form) -> NewClosure | None:
    """The closure that is asked for: single slots, or all of a product for the rest of the day."""
    day = _day(form.values.get("date"))
    slots = tuple(
        slot.id
        for slot in _open_slots(day)
        if form.checked(f"slot-{slot.id}") or form.checked(f"product-{slot.product}")
    )
    if not slots:
        form.error("slots", "slots-needed")
    kind = form.choice("kind", KINDS)
    zh, en = (form.text(f"reason_{lang}", required=False, longest=300) for lang in ("zh", "en"))
    usual = {lang: i18n.in_language(lang, KIND_WORDS.get(kind, "")) for lang in i18n.LANGUAGES}
    hours = form.integer("choose_hours", minimum=1, maximum=LONGEST_HOURS)
    key = form.key("slots")
    if form.errors or key is None:
        return None
    return NewClosure(slots, day, kind, zh or usual["zh"], en or usual["en"], hours, key)


def _day(given: str | None) -> date:
    return clock.asked_day(given) or clock.today()


def _open_slots(day: date) -> list[SlotView]:
    """What can still be closed on a day: neither closed nor over."""
    now = clock.now()
    return [slot for slot in availability.day(day) if slot.open_at(now)]


async def _form_page(
    request: HTMXRequest,
    form: Form,
    *,
    new: NewClosure | None = None,
    touched: closure.Touched | None = None,
    status: int | None = None,
) -> Response[bytes]:
    day = _day(form.values.get("date"))
    sold = {slot.id: slot for slot in await search.sold_on(day)}
    slots = _open_slots(day)
    products = [
        (product, [slot for slot in slots if slot.product == product.id])
        for product in catalogue().products
    ]
    return page(
        request,
        "staff/closure_form.html",
        status=status,
        form=form,
        day=day,
        products=[(product, own) for product, own in products if own],
        chosen=[slot for slot in slots if new and slot.id in new.slots],
        names={product.id: product for product, _own in products},
        sold=sold,
        kinds=KIND_WORDS,
        usual={lang: [i18n.in_language(lang, text) for text in USUAL] for lang in i18n.LANGUAGES},
        new=new,
        touched=touched,
        until=clock.now(),
    )


@get("/closures/{closure_id:int}", guards=[READ], name="closures.progress")
async def show_closure(request: HTMXRequest, closure_id: FromPath[int]) -> Response[bytes]:
    """How far telling and settling have come, and whom somebody must call."""
    return await _progress_page(request, closure_id, None)


async def _progress_page(
    request: HTMXRequest, closure_id: int, form: Form | None
) -> Response[bytes]:
    found = await closure.progress(closure_id)
    if found is None:
        raise NotFoundException
    state = request.query_params.get("state", "")
    state = state if state in STATES else ""
    shown = Page(page_number(request.query_params.get("page")))
    rows = await closure.holders(closure_id, state, shown.limit, shown.offset)
    actor = actor_of(request)
    return page(
        request,
        "staff/closure.html",
        block="progress",
        closure=found,
        kinds=KIND_WORDS,
        state=state,
        rows=rows[: shown.size],
        shown=Page(shown.number, more=len(rows) > shown.size),
        calls=await calls.listed(calls.Wanted(found.visit_day, "closure"), CALLS_SHOWN, 0)
        if may(actor, Permission.VISITOR_REVEAL)
        else [],
        form=form or Form(_suggested_banner(found), WORDS),
        shown_banner=banner(),
        may_lift=found.lifted_at is None and may(actor, Permission.CLOSURE_LIFT),
        may_close=may(actor, Permission.CLOSURE_CREATE),
        done=request.query_params.get("done", ""),
    )


def _suggested_banner(found: Progress) -> dict[str, str]:
    """Words for all visitors, made from the closure; whoever publishes them may change them."""
    reasons = {"zh": found.reason_zh, "en": found.reason_en}
    words = {
        f"banner_{lang}": i18n.in_language(lang, _Banner(found.visit_day, reasons[lang]))
        for lang in i18n.LANGUAGES
    }
    return words | {"level": "warning"}


@dataclass(frozen=True, slots=True)
class _Banner:
    """The banner's words, in the language in which they are asked for."""

    day: date
    reason: str

    def __str__(self) -> str:
        return _(
            "Some times on %(day)s are closed (%(reason)s). If you have booked, open your order to move it or to "
            "get your money back.",
            day=short_date(self.day),
            reason=self.reason,
        )


@post("/closures/{closure_id:int}/resume", guards=[CLOSE], name="closures.resume", status_code=303)
async def resume_closure(request: HTMXRequest, closure_id: FromPath[int]) -> Response[Any]:
    """Go on telling where the work was given up; whoever was told is not told again."""
    await closure.resume(closure_id)
    return go(request, f"/closures/{closure_id}?done=resumed")


@get("/closures/{closure_id:int}/lift", guards=[LIFT], name="closures.ask_lift")
async def ask_lift(request: HTMXRequest, closure_id: FromPath[int]) -> Response[Any]:
    found = await closure.progress(closure_id)
    if found is None:
        raise NotFoundException
    if found.lifted_at is not None:
        return go(request, f"/closures/{closure_id}")
    return page(request, "staff/closure_lift.html", closure=found, form=Form({}))


@post("/closures/{closure_id:int}/lift", guards=[LIFT], name="closures.lift", status_code=303)
async def lift_closure(request: HTMXRequest, closure_id: FromPath[int]) -> Response[Any]:
    await closure.lift(closure_id)
    return go(request, f"/closures/{closure_id}")


@post("/closures/{closure_id:int}/banner", guards=[CLOSE], name="closures.banner", status_code=200)
async def show_banner(request: HTMXRequest, closure_id: FromPath[int]) -> Response[Any]:
    """Say it on all public pages, until the day is over."""
    form = Form(await read(request), WORDS)
    words = {name: form.text(name, longest=300) for name in ("banner_zh", "banner_en")}
    level = form.choice("level", tuple(BANNER_LEVEL.choices))
    found = await closure.progress(closure_id)
    if form.errors or found is None:
        return await _progress_page(request, closure_id, form)
    over = datetime.combine(found.visit_day, time(23, 59))
    async with db.transaction():
        await site_settings.change("site.banner_level", level)
        await site_settings.change("site.banner_until", f"{over:%Y-%m-%d %H:%M}")
        await site_settings.change(BANNER_ZH.name, words["banner_zh"])
        await site_settings.change(BANNER_EN.name, words["banner_en"])
    return go(request, f"/closures/{closure_id}?done=banner")


@post("/closures/banner/off", guards=[CLOSE], name="closures.banner_off", status_code=303)
async def take_banner_down(request: HTMXRequest) -> Response[Any]:
    async with db.transaction():
        await site_settings.change(BANNER_ZH.name, "")
        await site_settings.change(BANNER_EN.name, "")
    return go(request, "/closures?done=banner-off")


ROUTES = (
    show_closures,
    new_closure,
    create_closure,
    show_closure,
    resume_closure,
    ask_lift,
    lift_closure,
    show_banner,
    take_banner_down,
)
