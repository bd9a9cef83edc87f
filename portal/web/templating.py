"""Templates: one environment, the globals and filters that every page may use."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2_fragments import render_block
from markupsafe import Markup

from portal.core import clock, i18n
from portal.core.money import yuan
from portal.core.settings import settings
from portal.web.assets import Assets
from portal.web.csrf import CurrentToken

ROOT: Final = Path(__file__).parents[2] / "templates"


@cache
def assets() -> Assets:
    return Assets()


@cache
def environment() -> Environment:
    """Autoescaping, strict about unknown names, compiled once."""
    made = Environment(
        loader=FileSystemLoader(ROOT),
        autoescape=True,
        auto_reload=settings().development,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.loopcontrols"],
    )
    made.install_gettext_callables(i18n.gettext, i18n.ngettext, newstyle=True)  # type: ignore[attr-defined]
    made.globals["static"] = assets().url
    made.globals["origin"] = settings().origin
    made.globals["csrf_token"] = CurrentToken()
    made.filters.update(
        money=yuan,
        localdate=local_date,
        localtime=local_time,
        localdatetime=local_datetime,
        fulldate=full_date,
        hours=hours,
        stamp=stamp,
        clocktime=clock_time,
        isodate=lambda day: day.isoformat(),
        shortdate=short_date,
        weekday=weekday,
        monthname=month_name,
    )
    return made


def local_date(moment: date | datetime) -> str:
    """2026年10月1日 or 1 October 2026, in the site's zone."""
    day = clock.local(moment).date() if isinstance(moment, datetime) else moment
    if i18n.language() == "zh":
        return f"{day.year}年{day.month}月{day.day}日"  # i18n: a date, not a text
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def full_date(moment: date | datetime) -> str:
    """2026年10月1日 周四 or Thu 1 October 2026."""
    day = clock.local(moment).date() if isinstance(moment, datetime) else moment
    if i18n.language() == "zh":
        return f"{local_date(day)} {weekday(day)}"
    return f"{_WEEKDAYS[day.weekday()]} {local_date(day)}"


def message_date(moment: date | datetime) -> str:
    """10月1日（周四） or Thu 1 Oct 2026: as people write it in a short message."""
    day = clock.local(moment).date() if isinstance(moment, datetime) else moment
    if i18n.language() == "zh":
        return f"{short_date(day)}（{weekday(day)}）"  # i18n: a date, not a text
    return f"{weekday(day)} {short_date(day)} {day.year}"


def message_datetime(moment: datetime) -> str:
    between = "" if i18n.language() == "zh" else ", "
    return message_date(moment) + between + local_time(moment)


def local_datetime(moment: datetime) -> str:
    between = " " if i18n.language() == "zh" else ", "
    return local_date(moment) + between + local_time(moment)


def stamp(moment: datetime) -> Markup:
    """2026-10-01 08:30:05 in either language: for lists that are compared line by line."""
    at = f"{clock.local(moment):%Y-%m-%d %H:%M:%S}"
    return Markup('<time class="stamp" datetime="{}">{}</time>').format(
        moment.isoformat(timespec="seconds"), at
    )


def clock_time(moment: datetime) -> Markup:
    """08:30:05, for lists whose days stand above the rows."""
    return Markup('<time datetime="{}">{}</time>').format(
        moment.isoformat(timespec="microseconds"), f"{clock.local(moment):%H:%M:%S}"
    )


def short_date(day: date) -> str:
    """10月1日 or 1 Oct."""
    if i18n.language() == "zh":
        return f"{day.month}月{day.day}日"  # i18n: a date, not a text
    return f"{day.day} {_MONTHS[day.month - 1][:3]}"


def local_time(moment: datetime) -> str:
    return f"{clock.local(moment):%H:%M}"


def hours(slot: Any) -> Markup:
    """08:30–10:30, of whatever begins and ends; never broken between two lines."""
    times = f"{local_time(slot.starts_at)}–{local_time(slot.ends_at)}"
    return Markup('<span class="nowrap">{}</span>').format(times)


def weekday(day: date) -> str:
    names = _WEEKDAYS_ZH if i18n.language() == "zh" else _WEEKDAYS
    return names[day.weekday()]


def month_name(day: date) -> str:
    """十一月 or November."""
    return (_MONTHS_ZH if i18n.language() == "zh" else _MONTHS)[day.month - 1]


_MONTHS: Final = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_NUMBERS_ZH: Final = "一 二 三 四 五 六 七 八 九 十 十一 十二"  # i18n: with the English above
_MONTHS_ZH: Final = [f"{number}月" for number in _NUMBERS_ZH.split()]  # i18n: the same
_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WEEKDAYS_ZH: Final = [f"周{day}" for day in "一二三四五六日"]  # i18n: with the English above


def render(template: str, context: Mapping[str, Any], block: str | None = None) -> str:
    """The whole page, or one named block of it for an htmx swap."""
    if block is None:
        return environment().get_template(template).render(context)
    return render_block(environment(), template, block, context)
