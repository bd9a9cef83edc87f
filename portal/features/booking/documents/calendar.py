"""The visit as a calendar file (RFC 5545)."""

from datetime import datetime

from icalendar import Alarm, Calendar, Event

from portal.core.i18n import _
from portal.features.booking.queries import OrderView


def ics(order: OrderView, site_name: str, address: str, now: datetime) -> bytes:
    """One event with a stable id.

    A later file of the same order replaces the earlier one, a cancelled order its event.
    """
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
    event.add("summary", f"{site_name}: {order.product.name}")
    event.add("location", address or site_name)
    event.add(
        "description",
        _("Order %(code)s, %(party)s visitors", code=order.shown_code, party=order.places),
    )
    if not cancelled:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", f"{site_name}")
        alarm.add("trigger", order.starts_at)
        event.add_component(alarm)
    calendar.add_component(event)
    return bytes(calendar.to_ical())
