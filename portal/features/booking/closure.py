"""Closing slots (BK-11): sale stops at once; every holder is told once and chooses; who does not choose is refunded.

What is done for whom stands in ``closure_order``, one row for an order, moved on in the transaction of the act
itself. A run that is cut goes on where it stopped and touches nobody twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog

from portal.core import audit, clock, db, order_code
from portal.core.context import current_act
from portal.core.crypto import Unreadable, vault
from portal.core.i18n import Said, _l
from portal.core.jobs import each, enqueue, job
from portal.core.notify import notify
from portal.core.settings import settings
from portal.features.booking import messenger, orders, places, waitlist
from portal.features.booking.messenger import Message
from portal.features.booking.place import phone_context
from portal.features.booking.queries import order_url
from portal.features.catalogue import availability
from portal.web.templating import message_date, message_datetime

log = structlog.get_logger(__name__)

TELL_JOB: Final = "closure.tell"
BATCH: Final = 100
KINDS: Final = ("weather", "incident", "maintenance", "authority")


@dataclass(frozen=True, slots=True)
class NewClosure:
    """Which slots, why, and how long holders may choose (hours)."""

    slots: tuple[int, ...]
    visit_day: date
    kind: str
    reason_zh: str
    reason_en: str
    choose_hours: int
    key: UUID


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a closure has come: orders by what has happened to them."""

    id: int
    visit_day: date
    kind: str
    reason_zh: str
    reason_en: str
    choose_until: datetime
    created_by: str
    created_at: datetime
    lifted_at: datetime | None
    waiting: int
    told: int
    refunded: int
    rebooked: int
    kept: int

    @property
    def orders(self) -> int:
        return self.waiting + self.told + self.refunded + self.rebooked + self.kept

    @property
    def open(self) -> int:
        return self.waiting + self.told


@dataclass(frozen=True, slots=True)
class Touched:
    """Whom closing these slots would touch: ``silent`` orders have no phone number, ``waiting`` parties no place."""

    slots: int
    orders: int
    visitors: int
    silent: int
    refund_fen: int
    waiting: int


async def touched(slots: Sequence[int], visit_day: date) -> Touched:
    """What a closure would do, before it is made."""
    [row] = await db.fetch(
        "SELECT count(*)::int AS orders, coalesce(sum(places), 0)::int AS visitors, "
        "count(*) FILTER (WHERE phone_sealed IS NULL)::int AS silent, "
        "coalesce(sum(paid_fen - owed_fen), 0)::int AS refund_fen, (SELECT count(*)::int FROM waitlist_entry "
        "WHERE slot = ANY ($2) AND state IN ('waiting', 'offered')) AS waiting FROM booking_order "
        "WHERE visit_day = $1 AND slot = ANY ($2) AND state IN ('held', 'confirmed', 'partly_used')",
        visit_day,
        list(slots),
    )
    return Touched(slots=len(slots), **row)


async def close(new: NewClosure) -> int:
    """Stop the sale of these slots and begin to tell holders; returns the closure.

    A repeated key answers with the first.
    """
    async with db.transaction():
        closure: int | None = await db.fetchval(
            "INSERT INTO closure (visit_day, kind, reason_zh, reason_en, choose_until, created_by, created_at, "
            "idempotency_key) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (idempotency_key) DO NOTHING "
            "RETURNING id",
            new.visit_day,
            new.kind,
            new.reason_zh,
            new.reason_en,
            clock.now() + timedelta(hours=new.choose_hours),
            current_act().subject,
            clock.now(),
            new.key,
        )
        if closure is None:
            return int(
                await db.fetchval("SELECT id FROM closure WHERE idempotency_key = $1", new.key)
            )
        slots = await _shut(new)
        await waitlist.withdraw_offers(slots)
        await db.execute(
            "INSERT INTO closure_slot SELECT $1, id FROM unnest($2::int[]) AS s(id)", closure, slots
        )
        await db.execute(
            "INSERT INTO closure_order (closure, order_code, state) SELECT $1, code, 'waiting' "
            "FROM booking_order WHERE visit_day = $3 AND slot = ANY ($2) "
            "AND state IN ('held', 'confirmed', 'partly_used')",
            closure,
            slots,
            new.visit_day,
        )
        audit.record("closure:create", "closure", closure, slots=len(slots), kind=new.kind)
        if slots:
            await notify(availability.CHANNEL, ",".join(str(slot) for slot in slots))
        await enqueue(TELL_JOB, {"closure": closure}, key=f"closure:{closure}")
    return closure


async def _shut(new: NewClosure) -> list[int]:
    """Close these slots; those that another closure holds already stay with it, so that nobody is told twice."""
    await places.lock(*new.slots)
    rows = await db.fetch(
        "UPDATE slot SET closed = true WHERE id = ANY ($1) AND visit_day = $2 AND NOT closed RETURNING id",
        list(new.slots),
        new.visit_day,
    )
    return sorted(row["id"] for row in rows)


@job(TELL_JOB)
async def tell_job(payload: Any) -> None:
    await tell_holders(int(payload["closure"]))


async def tell_holders(closure: int) -> int:
    """Tell everybody who has not been told; returns how many were. Goes on where an earlier run stopped."""
    codes = await db.fetch(
        "SELECT order_code FROM closure_order WHERE closure = $1 AND state = 'waiting' ORDER BY 1",
        closure,
    )
    told = await each([row["order_code"] for row in codes], _Teller(closure))
    if await db.fetchval(
        "SELECT EXISTS (SELECT FROM closure_order WHERE closure = $1 AND state = 'waiting')",
        closure,
    ):
        raise NotAllTold(closure)  # the job comes back for them
    return told


class NotAllTold(Exception):
    """Some holders could not be told now."""


@dataclass(frozen=True, slots=True)
class _Teller:
    closure: int

    async def __call__(self, code: str) -> bool:
        return await _tell(self.closure, code)


async def _tell(closure: int, code: str) -> bool:
    async with db.transaction():
        order = await orders.locked(code)
        standing = order["state"] in ("held", "confirmed", "partly_used")
        [reason] = await db.fetch(
            "SELECT reason_zh, reason_en, choose_until FROM closure WHERE id = $1", closure
        )
        moved = await db.fetchval(
            "UPDATE closure_order SET state = $4, told_at = CASE WHEN $4 = 'told' THEN $3::timestamptz END, "
            "settled_at = CASE WHEN $4 = 'kept' THEN $3::timestamptz END WHERE closure = $1 AND order_code = $2 "
            "AND state = 'waiting' RETURNING order_code",
            closure,
            code,
            clock.now(),
            "told" if standing else "kept",
        )
        if moved is None or not standing:
            return False
        await messenger.send(
            Message(
                key=f"closure:{closure}:{code}",
                kind="closure",
                visit_day=order["visit_day"],
                order_code=code,
                phone=await _phone(order),
                language=order["language"],
                text=_l(
                    "Your visit on %(day)s cannot take place: %(reason)s. Choose another time or a refund by "
                    "%(until)s; otherwise you will be refunded in full: %(url)s",
                    day=Said(message_date, order["visit_day"]),
                    reason=reason["reason_en"]
                    if order["language"] == "en"
                    else reason["reason_zh"],
                    until=Said(message_datetime, reason["choose_until"]),
                    url=settings().base_url + order_url(code),
                ),
            )
        )
    return True


async def _phone(order: Any) -> str:
    if not order["phone_sealed"]:
        return ""
    try:
        return await vault().open(order["phone_sealed"], phone_context(order["code"]))
    except Unreadable:
        return ""


async def refund_undecided() -> int:
    """Refund those who have not chosen in time; returns how many. Each in its own transaction, safe to repeat."""
    due = await db.fetch(
        "SELECT o.order_code FROM closure_order o JOIN closure c ON c.id = o.closure "
        "WHERE o.state IN ('waiting', 'told') AND c.choose_until < $1 AND c.lifted_at IS NULL "
        "ORDER BY o.order_code LIMIT 500",
        clock.now(),
    )
    return await each([row["order_code"] for row in due], refund)


async def refund(code: str) -> bool:
    """Give the whole order back because of its closure; False when it was settled or the closure lifted meanwhile."""
    async with db.transaction():
        await orders.with_slots(await orders.locked(code))
        waits = await db.fetchval(
            "SELECT o.closure FROM closure_order o JOIN closure c ON c.id = o.closure WHERE o.order_code = $1 "
            "AND o.state IN ('waiting', 'told') AND c.lifted_at IS NULL FOR UPDATE OF o",
            code,
        )
        if waits is None:
            return False
        try:
            await orders.cancel(code)
        except orders.OrderGone:  # every ticket is used
            await orders.settle_closure(code, "kept")
        else:
            await orders.settle_closure(code, "refunded")  # the used tickets of the order stay
    return True


async def lift(closure: int) -> None:
    """Open the slots again. Orders that stand keep their tickets; what was refunded stays refunded."""
    async with db.transaction():
        lifted = await db.fetchval(
            "UPDATE closure SET lifted_at = $2, lifted_by = $3 WHERE id = $1 AND lifted_at IS NULL RETURNING id",
            closure,
            clock.now(),
            current_act().subject,
        )
        if lifted is None:
            return
        rows = await db.fetch("SELECT slot FROM closure_slot WHERE closure = $1", closure)
        slots = [row["slot"] for row in rows]
        await places.lock(*slots)
        await db.execute("UPDATE slot SET closed = false WHERE id = ANY ($1)", slots)
        await db.execute(
            "UPDATE closure_order SET state = 'kept', settled_at = $2 "
            "WHERE closure = $1 AND state IN ('waiting', 'told')",
            closure,
            clock.now(),
        )
        audit.record("closure:lift", "closure", closure)
        for slot in slots:
            await places.changed(slot)


_PROGRESS: Final = (
    "SELECT c.id, c.visit_day, c.kind, c.reason_zh, c.reason_en, c.choose_until, c.created_by, c.created_at, "
    "c.lifted_at, count(*) FILTER (WHERE o.state = 'waiting') AS waiting, "
    "count(*) FILTER (WHERE o.state = 'told') AS told, count(*) FILTER (WHERE o.state = 'refunded') AS refunded, "
    "count(*) FILTER (WHERE o.state = 'rebooked') AS rebooked, count(*) FILTER (WHERE o.state = 'kept') AS kept "
    "FROM closure c LEFT JOIN closure_order o ON o.closure = c.id "
)


async def progress(closure: int) -> Progress | None:
    row = await db.fetchrow(_PROGRESS + "WHERE c.id = $1 GROUP BY c.id", closure)
    return Progress(**row) if row else None


@dataclass(frozen=True, slots=True)
class Holder:
    """An order that a closure touches, and what has happened to it."""

    order_code: str
    state: str
    told_at: datetime | None
    settled_at: datetime | None

    @property
    def shown_code(self) -> str:
        return order_code.grouped(self.order_code)


async def holders(closure: int, state: str, limit: int, offset: int) -> list[Holder]:
    """The orders of a closure, those still open first; of one state, or of all when it is empty."""
    rows = await db.fetch(
        "SELECT order_code, state, told_at, settled_at FROM closure_order WHERE closure = $1 "
        "AND ($2 = '' OR state = $2) ORDER BY settled_at DESC NULLS FIRST, order_code LIMIT $3 OFFSET $4",
        closure,
        state,
        limit,
        offset,
    )
    return [Holder(**row) for row in rows]


async def resume(closure: int) -> bool:
    """Go on telling, where the work was given up; False when everybody has been told. Nobody is told twice."""
    async with db.transaction():
        left = await db.fetchval(
            "SELECT count(*) FROM closure_order WHERE closure = $1 AND state = 'waiting'", closure
        )
        if not left:
            return False
        audit.record("closure:create", "closure", closure, resumed=left)
        await enqueue(
            TELL_JOB, {"closure": closure}, key=f"closure:{closure}:{clock.now():%Y%m%d%H%M%S}"
        )
    return True


async def recent(limit: int = 50) -> list[Progress]:
    rows = await db.fetch(_PROGRESS + "GROUP BY c.id ORDER BY c.id DESC LIMIT $1", limit)
    return [Progress(**row) for row in rows]


async def of_order(code: str) -> Any | None:
    """The closure that an order waits in, with its reason, or None."""
    return await db.fetchrow(
        "SELECT c.id, c.reason_zh, c.reason_en, c.choose_until FROM closure_order o JOIN closure c ON c.id = o.closure "
        "WHERE o.order_code = $1 AND o.state IN ('waiting', 'told') AND c.lifted_at IS NULL ORDER BY c.id DESC LIMIT 1",
        code,
    )
