"""The waiting list: parties as units, in the order of request (BK-8), and freed places.

The first party that fits is served: a freed pair goes to the first party of two or less, because
holding it for a party of five that may never fit would leave it empty. A larger party keeps its
turn.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

WAITLIST_FIRST: Final = "waitlist_first"
DELAYED_RANDOM: Final = "delayed_random"
IMMEDIATE: Final = "immediate"
POLICIES: Final = (WAITLIST_FIRST, DELAYED_RANDOM, IMMEDIATE)

DELAY_MINUTES: Final = (5, 60)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A party that waits. Parties are compared by ``number``, the order of request."""

    number: int
    party: int


def next_party(waiting: Sequence[Waiting], free: int) -> Waiting | None:
    """Find the first in the order of request that the free places suffice for."""
    fitting = [party for party in waiting if party.party <= free]
    return min(fitting, key=lambda party: party.number) if fitting else None


def offer_until(now: datetime, minutes: int, wait_until: datetime) -> datetime:
    """Limit an offer: to so many minutes, and to the hour until which the party wanted to wait."""
    return min(now + timedelta(minutes=minutes), wait_until)


def release_at(policy: str, now: datetime, choose: Callable[[int, int], int]) -> datetime:
    """When a freed place may be sold to everybody again.

    A cancelled place does not fall straight back to whoever cancelled it under another name: it
    goes to the waiting list, and what that does not take returns at a random moment.
    """
    if policy == IMMEDIATE:
        return now
    return now + timedelta(minutes=choose(*DELAY_MINUTES))
