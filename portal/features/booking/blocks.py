"""Suspensions of booking and appeals against them (BK-7): explained, with an end, decided by a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from portal.core import audit, clock, db
from portal.core.context import current_act
from portal.core.crypto import vault
from portal.features.booking.queries import unsealed

PURPOSE = "appeal"


@dataclass(frozen=True, slots=True)
class Block:
    """A suspension without whose it is: staff see kind, reason and dates."""

    id: int
    kind: str
    reason: str
    step: int
    starts_at: datetime
    ends_at: datetime
    lifted_at: datetime | None
    lifted_by: str | None
    note: str
    appeal: int | None
    appeal_state: str | None


_SELECT = (
    "SELECT b.id, b.kind, b.reason, b.step, b.starts_at, b.ends_at, b.lifted_at, b.lifted_by, b.note, a.id AS appeal, "
    "a.state AS appeal_state FROM booking_block b LEFT JOIN LATERAL (SELECT id, state FROM appeal "
    "WHERE block = b.id ORDER BY id DESC LIMIT 1) a ON true "
)


async def in_force(subject: bytes) -> Block | None:
    """The suspension of this document or phone, or None."""
    row = await db.fetchrow(
        _SELECT
        + "WHERE b.subject_index = $1 AND b.lifted_at IS NULL AND b.starts_at <= $2 AND b.ends_at > $2 "
        "ORDER BY b.ends_at DESC LIMIT 1",
        subject,
        clock.now(),
    )
    return Block(**row) if row else None


#: What a list may be narrowed to, as a condition on suspension ``b`` and its last appeal ``a``.
_VIEWS: Final[Mapping[str, str]] = {
    "appeals": "a.state = 'filed'",
    "in_force": "b.lifted_at IS NULL AND b.ends_at > $1",
    "all": "true",
}


async def listed(view: str, limit: int, offset: int) -> list[Block]:
    """Suspensions, those with an open appeal first: ``appeals``, ``in_force`` or ``all``."""
    rows = await db.fetch(
        f"{_SELECT} WHERE {_VIEWS[view]} AND $1::timestamptz IS NOT NULL "
        "ORDER BY (a.state IS NOT DISTINCT FROM 'filed') DESC, b.id DESC LIMIT $2 OFFSET $3",
        clock.now(),
        limit,
        offset,
    )
    return [Block(**row) for row in rows]


async def open_appeals() -> int:
    return int(await db.fetchval("SELECT count(*) FROM appeal WHERE state = 'filed'"))


async def block(block_id: int) -> Block | None:
    row = await db.fetchrow(f"{_SELECT} WHERE b.id = $1", block_id)
    return Block(**row) if row else None


async def appeals_of(block_id: int) -> list[Any]:
    """The appeals against a suspension, without their words."""
    return await db.fetch(
        "SELECT id, state, filed_at, decided_by, decided_at, answer FROM appeal WHERE block = $1 ORDER BY id DESC",
        block_id,
    )


async def suspend(subject: bytes, kind: str, days: int, note: str, key: UUID | None = None) -> int:
    """Suspend by a person's decision; returns the block. A repeated key answers with the first."""
    async with db.transaction():
        made: int | None = await db.fetchval(
            "INSERT INTO booking_block (subject_index, kind, reason, starts_at, ends_at, note, idempotency_key) "
            "VALUES ($1, $2, 'staff', $3, $4, $5, $6) ON CONFLICT (idempotency_key) DO NOTHING RETURNING id",
            subject,
            kind,
            clock.now(),
            clock.now() + timedelta(days=days),
            note,
            key,
        )
        if made is None:
            return int(
                await db.fetchval("SELECT id FROM booking_block WHERE idempotency_key = $1", key)
            )
        audit.record("booking_block:create", "booking_block", made, kind=kind, days=days)
    return made


async def lift(block: int, why: str) -> None:
    """End a suspension now; a repeat changes nothing."""
    async with db.transaction():
        lifted = await db.fetchval(
            "UPDATE booking_block SET lifted_at = $2, lifted_by = $3 WHERE id = $1 AND lifted_at IS NULL RETURNING id",
            block,
            clock.now(),
            current_act().subject,
        )
        if lifted is not None:
            audit.record("booking_block:lift", "booking_block", block, why=why)


async def file_appeal(block: int, text: str) -> bool:
    """File an appeal; False while an earlier one is open."""
    key = await vault().key(PURPOSE, str(clock.today().year))
    async with db.transaction():
        appeal = await db.fetchval(
            "INSERT INTO appeal (block, text_sealed, state, filed_at) VALUES ($1, $2, 'filed', $3) "
            "ON CONFLICT (block) WHERE state = 'filed' DO NOTHING RETURNING id",
            block,
            key.seal(text, f"appeal:{block}"),
            clock.now(),
        )
        if appeal is not None:
            audit.record("appeal:file", "appeal", appeal, block=block)
    return appeal is not None


async def appeal(appeal_id: int) -> dict[str, Any] | None:
    row = await db.fetchrow(
        "SELECT a.id, a.block, a.text_sealed, a.state, a.filed_at, a.decided_by, a.decided_at, a.answer, b.kind, "
        "b.reason, b.step, b.starts_at, b.ends_at, b.note FROM appeal a JOIN booking_block b ON b.id = a.block "
        "WHERE a.id = $1",
        appeal_id,
    )
    if row is None:
        return None
    words = await unsealed(row["text_sealed"], f"appeal:{row['block']}")
    return dict(row) | {"text": words}


async def decide(appeal_id: int, *, granted: bool, answer: str) -> None:
    """Grant (the suspension ends) or reject an appeal, once."""
    async with db.transaction():
        block = await db.fetchval(
            "UPDATE appeal SET state = $2, decided_by = $3, decided_at = $4, answer = $5 "
            "WHERE id = $1 AND state = 'filed' RETURNING block",
            appeal_id,
            "granted" if granted else "rejected",
            current_act().subject,
            clock.now(),
            answer,
        )
        if block is None:
            return
        audit.record("appeal:decide", "appeal", appeal_id, granted=granted)
        if granted:
            await lift(block, "appeal")


async def latest_answer(block: int) -> Any | None:
    """What became of the last appeal against a suspension."""
    return await db.fetchrow(
        "SELECT state, answer, filed_at, decided_at FROM appeal WHERE block = $1 ORDER BY id DESC LIMIT 1",
        block,
    )
