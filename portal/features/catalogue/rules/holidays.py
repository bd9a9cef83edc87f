"""Public holidays: a table to begin with; what holds is edited in the browser.

2026 as announced by the State Council on 2025-11-04. The plan of a year comes in November of the
year before; until then its legal days stand here unconfirmed and without swapped working days.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from portal.features.catalogue.rules.prices import MAKEUP_WORKDAY, PUBLIC_HOLIDAY


@dataclass(frozen=True, slots=True)
class CalendarDay:
    day: date
    kind: str
    name_zh: str
    name_en: str
    confirmed: bool = True


def _span(
    first: date, last: date, zh: str, en: str, *, confirmed: bool = True
) -> list[CalendarDay]:
    days = (last - first).days + 1
    return [
        CalendarDay(first + timedelta(days=offset), PUBLIC_HOLIDAY, zh, en, confirmed)
        for offset in range(days)
    ]


def _makeup(*days: date) -> list[CalendarDay]:
    return [CalendarDay(day, MAKEUP_WORKDAY, "调休上班", "Make-up working day") for day in days]


DEFAULT_CALENDAR: Final = (
    *_span(date(2026, 1, 1), date(2026, 1, 3), "元旦", "New Year"),
    *_span(date(2026, 2, 15), date(2026, 2, 23), "春节", "Spring Festival"),
    *_span(date(2026, 4, 4), date(2026, 4, 6), "清明节", "Qingming"),
    *_span(date(2026, 5, 1), date(2026, 5, 5), "劳动节", "Labour Day"),
    *_span(date(2026, 6, 19), date(2026, 6, 21), "端午节", "Dragon Boat Festival"),
    *_span(date(2026, 9, 25), date(2026, 9, 27), "中秋节", "Mid-Autumn Festival"),
    *_span(date(2026, 10, 1), date(2026, 10, 7), "国庆节", "National Day"),
    *_makeup(
        date(2026, 1, 4),
        date(2026, 2, 14),
        date(2026, 2, 28),
        date(2026, 5, 9),
        date(2026, 9, 20),
        date(2026, 10, 10),
    ),
    *_span(date(2027, 1, 1), date(2027, 1, 1), "元旦", "New Year", confirmed=False),
    *_span(date(2027, 2, 5), date(2027, 2, 8), "春节", "Spring Festival", confirmed=False),
    *_span(date(2027, 4, 5), date(2027, 4, 5), "清明节", "Qingming", confirmed=False),
    *_span(date(2027, 5, 1), date(2027, 5, 2), "劳动节", "Labour Day", confirmed=False),
    *_span(date(2027, 6, 9), date(2027, 6, 9), "端午节", "Dragon Boat Festival", confirmed=False),
    *_span(date(2027, 9, 15), date(2027, 9, 15), "中秋节", "Mid-Autumn Festival", confirmed=False),
    *_span(date(2027, 10, 1), date(2027, 10, 3), "国庆节", "National Day", confirmed=False),
)
