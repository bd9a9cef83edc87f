"""Reads of booking: each function is one question."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from portal.core import clock, db, order_code
from portal.core.crypto import Unreadable, vault
from portal.core.keyring import keyring
from portal.core.masking import mask_id, mask_name, mask_phone
from portal.core.signing import token, token_is_good
from portal.features.booking.place import id_context, name_context, phone_context, phone_index
from portal.features.booking.rules.refunds import Deadlines
from portal.features.catalogue.snapshot import Product, Words, catalogue

RETURN: Final = "return"  # the purpose of the tokens that lead back from a provider
GONE = "***"  # shown where the personal data of a visit day is destroyed


@dataclass(frozen=True, slots=True)
class TicketView:
    """A ticket as its holder sees it: names and numbers masked."""

    ordinal: int
    state: str
    category: Words
    category_code: str
    price_fen: int
    price_rule: str
    proof: str
    name: str
    id_type: str
    id_number: str
    used_at: datetime | None

    @property
    def live(self) -> bool:
        return self.state in ("reserved", "valid")


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order with its tickets. ``by_link``: whoever asked for it held its link, so that pages may carry it on."""

    code: str
    visit_day: date
    state: str
    channel: str
    payment: str
    slot: int
    starts_at: datetime
    ends_at: datetime
    slot_closed: bool
    product: Product
    party: int
    places: int
    total_fen: int
    paid_fen: int
    owed_fen: int
    refunded_fen: int
    phone: str
    language: str
    created_at: datetime
    hold_until: datetime | None
    changes: int
    changed_from: str | None
    changed_to: str | None
    tickets: tuple[TicketView, ...]
    by_link: bool = False

    @property
    def key(self) -> str:
        """The secret of the link; empty for whoever came without it."""
        return link_key(self.code) if self.by_link else ""

    @property
    def url(self) -> str:
        return self.at()

    def at(self, part: str = "", **query: str) -> str:
        """The address of the order, or of a part of it, for whoever asked for this view."""
        return order_address(self.code, part, **({"key": self.key} if self.key else {}), **query)

    @property
    def shown_code(self) -> str:
        return order_code.grouped(self.code)

    @property
    def standing(self) -> bool:
        return self.state in ("held", "confirmed", "partly_used")

    @property
    def live_tickets(self) -> tuple[TicketView, ...]:
        return tuple(ticket for ticket in self.tickets if ticket.live)

    @property
    def live_fen(self) -> int:
        return sum(ticket.price_fen for ticket in self.live_tickets)

    @property
    def deadlines(self) -> Deadlines:
        return deadlines(self.visit_day, self.created_at, self.ends_at)


def deadlines(visit_day: date, created_at: datetime, ends_at: datetime) -> Deadlines:
    day_starts = clock.at(visit_day, datetime.min.time())
    return Deadlines(created_at, day_starts, ends_at)


def link_key(code: str) -> str:
    """The secret that opens an order's page without an account; made from our key, kept nowhere."""
    return token(keyring(), "order", code)


def link_is_good(code: str, key: str) -> bool:
    return token_is_good(keyring(), "order", code, key)


def order_url(code: str) -> str:
    """The link: it makes whoever has it the owner. For the visitor's own eyes."""
    return order_address(code, key=link_key(code))


def return_address(code: str, payment: UUID) -> str:
    """Where a provider sends the visitor back to. A payment's id stands in trails and statements: it opens nothing."""
    return order_address(
        code, "return", payment=str(payment), token=token(keyring(), RETURN, str(payment))
    )


def return_is_good(payment: UUID, given: str) -> bool:
    return token_is_good(keyring(), RETURN, str(payment), given)


def order_address(code: str, part: str = "", **query: str) -> str:
    path = f"/orders/{code}/{part}" if part else f"/orders/{code}"
    return f"{path}?{urlencode(query)}" if query else path


_ORDER = (
    "SELECT o.*, s.starts_at, s.ends_at, s.closed AS slot_closed FROM booking_order o "
    "JOIN slot s ON s.id = o.slot WHERE o.visit_day = $1 AND o.code = $2"
)
_TICKETS = (
    "SELECT ordinal, state, category, price_fen, price_rule, proof, name_sealed, id_type, id_sealed, used_at "
    "FROM ticket WHERE visit_day = $1 AND order_code = $2 ORDER BY ordinal"
)


async def order(code: str) -> OrderView | None:
    """The order of this code, or None; whoever asks has proved a right to it."""
    if not order_code.is_valid(code):
        return None
    day = order_code.visit_day(code)
    row = await db.fetchrow(_ORDER, day, code)
    if row is None:
        return None
    product = catalogue().product(row["product"])
    if product is None:
        return None
    tickets = await db.fetch(_TICKETS, day, code)
    fields = [
        "code",
        "visit_day",
        "state",
        "channel",
        "payment",
        "slot",
        "starts_at",
        "ends_at",
        "slot_closed",
        "party",
        "places",
        "total_fen",
        "paid_fen",
        "owed_fen",
        "refunded_fen",
        "language",
        "created_at",
        "hold_until",
        "changes",
        "changed_from",
        "changed_to",
    ]
    return OrderView(
        **{name: row[name] for name in fields},
        product=product,
        phone=mask_phone(await unsealed(row["phone_sealed"], phone_context(code))),
        tickets=tuple([await _ticket(code, ticket) for ticket in tickets]),
    )


async def _ticket(code: str, row: Any) -> TicketView:
    category = catalogue().categories.get(row["category"])
    ordinal = row["ordinal"]
    return TicketView(
        ordinal=ordinal,
        state=row["state"],
        category=Words(category.name_zh, category.name_en)
        if category
        else Words(row["category"], ""),
        category_code=row["category"],
        price_fen=row["price_fen"],
        price_rule=row["price_rule"],
        proof=row["proof"],
        name=mask_name(await unsealed(row["name_sealed"], name_context(code, ordinal))),
        id_type=row["id_type"],
        id_number=mask_id(await unsealed(row["id_sealed"], id_context(code, ordinal))),
        used_at=row["used_at"],
    )


async def unsealed(sealed: bytes | None, context: str) -> str:
    """The plain text; empty where there is none, stars where its key is destroyed."""
    if sealed is None:
        return ""
    try:
        return await vault().open(sealed, context)
    except Unreadable:
        return GONE


async def code_for_phone(code: str, phone: str) -> bool:
    """Whether this order was made with this phone number."""
    if not order_code.is_valid(code):
        return False
    found = await db.fetchval(
        "SELECT phone_index = $3 FROM booking_order WHERE visit_day = $1 AND code = $2",
        order_code.visit_day(code),
        code,
        phone_index(phone),
    )
    return bool(found)
