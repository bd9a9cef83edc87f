"""The one clock. Tests hold it still with time-machine; nothing else in the project asks for the time."""

from datetime import UTC, date, datetime, time
from functools import cache
from zoneinfo import ZoneInfo

DEFAULT_ZONE = "Asia/Shanghai"

#: Days that somebody may ask for: reckoning from them stays within what a date can be.
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)


def now() -> datetime:
    """The current instant, aware, in UTC: the form in which every instant is stored."""
    return datetime.now(UTC)  # noqa: TID251  the one place that may ask


@cache
def zone(name: str = DEFAULT_ZONE) -> ZoneInfo:
    return ZoneInfo(name)


def site_zone() -> ZoneInfo:
    """The zone in which the site's days begin and its slots are shown."""
    return zone()


def today() -> date:
    """The site's calendar day, which is what visitors and staff mean by today."""
    return now().astimezone(site_zone()).date()


def local(instant: datetime) -> datetime:
    return instant.astimezone(site_zone())


def at(day: date, hour: time) -> datetime:
    """The instant at which the site's clocks show this day and hour."""
    return datetime.combine(day, hour, tzinfo=site_zone()).astimezone(UTC)


def asked_day(text: str | None) -> date | None:
    """The day written as ``2026-11-24`` in an address; None when it is none that anybody can mean."""
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    return day if FIRST_DAY <= day <= LAST_DAY else None
