"""The waiting list (BK-8): join, offer, take, leave. Parties are units, served in the order of request."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from portal.core import audit, clock, db, i18n, order_code
from portal.core.crypto import vault
from portal.core.i18n import _l
from portal.core.jobs import each, enqueue, job
from portal.core.keyring import keyring
from portal.core.notify import notify
from portal.core.settings import settings
from portal.core.signing import token, token_is_good
from portal.features.booking import attempts, blocks, messenger, place, places
from portal.features.booking.booker import NewOrder, Outcome, book_now
from portal.features.booking.limits import OFFER_MINUTES, ORDERS_PER_PHONE
from portal.features.booking.messenger import Message
from portal.features.booking.places import OFFER_JOB, Reach
from portal.features.booking.rules.waitlist import Waiting, next_party, offer_until
from portal.features.catalogue import availability, sale
from portal.features.catalogue.availability import SlotView
from portal.features.catalogue.snapshot import catalogue
from portal.web.templating import local_time

OFFERS_AT_ONCE: Final = 20
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


class CannotWait(Exception):
    """``args[0]`` is the code of why: ``slot-closed``, ``places-free`` when the party can simply book …."""


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
    """Put a party on the list; returns the entry. A repeat with the same key answers with the same entry.

    Raises ``CannotWait`` or ``AlreadyWaiting``. One waits only for a day that is on sale: an offer for a later one
    would open it before its time. A phone waits for no more of a day than it may book.
    """
    if known := await db.fetchval("SELECT id FROM waitlist_entry WHERE idempotency_key = $1", key):
        return int(known)
    index = place.phone_index(phone)
    await _check_join(slot, party, index)
    data_key = await place.day_key(slot.visit_day)
    try:
        async with db.transaction():
            await _check_waits(slot, index)
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


async def _check_join(slot: SlotView, party: int, index: bytes) -> None:
    left = await db.fetchval(
        "SELECT slot_left_online(slot) FROM slot WHERE id = $1 AND NOT closed AND NOT retired",
        slot.id,
    )
    sold = sale.sold(catalogue().product(slot.product), slot.visit_day)
    if left is None or clock.now() >= latest_wait(slot) or not sold:
        raise CannotWait("slot-closed")
    if left >= party:
        raise CannotWait("places-free")
    if await blocks.in_force(index):
        raise CannotWait("blocked")


async def _check_waits(slot: SlotView, index: bytes) -> None:
    """Whoever counts holds the phone's lock until the commit; waiting for the same slot again is another error."""
    await db.execute(
        "SELECT pg_advisory_xact_lock(20046, hashtext(encode($1::bytea, 'hex')))", index
    )
    waits = await db.fetchval(
        "SELECT count(*) FROM waitlist_entry WHERE phone_index = $1 AND state IN ('waiting', 'offered') "
        "AND slot <> $3 AND slot IN (SELECT id FROM slot WHERE visit_day = $2)",
        index,
        slot.visit_day,
        slot.id,
    )
    if waits >= ORDERS_PER_PHONE():
        raise CannotWait("waits-many")


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

    So many at a time: while parties are told, nobody can book this slot. Safe to repeat.
    """
    total = 0
    while offered := await _offer_some(slot_id):
        total += offered
        if offered < OFFERS_AT_ONCE:
            break
    return total


async def _offer_some(slot_id: int) -> int:
    async with db.transaction():
        await places.lock(slot_id)
        within = await places.reach(slot_id)
        [slot] = await db.fetch("SELECT id, visit_day, product FROM slot WHERE id = $1", slot_id)
        product = catalogue().product(slot["product"])
        if within is None or not sale.sold(product, slot["visit_day"]):
            return 0
        offered = await _offer_all(slot, within)
        if offered:
            await notify(availability.CHANNEL, str(slot_id))
    return offered


async def _offer_all(slot: Any, within: Reach) -> int:
    """Offer what is within reach, party by party; released places first."""
    waiting = await db.fetch(
        "SELECT id, party, wait_until FROM waitlist_entry WHERE slot = $1 AND state = 'waiting' "
        "AND wait_until > $2 ORDER BY id",
        slot["id"],
        clock.now(),
    )
    parties = {row["id"]: row for row in waiting}
    offered = 0
    while offered < OFFERS_AT_ONCE and (
        chosen := next_party(
            [Waiting(number, row["party"]) for number, row in parties.items()], within.places
        )
    ):
        row = parties.pop(chosen.number)
        from_released = min(within.released, chosen.party)
        from_free = chosen.party - from_released
        await places.take_released(slot["id"], from_released)
        await places.reclaim(slot["id"], -from_free)
        within = Reach(within.free - from_free, within.released - from_released)
        await _offer_to(slot, chosen, row["wait_until"])
        offered += 1
    return offered


async def offer_wherever_one_waits() -> int:
    """Look at every slot that somebody waits for; returns in how many something was offered.

    What is cancelled is offered at once. This finds places that came free in another way: a larger capacity, an
    agency's quota that returned, a closure that was lifted.
    """
    rows = await db.fetch(
        "SELECT DISTINCT slot FROM waitlist_entry WHERE state = 'waiting' AND wait_until > $1 ORDER BY 1",
        clock.now(),
    )
    return await each([row["slot"] for row in rows], _offer_in)


async def _offer_in(slot: int) -> bool:
    return await offer(slot) > 0


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
                "Places are free for your party of %(party)s. Accept by %(until)s: %(url)s",
                party=chosen.party,
                until=local_time(until),
                url=settings().base_url + entry_url(chosen.number),
            ),
            waitlist_entry=chosen.number,
        )
    )
    audit.record("waitlist:join", "waitlist", chosen.number, offered_until=until.isoformat())


async def take(entry_id: int, order: NewOrder) -> Outcome:
    """Book the offered places. A repeat answers with the order that was booked.

    Raises ``NoOffer``, or ``Refused`` when the booking itself is refused: the offer then stays as it was.
    """
    try:
        async with db.transaction():
            return await _take(entry_id, order)
    except db.UniqueViolation:  # one of the documents was booked elsewhere in this moment
        refused = Outcome("duplicate-document", order.code, None)
    except Refused as refusal:
        refused = refusal.outcome
    # what the booking function had counted was rolled back with it
    attempts.count(
        refused.kind, await db.fetchval("SELECT product FROM slot WHERE id = $1", order.slot)
    )
    raise Refused(refused)


async def _take(entry_id: int, order: NewOrder) -> Outcome:
    row = await _locked(entry_id)
    if row is not None and row["state"] == "taken":
        return Outcome("repeated", row["order_code"], order_code.visit_day(row["order_code"]))
    if row is None or row["state"] != "offered" or row["offer_until"] < clock.now():
        raise NoOffer
    if len(order.tickets) > row["party"] or order.slot != row["slot"]:
        raise NoOffer
    if not sale.still_sold(row["product"], row["visit_day"]):
        raise Refused(Outcome("slot-closed", order.code, None))
    await places.reclaim(row["slot"], row["party"])
    outcome = await book_now(order, ORDERS_PER_PHONE())
    if outcome.kind == "repeated":  # this key booked something else: the offer was not taken by it
        raise Refused(Outcome("key-reused", outcome.code, outcome.visit_day))
    if outcome.kind != "booked":
        raise Refused(outcome)
    await db.execute(
        "UPDATE waitlist_entry SET state = 'taken', order_code = $2, ended_at = $3 WHERE id = $1",
        entry_id,
        outcome.code,
        clock.now(),
    )
    await places.withhold(row["slot"], row["party"] - len(order.tickets))
    await places.changed(row["slot"])
    return outcome


class Refused(Exception):
    """The booking itself was refused; ``outcome`` says why."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.kind)
        self.outcome = outcome


async def _locked(entry_id: int) -> Any | None:
    """The entry's row, locked after its slot: whoever offers holds the slot when it comes to the parties."""
    slot = await db.fetchval("SELECT slot FROM waitlist_entry WHERE id = $1", entry_id)
    if slot is None:
        return None
    await places.lock(slot)
    return await db.fetchrow(
        "SELECT e.slot, e.party, e.state, e.offer_until, e.order_code, s.product, s.visit_day FROM waitlist_entry e "
        "JOIN slot s ON s.id = e.slot WHERE e.id = $1 FOR UPDATE OF e",
        entry_id,
    )


async def leave(entry_id: int) -> None:
    """Leave the list; offered places go to the next. A repeat changes nothing."""
    await _end(entry_id, missed=False)


async def end_missed() -> int:
    """Pass offers that were not taken in time on to the next, and end what waited in vain; returns how many."""
    late = await db.fetch(
        "SELECT id FROM waitlist_entry WHERE (state = 'offered' AND offer_until < $1) "
        "OR (state = 'waiting' AND wait_until < $1) ORDER BY id LIMIT 500",
        clock.now(),
    )
    return await each([row["id"] for row in late], _end_late)


async def _end_late(entry_id: int) -> bool:
    return await _end(entry_id, missed=True)


async def _end(entry_id: int, *, missed: bool) -> bool:
    async with db.transaction():
        row = await _locked(entry_id)
        if row is None or row["state"] not in ("waiting", "offered"):
            return False
        was_offered = row["state"] == "offered"
        state = ("missed" if was_offered else "ended") if missed else "left"
        await db.execute(
            "UPDATE waitlist_entry SET state = $2, ended_at = $3 WHERE id = $1",
            entry_id,
            state,
            clock.now(),
        )
        if was_offered:
            await places.reclaim(row["slot"], row["party"])
            await places.withhold(row["slot"], row["party"])
            await places.changed(row["slot"])
        audit.record("waitlist:join", "waitlist", entry_id, ended=state)
    return True


async def withdraw_offers(slots: Collection[int]) -> None:
    """Parties that were offered places of slots that close wait again, at their turn; the caller holds the slots."""
    for row in await db.fetch(
        "UPDATE waitlist_entry SET state = 'waiting', offered_at = NULL, offer_until = NULL "
        "WHERE slot = ANY ($1) AND state = 'offered' RETURNING id, slot, party",
        list(slots),
    ):
        await places.reclaim(row["slot"], row["party"])
        audit.record("waitlist:join", "waitlist", row["id"], withdrawn=True)
