"""A file of holidays (DOMAIN A9): CSV as a spreadsheet writes it, each wrong row named with its line.

Columns are ``date, kind, name_zh, name_en, confirmed``, in this order or under these heads; the last three may be
missing. Heads and kinds may be Chinese, as the notice has them.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from portal.core.i18n import LazyText, _l
from portal.features.catalogue.rules.holidays import CalendarDay
from portal.features.catalogue.rules.prices import FREE_DAY, MAKEUP_WORKDAY, PUBLIC_HOLIDAY

COLUMNS: Final = ("date", "kind", "name_zh", "name_en", "confirmed")
MOST_ROWS: Final = 1000
LONGEST_NAME: Final = 60

_HEADS: Final[Mapping[str, str]] = {name: name for name in COLUMNS} | {
    "日期": "date",  # i18n: heads of a file
    "类型": "kind",  # i18n: heads of a file
    "名称": "name_zh",  # i18n: heads of a file
    "中文名称": "name_zh",  # i18n: heads of a file
    "英文名称": "name_en",  # i18n: heads of a file
    "已确认": "confirmed",  # i18n: heads of a file
}
_KINDS: Final[Mapping[str, str]] = {
    PUBLIC_HOLIDAY: PUBLIC_HOLIDAY,
    MAKEUP_WORKDAY: MAKEUP_WORKDAY,
    FREE_DAY: FREE_DAY,
    "法定节假日": PUBLIC_HOLIDAY,  # i18n: values of a file
    "节假日": PUBLIC_HOLIDAY,  # i18n: values of a file
    "放假": PUBLIC_HOLIDAY,  # i18n: values of a file
    "调休上班": MAKEUP_WORKDAY,  # i18n: values of a file
    "上班": MAKEUP_WORKDAY,  # i18n: values of a file
    "免费开放日": FREE_DAY,  # i18n: values of a file
}
_YES: Final = ("", "yes", "true", "1", "是", "√")  # i18n: values of a file
_NO: Final = ("no", "false", "0", "否")  # i18n: values of a file
_DATES: Final = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日")  # i18n: values of a file

WORDS: Final[Mapping[str, LazyText]] = {
    "file-empty": _l("There is no row in it."),
    "file-large": _l("A file may have 500 kB."),
    "file-encoding": _l("This file is no text. Save it as CSV, in UTF-8 or GB 18030."),
    "rows-wrong": _l("%(rows)s rows cannot be read; nothing was changed. They are named below."),
    "file-long": _l("A file may have 1,000 rows."),
    "row-date": _l("the date is not one such as 2027-10-01"),
    "row-kind": _l("the kind is not public_holiday, makeup_workday or free_day"),
    "row-name": _l("the name is too long"),
    "row-confirmed": _l("the last column is not yes or no"),
    "row-twice": _l("this day stands in the file already"),
}


@dataclass(frozen=True, slots=True)
class WrongRow:
    """``line`` as a spreadsheet counts it, from 1."""

    line: int
    text: str
    code: str

    @property
    def words(self) -> str:
        return str(WORDS[self.code])


def parse(text: str) -> tuple[list[CalendarDay], list[WrongRow]]:
    """The days of a file, and what is wrong with the other rows; raises ``ValueError`` with a code for all of it."""
    rows = [
        (line, cells)
        for line, row in enumerate(csv.reader(io.StringIO(text)), 1)
        if any(cells := [cell.strip() for cell in row])
    ]
    order: tuple[str, ...] = COLUMNS
    if (
        rows
        and (heads := [_HEADS.get(cell.lower(), "") for cell in rows[0][1]])
        and "date" in heads
    ):
        order, rows = tuple(heads), rows[1:]
    if not rows:
        raise ValueError("file-empty")
    if len(rows) > MOST_ROWS:
        raise ValueError("file-long")
    days: dict[date, CalendarDay] = {}
    wrong = []
    for line, cells in rows:
        found = _day(dict(zip(order, cells, strict=False)))
        if isinstance(found, CalendarDay) and found.day in days:
            found = "row-twice"
        if isinstance(found, CalendarDay):
            days[found.day] = found
        else:
            wrong.append(WrongRow(line, ", ".join(cells)[:80], found))
    return list(days.values()), wrong


def _day(cells: Mapping[str, str]) -> CalendarDay | str:
    """The day of a row, or the code of what is wrong with it."""
    day = _date(cells.get("date", ""))
    kind = _KINDS.get(cells.get("kind", "").lower())
    confirmed = cells.get("confirmed", "").lower()
    name_zh = cells.get("name_zh", "") or cells.get("name_en", "")
    name_en = cells.get("name_en", "") or name_zh
    if day is None:
        return "row-date"
    if kind is None:
        return "row-kind"
    if max(len(name_zh), len(name_en)) > LONGEST_NAME:
        return "row-name"
    if confirmed not in (*_YES, *_NO):
        return "row-confirmed"
    return CalendarDay(day, kind, name_zh, name_en, confirmed in _YES)


def _date(text: str) -> date | None:
    for wanted in _DATES:
        try:
            return datetime.strptime(text, wanted).date()  # noqa: DTZ007  a day, not an instant
        except ValueError:
            continue
    return None
