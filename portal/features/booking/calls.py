"""Those whom no message reached: staff tell them by telephone, each once (BK-11, NT-1).

A message comes here when no gateway is set up, when the visitor gave no number, or when the gateway failed for good.
Numbers are masked until somebody asks for them for this purpose; then the trail says whose.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from portal.core import audit, clock, db, order_code
from portal.core.context import current_act
from portal.core.masking import mask_phone
from portal.features.booking.queries import unsealed

TO_CALL: Final = "state IN ('by_phone', 'failed')"

#: A link in a message opens the order without an account: it is not for whoever reads the words out.
_LINK: Final = re.compile(r"https?://\S+")


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody to be told. ``phone`` is masked unless it was asked for; ``tries`` are calls that reached nobody."""

    id: int
    kind: str
    visit_day: date
    order_code: str
    phone: str
    text: str
    created_at: datetime
    tries: int
    tried_at: datetime | None

    @property
    def shown_code(self) -> str:
        return order_code.grouped(self.order_code) if self.order_code else ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls; without a day those of all visits that are still to come."""

    day: date | None = None
    kind: str = ""


async def listed(wanted: Wanted, limit: int, offset: int, *, plain: bool = False) -> list[Call]:
    """The calls to make, the nearest visit first and whoever was tried last at the end."""
    rows = await db.fetch(
        "SELECT id, key, kind, visit_day, order_code, phone_sealed, body_sealed, created_at, attempts, tried_at "  # noqa: S608
        f"FROM visitor_message WHERE {TO_CALL} AND visit_day >= $1 AND ($2::date IS NULL OR visit_day = $2) "
        "AND ($3 = '' OR kind = $3) ORDER BY visit_day, tried_at NULLS FIRST, id LIMIT $4 OFFSET $5",
        clock.today(),
        wanted.day,
        wanted.kind,
        limit,
        offset,
    )
    if plain:
        await _note_reveal(rows)
    return [await _call(row, plain=plain) for row in rows]


async def _note_reveal(rows: list[Any]) -> None:
    """On the trail before anything is shown, each order for itself."""
    async with db.transaction():
        for row in rows:
            audit.record(
                "visitor:reveal", "order", row["order_code"], reason="call list", message=row["id"]
            )


async def _call(row: Any, *, plain: bool) -> Call:
    phone = await unsealed(row["phone_sealed"], f"message.phone:{row['key']}")
    words = await unsealed(row["body_sealed"], f"message.body:{row['key']}")
    code = row["order_code"]
    return Call(
        row["id"],
        row["kind"],
        row["visit_day"],
        code,
        phone if plain else mask_phone(phone),
        _LINK.sub(order_code.grouped(code) if code else "", words),
        row["created_at"],
        row["attempts"] if row["tried_at"] else 0,
        row["tried_at"],
    )


async def kinds() -> list[str]:
    """The kinds of message that somebody is to be called about."""
    rows = await db.fetch(
        f"SELECT DISTINCT kind FROM visitor_message WHERE {TO_CALL} AND visit_day >= $1 ORDER BY 1",  # noqa: S608
        clock.today(),
    )
    return [row["kind"] for row in rows]


async def told(message_id: int) -> None:
    """Somebody has told them; a repeat changes nothing."""
    await _called(message_id, "state = 'sent', sent_at = $2", message=message_id)


async def not_reached(message_id: int) -> None:
    """Nobody answered: the call goes to the end of its day."""
    tries = "attempts = CASE WHEN tried_at IS NULL THEN 1 ELSE attempts + 1 END"
    await _called(message_id, f"{tries}, tried_at = $2", reached=False)


async def _called(message_id: int, changes: str, **outcome: object) -> None:
    """What became of a call, now (``$2``), while somebody is still to be called."""
    async with db.transaction():
        code = await db.fetchval(
            f"UPDATE visitor_message SET {changes}, handled_by = $3 "  # noqa: S608
            f"WHERE id = $1 AND {TO_CALL} RETURNING order_code",
            message_id,
            clock.now(),
            current_act().subject,
        )
        if code is not None:
            audit.record("ticket:resend", "order", code, by="phone", **outcome)
