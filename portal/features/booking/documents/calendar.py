"""The visit as a calendar file (RFC 5545)."""

from datetime import datetime, timedelta
from typing import Final

from portal.core.i18n import _, language, ngettext
from portal.features.booking.queries import OrderView

REMINDER: Final = timedelta(hours=2)


def ics(order: OrderView, site_name: str, address: str, now: datetime) -> bytes:
    """One event with a stable id: a later file of the same order replaces it, a cancelled order takes it out."""
    from icalendar import Alarm, Calendar, Event  # noqa: PLC0415  3 MB that most workers never need

    spoken = {"LANGUAGE": "zh-CN" if language() == "zh" else "en"}
    calendar = Calendar()
    calendar.add("prodid", "-//Shanmen//portal//EN")
    calendar.add("version", "2.0")
    cancelled = not order.standing
    calendar.add("method", "CANCEL" if cancelled else "PUBLISH")
    event = Event()
    event.add("uid", f"{order.code}@shanmen")
    event.add("sequence", 1 if cancelled else 0)
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("dtstamp", now)
    event.add("dtstart", order.starts_at)
    event.add("dtend", order.ends_at)
    title = f"{site_name} · {order.product.name}"
    event.add("summary", title, spoken)
    event.add("location", f"{site_name}, {address}" if address else site_name, spoken)
    event.add("description", _words(order), spoken)
    if not cancelled:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", title)
        alarm.add("trigger", -REMINDER)
        event.add_component(alarm)
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def _words(order: OrderView) -> str:
    """Who comes and what to bring; not the order's link, which is its key: calendars are shared."""
    visitors = ngettext("%(num)s visitor", "%(num)s visitors", order.places) % {"num": order.places}
    return "\n".join(
        (
            _("Order code: %(code)s", code=order.shown_code),
            visitors,
            _("Bring your tickets and the documents you booked with."),
        )
    )
