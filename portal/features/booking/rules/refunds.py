"""Cancelling and refunding by the published rules, as a quote shown before the click (BK-7)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

#: Reversible without cost or mark for so long (accessibility design code, 2021).
UNDO: Final = timedelta(minutes=10)
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


def quote(
    paid_fen: int, now: datetime, deadlines: Deadlines, late_fee_percent: int, *, closed: bool
) -> Quote:
    """Quote for tickets paid with ``paid_fen``; a fee is rounded down, in the visitor's favour."""
    if closed:
        return _everything_back(SITE, paid_fen, None)
    if now < deadlines.day_starts:
        return _everything_back(FREE, paid_fen, deadlines.day_starts)
    undo_until = min(deadlines.booked_at + UNDO, deadlines.last_entry)
    if now < undo_until:
        return _everything_back(UNDONE, paid_fen, undo_until)
    open_still = now < deadlines.last_entry
    fee = paid_fen * late_fee_percent // HUNDRED if open_still else paid_fen
    return Quote(
        allowed=open_still,
        rule=LATE if open_still else OVER,
        refund_fen=paid_fen - fee,
        fee_fen=fee,
        no_show=True,
        until=deadlines.last_entry if open_still else None,
    )


def _everything_back(rule: str, paid_fen: int, until: datetime | None) -> Quote:
    return Quote(
        allowed=True, rule=rule, refund_fen=paid_fen, fee_fen=0, no_show=False, until=until
    )


def change_error(changes: int, limit: int, now: datetime, deadlines: Deadlines) -> str | None:
    """Whether the order may still move to another slot."""
    if now >= deadlines.last_entry:
        return "change-late"
    return "change-limit" if changes >= limit else None
