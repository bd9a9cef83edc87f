"""Races (BK-4): at once, in several processes, with a control that takes the guard away and sees the fault happen."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from datetime import time, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from portal.core import clock, db, site_settings
from portal.features.booking import change as changing
from portal.features.booking import closure, orders, places, waitlist
from portal.features.booking.closure import NewClosure
from portal.features.booking.queries import OrderView
from portal.features.booking.waitlist import NoOffer
from portal.features.catalogue import generation
from portal.features.payments import service as payments
from tests.factories.booking import a_payment, an_order, the_order
from tests.factories.catalogue import a_product, a_slot, noticed
from tests.features.booking.acts import (
    a_phone,
    an_order_row,
    an_unsent_order,
    attempts_by_outcome,
    book,
    day_after,
    pay,
    run_jobs,
    the_slot,
    view,
    visitors,
)
from tests.features.booking.concurrency import (
    ANYWHERE,
    NEVER_OVERSOLD,
    ONE_DOCUMENT,
    ONE_KEY,
    PHONE_LOCK,
    SLOT_LOCK,
    booking_without,
    insert_gate,
    processes,
    slot_gate,
    started,
    together,
    waiting,
    without,
)
from tests.features.payments.bank import NAME, Bank, close_bank, open_bank
from tests.invariants import check, holds

pytestmark = [
    pytest.mark.usefixtures("database"),
    pytest.mark.commits,
    pytest.mark.charter("BK-4"),
]


@pytest.fixture
def bank() -> Iterator[Bank]:
    yield open_bank()
    close_bank()


def kinds(answers: list[Any]) -> Counter[str]:
    return Counter(
        type(answer).__name__ if isinstance(answer, BaseException) else answer.kind
        for answer in answers
    )


async def test_who_waits_for_something_else_has_not_come_to_the_gate() -> None:
    """Else a gate would open before the race: a crowd waits for the day's key first, that one of them makes."""
    slot = await a_slot()
    elsewhere = await db.engine().get_new_connection()
    async with processes(1) as (one,):
        async with insert_gate("booking_key"):
            async with elsewhere.transaction():
                await elsewhere.execute("LOCK TABLE data_key IN SHARE MODE")
                racing = started(one.book(slot, visitors(1), a_phone(1)))
                await waiting(1, ANYWHERE)
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.2):
                        await waiting(1)
            await waiting(1)
        assert kinds(await racing) == {"booked": 1}
    await elsewhere.close()


# The last places


async def two_for_the_last_place() -> list[Any]:
    slot = await a_slot(capacity=1)
    async with processes() as (one, two):
        async with slot_gate(slot):
            racing = started(
                one.book(slot, visitors(1), a_phone(1)), two.book(slot, visitors(2), a_phone(2))
            )
            await waiting(2)
        return await racing


async def test_the_last_place_is_sold_once() -> None:
    assert kinds(await two_for_the_last_place()) == {"booked": 1, "sold-out": 1}
    await check()


async def test_control_without_lock_and_constraint_it_is_sold_twice() -> None:
    async with booking_without(SLOT_LOCK), without(*NEVER_OVERSOLD):
        assert kinds(await two_for_the_last_place()) == {"booked": 2}
        assert any("sells more than it has" in wrong for wrong in await holds())


async def test_without_the_lock_the_constraint_still_refuses() -> None:
    async with booking_without(SLOT_LOCK):
        answers = kinds(await two_for_the_last_place())
        assert answers["booked"] == 1
        assert answers.total() == 2
        await check()


async def test_without_the_constraint_the_lock_suffices() -> None:
    async with without(*NEVER_OVERSOLD):
        assert kinds(await two_for_the_last_place()) == {"booked": 1, "sold-out": 1}
        await check()


async def test_a_crowd_of_parties_over_many_slots_fills_them_exactly() -> None:
    """Three processes, slots in every order, parties of one to three, repeats: full, never over, no deadlock."""
    product = await a_product()
    slots = [await a_slot(product, starts=time(8 + n), hours=1, capacity=30) for n in range(4)]
    wishes = [
        (slots[n * 7 % 4], visitors(1 + 3 * n, 1 + n % 3), a_phone(n), uuid4()) for n in range(150)
    ]
    async with processes(3) as workers:
        answers = await together(
            *(
                workers[(n + again) % 3].book(*wish)
                for n, wish in enumerate(wishes)
                for again in range(2 if n % 10 == 0 else 1)
            )
        )
    booked = await db.fetchval("SELECT sum(party) FROM booking_order")
    assert booked == sum([(await the_slot(slot))["sold_online"] for slot in slots])
    assert booked >= 4 * 28  # a rest of two may be too small for the parties that came
    counted = kinds(answers)
    assert set(counted) <= {"booked", "repeated", "sold-out"}
    assert counted["booked"] == await db.fetchval("SELECT count(*) FROM booking_order")
    assert (await attempts_by_outcome())["booked"] == counted["booked"]
    await check()


# One document, one key, one phone


async def one_document_in_two_slots() -> list[Any]:
    product = await a_product()
    morning, noon = await a_slot(product), await a_slot(product, starts=time(12))
    async with processes() as (one, two):
        async with insert_gate("booking_key"):
            racing = started(
                one.book(morning, visitors(1), a_phone(1)), two.book(noon, visitors(1), a_phone(2))
            )
            await waiting(2)
        return await racing


@pytest.mark.charter("BK-3")
async def test_one_document_books_once_in_two_processes() -> None:
    assert kinds(await one_document_in_two_slots()) == {"booked": 1, "duplicate-document": 1}
    assert await attempts_by_outcome() == {"booked": 1, "duplicate-document": 1}
    await check()


@pytest.mark.charter("BK-3")
async def test_control_without_the_unique_index_it_books_twice() -> None:
    async with without(*ONE_DOCUMENT):
        assert kinds(await one_document_in_two_slots()) == {"booked": 2}
        assert any("one document holds two tickets" in wrong for wrong in await holds())


async def test_two_parties_that_share_documents_crosswise_never_wait_in_a_circle() -> None:
    product = await a_product()
    slots = [await a_slot(product, starts=time(8 + n), hours=1) for n in range(6)]
    people = visitors(1, 4)
    async with processes(3) as workers:
        answers = await together(
            *(
                workers[n % 3].book(slot, people if n % 2 else people[::-1], a_phone(n))
                for n, slot in enumerate(slots)
            )
        )
    assert kinds(answers) == {"booked": 1, "duplicate-document": 5}
    await check()


async def twenty_with_one_key(same_slot: bool = True) -> list[Any]:  # noqa: FBT001, FBT002
    product = await a_product()
    slots = [await a_slot(product), await a_slot(product, starts=time(12))]
    key = uuid4()
    async with processes() as workers:
        async with insert_gate("booking_key"):
            racing = started(
                *(
                    workers[n % 2].book(
                        slots[0 if same_slot else n % 2], visitors(1), a_phone(1), key
                    )
                    for n in range(20)
                )
            )
            await waiting(2)
        return await racing


async def test_twenty_at_once_with_one_key_are_one_booking() -> None:
    answers = await twenty_with_one_key()
    assert kinds(answers) == {"booked": 1, "repeated": 19}
    assert len({answer.code for answer in answers}) == 1
    assert await attempts_by_outcome() == {"booked": 1}
    await check()


async def test_one_key_for_two_slots_books_one_of_them() -> None:
    counted = kinds(await twenty_with_one_key(same_slot=False))
    assert counted["booked"] == 1
    assert counted["key-reused"] + counted["repeated"] == 19
    assert await db.fetchval("SELECT count(*) FROM booking_order") == 1
    await check()


async def test_control_without_its_primary_key_one_key_books_twice() -> None:
    async with without(*ONE_KEY), without(*ONE_DOCUMENT):
        assert kinds(await twenty_with_one_key(same_slot=False))["booked"] == 2
        assert any("one key stands for two" in wrong for wrong in await holds())


async def four_orders_of_one_phone() -> list[Any]:
    product = await a_product()
    slots = [await a_slot(product, starts=time(8 + n), hours=1) for n in range(4)]
    async with processes(4) as workers:
        async with insert_gate("booking_key"):
            racing = started(
                *(
                    worker.book(slot, visitors(n + 1), a_phone(1))
                    for n, (worker, slot) in enumerate(zip(workers, slots, strict=True))
                )
            )
            await waiting(4)
        return await racing


@pytest.mark.charter("BK-7")
async def test_a_phone_s_limit_is_exact_over_slots_and_processes() -> None:
    assert kinds(await four_orders_of_one_phone()) == {"booked": 2, "phone-limit": 2}
    await check()


@pytest.mark.charter("BK-7")
async def test_control_without_the_phone_s_lock_the_limit_is_passed() -> None:
    async with booking_without(PHONE_LOCK, "PERFORM FROM ("):
        assert kinds(await four_orders_of_one_phone())["booked"] > 2


# Answers that were lost


async def test_a_lost_answer_makes_no_second_booking() -> None:
    """The connection is cut after the statement was sent and before its answer: sent again, it is the same order."""
    slot = await a_slot(capacity=5)
    async with processes(1) as (one,):
        async with insert_gate("audit_entry"):
            racing = started(one.book(slot, visitors(1), a_phone(1)))
            await waiting(1)
            await cut_off("book_batch")
        [answer] = await racing
    assert answer.kind == "booked"
    assert await db.fetchval("SELECT count(*) FROM booking_order") == 1
    await check()


async def test_an_answer_lost_after_the_commit_is_found_again() -> None:
    slot, key = await a_slot(capacity=5), uuid4()
    async with processes() as (one, two):
        first = await one.book(slot, visitors(1), a_phone(1), key)
        await cut_off("book_batch")
        again = await together(*(w.book(slot, visitors(1), a_phone(1), key) for w in (one, two)))
    assert kinds(again) == {"repeated": 2}
    assert {answer.code for answer in again} == {first.code}
    assert await attempts_by_outcome() == {"booked": 1}
    await check()


async def cut_off(query: str) -> None:
    """End the connections that run this or ran it last, as a database that falls over does."""
    await db.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() AND query LIKE '%' || $1 || '%'",
        query,
    )


# One order, two acts


async def a_held_order(name: str = "test") -> tuple[OrderView, Any]:
    order = await an_order(visitors=visitors(1, 2), online=True)
    assert order.hold_until is not None
    return order, await payments.start(order.code, order.total_fen, name, order.hold_until)


def unlocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """An order is read without being locked, by whoever acts on it."""

    async def peek(code: str) -> Any:
        [row] = await db.fetch(
            "SELECT o.*, s.starts_at, s.ends_at, s.closed FROM booking_order o JOIN slot s ON s.id = o.slot "
            "WHERE code = $1",
            code,
        )
        return row

    monkeypatch.setattr(orders, "locked", peek)
    monkeypatch.setattr(changing, "locked", peek)


async def paid_in_the_middle_of(act: Callable[[str], Awaitable[Any]], *, pay_waits: bool) -> Any:
    """The act is stopped when it has read the order and comes to its slot; then the money arrives."""
    order, payment = await a_held_order()
    await db.execute("UPDATE booking_order SET hold_until = $1", clock.now() - timedelta(seconds=1))
    async with slot_gate(order.slot):
        acting = started(act(order.code))
        await waiting(1)
        paying = started(pay(payment, order.total_fen))
        if pay_waits:
            await waiting(2)
        else:
            assert await paying == [True]
    answers = [*await acting, *await paying]
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    await run_jobs()
    [row] = await db.fetch("SELECT * FROM booking_order")
    return row


async def expire(_code: str) -> int:
    return await orders.expire_holds()


async def test_cancelled_and_paid_at_once_the_money_goes_back() -> None:
    row = await paid_in_the_middle_of(orders.cancel, pay_waits=True)
    assert (row["state"], row["paid_fen"], row["refunded_fen"]) == ("refunded", 20_000, 20_000)
    await check()


@pytest.mark.charter("BK-5")
async def test_run_out_and_paid_at_once_the_places_are_taken_again() -> None:
    row = await paid_in_the_middle_of(expire, pay_waits=True)
    assert (row["state"], row["paid_fen"], row["owed_fen"]) == ("confirmed", 20_000, 0)
    await check()


@pytest.mark.parametrize(("act", "state"), [(orders.cancel, "cancelled"), (expire, "expired")])
async def test_control_without_the_order_s_lock_the_places_go_and_the_money_stays(
    act: Callable[[str], Awaitable[Any]], state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlocked(monkeypatch)
    row = await paid_in_the_middle_of(act, pay_waits=False)
    assert (row["state"], row["paid_fen"], row["owed_fen"]) == (state, 20_000, 0)


@pytest.mark.charter("BK-7")
async def test_of_two_changes_one_happens_and_both_answer_with_it() -> None:
    product = await a_product()
    order = await an_order(await a_slot(product), visitors=visitors(1, 2))
    targets = [await a_slot(product, day=day_after(n)) for n in (2, 3)]
    async with insert_gate("booking_key"):
        racing = started(*(changing.change(order.code, slot, uuid4()) for slot in targets))
        await waiting(2)
    codes = await racing
    assert len(set(codes)) == 1
    assert sum([(await the_slot(slot))["sold_online"] for slot in targets]) == 2
    await check()


async def test_two_orders_that_change_places_do_not_wait_in_a_circle() -> None:
    await site_settings.change("booking.released_place_policy", "immediate")
    product = await a_product()
    one, two = await a_slot(product, capacity=4), await a_slot(product, capacity=4, starts=time(14))
    first = await an_order(one, visitors=visitors(1, 2), phone=a_phone(1))
    second = await an_order(two, visitors=visitors(11, 2), phone=a_phone(2))
    for _ in range(5):
        codes = await together(
            changing.change(first.code, two, uuid4()), changing.change(second.code, one, uuid4())
        )
        first, second = [await the_order(str(code)) for code in codes]
        await db.execute("UPDATE booking_order SET changes = 0")
        one, two = two, one
        await check()


async def test_cancelled_twice_at_once_places_and_money_go_back_once() -> None:
    order, payment = await a_held_order()
    await pay(payment, order.total_fen)
    async with slot_gate(order.slot):
        racing = started(*(orders.cancel(order.code) for _ in range(3)))
        await waiting(3)
    answers = await racing
    assert [isinstance(answer, orders.OrderGone) for answer in answers].count(True) == 2
    await run_jobs()
    assert (await an_order_row(order.code))["refunded_fen"] == 20_000
    await check()


# Places on their way


async def a_full_slot() -> Any:
    slot = await a_slot(capacity=4)
    for number in (1, 2):
        await book(slot, visitors(10 * number, 2), phone=a_phone(number))
    await noticed()
    return view(slot.id)


async def offered_entry() -> tuple[Any, int]:
    slot = await a_full_slot()
    waits = await waitlist.join(slot, 2, a_phone(50), uuid4())
    await orders.cancel(await db.fetchval("SELECT code FROM booking_order LIMIT 1"))
    await run_jobs()
    return slot, waits


@pytest.mark.charter("BK-8")
async def test_of_two_who_take_one_offer_one_books() -> None:
    slot, waits = await offered_entry()
    wishes = [
        await an_unsent_order(slot, visitors(60 + 10 * n, 2), phone=a_phone(60 + n))
        for n in range(2)
    ]
    async with slot_gate(slot):
        racing = started(*(waitlist.take(waits, wish) for wish in wishes))
        await waiting(2)
    answers = await racing
    assert kinds(answers) == {"booked": 1, "repeated": 1}
    assert len({answer.code for answer in answers}) == 1
    await check()


@pytest.mark.charter("BK-8")
async def test_an_offer_that_is_left_and_taken_at_once_is_one_of_the_two() -> None:
    slot, waits = await offered_entry()
    wish = await an_unsent_order(slot, visitors(60, 2), phone=a_phone(60))
    async with slot_gate(slot):
        racing = started(waitlist.take(waits, wish), waitlist.leave(waits))
        await waiting(2)
    taken, _left = await racing
    entry = await waitlist.entry(waits)
    assert entry is not None
    assert (entry.state == "left") == isinstance(taken, NoOffer)
    await check()


async def leave_while_offered() -> str:
    """A party leaves in the moment in which somebody else's places are about to be offered to it."""
    slot = await a_full_slot()
    waits = await waitlist.join(slot, 2, a_phone(50), uuid4())
    await orders.cancel(await db.fetchval("SELECT code FROM booking_order LIMIT 1"))
    async with insert_gate("waitlist_entry"):
        racing = started(waitlist.leave(waits), waitlist.offer(slot.id))
        await waiting(2)
    await racing
    found = await waitlist.entry(waits)
    assert found is not None
    return found.state


@pytest.mark.charter("BK-8")
async def test_who_has_left_is_offered_nothing() -> None:
    assert await leave_while_offered() == "left"
    await check()


async def no_lock(*_slots: int) -> None:
    """In the place of ``places.lock``."""


@pytest.mark.charter("BK-8")
async def test_control_without_the_slot_s_lock_who_has_left_is_offered_places(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(places, "lock", no_lock)
    states = {await leave_while_offered()}
    assert states == {"offered"} or await holds() != []


async def release_and_offer() -> None:
    slot = await a_full_slot()
    await orders.cancel(await db.fetchval("SELECT code FROM booking_order LIMIT 1"))
    await db.execute(
        "UPDATE released_place SET release_at = $1", clock.now() - timedelta(seconds=1)
    )
    await waitlist.join(slot, 2, a_phone(50), uuid4())
    async with slot_gate(slot):
        releasing = started(places.release_due())
        await waiting(1)
        offering = started(waitlist.offer(slot.id))
        await waiting(2)
    assert [*await releasing, *await offering] == [1, 1]


@pytest.mark.charter("BK-8")
async def test_released_and_offered_at_once_no_place_is_lost_or_doubled() -> None:
    await release_and_offer()
    await check()


@pytest.mark.charter("BK-8")
async def test_control_without_the_slot_s_lock_places_are_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(places, "lock", no_lock)
    await release_and_offer()
    assert any("withheld places" in wrong for wrong in await holds())


# Closing


async def close_while_booking(*, closing_first: bool) -> tuple[str, int]:
    """What became of the booking, and how many holders the closure knows."""
    slot = await a_slot(day=day_after(2))
    new = NewClosure((slot.id,), slot.visit_day, "weather", "雷雨", "Storm", 24, uuid4())
    async with processes(1) as (one,):
        acts = [closure.close(new), one.book(slot, visitors(1), a_phone(1))]
        async with slot_gate(slot):
            racing = []
            for number in (0, 1) if closing_first else (1, 0):
                racing.append((number, started(acts[number])))
                await waiting(len(racing))
        answers = {number: (await future)[0] for number, future in racing}
    progress = await closure.progress(answers[0])
    assert progress is not None
    return answers[1].kind, progress.orders


@pytest.mark.charter("BK-11")
@pytest.mark.parametrize(
    ("closing_first", "outcome"), [(True, ("slot-closed", 0)), (False, ("booked", 1))]
)
async def test_who_books_in_the_moment_of_closing_is_refused_or_told(
    closing_first: bool,  # noqa: FBT001  a table of samples
    outcome: tuple[str, int],
) -> None:
    assert await close_while_booking(closing_first=closing_first) == outcome
    await check()


@pytest.mark.charter("BK-11")
async def test_control_without_the_slot_s_lock_a_holder_is_never_told() -> None:
    async with booking_without(SLOT_LOCK):
        assert await close_while_booking(closing_first=True) == ("booked", 0)


@pytest.mark.charter("BK-11")
async def test_lifted_and_refunded_at_once_is_one_of_the_two() -> None:
    order, payment = await a_held_order()
    await pay(payment, order.total_fen)
    slot = view(order.slot)
    new = NewClosure((slot.id,), slot.visit_day, "weather", "雷雨", "Storm", 24, uuid4())
    number = await closure.close(new)
    async with slot_gate(slot):
        racing = started(closure.refund(order.code), closure.lift(number))
        await waiting(2)
    refunded, lifted = await racing
    assert not isinstance(lifted, Exception)
    assert ((await the_order(order.code)).state == "confirmed") == (refunded is False)
    await run_jobs()
    await check()


@pytest.mark.charter("BK-11")
async def test_two_who_refund_one_closure_refund_everybody_once() -> None:
    slot = await a_slot(await a_product(payment="online"), day=day_after(2))
    for number in range(1, 6):
        await a_payment(await an_order(slot, visitors=visitors(number), phone=a_phone(number)))
    new = NewClosure((slot.id,), slot.visit_day, "weather", "雷雨", "Storm", 24, uuid4())
    number = await closure.close(new)
    await db.execute("UPDATE closure SET choose_until = $1", clock.now())
    done = await together(closure.refund_undecided(), closure.refund_undecided(), run_jobs())
    assert sum(done[:2]) == 5
    await run_jobs()
    progress = await closure.progress(number)
    assert progress is not None
    assert progress.refunded == 5
    assert await db.fetchval("SELECT count(*) FROM refund WHERE state = 'done'") == 5
    assert await db.fetchval("SELECT count(*) FROM visitor_message") <= 5
    await check()


# Money


async def test_a_refund_that_two_processes_carry_out_is_booked_once(bank: Bank) -> None:
    order, payment = await a_held_order(NAME)
    await bank.pays(payment, order.total_fen)
    await orders.cancel(order.code)
    refund = str(await db.fetchval("SELECT id FROM refund"))
    answers = await together(*(payments.carry_out_refund({"refund": refund}) for _ in range(3)))
    assert answers == [None] * 3
    assert len(bank.refunded) == 1  # the provider knows it by its id
    assert (await an_order_row(order.code))["refunded_fen"] == 20_000
    await check()


async def test_control_a_refund_booked_twice_is_refused_by_the_constraint(bank: Bank) -> None:
    order, payment = await a_held_order(NAME)
    await bank.pays(payment, order.total_fen)
    await orders.cancel(order.code)
    returned = payments.Returned(order.code, order.total_fen, done=True)
    await orders.note_refund(returned)
    with pytest.raises(db.CheckViolation):
        await orders.note_refund(returned)
    drop = "ALTER TABLE booking_order DROP CONSTRAINT never_more_back"
    restore = (
        "ALTER TABLE booking_order ADD CONSTRAINT never_more_back "
        "CHECK (0 <= refunded_fen AND refunded_fen <= owed_fen AND owed_fen <= paid_fen)"
    )
    async with without(drop, restore):
        await orders.note_refund(returned)
        assert any("money is not in order" in wrong for wrong in await holds())


async def cancel_while_a_refund_returns(bank: Bank) -> list[Any]:
    """The first ticket's refund is booked while the second is cancelled: one has the order, the other the payment."""
    order, payment = await a_held_order(NAME)
    await bank.pays(payment, order.total_fen)
    await orders.cancel(order.code, [0])
    refund = str(await db.fetchval("SELECT id FROM refund"))
    async with slot_gate(order.slot):
        cancelling = started(orders.cancel(order.code))
        await waiting(1)
        refunding = started(payments.carry_out_refund({"refund": refund}))
        await waiting(2)
    return [*await cancelling, *await refunding]


async def test_cancelling_and_refunding_do_not_wait_in_a_circle(bank: Bank) -> None:
    answers = await cancel_while_a_refund_returns(bank)
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    await run_jobs()
    assert (await db.fetchval("SELECT state FROM booking_order")) == "refunded"
    await check()


async def test_control_without_the_order_of_locks_they_do(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payments, "_lock", [])
    answers = await cancel_while_a_refund_returns(bank)
    assert [answer for answer in answers if isinstance(answer, asyncpg.DeadlockDetectedError)]


async def test_two_clicks_on_pay_open_one_payment() -> None:
    order = await an_order(online=True)
    assert order.hold_until is not None
    async with insert_gate("payment"):
        racing = started(
            *(
                payments.start(order.code, order.total_fen, "test", order.hold_until)
                for _ in range(3)
            )
        )
        await waiting(3)
    assert len(set(await racing)) == 1
    await check()


async def test_one_notice_sent_five_times_at_once_confirms_once(bank: Bank) -> None:
    order, payment = await a_held_order(NAME)
    answers = await together(*(bank.pays(payment, order.total_fen) for _ in range(5)))
    assert sorted(answers) == [False] * 4 + [True]
    assert (await an_order_row(order.code))["paid_fen"] == 20_000
    await check()


# Slots


@pytest.mark.charter("BK-2")
async def test_slots_that_are_renewed_under_a_crowd_wait_for_nobody_in_a_circle() -> None:
    product = await a_product()
    for number in range(6):  # later hours first: the order of ids is not that of hours
        await db.execute(
            "INSERT INTO slot_pattern (product, weekdays, starts, ends, capacity, valid_from) "
            "VALUES ($1, '{1,2,3,4,5,6,7}', $2, $3, 50, '2026-01-01')",
            product,
            time(18 - number),
            time(19 - number),
        )
        await generation.generate()
    await noticed()
    rows = await db.fetch("SELECT id FROM slot WHERE visit_day = $1 ORDER BY id", day_after(1))
    slots = [view(row["id"]) for row in rows]

    async def renew() -> None:
        for capacity in (60, 55, 70, 65):
            await db.execute("UPDATE slot_pattern SET capacity = $1", capacity)
            await generation.generate()

    async with processes(2) as workers:
        answers = await together(
            renew(),
            *(workers[n % 2].book(slots[n % 6], visitors(n + 1), a_phone(n)) for n in range(60)),
        )
    assert answers[0] is None
    assert kinds(answers[1:]) == {"booked": 60}
    await check()
