"""What booking puts on the desk: each question is one count that an index answers."""

from typing import Final

from portal.core import clock, db
from portal.core.i18n import _l
from portal.features.booking import goals, window
from portal.web.actor import Actor
from portal.web.desk import MOST_COUNTED, Figure, Waiting
from rbac.permissions import Permission


async def _count(rows: str) -> int:
    """Count the rows of a query, no farther than the desk shows."""
    return int(await db.fetchval(f"SELECT count(*) FROM ({rows} LIMIT {MOST_COUNTED}) AS q"))  # noqa: S608


async def open_appeals(_actor: Actor) -> int:
    return await _count("SELECT FROM appeal WHERE state = 'filed'")


async def closures_under_way(_actor: Actor) -> int:
    """Closures in force with holders who have not been told or have not chosen."""
    return await _count(
        "SELECT FROM closure c WHERE c.lifted_at IS NULL AND EXISTS "
        "(SELECT FROM closure_order o WHERE o.closure = c.id AND o.state IN ('waiting', 'told'))"
    )


async def calls_to_make(_actor: Actor) -> int:
    return int(
        await db.fetchval(
            "SELECT count(*) FROM (SELECT FROM visitor_message WHERE state IN ('by_phone', 'failed') "
            "AND visit_day >= $1 LIMIT $2) AS q",
            clock.today(),
            MOST_COUNTED,
        )
    )


async def money_at_the_window(_actor: Actor) -> int:
    return await _count(
        "SELECT FROM booking_order WHERE payment = 'cash' AND owed_fen > refunded_fen"
    )


async def failed_refunds(_actor: Actor) -> int:
    return await _count("SELECT FROM refund WHERE state = 'failed'")


async def uneven_drawers(_actor: Actor) -> int:
    return await window.uneven_drawers(MOST_COUNTED)


async def success_today(_actor: Actor) -> tuple[str, str] | None:
    measured = await goals.today()
    if measured.success_rate is None:
        return "–", ""
    return f"{measured.success_rate * 100:.1f} %", "good" if measured.success_met else "bad"


async def visitors_today(_actor: Actor) -> tuple[str, str] | None:
    """Places sold for today's slots, of how many."""
    [row] = await db.fetch(
        "SELECT coalesce(sum(sold_online + sold_window + sold_agency), 0)::int AS sold, "
        "coalesce(sum(capacity) FILTER (WHERE NOT retired), 0)::int AS capacity FROM slot WHERE visit_day = $1",
        clock.today(),
    )
    return f"{row['sold']:,} / {row['capacity']:,}", ""


WAITING: Final = (
    Waiting(
        _l("appeals to decide"), "/blocks?show=appeals", Permission.APPEAL_DECIDE, open_appeals
    ),
    Waiting(
        _l("closures whose holders are not all settled"),
        "/closures",
        Permission.CLOSURE_READ,
        closures_under_way,
    ),
    Waiting(
        _l("visitors to be told by telephone"),
        "/calls",
        Permission.VISITOR_REVEAL,
        calls_to_make,
    ),
    Waiting(
        _l("repayments that visitors may fetch at the window"),
        "/window/back",
        Permission.WINDOW_SALE_REFUND,
        money_at_the_window,
    ),
    Waiting(
        _l("refunds that the payment service refused"),
        "/refunds",
        Permission.PAYMENT_READ,
        failed_refunds,
        "bad",
    ),
    Waiting(
        _l("drawers whose count was off and that nobody has looked at"),
        "/window/drawers",
        Permission.WINDOW_SALE_REPORT,
        uneven_drawers,
        "bad",
    ),
)
FIGURES: Final = (
    Figure(_l("Places sold for today"), "/bookings", Permission.ORDER_LIST, visitors_today),
    Figure(_l("Bookings that succeed today"), "/goals", Permission.ATTEMPT_READ, success_today),
)
