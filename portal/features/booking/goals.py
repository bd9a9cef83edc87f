"""The measured goals (BK-12): success and failure of real attempts, per day and quarter.

An *attempt* is a complete, valid booking that a visitor sent; a repeat with the same key is the same attempt, and
what staff sell at the window is none: it would flatter the figure. It is a *success* when it was booked, a *failure*
when the portal itself let the visitor down (busy, timeout, fault). It was *turned away* when places ran out or a
published rule said no. Forms with errors are no attempts: they are shown beside.

    success rate = successes / (successes + failures + sold out)      goal ≥ 95 %
    failure rate = failures / attempts                                goal < 0.5 %

Refusals by rule (a document twice, a suspended phone) are outside the success rate: there the portal did right.
"""

from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Final

from portal.core import clock, db
from portal.core.i18n import _

SUCCESS: Final = frozenset({"booked"})
FAILURE: Final = frozenset({"busy", "timeout", "fault"})
SOLD_OUT: Final = frozenset({"sold-out"})
RULES: Final = frozenset(
    {"slot-closed", "duplicate-document", "blocked", "phone-limit", "price-changed"}
)
INPUT: Final = frozenset({"input-error"})

SUCCESS_GOAL: Final = 0.95
FAILURE_GOAL: Final = 0.005


@dataclass(frozen=True, slots=True)
class Measured:
    """Counts of a period and the rates that follow."""

    label: str
    succeeded: int
    failed: int
    sold_out: int
    by_rule: int
    input_errors: int

    @property
    def attempts(self) -> int:
        return self.succeeded + self.failed + self.sold_out + self.by_rule

    @property
    def seen(self) -> bool:
        """Whether anything at all was counted."""
        return bool(self.attempts or self.input_errors)

    @property
    def success_rate(self) -> float | None:
        """None without an attempt: no figure is better than a made-up one."""
        counted = self.succeeded + self.failed + self.sold_out
        return self.succeeded / counted if counted else None

    @property
    def failure_rate(self) -> float | None:
        return self.failed / self.attempts if self.attempts else None

    @property
    def success_met(self) -> bool:
        return self.success_rate is None or self.success_rate >= SUCCESS_GOAL

    @property
    def failure_met(self) -> bool:
        return self.failure_rate is None or self.failure_rate < FAILURE_GOAL


def measured(label: str, counts: dict[str, int]) -> Measured:
    def total(kinds: frozenset[str]) -> int:
        return sum(counts.get(kind, 0) for kind in kinds)

    return Measured(
        label, total(SUCCESS), total(FAILURE), total(SOLD_OUT), total(RULES), total(INPUT)
    )


def quarter_of(day: date) -> str:
    return _("Q%(quarter)s %(year)s", quarter=(day.month - 1) // 3 + 1, year=day.year)


def quarter_start(day: date, ago: int = 0) -> date:
    """The first day of this day's quarter, or of one so many quarters ago."""
    quarters = day.year * 4 + (day.month - 1) // 3 - ago
    return date(quarters // 4, quarters % 4 * 3 + 1, 1)


async def daily(days: int = 30) -> list[Measured]:
    """The last days, today first; a day without attempts has zeros and no rate."""
    rows = await db.fetch(
        "SELECT (minute AT TIME ZONE $1)::date AS day, outcome, sum(attempts)::int AS n FROM booking_attempt "
        "WHERE minute >= $2 AND channel = 'online' GROUP BY 1, 2",
        clock.DEFAULT_ZONE,
        clock.at(clock.today() - timedelta(days=days - 1), time.min),
    )
    by_day: dict[date, dict[str, int]] = {}
    for row in rows:
        by_day.setdefault(row["day"], {})[row["outcome"]] = row["n"]
    shown = [clock.today() - timedelta(days=ago) for ago in range(days)]
    return [measured(day.isoformat(), by_day.get(day, {})) for day in shown]


async def today() -> Measured:
    """The running day."""
    return (await daily(1))[0]


async def quarterly(quarters: int = 8) -> list[Measured]:
    """The last quarters, the running one first."""
    rows = await db.fetch(
        "SELECT date_trunc('quarter', minute AT TIME ZONE $1)::date AS quarter, outcome, sum(attempts)::int AS n "
        "FROM booking_attempt WHERE minute >= $2 AND channel = 'online' GROUP BY 1, 2 ORDER BY 1 DESC",
        clock.DEFAULT_ZONE,
        clock.at(quarter_start(clock.today(), quarters - 1), time.min),
    )
    by_quarter: dict[date, dict[str, int]] = {}
    for row in rows:
        by_quarter.setdefault(row["quarter"], {})[row["outcome"]] = row["n"]
    return [measured(quarter_of(start), counts) for start, counts in by_quarter.items()]
