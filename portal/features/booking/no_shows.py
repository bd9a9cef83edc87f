"""Visits that did not happen, and the suspensions that follow (BK-7, DOMAIN A2).

Counted by blind index, at most once a day for a document or a phone. Whether they are counted at all is a setting,
because only where every entry is checked in is it known who came.
"""

from collections.abc import Iterable
from typing import Any

from portal.core import audit, clock, db
from portal.features.booking.limits import COUNT_NO_SHOWS, block_rule
from portal.features.booking.rules.limits import block_after, window_start


async def note(order: Any, tickets: Iterable[Any]) -> None:
    """Remember that these did not come, or gave up on the day itself; in the open transaction.

    Nothing is kept while missed visits are not counted: nobody was told that it would be.
    """
    if not COUNT_NO_SHOWS():
        return
    subjects = {(ticket["id_index"], "document") for ticket in tickets if ticket["id_index"]}
    if order["phone_index"]:
        subjects.add((order["phone_index"], "phone"))
    for index, kind in sorted(subjects):
        await db.execute(
            "INSERT INTO no_show (subject_index, kind, visit_day, order_code) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT DO NOTHING",
            index,
            kind,
            order["visit_day"],
            order["code"],
        )
        await _suspend(index, kind)


async def _suspend(subject: bytes, kind: str) -> None:
    """Suspend whoever has reached the limit; the step grows with each suspension within memory.

    What led to a suspension is paid for with it: those days do not count towards the next one.
    """
    rule, now = block_rule(), clock.now()
    counted = await db.fetchval(
        "SELECT count(DISTINCT visit_day) FROM no_show n WHERE subject_index = $1 AND visit_day >= $2 AND NOT EXISTS "
        "(SELECT FROM no_show p WHERE p.subject_index = $1 AND p.visit_day = n.visit_day AND p.block IS NOT NULL)",
        subject,
        clock.local(window_start(rule, now)).date(),
    )
    earlier = await db.fetchval(
        "SELECT count(*) FROM booking_block WHERE subject_index = $1 AND reason = 'no_show' AND lifted_at IS NULL",
        subject,
    )
    due = block_after(int(counted), int(earlier), rule, now)
    if due is None:
        return
    step, ends_at = due
    block = await db.fetchval(
        "INSERT INTO booking_block (subject_index, kind, reason, step, starts_at, ends_at) "
        "VALUES ($1, $2, 'no_show', $3, $4, $5) RETURNING id",
        subject,
        kind,
        step,
        now,
        ends_at,
    )
    await db.execute(
        "UPDATE no_show SET block = $2 WHERE subject_index = $1 AND block IS NULL", subject, block
    )
    audit.record("booking_block:create", "booking_block", block, reason="no_show", step=step)
