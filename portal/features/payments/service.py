"""Payments and refunds: one act, one transaction; a repeat changes nothing."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

import structlog

from portal.core import audit, clock, db
from portal.core.jobs import enqueue, job
from portal.features.payments.providers import BadNotice, Charge, Notice, ProviderAway, provider

log = structlog.get_logger(__name__)

REFUND_JOB: Final = "payments.refund"


@dataclass(frozen=True, slots=True)
class Settled:
    """Money has arrived for a reference."""

    payment: UUID
    reference: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Returned:
    """Money went back, or could not."""

    reference: str
    amount_fen: int
    done: bool


#: Both run inside the transaction that books the money. ``settle`` answers how many fen to give back.
Settle = Callable[[Settled], Awaitable[int]]
AfterRefund = Callable[[Returned], Awaitable[None]]

_settle: list[Settle] = []
_after_refund: list[AfterRefund] = []


def on_settled(handler: Settle) -> Settle:
    """Register what a reference's money means."""
    _settle.append(handler)
    return handler


def on_refunded(handler: AfterRefund) -> AfterRefund:
    _after_refund.append(handler)
    return handler


async def start(reference: str, amount_fen: int, provider_name: str, expires_at: datetime) -> UUID:
    """Open a payment for a reference; a repeat answers with the open one. Inside the caller's transaction or alone."""
    async with db.transaction():
        existing: UUID | None = await db.fetchval(
            "SELECT id FROM payment WHERE reference = $1 AND state = 'open' AND amount_fen = $2",
            reference,
            amount_fen,
        )
        if existing is not None:
            return existing
        await db.execute(
            "UPDATE payment SET state = 'closed' WHERE reference = $1 AND state = 'open'", reference
        )
        payment = uuid4()
        await db.execute(
            "INSERT INTO payment (id, reference, provider, amount_fen, state, expires_at, created_at) "
            "VALUES ($1, $2, $3, $4, 'open', $5, $6)",
            payment,
            reference,
            provider_name,
            amount_fen,
            expires_at,
            clock.now(),
        )
        audit.record("payment:pay", "payment", payment, reference=reference, fen=amount_fen)
        return payment


async def address(payment: UUID, subject: str, return_url: str) -> str:
    """Where the visitor pays."""
    row = await db.fetchrow("SELECT * FROM payment WHERE id = $1", payment)
    if row is None:
        raise BadNotice("unknown")
    charge = Charge(payment, row["amount_fen"], subject, row["expires_at"], return_url)
    return await provider(row["provider"]).create(charge)


async def receive(provider_name: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Take a provider's notice. False for a repeat; raises ``BadNotice`` for one that is not to be believed."""
    notice = provider(provider_name).read_notice(headers, body)
    async with db.transaction():
        return await _book(provider_name, notice)


async def _book(provider_name: str, notice: Notice) -> bool:
    row = await db.fetchrow(
        "SELECT id, reference, amount_fen, state FROM payment WHERE id = $1 AND provider = $2 FOR UPDATE",
        notice.payment,
        provider_name,
    )
    if row is None:
        raise BadNotice("unknown")
    fresh = await db.fetchval(
        "INSERT INTO payment_notice (provider, notice_id, payment, received_at) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT DO NOTHING RETURNING notice_id",
        provider_name,
        notice.notice_id,
        notice.payment,
        clock.now(),
    )
    if fresh is None or row["state"] == "paid":
        return False
    if notice.paid and notice.amount_fen != row["amount_fen"]:
        raise BadNotice("amount")
    if not notice.paid:
        await db.execute("UPDATE payment SET state = 'closed' WHERE id = $1", notice.payment)
        audit.record("payment:receive", "payment", notice.payment, paid=False)
        return True
    await db.execute(
        "UPDATE payment SET state = 'paid', paid_at = $2, provider_reference = $3 WHERE id = $1",
        notice.payment,
        clock.now(),
        notice.provider_reference,
    )
    audit.record("payment:receive", "payment", notice.payment, paid=True, fen=notice.amount_fen)
    for settle in _settle:
        back = await settle(Settled(notice.payment, row["reference"], notice.amount_fen))
        if back:
            await give_back(row["reference"], back, "late-payment", key=f"late:{notice.payment}")
    return True


async def give_back(reference: str, amount_fen: int, reason: str, *, key: str) -> bool:
    """Ask for a refund in the open transaction; the money moves after the commit.

    False for a repeat or nothing paid.
    """
    payment = await db.fetchval(
        "SELECT id FROM payment WHERE reference = $1 AND state = 'paid' ORDER BY paid_at DESC LIMIT 1",
        reference,
    )
    if payment is None or amount_fen <= 0:
        return False
    refund: UUID | None = await db.fetchval(
        "INSERT INTO refund (id, payment, reference, key, amount_fen, reason, state, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, 'waiting', $7) ON CONFLICT (key) DO NOTHING RETURNING id",
        uuid4(),
        payment,
        reference,
        key,
        amount_fen,
        reason,
        clock.now(),
    )
    if refund is None:
        return False
    audit.record(
        "refund:create", "refund", refund, reference=reference, fen=amount_fen, reason=reason
    )
    await enqueue(REFUND_JOB, {"refund": str(refund)}, key=str(refund))
    return True


@job(REFUND_JOB)
async def carry_out_refund(payload: Mapping[str, Any]) -> None:
    """Ask the provider for the money; the provider knows the refund's id, so a repeat pays once."""
    refund = UUID(payload["refund"])
    row = await db.fetchrow(
        "SELECT r.payment, r.reference, r.amount_fen, p.provider FROM refund r JOIN payment p ON p.id = r.payment "
        "WHERE r.id = $1 AND r.state = 'waiting'",
        refund,
    )
    if row is None:
        return
    try:
        done = await provider(row["provider"]).refund(refund, row["payment"], row["amount_fen"])
    except ProviderAway:
        log.warning("refund.provider_away", refund=str(refund))
        raise
    async with db.transaction():
        changed = await db.fetchval(
            "UPDATE refund SET state = $2, done_at = $3 WHERE id = $1 AND state = 'waiting' RETURNING id",
            refund,
            "done" if done else "failed",
            clock.now() if done else None,
        )
        if changed is not None:
            audit.record("refund:decide", "refund", refund, done=done)
            for handler in _after_refund:
                await handler(Returned(row["reference"], row["amount_fen"], done))


async def close_expired() -> None:
    """Close payments whose time is over, so that nobody pays for places that are gone."""
    await db.execute(
        "UPDATE payment SET state = 'closed' WHERE state = 'open' AND expires_at < $1", clock.now()
    )


async def move(reference: str, to: str) -> None:
    """The money of one reference belongs to another from now on: an order was replaced. In the open transaction."""
    await db.execute(
        "UPDATE payment SET reference = $2 WHERE reference = $1 AND state = 'paid'", reference, to
    )
