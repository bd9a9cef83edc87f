"""Payments and refunds: one act, one transaction; a repeat changes nothing.

Locks are taken in one order: what the reference stands for (an order), then its payments, then their refunds. So a
notice, a cancellation and a refund on its way never wait for each other in a circle.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import structlog

from portal.core import audit, clock, db
from portal.core.jobs import each, enqueue, enqueue_again, job
from portal.features.payments.providers import BadNotice, Charge, Notice, ProviderAway, provider

log = structlog.get_logger(__name__)

REFUND_JOB: Final = "payments.refund"
FIRST_QUESTION: Final = timedelta(minutes=1)
LONGEST_SILENCE: Final = timedelta(hours=2)


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


#: All run inside the transaction that books the money. ``settle`` answers how many fen to give back.
Settle = Callable[[Settled], Awaitable[int]]
AfterRefund = Callable[[Returned], Awaitable[None]]
Lock = Callable[[str], Awaitable[None]]

_lock: list[Lock] = []
_settle: list[Settle] = []
_after_refund: list[AfterRefund] = []


def on_lock(handler: Lock) -> Lock:
    """Register how to lock what a reference stands for; called before any row here is locked."""
    _lock.append(handler)
    return handler


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
        existing = await db.fetchrow(
            "SELECT id, (provider, amount_fen) = ($2, $3) AS same FROM payment "
            "WHERE reference = $1 AND state = 'open' FOR UPDATE",
            reference,
            provider_name,
            amount_fen,
        )
        if existing is not None:
            if existing["same"]:
                return UUID(str(existing["id"]))
            await close(reference)
        payment: UUID | None = await db.fetchval(
            "INSERT INTO payment (id, reference, provider, amount_fen, state, expires_at, created_at) "
            "VALUES ($1, $2, $3, $4, 'open', $5, $6) "
            "ON CONFLICT (reference) WHERE state = 'open' DO NOTHING RETURNING id",
            uuid4(),
            reference,
            provider_name,
            amount_fen,
            expires_at,
            clock.now(),
        )
        if payment is None:  # another click opened it in this moment
            return await start(reference, amount_fen, provider_name, expires_at)
        audit.record("payment:pay", "payment", payment, reference=reference, fen=amount_fen)
        return payment


async def close(reference: str) -> None:
    """Nobody is to pay for this reference any more; money that comes even so is settled as late."""
    await db.execute(
        "UPDATE payment SET state = 'closed' WHERE reference = $1 AND state = 'open'", reference
    )


async def address(payment: UUID, subject: str, return_url: str) -> str:
    """Where the visitor pays."""
    row = await db.fetchrow("SELECT * FROM payment WHERE id = $1", payment)
    if row is None:
        raise BadNotice("unknown")
    charge = Charge(payment, row["amount_fen"], subject, row["expires_at"], return_url)
    return await provider(row["provider"]).create(charge)


async def receive(provider_name: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Take a provider's notice. False for a repeat; raises ``BadNotice`` for one that is not to be believed."""
    return await book(provider_name, provider(provider_name).read_notice(headers, body))


async def book(provider_name: str, notice: Notice) -> bool:
    """Book what a provider says of a payment, whether it told us or was asked. False for a repeat."""
    try:
        async with db.transaction():
            return await _book(provider_name, notice)
    except BadNotice as error:  # genuine by its signature, and yet not right: somebody must look
        await audit.refused("payment:receive", "payment", notice.payment, str(error.args[0]))
        raise


async def _book(provider_name: str, notice: Notice) -> bool:
    row = await _locked_payment(provider_name, notice.payment)
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
            asked = Wanted(row["reference"], back, "late-payment", f"late:{notice.payment}")
            await _ask_back(notice.payment, asked)
    return True


async def _locked_payment(provider_name: str, payment: UUID) -> Any:
    """The payment's row, locked after what its reference stands for.

    Only a paid payment is ever moved to another reference, and then this notice is a repeat anyhow.
    """
    reference = await db.fetchval(
        "SELECT reference FROM payment WHERE id = $1 AND provider = $2", payment, provider_name
    )
    if reference is None:
        raise BadNotice("unknown")
    await _lock_reference(reference)
    [row] = await db.fetch(
        "SELECT id, reference, amount_fen, state FROM payment WHERE id = $1 FOR UPDATE", payment
    )
    return row


async def _lock_reference(reference: str) -> None:
    for lock in _lock:
        await lock(reference)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A refund that is asked for; ``key`` makes it once."""

    reference: str
    amount_fen: int
    reason: str
    key: str


async def give_back(wanted: Wanted) -> int:
    """Ask for a refund in the open transaction; the money moves after the commit.

    It comes out of the reference's payments, the first first, as far as each still holds money. Returns how
    much could be asked for there: 0 for a repeat, and for what was never paid through a provider.
    """
    rows = await db.fetch(
        "SELECT p.id, p.amount_fen - coalesce((SELECT sum(r.amount_fen) FROM refund r WHERE r.payment = p.id), 0) "
        "AS holds FROM payment p WHERE p.reference = $1 AND p.state = 'paid' ORDER BY p.paid_at, p.id",
        wanted.reference,
    )
    asked = 0
    for row in rows:
        part = min(wanted.amount_fen - asked, int(row["holds"]))
        if part <= 0:
            continue
        key = f"{wanted.key}/{asked}" if asked else wanted.key
        if not await _ask_back(row["id"], Wanted(wanted.reference, part, wanted.reason, key)):
            return 0
        asked += part
    return asked


async def _ask_back(payment: UUID, wanted: Wanted) -> bool:
    refund: UUID | None = await db.fetchval(
        "INSERT INTO refund (id, payment, reference, key, amount_fen, reason, state, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, 'waiting', $7) ON CONFLICT (key) DO NOTHING RETURNING id",
        uuid4(),
        payment,
        wanted.reference,
        wanted.key,
        wanted.amount_fen,
        wanted.reason,
        clock.now(),
    )
    if refund is None:
        return False
    audit.record(
        "refund:create",
        "refund",
        refund,
        reference=wanted.reference,
        fen=wanted.amount_fen,
        reason=wanted.reason,
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
        await _lock_reference(row["reference"])
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


async def try_again(refund: UUID) -> bool:
    """Ask the provider once more for a refund that it had refused; False when there is none such."""
    async with db.transaction():
        reference = await db.fetchval("SELECT reference FROM refund WHERE id = $1", refund)
        if reference is None:
            return False
        await _lock_reference(reference)
        again = await db.fetchval(
            "UPDATE refund SET state = 'waiting' WHERE id = $1 AND state = 'failed' RETURNING id",
            refund,
        )
        if again is not None:
            audit.record("refund:create", "refund", refund, again=True)
            await _call_for(refund)
        return again is not None


async def chase_refunds() -> int:
    """Call again for refunds whose job was given up: a provider may be away longer than a job is patient."""
    lost = await db.fetch(
        "SELECT id FROM refund r WHERE state = 'waiting' AND NOT EXISTS (SELECT FROM job j WHERE j.name = $1 "
        "AND j.key = r.id::text AND j.done_at IS NULL AND j.failed_at IS NULL) ORDER BY created_at",
        REFUND_JOB,
    )
    for row in lost:
        await _call_for(row["id"])
    return len(lost)


async def _call_for(refund: UUID) -> None:
    await enqueue_again(REFUND_JOB, {"refund": str(refund)}, key=str(refund))


async def ask_silent() -> int:
    """Ask the providers about payments of which no notice came; returns how many were paid.

    Notices are not guaranteed. A payment is asked about from a minute after it was opened until two hours after
    its end: money that was sent in the last moment is found too, and settled as late.
    """
    silent = await db.fetch(
        "SELECT id, provider FROM payment WHERE state <> 'paid' AND expires_at > $1 AND created_at < $2 "
        "ORDER BY created_at LIMIT 500",
        clock.now() - LONGEST_SILENCE,
        clock.now() - FIRST_QUESTION,
    )
    return await each([(row["provider"], row["id"]) for row in silent], _ask)


async def _ask(silent: tuple[str, UUID]) -> bool:
    name, payment = silent
    try:
        notice = await provider(name).query(payment)
        if notice is None or not notice.paid:
            return False
        async with db.transaction():
            return await _book(name, notice)
    except (ProviderAway, BadNotice) as error:
        log.warning("payment.unclear", payment=str(payment), why=repr(error))
        return False


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
