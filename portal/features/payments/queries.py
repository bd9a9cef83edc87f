"""Reads of payments: each function is one question."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.core import db


@dataclass(frozen=True, slots=True)
class FailedRefund:
    """A refund that its provider refused: the money is still owed."""

    id: UUID
    reference: str
    amount_fen: int
    provider: str
    provider_reference: str
    asked_at: datetime


async def failed_refunds(limit: int, offset: int = 0) -> list[FailedRefund]:
    """The oldest first: whoever waits longest."""
    rows = await db.fetch(
        "SELECT r.id, r.reference, r.amount_fen, p.provider, coalesce(p.provider_reference, '') "
        "AS provider_reference, r.created_at AS asked_at FROM refund r JOIN payment p ON p.id = r.payment "
        "WHERE r.state = 'failed' ORDER BY r.created_at, r.id LIMIT $1 OFFSET $2",
        limit,
        offset,
    )
    return [FailedRefund(**dict(row)) for row in rows]
