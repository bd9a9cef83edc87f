"""Messages to visitors: kept in the act's transaction, sent after it, each once (BK-6, BK-7, BK-11).

A gateway (``PORTAL_SMS_URL``) takes ``{"key", "phone", "text"}`` as JSON; its key lets it recognise a repeat. Where
there is no gateway, or none was given a number, the message goes to the list of those whom staff call.
Text and number are sealed: a message names the visit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import httpx
import structlog

from portal.core import clock, db
from portal.core.crypto import Unreadable, vault
from portal.core.i18n import LazyText, language, set_language
from portal.core.jobs import enqueue, job
from portal.core.settings import settings
from portal.features.booking.place import PURPOSE

log = structlog.get_logger(__name__)

SEND_JOB: Final = "booking.send_message"
MAX_ATTEMPTS: Final = 6
TIMEOUT: Final = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Message:
    """``phone`` empty goes to the call list; ``key`` is unique for what is told to whom.

    What goes to a party of the waiting list, that has no order yet, names its entry.
    """

    key: str
    kind: str
    visit_day: date
    order_code: str
    phone: str
    language: str
    text: LazyText | str
    waitlist_entry: int | None = None


async def send(message: Message) -> bool:
    """Leave a message in the open transaction; False when this key was told before."""
    spoken = language()
    set_language(message.language)
    try:
        words = str(message.text)
    finally:
        set_language(spoken)
    data_key = await vault().key(PURPOSE, message.visit_day.isoformat())
    waiting = bool(message.phone) and gateway() is not None
    added = await db.fetchval(
        "INSERT INTO visitor_message (key, visit_day, order_code, kind, language, phone_sealed, body_sealed, "
        "state, created_at, waitlist_entry) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
        "ON CONFLICT (key) DO NOTHING RETURNING id",
        message.key,
        message.visit_day,
        message.order_code,
        message.kind,
        message.language,
        data_key.seal(message.phone, f"message.phone:{message.key}") if message.phone else None,
        data_key.seal(words, f"message.body:{message.key}"),
        "waiting" if waiting else "by_phone",
        clock.now(),
        message.waitlist_entry,
    )
    if added is not None and waiting:
        await enqueue(SEND_JOB, {"id": added}, key=str(added))
    return added is not None


def gateway() -> str | None:
    return settings().sms_url


@job(SEND_JOB)
async def deliver(payload: Mapping[str, Any]) -> None:
    """Hand one message to the gateway; a failure is tried again later, then given to the call list."""
    row = await db.fetchrow(
        "UPDATE visitor_message SET attempts = attempts + 1 WHERE id = $1 AND state = 'waiting' RETURNING *",
        payload["id"],
    )
    if row is None:
        return
    url = gateway()
    if url is None:  # it was taken away meanwhile
        await _mark(row["id"], "by_phone")
        return
    try:
        phone = await vault().open(row["phone_sealed"], f"message.phone:{row['key']}")
        text = await vault().open(row["body_sealed"], f"message.body:{row['key']}")
    except Unreadable:
        await _mark(row["id"], "failed")
        return
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT) as client:
            answer = await client.post(
                url,
                json={"key": row["key"], "phone": phone, "text": text},
                headers={"Authorization": f"Bearer {settings().sms_token}"},
            )
            answer.raise_for_status()
    except (
        Exception
    ) as error:  # whatever is wrong with gateway, address or token, somebody must be told
        if row["attempts"] >= MAX_ATTEMPTS:
            log.warning("message.not_sent", id=row["id"], error=type(error).__name__)
            await _mark(row["id"], "by_phone")
            return
        raise
    await _mark(row["id"], "sent")


async def hand_over_stranded() -> int:
    """Give the call list what waits for a job that is no more; returns how many messages. Safe to repeat."""
    stranded = await db.fetch(
        "UPDATE visitor_message m SET state = 'by_phone' WHERE state = 'waiting' AND NOT EXISTS (SELECT FROM job j "
        "WHERE j.name = $1 AND j.key = m.id::text AND j.done_at IS NULL AND j.failed_at IS NULL) RETURNING id",
        SEND_JOB,
    )
    if stranded:
        log.warning("message.stranded", messages=len(stranded))
    return len(stranded)


async def _mark(message_id: int, state: str) -> None:
    await db.execute(
        "UPDATE visitor_message SET state = $2, sent_at = CASE WHEN $2 = 'sent' THEN $3::timestamptz END "
        "WHERE id = $1",
        message_id,
        state,
        clock.now(),
    )
