"""The waiting list (BK-8): join, offer, take, leave. Parties are units, served in the order of request."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from portal.core import audit, clock, db, i18n
from portal.core.crypto import vault
from portal.core.i18n import _l
from portal.core.jobs import enqueue, job
from portal.core.keyring import keyring
from portal.core.notify import notify
from portal.core.settings import settings
from portal.core.signing import token, token_is_good
from portal.features.booking import messenger, place, places
from portal.features.booking.booker import NewOrder, Outcome, book_now
from portal.features.booking.limits import OFFER_MINUTES, ORDERS_PER_PHONE
from portal.features.booking.messenger import Message
from portal.features.booking.places import OFFER_JOB
from portal.features.booking.rules.waitlist import Waiting, next_party, offer_until
from portal.features.catalogue import availability
from portal.features.catalogue.availability import SlotView

LAST_OFFER: Final = timedelta(hours=1)  # before the slot begins: later nobody could come


@dataclass(frozen=True, slots=True)
class Entry:
    """A party on the list. ``ahead`` parties were there before it."""

    id: int
    slot: int
    party: int
    state: str
    wait_until: datetime
    offer_until: datetime | None
    ahead: int
    order_code: str | None

    @property
    def url(self) -> str:
        return entry_url(self.id)


class AlreadyWaiting(Exception):
    """This phone waits for this slot already."""


class NoOffer(Exception):
    """There is no offer to take, or it has run out."""


def entry_key(entry_id: int) -> str:
    return token(keyring(), "waitlist", str(entry_id))


def key_is_good(entry_id: int, key: str) -> bool:
    return token_is_good(keyring(), "waitlist", str(entry_id), key)


def entry_url(entry_id: int) -> str:
    return f"/waitlist/entry/{entry_id}?key={entry_key(entry_id)}"


def latest_wait(slot: SlotView) -> datetime:
    """The hour until which a party may wait."""
    return slot.starts_at - LAST_OFFER


async def join(slot: SlotView, party: int, phone: str, key: UUID) -> int:
    """Put a party on the list; returns the entry. A repeat with the same key answers with the same entry."""
    data_key = await place.day_key(slot.visit_day)
    index = place.phone_index(phone)
    try:
        async with db.transaction():
            added: int | None = await db.fetchval(
                "INSERT INTO waitlist_entry (slot, party, state, phone_sealed, phone_index, language, "
                "idempotency_key, wait_until, created_at) VALUES ($1, $2, 'waiting', $3, $4, $5, $6, $7, $8) "
                "ON CONFLICT (idempotency_key) DO NOTHING RETURNING id",
                slot.id,
                party,
                data_key.seal(phone, f"waitlist.phone:{key}"),
                index,
                i18n.language(),
                key,
                latest_wait(slot),
                clock.now(),
            )
            if added is None:
                return int(
                    await db.fetchval(
                        "SELECT id FROM waitlist_entry WHERE idempotency_key = $1", key
                    )
                )
            audit.record("waitlist:join", "waitlist", added, slot=slot.id, party=party)
            await enqueue(OFFER_JOB, {"slot": slot.id})
            return added
    except db.UniqueViolation:
        raise AlreadyWaiting from None


async def entry(entry_id: int) -> Entry | None:
    row = await db.fetchrow(
        "SELECT e.id, e.slot, e.party, e.state, e.wait_until, e.offer_until, e.order_code, "
        "(SELECT count(*) FROM waitlist_entry o WHERE o.slot = e.slot AND o.id < e.id "
        "AND o.state IN ('waiting', 'offered')) AS ahead FROM waitlist_entry e WHERE e.id = $1",
        entry_id,
    )
    return Entry(**row) if row else None


@job(OFFER_JOB)
async def offer_job(payload: Mapping[str, Any]) -> None:
    await offer(int(payload["slot"]))


async def offer(slot_id: int) -> int:
    """Offer the free places of a slot to those who wait, as far as they reach; returns how many parties.

    Safe to repeat.
    """
    offered = 0
    async with db.transaction():
        await places.lock(slot_id)
        slot = await db.fetchrow(
            "SELECT id, visit_day, starts_at, closed OR retired AS closed, slot_left_online(slot) AS left_over "
            "FROM slot WHERE id = $1",
            slot_id,
        )
        if slot is None or slot["closed"]:
            return 0
        released = int(
            await db.fetchval(
                "SELECT coalesce(sum(places), 0) FROM released_place WHERE slot = $1 AND done_at IS NULL",
                slot_id,
            )
        )
        free = int(slot["left_over"])
        waiting = await db.fetch(
            "SELECT id, party, wait_until FROM waitlist_entry WHERE slot = $1 AND state = 'waiting' "
            "AND wait_until > $2 ORDER BY id",
            slot_id,
            clock.now(),
        )
        parties = {row["id"]: row for row in waiting}
        while chosen := next_party(
            [Waiting(number, row["party"]) for number, row in parties.items()], released + free
        ):
            row = parties.pop(chosen.number)
            from_released = min(released, chosen.party)
            await _take_released(slot_id, from_released)
            await db.execute(
                "UPDATE slot SET withheld = withheld + $2 WHERE id = $1",
                slot_id,
                chosen.party - from_released,
            )
            released -= from_released
            free -= chosen.party - from_released
            await _offer_to(slot, chosen, row["wait_until"])
            offered += 1
        if offered:
            await notify(availability.CHANNEL, str(slot_id))
    return offered


async def _take_released(slot_id: int, wanted: int) -> None:
    """Hand released places over to an offer: they stay withheld, but no longer wait for their moment."""
    for row in await db.fetch(
        "SELECT id, places FROM released_place WHERE slot = $1 AND done_at IS NULL ORDER BY id FOR UPDATE",
        slot_id,
    ):
        taken = min(wanted, row["places"])
        await db.execute(
            "UPDATE released_place SET places = places - $2, "
            "done_at = CASE WHEN places = $2 THEN $3::timestamptz END WHERE id = $1",
            row["id"],
            taken,
            clock.now(),
        )
        wanted -= taken
        if not wanted:
            return


async def _offer_to(slot: Any, chosen: Waiting, wait_until: datetime) -> None:
    until = offer_until(clock.now(), OFFER_MINUTES(), wait_until)
    [row] = await db.fetch(
        "UPDATE waitlist_entry SET state = 'offered', offered_at = $2, offer_until = $3 WHERE id = $1 "
        "RETURNING language, phone_sealed, idempotency_key",
        chosen.number,
        clock.now(),
        until,
    )
    phone = await vault().open(row["phone_sealed"], f"waitlist.phone:{row['idempotency_key']}")
    await messenger.send(
        Message(
            key=f"offer:{chosen.number}:{until.isoformat()}",
            kind="waitlist-offer",
            visit_day=slot["visit_day"],
            order_code="",
            phone=phone,
            language=row["language"],
            text=_l(
                "A place is free for your party of %(party)s. Take it until %(until)s: %(url)s",
                party=chosen.party,
                until=f"{clock.local(until):%H:%M}",
                url=settings().base_url + entry_url(chosen.number),
            ),
        )
    )
    audit.record("waitlist:join", "waitlist", chosen.number, offered_until=until.isoformat())


async def take(entry_id: int, order: NewOrder) -> Outcome:
    """Book the offered places. Raises ``NoOffer``; a refusal of the booking leaves the offer as it was."""
    async with db.transaction():
        row = await db.fetchrow(
            "SELECT slot, party, state, offer_until FROM waitlist_entry WHERE id = $1 FOR UPDATE",
            entry_id,
        )
        if row is None or row["state"] != "offered" or row["offer_until"] < clock.now():
            raise NoOffer
        if len(order.tickets) > row["party"] or order.slot != row["slot"]:
            raise NoOffer
        await places.lock(row["slot"])
        await db.execute(
            "UPDATE slot SET withheld = withheld - $2 WHERE id = $1", row["slot"], row["party"]
        )
        outcome = await book_now(order, ORDERS_PER_PHONE())
        if not outcome.placed:
            raise Refused(outcome)
        await db.execute(
            "UPDATE waitlist_entry SET state = 'taken', order_code = $2, ended_at = $3 WHERE id = $1",
            entry_id,
            outcome.code,
            clock.now(),
        )
        if spare := row["party"] - len(order.tickets):
            await places.withhold(row["slot"], spare)
        await places.changed(row["slot"])
    return outcome


class Refused(Exception):
    """The booking itself was refused; ``outcome`` says why."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.kind)
        self.outcome = outcome


async def leave(entry_id: int) -> None:
    """Leave the list; offered places go to the next. A repeat changes nothing."""
    await _end(entry_id, "left")


async def end_missed() -> int:
    """Pass offers that were not taken in time on to the next, and end what waited in vain; returns how many."""
    late = await db.fetch(
        "SELECT id, state FROM waitlist_entry WHERE (state = 'offered' AND offer_until < $1) "
        "OR (state = 'waiting' AND wait_until < $1) ORDER BY id LIMIT 500",
        clock.now(),
    )
    for row in late:
        await _end(row["id"], "missed" if row["state"] == "offered" else "ended")
    return len(late)


async def _end(entry_id: int, state: str) -> None:
    async with db.transaction():
        row = await db.fetchrow(
            "SELECT slot, party, state FROM waitlist_entry WHERE id = $1 FOR UPDATE", entry_id
        )
        if row is None or row["state"] not in ("waiting", "offered"):
            return
        await db.execute(
            "UPDATE waitlist_entry SET state = $2, ended_at = $3 WHERE id = $1",
            entry_id,
            state,
            clock.now(),
        )
        if row["state"] == "offered":
            await places.lock(row["slot"])
            await db.execute(
                "UPDATE slot SET withheld = withheld - $2 WHERE id = $1", row["slot"], row["party"]
            )
            await places.withhold(row["slot"], row["party"])
            await places.changed(row["slot"])
        audit.record("waitlist:join", "waitlist", entry_id, ended=state)
