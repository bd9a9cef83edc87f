"""Placing an order: prices worked out, personal data sealed, then handed to the booker (BK-3, BK-4).

What is sealed carries its place as authenticated context, so a value moved to another ticket does not open. The data
key belongs to the visit day: destroying it makes all personal data of that day unreadable at once (RK-6).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from portal.core import clock, db, i18n, order_code, text
from portal.core.context import current_act
from portal.core.crypto import DataKey, blind_index, vault
from portal.features.booking import attempts
from portal.features.booking.booker import Booker, Busy, NewOrder, NewTicket, Outcome
from portal.features.booking.limits import HOLD_MINUTES
from portal.features.booking.rules import documents
from portal.features.booking.rules.party import OrderRequest, Visitor
from portal.features.catalogue.availability import SlotView
from portal.features.catalogue.rules.categories import proof_at_gate
from portal.features.catalogue.snapshot import Priced, Product

PURPOSE: Final = "visitor"
CONSENT_VERSION: Final = "2026-11"
COUNTRY_LETTERS: Final = 3

WINDOW: Final = "window"


@dataclass(frozen=True, slots=True)
class Sale:
    """Where and how an order is sold. ``payment`` None takes what the product asks for."""

    channel: str = attempts.ONLINE
    payment: str | None = None
    sold_by: int | None = None


@dataclass(frozen=True, slots=True)
class Goods:
    """What is sold: places in a slot, of a product, at that day's price of each category."""

    slot: SlotView
    product: Product
    priced: Mapping[str, Priced]


def phone_context(code: str) -> str:
    return f"order.phone:{code}"


def name_context(code: str, ordinal: int) -> str:
    return f"ticket.name:{code}:{ordinal}"


def id_context(code: str, ordinal: int) -> str:
    return f"ticket.id:{code}:{ordinal}"


def phone_index(phone: str) -> bytes:
    return blind_index("phone", phone)


def document_index(document: documents.Document) -> bytes:
    return blind_index("document", documents.identity(document))


def digest_of(*parts: str) -> bytes:
    """What a request asks for, so that the same key with another wish is noticed (BK-4); unreadable like an index."""
    return blind_index("request", "\x1f".join(parts))


def _wish(request: OrderRequest, goods: Goods, sale: Sale) -> bytes:
    people = (
        f"{visitor.category}\x1e{visitor.name}\x1e{documents.identity(visitor.document)}"
        for visitor in request.visitors
    )
    return digest_of(sale.channel, str(goods.slot.id), request.phone, *people)


def indexes_of(typed: str) -> list[bytes]:
    """Every blind index that a typed number may stand under: a phone, or a document of any type.

    A passport is known together with its country, which may stand before it: ``USA 12345678``.
    """
    found = [phone_index(text.tidy_phone(typed))]
    found += [document_index(documents.tidy(kind, typed)) for kind in documents.ID_TYPES]
    country, _blank, number = typed.strip().partition(" ")
    if len(country) == COUNTRY_LETTERS and country.isalpha() and number:
        found.append(document_index(documents.tidy(documents.PASSPORT, number, country)))
    return found


async def day_key(day: date) -> DataKey:
    """The data key of visitors of this day."""
    period = day.isoformat()
    return vault().cached(PURPOSE, period) or await vault().key(PURPOSE, period)


async def place(booker: Booker, request: OrderRequest, goods: Goods) -> Outcome:
    """Book for the online channel. Raises ``Busy`` when the outcome could not be had; the key then still stands.

    Every attempt is counted once (BK-12): by the booking function with what it books, here where none was reached.
    """
    product = goods.slot.product
    try:
        key = await day_key(goods.slot.visit_day)
        try:
            return await booker.book(new_order(key, request, goods, Sale()))
        except db.UniqueViolation:  # the code is taken: once in some million orders of one day
            return await booker.book(new_order(key, request, goods, Sale()))
    except (Busy, *db.ConnectionLost) as error:
        busy = error if isinstance(error, Busy) else Busy("timeout")
        attempts.count(busy.kind, product)
        raise busy from error
    except Exception:
        attempts.count("fault", product)
        raise


def new_order(key: DataKey, request: OrderRequest, goods: Goods, sale: Sale) -> NewOrder:
    """The order as it will be stored."""
    code = order_code.new(goods.slot.visit_day)
    act = current_act()
    tickets = tuple(
        _ticket(key, goods, visitor, code, ordinal)
        for ordinal, visitor in enumerate(request.visitors)
    )
    total = sum(ticket.price_fen for ticket in tickets)
    payment = sale.payment or (goods.product.payment if total else "free")
    held = payment == "online"
    return NewOrder(
        key=request.key,
        digest=_wish(request, goods, sale),
        slot=goods.slot.id,
        code=code,
        channel=sale.channel,
        payment=payment,
        total_fen=total,
        phone_sealed=key.seal(request.phone, phone_context(code)) if request.phone else None,
        phone_index=phone_index(request.phone) if request.phone else None,
        language=i18n.language(),
        consent=CONSENT_VERSION,
        guardian=request.guardian_consent,
        sold_by=sale.sold_by,
        hold_until=clock.now() + timedelta(minutes=HOLD_MINUTES()) if held else None,
        subject=act.subject,
        address=act.kept_address,
        request_id=act.request_id,
        tickets=tickets,
    )


def _ticket(key: DataKey, goods: Goods, visitor: Visitor, code: str, ordinal: int) -> NewTicket:
    priced, document = goods.priced[visitor.category], visitor.document
    return NewTicket(
        category=visitor.category,
        price_fen=priced.fen,
        price_rule=priced.rule,
        proof=proof_at_gate(priced.category, visitor.born, goods.slot.visit_day),
        name_sealed=key.seal(visitor.name, name_context(code, ordinal)) if visitor.name else None,
        id_type=document.id_type if document.number else "none",
        id_sealed=key.seal(document.number, id_context(code, ordinal)) if document.number else None,
        id_index=document_index(document) if document.number else None,
        country=document.country,
    )
