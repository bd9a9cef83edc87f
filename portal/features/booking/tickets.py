"""The ticket itself: what its QR code says, and its documents (BK-6).

The code holds no personal data: order, ordinal, slot, visit day and hours, signed with Ed25519, so that a gate can
judge it without a network. 32 octets, so the QR code stays coarse enough for a cracked screen in the rain.
"""

import struct
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from portal.core.keyring import keyring
from portal.core.order_code import EPOCH
from portal.core.signing import sign_ticket
from portal.features.booking.queries import OrderView, TicketView

#: version, order code, ordinal, slot, visit day since 2026-01-01, begin and end in minutes since then (UTC)
_LAYOUT: Final = struct.Struct(">B11sHIHII")
VERSION: Final = 1
_START: Final = datetime(EPOCH.year, EPOCH.month, EPOCH.day, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stub:
    """What a QR code says, once its signature is known to be good."""

    code: str
    ordinal: int
    slot: int
    visit_day: date
    starts_at: datetime
    ends_at: datetime


def pack(stub: Stub) -> bytes:
    return _LAYOUT.pack(
        VERSION,
        stub.code.encode(),
        stub.ordinal,
        stub.slot,
        (stub.visit_day - EPOCH).days,
        int((stub.starts_at - _START).total_seconds()) // 60,
        int((stub.ends_at - _START).total_seconds()) // 60,
    )


def unpack(payload: bytes) -> Stub:
    """The stub of a payload; raises ``ValueError`` for one of another layout."""
    try:
        version, code, ordinal, slot, day, starts, ends = _LAYOUT.unpack(payload)
    except struct.error as error:
        raise ValueError("not a ticket") from error
    if version != VERSION:
        raise ValueError("a ticket of another version")
    return Stub(
        code.decode(),
        ordinal,
        slot,
        EPOCH + timedelta(days=day),
        _START + timedelta(minutes=starts),
        _START + timedelta(minutes=ends),
    )


def qr_text(order: OrderView, ticket: TicketView) -> str:
    """The text of a ticket's QR code. The same ticket gives the same text."""
    stub = Stub(
        order.code, ticket.ordinal, order.slot, order.visit_day, order.starts_at, order.ends_at
    )
    return sign_ticket(keyring(), pack(stub))
