"""The tickets as a PDF, set by typst: text comes in as data, never as markup, so no name can break it."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from portal.core import money
from portal.core.i18n import LazyText, _, _l, language, ngettext
from portal.features.booking.documents.qr import matrix
from portal.features.booking.queries import OrderView, TicketView
from portal.features.booking.tickets import qr_text
from portal.web.templating import full_date, local_time

ROOT: Final = Path(__file__).parents[4]
TEMPLATE: Final = ROOT / "templates" / "booking" / "ticket.typ"
FONTS: Final = ROOT / "static" / "vendor" / "fonts"

#: What the gate asks for beside the ticket; the page says the same (``booking/_names.html``).
PROOFS: Final[Mapping[str, LazyText]] = {
    "height": _l("Height is measured at the gate."),
    "certificate": _l("Show the certificate at the gate."),
    "id": _l("Show the document at the gate."),
}


@cache
def _compiler() -> Any:
    import typst  # noqa: PLC0415  7 MB that most workers never need

    return typst.Compiler(
        str(TEMPLATE), root=str(ROOT), font_paths=[str(FONTS)], ignore_system_fonts=True
    )


def data(order: OrderView, site_name: str, phone: str) -> dict[str, Any]:
    """What the template shows, as plain values."""
    tickets = order.live_tickets
    return {
        "lang": language(),
        "site": site_name,
        "product": str(order.product.name),
        "day": full_date(order.starts_at),
        "hours": f"{local_time(order.starts_at)}–{local_time(order.ends_at)}",
        "code": order.shown_code,
        "sum": _sum(order),
        "note": _(
            "Show this code at the gate, on paper or on your phone, and bring the document you booked with."
        ),
        "phone": _("Telephone %(number)s", number=phone),
        "labels": {
            "order": _("Order code"),
            "name": _("Name"),
            "document": _("Document"),
            "ticket": _("Ticket"),
        },
        "tickets": [
            _ticket(order, ticket, f"{number} / {len(tickets)}")
            for number, ticket in enumerate(tickets, start=1)
        ],
    }


def _ticket(order: OrderView, ticket: TicketView, number: str) -> dict[str, Any]:
    return {
        "name": ticket.name,
        "document": ticket.id_number,
        "category": str(ticket.category),
        "price": _price(order, ticket),
        "proof": str(PROOFS.get(ticket.proof, "")),
        "number": number,
        "qr": matrix(qr_text(order, ticket)),
    }


def _price(order: OrderView, ticket: TicketView) -> str:
    if not ticket.price_fen:
        return _("free")
    price = money.yuan(ticket.price_fen)
    return f"{price} · {_('pay when you arrive')}" if order.payment == "at_gate" else price


def _sum(order: OrderView) -> str:
    """How many tickets, and what is or was to be paid for them together."""
    count = len(order.live_tickets)
    words = ngettext("%(num)s ticket", "%(num)s tickets", count) % {"num": count}
    if not order.live_fen:
        return words
    if order.payment == "at_gate":
        owed = _("To be paid at the gate: %(sum)s", sum=money.yuan(order.live_fen))
    else:
        owed = _("Paid: %(sum)s", sum=money.yuan(order.live_fen))
    return f"{words} · {owed}"


def ticket_pdf(order: OrderView, site_name: str, phone: str) -> bytes:
    """About 0.1 s of work: for a thread. Every live ticket has its own QR code of 38 mm."""
    inputs = {"data": json.dumps(data(order, site_name, phone), ensure_ascii=False)}
    return bytes(_compiler().compile(format="pdf", sys_inputs=inputs))
