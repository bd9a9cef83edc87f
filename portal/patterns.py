"""The pattern page: every component in every state, to look at while one of them is changed (STYLE.md, 34).

Development only. A component without an example here fails a test.
"""

from datetime import timedelta
from typing import Any, Final

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.plugins.htmx import HTMXRequest

from portal.core import clock
from portal.core.settings import settings
from portal.features.booking.day import ShownSlot
from portal.features.booking.goals import SUCCESS_GOAL, Measured
from portal.web.forms import Form
from portal.web.pagination import Page
from portal.web.permission import Needs
from portal.web.respond import page
from rbac.permissions import Permission

FIELDS: Final = (
    "text",
    "textarea",
    "select",
    "radio",
    "checkbox",
    "date",
    "time",
    "number",
    "money",
)


@get("/patterns", guards=[Needs(Permission.PUBLIC_READ)], name="system.patterns")
async def show_patterns(request: HTMXRequest) -> Response[bytes]:
    """Not found where visitors are."""
    if not settings().development:
        raise NotFoundException
    return page(request, "patterns.html", status=200, **_examples())


def _examples() -> dict[str, Any]:
    return {
        "forms": {"empty": Form(), "typed": _typed(), "wrong": _wrong()},
        "days": [
            Measured(str(clock.today() - timedelta(days=30 - number)), *counts)
            for number, counts in enumerate(_attempts())
        ],
        "goal": SUCCESS_GOAL,
        "slots": _slots(),
        "pages": [Page(1, more=True), Page(2, more=True), Page(3)],
        "orders": (
            "held",
            "confirmed",
            "partly_used",
            "used",
            "closed",
            "cancelled",
            "expired",
            "refunding",
            "refunded",
            "refund_failed",
            "replaced",
        ),
        "tickets": (
            "reserved",
            "valid",
            "used",
            "cancelled",
            "refunded",
            "expired",
            "no_show",
            "replaced",
        ),
    }


def _typed() -> Form:
    chosen = {"select": "b", "radio": "b", "checkbox": "yes", "date": "2026-10-01", "time": "08:30"}
    texts = {"text": "Ada King", "textarea": "1\n2", "number": "5", "money": "99.50"}
    return Form({f"typed-{name}": value for name, value in {**chosen, **texts}.items()})


def _wrong() -> Form:
    form = Form({"wrong-number": "many", "wrong-money": "=1+1"})
    for name in FIELDS:
        form.error(f"wrong-{name}", "not-a-number" if name == "number" else "required")
    return form


def _slots() -> dict[str, list[ShownSlot]]:
    """A day in three states of mind: open, nearly full, with closed and past slots."""

    def slot(position: int, state: str, percent: int) -> ShownSlot:
        starts = clock.at(clock.today(), clock.local(clock.now()).time().replace(hour=8, minute=0))
        begins = starts + timedelta(hours=2 * position)
        ends = begins + timedelta(hours=2)
        return ShownSlot(position, begins, ends, percent * 5, 500, state, percent)

    return {
        "open": [slot(number, "open", share) for number, share in enumerate((100, 80, 60, 90))],
        "nearly full": [slot(number, "few", share) for number, share in enumerate((15, 4, 0, 9))],
        "mixed": [
            slot(0, "over", 0),
            slot(1, "full", 0),
            slot(2, "closed", 0),
            slot(3, "few", 10),
            slot(4, "open", 70),
        ],
    }


def _attempts() -> list[tuple[int, int, int, int, int]]:
    """Booked, failed, sold out, refused by a rule, wrong input: good days, a bad one, one without any."""
    usual = [(400 + 37 * (number % 5), number % 2, 9, 6, 20) for number in range(28)]
    return [*usual, (250, 40, 30, 5, 10), (0, 0, 0, 0, 0), (430, 0, 4, 7, 15)]
