"""The link of an order, sent to its phone once more (BK-6)."""

from portal.core import audit, clock, db
from portal.core.crypto import vault
from portal.core.i18n import Said, _l
from portal.core.settings import settings
from portal.features.booking import messenger, orders
from portal.features.booking.messenger import Message
from portal.features.booking.place import phone_context
from portal.features.booking.queries import order_url
from portal.web.templating import local_time, message_date


async def send_link(code: str) -> bool:
    """Send it, at most once in an hour however often it is asked for; False when it was, or cannot be, sent.

    Raises ``OrderGone`` or ``Unreadable``.
    """
    if messenger.gateway() is None:
        return False
    async with db.transaction():
        order = await orders.locked(code)
        if not order["phone_sealed"]:
            return False
        sent = await messenger.send(
            Message(
                key=f"link:{code}:{clock.now():%Y%m%d%H}",
                kind="link",
                visit_day=order["visit_day"],
                order_code=code,
                phone=await vault().open(order["phone_sealed"], phone_context(code)),
                language=order["language"],
                text=_l(
                    "Your tickets for %(day)s, %(time)s: %(url)s",
                    day=Said(message_date, order["visit_day"]),
                    time=local_time(order["starts_at"]),
                    url=settings().base_url + order_url(code),
                ),
            )
        )
        if sent:
            audit.record("ticket:resend", "order", code)
        return sent
