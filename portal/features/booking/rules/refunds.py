"""Cancelling and refunding: the published rules, as a quote that is shown before the click (BK-7, DOMAIN A2)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

UNDO: Final = timedelta(minutes=10)  # reversible without cost or mark (accessibility design code, 2021)
HUNDRED: Final = 100

FREE: Final = "free"  # before the visit day
UNDONE: Final = "undo"  # within ten minutes of booking
LATE: Final = "late"  # on the visit day, until the last entry
OVER: Final = "over"  # nothing is given back any more
SITE: Final = "site"  # the scenic area closed: everything back, fees too


@dataclass(frozen=True, slots=True)
class Quote:
    """What cancelling now would give. ``until`` is when this rule ends; ``no_show`` counts one."""

    allowed: bool
    rule: str
    refund_fen: int
    fee_fen: int
    no_show: bool
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Deadlines:
    """``day_starts`` is 00:00 of the visit day; ``last_entry`` the end of the slot."""

    booked_at: datetime
    day_starts: datetime
    last_entry: datetime


def quote(paid_fen: int, now: datetime, deadlines: Deadlines, late_fee_percent: int, *, closed: bool) -> Quote:
    """Quote for the tickets that were paid ``paid_fen``. A fee is rounded down, in the visitor's favour."""
    if closed:
        return Quote(True, SITE, paid_fen, 0, False, None)
    if now < deadlines.day_starts:
        return Quote(True, FREE, paid_fen, 0, False, deadlines.day_starts)
    if now < deadlines.booked_at + UNDO and now < deadlines.last_entry:
        return Quote(True, UNDONE, paid_fen, 0, False, deadlines.booked_at + UNDO)
    if now < deadlines.last_entry:
        fee = paid_fen * late_fee_percent // HUNDRED
        return Quote(True, LATE, paid_fen - fee, fee, True, deadlines.last_entry)
    return Quote(False, OVER, 0, paid_fen, True, None)


def change_error(changes: int, limit: int, now: datetime, deadlines: Deadlines) -> str | None:
    """Whether the order may still move to another slot."""
    if now >= deadlines.last_entry:
        return "change-late"
    return "change-limit" if changes >= limit else None
