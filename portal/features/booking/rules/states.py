"""The states of orders and tickets and the ways between them; nothing else ever happens to them."""

from collections.abc import Mapping
from typing import Final

ORDER: Final[Mapping[str, frozenset[str]]] = {
    "held": frozenset({"confirmed", "expired", "cancelled"}),
    "confirmed": frozenset({"partly_used", "used", "closed", "cancelled", "refunding", "replaced"}),
    "partly_used": frozenset({"used", "closed"}),
    "used": frozenset({"closed"}),
    "refunding": frozenset({"refunded", "refund_failed"}),
    "refund_failed": frozenset({"refunding", "refunded"}),
    "expired": frozenset({"held", "refunding"}),  # money that came late: places again, or back
    "cancelled": frozenset({"refunding"}),
    "refunded": frozenset(),
    "closed": frozenset(),
    "replaced": frozenset(),
}

TICKET: Final[Mapping[str, frozenset[str]]] = {
    "reserved": frozenset({"valid", "expired", "cancelled"}),
    "valid": frozenset({"used", "cancelled", "refunded", "expired", "no_show", "replaced"}),
    "expired": frozenset({"reserved"}),  # only with an order whose late money found places again
    "used": frozenset(),
    "cancelled": frozenset(),
    "refunded": frozenset(),
    "no_show": frozenset(),
    "replaced": frozenset(),
}

#: Orders whose places count.
STANDING: Final = ("held", "confirmed", "partly_used", "used")
#: Tickets that occupy a place and their document's one booking of the day.
LIVE_TICKET: Final = ("reserved", "valid", "used")


def order_may(before: str, after: str) -> bool:
    return after in ORDER[before]


def ticket_may(before: str, after: str) -> bool:
    return after in TICKET[before]
