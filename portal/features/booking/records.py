"""Orders and closures for the policy's simulator: by code and day, without a word of their visitors."""

from datetime import date
from typing import Any, Final

from portal.core import clock, db, order_code
from portal.core.i18n import _, _l
from portal.features.catalogue.snapshot import catalogue
from portal.web.records import MOST_FOUND, Found, Record, RecordKind
from portal.web.templating import local_time, short_date
from rbac.facts import NOBODY, Facts

_ORDERS: Final = (
    "SELECT o.code, o.visit_day, o.channel, o.product, s.starts_at, s.ends_at "
    "FROM booking_order o JOIN slot s ON s.id = o.slot "
)
_DAY_LETTERS: Final = 3  # of a code: they tell the day, and so where to look


async def find_orders(typed: str) -> list[Found]:
    """By code or its beginning, or by day; today's and tomorrow's when nothing is typed."""
    day = clock.asked_day(typed)
    tidy = order_code.tidy(typed)
    if day is None and typed and not _tells_a_day(tidy):
        return []
    first = day or (order_code.visit_day(tidy) if typed else clock.today())
    last = first if typed else clock.LAST_DAY
    rows = await db.fetch(
        _ORDERS + "WHERE o.visit_day BETWEEN $1 AND $2 AND o.code LIKE $3 || '%' "
        "ORDER BY o.visit_day, s.starts_at, o.code LIMIT $4",
        first,
        last,
        tidy if typed and day is None else "",
        MOST_FOUND,
    )
    return [_found(row) for row in rows]


def _tells_a_day(code: str) -> bool:
    return _DAY_LETTERS <= len(code) <= order_code.LENGTH and set(code) <= set(order_code.ALPHABET)


async def read_order(code: str) -> Record | None:
    """As staff meet it, without its link: nobody's own."""
    if not order_code.is_valid(code):
        return None
    row = await db.fetchrow(
        _ORDERS + "WHERE o.visit_day = $1 AND o.code = $2", order_code.visit_day(code), code
    )
    if row is None:
        return None
    return Record(_found(row), Facts(owner=NOBODY, attributes={"channel": row["channel"]}))


def _found(row: Any) -> Found:
    product = catalogue().product(row["product"])
    parts = (
        order_code.grouped(row["code"]),
        short_date(row["visit_day"]),
        f"{local_time(row['starts_at'])}–{local_time(row['ends_at'])}",
        str(product.name) if product else "",
    )
    return Found(row["code"], " ".join(part for part in parts if part))


_CLOSURES: Final = "SELECT id, visit_day, created_by FROM closure "


async def find_closures(typed: str) -> list[Found]:
    """By number or day, the newest first."""
    day = clock.asked_day(typed)
    number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 9 else None  # noqa: PLR2004
    if typed and day is None and number is None:
        return []
    rows = await db.fetch(
        _CLOSURES + "WHERE ($1::date IS NULL OR visit_day = $1) AND ($2::int IS NULL OR id = $2) "
        "ORDER BY id DESC LIMIT $3",
        day,
        number,
        MOST_FOUND,
    )
    return [_closure(row["id"], row["visit_day"]) for row in rows]


async def read_closure(key: str) -> Record | None:
    if not (key.isascii() and key.isdigit() and len(key) < 9):  # noqa: PLR2004  digits of an integer
        return None
    row = await db.fetchrow(_CLOSURES + "WHERE id = $1", int(key))
    if row is None:
        return None
    return Record(_closure(row["id"], row["visit_day"]), Facts(requester=row["created_by"]))


def _closure(number: int, day: date) -> Found:
    return Found(
        str(number), _("closure %(number)s of %(day)s", number=number, day=short_date(day))
    )


RECORDS: Final = (
    RecordKind(
        "order",
        _l("an order"),
        ("order", "booking", "ticket", "payment", "refund", "visitor"),
        find_orders,
        read_order,
    ),
    RecordKind("closure", _l("a closure"), ("closure",), find_closures, read_closure),
)
