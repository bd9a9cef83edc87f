"""Anything in any order (BK-4 to BK-11): the real services driven by a state machine that Hypothesis makes up.

What is drawn depends on nothing that happens, or Hypothesis could not repeat an example: a rule that finds nothing to
act on does nothing.

After every step everything of ``tests/invariants.py`` must hold, and no order or ticket may have changed its state in a
way that ``rules/states.py`` does not know. ``PORTAL_TEST_EXAMPLES`` asks for more (and for other ones each time).
"""

import asyncio
import os
import random
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from portal.core import clock, db
from portal.core.crypto import vault
from portal.features.booking import change as changing
from portal.features.booking import closure, day_end, orders, places, waitlist, window
from portal.features.booking.change import CannotChange
from portal.features.booking.closure import NewClosure
from portal.features.booking.place import WINDOW, Sale
from portal.features.booking.waitlist import AlreadyWaiting, CannotWait, NoOffer, Refused
from portal.features.catalogue.availability import SlotView
from portal.features.payments import service as payments
from portal.features.payments.providers import BadNotice
from tests.factories.catalogue import a_product, a_slot, noticed
from tests.factories.people import an_account
from tests.features.booking.acts import (
    a_phone,
    an_unsent_order,
    book,
    day_after,
    pay,
    run_jobs,
    the_slot,
    view,
    visitors,
)
from tests.features.payments.bank import NAME, Bank, close_bank, open_bank
from tests.invariants import Witness, check

EXAMPLES: Final = int(os.environ.get("PORTAL_TEST_EXAMPLES", "0"))
START: Final = datetime(2027, 3, 1, 2, tzinfo=UTC)  # 10:00 at the site, on a Monday

INDEX = st.integers(0, 1_000)
PHONE = st.integers(0, 40)
FIRST = st.integers(1, 90)
COUNT = st.sampled_from([1, 1, 2, 2, 3])
STANDING: Final = ("held", "confirmed", "partly_used")


PERIODIC: Final[tuple[Callable[[], Awaitable[Any]], ...]] = (
    orders.expire_holds,
    waitlist.end_missed,
    places.release_due,
    waitlist.offer_wherever_one_waits,
    closure.refund_undecided,
    day_end.close_past_days,
    day_end.remind,
    payments.ask_silent,
    payments.close_expired,
)


class World:
    """What the machine stands in: one loop, one connection, a scenic area with five small slots."""

    loop: asyncio.AbstractEventLoop
    move: Callable[[datetime], None]
    connection: Any
    witness: Witness
    slots: list[int]
    codes: list[str]
    payments: list[tuple[UUID, int]]
    entries: list[int]
    seller: int
    bank: Bank
    chance: random.Random

    @classmethod
    def run(cls, act: Awaitable[Any]) -> Any:
        async def inside() -> Any:
            return await act

        return asyncio.run_coroutine_threadsafe(inside(), cls.loop).result(60)


class Area(RuleBasedStateMachine):
    """Lists hold what was made, to be acted on again, however little of it may be left."""

    def __init__(self) -> None:
        super().__init__()
        self.codes = list(World.codes)
        self.payments = list(World.payments)
        self.entries = list(World.entries)
        self.closures: list[int] = []
        self.keys: list[tuple[UUID, int, list[Any], str, str]] = []
        self.serial = 100
        self.savepoint: Any = None

    @initialize()
    def begin(self) -> None:
        World.bank.away = World.bank.refuses = False
        World.chance.seed(1)
        World.move(START)
        World.run(self._begin())

    async def _begin(self) -> None:
        self.savepoint = World.connection.transaction()
        await self.savepoint.start()
        vault.cache_clear()  # what the last example sealed with was rolled back
        await noticed()

    def teardown(self) -> None:
        if self.savepoint is not None:
            World.run(self.savepoint.rollback())

    @invariant()
    def everything_holds(self) -> None:
        if self.savepoint is not None:
            World.run(self._check())

    async def _check(self) -> None:
        await check()
        await World.witness.check()

    def _slot(self, index: int) -> int:
        return World.slots[index % len(World.slots)]

    def _code(self, index: int, *states: str) -> str:
        """An order in one of these states where there is one, and now and then any, to act on it once too often."""
        wanted = World.run(
            db.fetch(
                "SELECT code FROM booking_order WHERE state = ANY ($1) ORDER BY created_at, code",
                list(states),
            )
        )
        if wanted and index % 5:
            return str(wanted[index % len(wanted)]["code"])
        return self.codes[index % len(self.codes)]

    # Booking

    @rule(slot=INDEX, first=FIRST, count=COUNT, phone=PHONE)
    def books(self, slot: int, first: int, count: int, phone: int) -> None:
        key, people = uuid4(), visitors(first, count)
        outcome = World.run(book(view(self._slot(slot)), people, phone=a_phone(phone), key=key))
        if outcome.kind == "booked":
            self.codes.append(outcome.code)
            self.keys.append((key, self._slot(slot), people, a_phone(phone), outcome.code))

    @rule(slot=INDEX)
    def fills(self, slot: int) -> None:
        """Everything that is left is booked, so that others must wait."""
        World.run(self._fill(view(self._slot(slot))))

    async def _fill(self, slot: SlotView) -> None:
        for _ in range(6):
            left = (await the_slot(slot))["left_online"]
            self.serial += 3
            outcome = (
                await book(
                    slot, visitors(self.serial, min(left, 2)), phone=a_phone(1_000 + self.serial)
                )
                if left
                else None
            )
            if outcome is None or outcome.kind != "booked":
                return
            self.codes.append(outcome.code)

    @rule(index=INDEX)
    def pays(self, index: int) -> None:
        """As most do: at once, and the notice arrives."""
        World.run(self._pay(self._code(index, "held")))

    async def _pay(self, code: str) -> None:
        if opened := await self._open(code, NAME):
            await World.bank.pays(*opened)

    @rule(index=INDEX)
    def sends_again(self, index: int) -> None:
        if not self.keys:
            return
        key, slot, people, phone, code = self.keys[index % len(self.keys)]
        outcome = World.run(book(view(slot), people, phone=phone, key=key))
        assert (outcome.kind, outcome.code) == ("repeated", code)

    @rule(slot=INDEX, first=FIRST, count=COUNT)
    def sells_at_the_window(self, slot: int, first: int, count: int) -> None:
        World.run(self._sell(self._slot(slot), visitors(first, count)))

    async def _sell(self, slot: int, people: list[Any]) -> None:
        order = await an_unsent_order(view(slot), people, phone="", sale=Sale(WINDOW, "cash"))
        paid = window.Payment("cash", order.total_fen)
        outcome = await window.sell(World.seller, order, paid)
        if outcome.kind == "booked":
            self.codes.append(outcome.code)

    @rule(index=INDEX)
    def pays_back_at_the_window(self, index: int) -> None:
        try:
            World.run(window.pay_back(World.seller, self._owed(index)))
        except orders.OrderGone:
            return

    def _owed(self, index: int) -> str:
        row = World.run(
            db.fetchrow(
                "SELECT code FROM booking_order WHERE payment = 'cash' AND owed_fen > refunded_fen"
            )
        )
        return str(row["code"]) if row else self._code(index)

    # Paying

    @rule(index=INDEX, provider=st.sampled_from([NAME, "test"]))
    def opens_a_payment(self, index: int, provider: str) -> None:
        World.run(self._open(self._code(index, "held"), provider))

    async def _open(self, code: str, provider: str) -> tuple[UUID, int] | None:
        [row] = await db.fetch("SELECT * FROM booking_order WHERE code = $1", code)
        if row["state"] != "held":
            return None
        payment = await payments.start(code, row["total_fen"], provider, row["hold_until"])
        self.payments.append((payment, row["total_fen"]))
        return payment, row["total_fen"]

    @rule(index=INDEX, wrong=st.sampled_from([0, 0, 0, 1, -1]), notice=st.sampled_from(["", "one"]))
    def notice_arrives(self, index: int, wrong: int, notice: str) -> None:
        """On time or late, once or again, now and then of another amount."""
        payment, amount = self.payments[index % len(self.payments)]
        name = World.run(db.fetchval("SELECT provider FROM payment WHERE id = $1", payment))
        try:
            World.run(self._notice(name, payment, amount + wrong, notice and f"{notice}-{payment}"))
        except BadNotice:
            assert wrong
            World.bank.paid.pop(payment, None)

    async def _notice(self, name: str, payment: UUID, amount: int, notice: str) -> None:
        if name == NAME:
            await World.bank.pays(payment, amount, notice_id=notice)
        else:
            await pay(payment, amount, notice_id=notice)

    @rule(away=st.booleans(), refuses=st.booleans())
    def bank_changes(self, away: bool, refuses: bool) -> None:  # noqa: FBT001  drawn values
        World.bank.away, World.bank.refuses = away, refuses

    @rule()
    def refused_refunds_are_tried_again(self) -> None:
        World.run(self._try_again())

    async def _try_again(self) -> None:
        for row in await db.fetch("SELECT id FROM refund WHERE state = 'failed'"):
            await payments.try_again(row["id"])
        await payments.chase_refunds()

    # After booking

    @rule(index=INDEX, ordinals=st.one_of(st.none(), st.sets(st.integers(0, 2), min_size=1)))
    def cancels(self, index: int, ordinals: set[int] | None) -> None:
        try:
            World.run(orders.cancel(self._code(index, *STANDING), ordinals))
        except (orders.OrderGone, orders.TooLate):
            return

    @rule(index=INDEX, slot=INDEX)
    def moves(self, index: int, slot: int) -> None:
        code = self._code(index, "confirmed")
        wanted = World.run(self._elsewhere(code))
        to = wanted[slot % len(wanted)] if slot % 5 else self._slot(slot)
        try:
            self.codes.append(World.run(changing.change(code, view(to), uuid4())))
        except (CannotChange, orders.OrderGone):
            return

    async def _elsewhere(self, code: str) -> list[int]:
        rows = await db.fetch(
            "SELECT s.id FROM slot s JOIN booking_order o ON o.code = $1 AND o.product = s.product "
            "AND o.slot <> s.id ORDER BY s.id",
            code,
        )
        return [row["id"] for row in rows]

    @rule(index=INDEX, ordinal=st.integers(0, 2))
    def enters(self, index: int, ordinal: int) -> None:
        """What the gate writes."""
        World.run(self._enter(self._code(index, "confirmed", "partly_used"), ordinal))

    async def _enter(self, code: str, ordinal: int) -> None:
        async with db.transaction():
            order = await orders.locked(code)
            if order["state"] not in ("confirmed", "partly_used"):
                return
            await db.execute(
                "UPDATE ticket SET state = 'used', used_at = $3 WHERE order_code = $1 AND ordinal = $2 "
                "AND state = 'valid'",
                code,
                ordinal,
                clock.now(),
            )
            await db.execute(
                "UPDATE booking_order SET state = CASE WHEN NOT EXISTS (SELECT FROM ticket WHERE order_code = $1 "
                "AND state = 'valid') THEN 'used' WHEN EXISTS (SELECT FROM ticket WHERE order_code = $1 "
                "AND state = 'used') THEN 'partly_used' ELSE state END WHERE code = $1",
                code,
            )

    # Waiting

    @rule(slot=INDEX, party=COUNT, phone=st.integers(10, 15))
    def joins(self, slot: int, party: int, phone: int) -> None:
        try:
            entry = World.run(waitlist.join(view(self._slot(slot)), party, a_phone(phone), uuid4()))
        except (AlreadyWaiting, CannotWait):
            return
        self.entries.append(entry)

    @rule(index=INDEX, first=FIRST, count=COUNT)
    def takes_an_offer(self, index: int, first: int, count: int) -> None:
        offered = World.run(
            db.fetchval("SELECT id FROM waitlist_entry WHERE state = 'offered' ORDER BY id LIMIT 1")
        )
        entry = offered if offered and index % 5 else self.entries[index % len(self.entries)]
        World.run(self._take(entry, visitors(first, count)))

    async def _take(self, entry: int, people: list[Any]) -> None:
        found = await waitlist.entry(entry)
        assert found is not None
        order = await an_unsent_order(view(found.slot), people, phone=a_phone(20 + entry % 5))
        try:
            outcome = await waitlist.take(entry, order)
        except NoOffer:
            return
        except Refused as refusal:
            if refusal.outcome.kind == "sold-out":
                raise  # what is offered can be had
            return
        if outcome.kind == "booked":
            self.codes.append(outcome.code)

    @rule(index=INDEX)
    def leaves(self, index: int) -> None:
        World.run(waitlist.leave(self.entries[index % len(self.entries)]))

    # Closing

    @rule(first=INDEX, second=INDEX)
    def closes(self, first: int, second: int) -> None:
        slots = (self._slot(first), self._slot(second if second % 3 == 0 else first))
        day = view(slots[0]).visit_day
        new = NewClosure(slots, day, "weather", "雷雨", "Storm", 3, uuid4())
        self.closures.append(World.run(closure.close(new)))

    @rule(index=INDEX)
    def lifts(self, index: int) -> None:
        if self.closures:
            World.run(closure.lift(self.closures[index % len(self.closures)]))

    # Time and the work that it brings

    @rule(minutes=st.sampled_from([1, 1, 6, 6, 16, 16, 31, 61, 200, 900]))
    def time_passes(self, minutes: int) -> None:
        """With all the work that it brings, as a running portal does it."""
        World.move(clock.now() + timedelta(minutes=minutes))
        World.run(self._catch_up())

    async def _catch_up(self) -> None:
        for work in PERIODIC:
            await work()
        await run_jobs()

    @rule(minutes=st.sampled_from([1, 16, 61]))
    def time_passes_unseen(self, minutes: int) -> None:
        """No process does anything: every act meets orders and offers that are over."""
        World.move(clock.now() + timedelta(minutes=minutes))

    @rule()
    def jobs_run(self) -> None:
        World.run(run_jobs())

    @rule(work=st.sampled_from(PERIODIC))
    def one_periodic_work_runs(self, work: Callable[[], Awaitable[Any]]) -> None:
        World.run(work())


@pytest.fixture
def bank() -> Iterator[Bank]:
    yield open_bank()
    close_bank()


@pytest.mark.charter("BK-4", "BK-5", "BK-7", "BK-8", "BK-10", "BK-11")
async def test_whatever_happens_every_place_and_every_fen_is_accounted_for(
    at: Callable[[datetime], None],
    database: None,
    bank: Bank,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at(START)
    World.chance = random.Random(1)  # noqa: S311  the same chance in each example
    monkeypatch.setattr(places, "_random", World.chance)
    World.loop, World.move, World.bank = asyncio.get_running_loop(), at, bank
    World.connection = db.engine().pool._connection  # type: ignore[union-attr]
    World.witness = await Witness().enter()
    await begin()
    await check()
    chosen = settings(
        max_examples=EXAMPLES or 12,
        stateful_step_count=40,
        deadline=None,
        derandomize=not EXAMPLES,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    await asyncio.to_thread(run_state_machine_as_test, Area, settings=chosen)
    await World.witness.leave()


async def begin() -> None:
    """What every example finds: orders of each kind, a slot that is full, parties that wait, payments under way."""
    World.seller = await an_account("window1")
    await window.open_drawer(World.seller, 10_000)
    online, gate = await a_product("online", payment="online"), await a_product("gate")
    made = [
        await a_slot(online, capacity=6, quota_window=2),
        await a_slot(online, capacity=5, starts=time(14)),
        await a_slot(online, day=day_after(2), capacity=8, quota_agency=1),
        await a_slot(gate, capacity=4, quota_window=1),
        await a_slot(gate, day=day_after(2), capacity=6),
    ]
    World.slots = [slot.id for slot in made]
    World.codes, World.payments, World.entries = [], [], []
    for serial, slot in enumerate((0, 0, 1, 1, 2, 3, 3)):
        people = visitors(200 + 5 * serial, 2 if serial < 6 else 1)
        World.codes.append((await book(made[slot], people, phone=a_phone(500 + serial))).code)
    for code in World.codes[:4]:
        [row] = await db.fetch("SELECT * FROM booking_order WHERE code = $1", code)
        payment = await payments.start(code, row["total_fen"], NAME, row["hold_until"])
        World.payments.append((payment, row["total_fen"]))
    for payment, amount in World.payments[:3]:
        await World.bank.pays(payment, amount)
    sold = await an_unsent_order(made[3], visitors(300), phone="", sale=Sale(WINDOW, "cash"))
    World.codes.append((await window.sell(World.seller, sold, window.Payment("cash", 10_000))).code)
    for serial, (slot, party) in enumerate(((0, 1), (0, 2), (1, 2), (3, 1))):
        World.entries.append(await waitlist.join(made[slot], party, a_phone(600 + serial), uuid4()))
    await run_jobs()
