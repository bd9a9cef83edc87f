"""Money in and out (BK-5, DOMAIN A10): a payment counts once, a refund is paid once, and every fen is accounted for."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from portal.core import clock, db, jobs
from portal.features.booking import orders
from portal.features.booking.queries import OrderView
from portal.features.payments import service
from portal.features.payments.providers import BadNotice, Charge, ProviderAway, available, provider
from portal.features.payments.service import Wanted
from portal.features.payments.test_provider import SIGNATURE, TIMESTAMP, make_notice
from tests.factories.booking import a_payment, a_visitor, an_order, the_order
from tests.factories.catalogue import noticed
from tests.features.booking.acts import (
    an_order_row,
    book,
    pay,
    run_jobs,
    the_slot,
    tickets,
    view,
    visitors,
)
from tests.features.payments.bank import NAME, Bank, close_bank, open_bank
from tests.invariants import Witness, check

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.charter("BK-5")]


@pytest.fixture
def bank() -> Iterator[Bank]:
    yield open_bank()
    close_bank()


async def a_held_order(count: int = 2) -> OrderView:
    return await an_order(visitors=visitors(1, count), online=True)


async def opened(order: OrderView, name: str = "test") -> UUID:
    assert order.hold_until is not None
    return await service.start(order.code, order.total_fen, name, order.hold_until)


async def refunds() -> list[Any]:
    return await db.fetch("SELECT * FROM refund ORDER BY created_at, amount_fen")


async def test_paid_in_time_the_order_is_confirmed() -> None:
    order = await a_held_order()
    assert await pay(await opened(order), order.total_fen)
    row = await an_order_row(order.code)
    assert (row["state"], row["paid_fen"], row["hold_until"]) == ("confirmed", 20_000, None)
    assert [ticket["state"] for ticket in await tickets(order.code)] == ["valid", "valid"]
    await check()


async def test_a_notice_that_comes_again_counts_once() -> None:
    order = await a_held_order()
    payment = await opened(order)
    assert await pay(payment, order.total_fen, notice_id="one")
    assert not await pay(payment, order.total_fen, notice_id="one")
    assert not await pay(payment, order.total_fen, notice_id="another of the same payment")
    assert (await an_order_row(order.code))["paid_fen"] == 20_000
    assert await refunds() == []
    await check()


@pytest.mark.parametrize("amount", [19_999, 20_001, 0, 1])
async def test_a_wrong_amount_confirms_nothing_and_is_on_the_trail(amount: int) -> None:
    order = await a_held_order()
    payment = await opened(order)
    with pytest.raises(BadNotice, match="amount"):
        await pay(payment, amount)
    assert (await the_order(order.code)).state == "held"
    assert await db.fetchval("SELECT state FROM payment") == "open"
    refused = await db.fetchval("SELECT rule FROM audit_entry WHERE outcome = 'refused'")
    assert refused == "amount"
    assert await pay(payment, order.total_fen)


async def test_notices_that_are_not_genuine_are_not_believed(
    at: Callable[[datetime], None],
) -> None:
    order = await a_held_order()
    payment = await opened(order)
    sent = make_notice(payment, order.total_fen, paid=True)
    forged = dict(sent.headers) | {SIGNATURE: "0" * 64}
    with pytest.raises(BadNotice, match="signature"):
        await service.receive("test", forged, sent.body)
    with pytest.raises(BadNotice, match="signature"):
        await service.receive("test", sent.headers, sent.body.replace(b"true", b"false"))
    with pytest.raises(BadNotice, match="signature"):
        await service.receive("test", dict(sent.headers) | {TIMESTAMP: "0"}, sent.body)
    with pytest.raises(BadNotice, match="unknown"):
        await service.receive("nobody", sent.headers, sent.body)
    with pytest.raises(BadNotice, match="unknown"):
        await pay(uuid4(), order.total_fen)
    at(clock.now() + timedelta(minutes=5, seconds=1))
    with pytest.raises(BadNotice, match="age"):
        await service.receive("test", sent.headers, sent.body)
    assert (await the_order(order.code)).state == "held"


async def test_who_gives_up_at_the_bank_may_pay_again() -> None:
    order = await a_held_order()
    first = await opened(order)
    assert await pay(first, order.total_fen, paid=False)
    second = await opened(order)
    assert second != first
    assert await pay(second, order.total_fen)
    assert (await the_order(order.code)).state == "confirmed"
    await check()


async def test_a_second_click_on_pay_finds_the_open_payment() -> None:
    order = await a_held_order()
    assert await opened(order) == await opened(order)
    assert await db.fetchval("SELECT count(*) FROM payment") == 1


async def test_another_provider_closes_the_payment_at_the_first(bank: Bank) -> None:
    order = await a_held_order()
    first, second = await opened(order), await opened(order, NAME)
    assert first != second
    states = {row["id"]: row["state"] for row in await db.fetch("SELECT id, state FROM payment")}
    assert states == {first: "closed", second: "open"}


async def test_money_that_comes_late_takes_the_places_again_while_they_are_free(
    at: Callable[[datetime], None],
) -> None:
    order = await a_held_order()
    payment = await opened(order)
    at(order.hold_until + timedelta(seconds=1))  # type: ignore[operator]
    assert await orders.expire_holds() == 1
    await service.close_expired()
    assert (await the_order(order.code)).state == "expired"
    assert await pay(payment, order.total_fen)
    assert (await the_order(order.code)).state == "confirmed"
    assert (await the_slot(order.slot))["withheld"] == 0  # its own places, that nobody was offered
    await check()


@pytest.mark.parametrize(
    "over",
    [
        "UPDATE slot SET closed = true",
        "UPDATE slot SET retired = true",
        "UPDATE attraction SET closed_from = '2020-01-01'",
        "UPDATE product SET on_sale = false",
    ],
    ids=["closed", "retired", "attraction-closed", "off-sale"],
)
async def test_money_that_comes_when_the_places_are_gone_goes_back_whole(
    over: str, at: Callable[[datetime], None]
) -> None:
    order = await a_held_order()
    payment = await opened(order)
    at(order.hold_until + timedelta(seconds=1))  # type: ignore[operator]
    await orders.expire_holds()
    await db.execute(over)
    await noticed()
    assert await pay(payment, order.total_fen)
    row = await an_order_row(order.code)
    assert (row["state"], row["paid_fen"], row["owed_fen"]) == ("refunding", 20_000, 20_000)
    assert (await the_slot(order.slot))["sold_online"] == 0
    assert [ticket["state"] for ticket in await tickets(order.code)] == ["expired", "expired"]
    await run_jobs()
    row = await an_order_row(order.code)
    assert (row["state"], row["refunded_fen"]) == ("refunded", 20_000)
    await check()


async def test_late_money_does_not_take_a_document_that_booked_again(
    at: Callable[[datetime], None],
) -> None:
    order = await a_held_order(1)
    payment = await opened(order)
    at(order.hold_until + timedelta(seconds=1))  # type: ignore[operator]
    await orders.expire_holds()
    again = await an_order(view(order.slot), visitors=[a_visitor(1)], phone="13900139000")
    assert await pay(payment, order.total_fen)
    assert (await the_order(order.code)).state == "refunding"
    assert (await the_order(again.code)).state == "held"
    await run_jobs()
    await check()


async def test_money_after_a_cancellation_goes_back() -> None:
    order = await a_held_order()
    payment = await opened(order)
    await orders.cancel(order.code)
    assert await db.fetchval("SELECT state FROM payment") == "closed"  # nobody is to pay any more
    assert await pay(payment, order.total_fen)
    assert (await the_order(order.code)).state == "refunding"
    await run_jobs()
    assert (await the_order(order.code)).state == "refunded"
    await check()


async def test_who_pays_twice_gets_the_second_payment_back_and_can_still_cancel(bank: Bank) -> None:
    order = await a_held_order()
    first = await opened(order)
    second = await opened(order, NAME)
    assert await bank.pays(second, order.total_fen)
    assert await pay(first, order.total_fen)  # closed at this bank, and paid there even so
    row = await an_order_row(order.code)
    assert (row["state"], row["paid_fen"], row["owed_fen"]) == ("confirmed", 40_000, 20_000)
    [refund] = await refunds()
    assert (refund["payment"], refund["amount_fen"]) == (first, 20_000)
    await check()
    await orders.cancel(order.code)
    await run_jobs()
    row = await an_order_row(order.code)
    assert (row["state"], row["refunded_fen"]) == ("refunded", 40_000)
    assert bank.refunded == {(await refunds())[1]["id"]: 20_000}
    await check()


async def test_several_refunds_of_an_order_end_it_at_the_last(bank: Bank) -> None:
    order = await a_held_order(3)
    await bank.pays(await opened(order, NAME), order.total_fen)
    await orders.cancel(order.code, [0])
    await orders.cancel(order.code, [1])
    bank.away = True
    await orders.cancel(order.code)
    assert (await the_order(order.code)).state == "refunding"
    bank.away = False
    [one, two, three] = await refunds()
    await service.carry_out_refund({"refund": str(one["id"])})
    await service.carry_out_refund({"refund": str(two["id"])})
    row = await an_order_row(order.code)
    assert (row["state"], row["refunded_fen"]) == ("refunding", 20_000)
    await service.carry_out_refund({"refund": str(three["id"])})
    assert (await the_order(order.code)).state == "refunded"
    await check()


async def test_a_refund_is_carried_out_once(bank: Bank) -> None:
    order = await a_held_order(1)
    await bank.pays(await opened(order, NAME), order.total_fen)
    await orders.cancel(order.code)
    [refund] = await refunds()
    for _ in range(3):
        await service.carry_out_refund({"refund": str(refund["id"])})
    assert bank.asked == 1
    assert (await an_order_row(order.code))["refunded_fen"] == 10_000
    await check()


async def test_a_provider_that_is_away_is_asked_until_it_is_there(
    bank: Bank, at: Callable[[datetime], None]
) -> None:
    """However long: a job is given up after twelve tries, a refund never."""
    order = await a_held_order(1)
    await bank.pays(await opened(order, NAME), order.total_fen)
    await orders.cancel(order.code)
    bank.away = True
    for _ in range(jobs.MAX_ATTEMPTS):
        await run_jobs()
        at(clock.now() + timedelta(hours=1))
    assert await db.fetchval(
        "SELECT failed_at IS NOT NULL FROM job WHERE name = $1", service.REFUND_JOB
    )
    assert await service.chase_refunds() == 1
    assert await service.chase_refunds() == 0  # it is on its way again
    assert (await the_order(order.code)).state == "refunding"
    bank.away = False
    await run_jobs()
    assert (await the_order(order.code)).state == "refunded"
    await check()


async def test_a_refused_refund_stays_owed_and_can_be_tried_again(bank: Bank) -> None:
    order = await a_held_order(2)
    await bank.pays(await opened(order, NAME), order.total_fen)
    bank.refuses = True
    await orders.cancel(order.code)
    await run_jobs()
    row = await an_order_row(order.code)
    assert (row["state"], row["owed_fen"], row["refunded_fen"]) == ("refund_failed", 20_000, 0)
    [refund] = await refunds()
    assert refund["state"] == "failed"
    bank.refuses = False
    assert await service.try_again(refund["id"])
    assert not await service.try_again(refund["id"])
    assert not await service.try_again(uuid4())
    await run_jobs()
    row = await an_order_row(order.code)
    assert (row["state"], row["refunded_fen"]) == ("refunded", 20_000)
    await check()


async def test_never_more_goes_back_than_came_in() -> None:
    order = await a_held_order(1)
    await a_payment(order)
    async with db.transaction():
        assert await service.give_back(Wanted(order.code, 4_000, "a", "key-1")) == 4_000
        assert await service.give_back(Wanted(order.code, 4_000, "a", "key-1")) == 0  # a repeat
        assert await service.give_back(Wanted(order.code, 9_000, "b", "key-2")) == 6_000
        assert await service.give_back(Wanted(order.code, 1, "c", "key-3")) == 0
        assert await service.give_back(Wanted("00000000000", 1, "d", "key-4")) == 0
    with pytest.raises(db.CheckViolation):
        await db.execute("UPDATE refund SET amount_fen = amount_fen + 1 WHERE key = 'key-2'")


async def test_money_that_nobody_told_of_is_asked_for(
    bank: Bank, at: Callable[[datetime], None]
) -> None:
    """Notices are not guaranteed."""
    order = await a_held_order(1)
    payment = await opened(order, NAME)
    bank.paid[payment] = order.total_fen
    assert await service.ask_silent() == 0  # too fresh: the notice may be on its way
    at(clock.now() + timedelta(minutes=2))
    assert await service.ask_silent() == 1
    assert (await the_order(order.code)).state == "confirmed"
    assert await service.ask_silent() == 0
    assert not await bank.pays(payment, order.total_fen)  # the notice comes after all
    await check()


async def test_money_sent_in_the_last_second_is_found_after_the_hold(
    bank: Bank, at: Callable[[datetime], None]
) -> None:
    order = await a_held_order(1)
    payment = await opened(order, NAME)
    at(order.hold_until + timedelta(minutes=1))  # type: ignore[operator]
    await orders.expire_holds()
    await service.close_expired()
    await db.execute("UPDATE slot SET closed = true")
    bank.paid[payment] = order.total_fen
    assert await service.ask_silent() == 1
    await run_jobs()
    assert (await the_order(order.code)).state == "refunded"
    await check()


async def test_a_silent_provider_keeps_nobody_waiting(
    bank: Bank, at: Callable[[datetime], None]
) -> None:
    slot = (await a_held_order(1)).slot
    first = await db.fetchval("SELECT code FROM booking_order")
    await opened(await the_order(first), NAME)
    second = await the_order((await book(view(slot), visitors(7), phone="13900139000")).code)
    await opened(second, "test")
    at(clock.now() + timedelta(minutes=2))
    bank.away = True
    assert await service.ask_silent() == 0
    bank.away = False
    wrong = await db.fetchval("SELECT id FROM payment WHERE provider = $1", NAME)
    bank.paid[wrong] = 1
    assert await service.ask_silent() == 0
    assert (await the_order(first)).state == "held"


async def test_what_is_not_paid_for_nobody_here_goes_back() -> None:
    """Money for a reference that is no order of ours."""
    payment = await service.start("unknown", 500, "test", clock.now() + timedelta(minutes=5))
    assert await pay(payment, 500)
    [refund] = await refunds()
    assert (refund["payment"], refund["amount_fen"], refund["state"]) == (payment, 500, "waiting")
    await run_jobs()
    assert (await refunds())[0]["state"] == "done"


async def test_payments_end_with_their_hold(at: Callable[[datetime], None]) -> None:
    order = await a_held_order(1)
    await opened(order)
    await service.close_expired()
    assert await db.fetchval("SELECT state FROM payment") == "open"
    at(order.hold_until + timedelta(seconds=1))  # type: ignore[operator]
    await service.close_expired()
    assert await db.fetchval("SELECT state FROM payment") == "closed"


async def test_the_address_of_a_payment_is_its_provider_s() -> None:
    order = await a_held_order(1)
    payment = await opened(order)
    address = await service.address(payment, "山门门票", "/back")
    assert address == f"/pay/test/{payment}?back=%2Fback"
    with pytest.raises(BadNotice):
        await service.address(uuid4(), "山门门票", "/back")


async def test_the_test_bank_refuses_refunds_that_are_too_large() -> None:
    order = await a_held_order(1)
    payment = await a_payment(order)
    assert await provider("test").refund(uuid4(), payment, 10_000)
    assert not await provider("test").refund(uuid4(), payment, 10_001)
    assert not await provider("test").refund(uuid4(), uuid4(), 1)
    assert await provider("test").query(payment) is None
    assert "test" in available()


async def test_states_go_only_the_published_ways(
    bank: Bank, at: Callable[[datetime], None]
) -> None:
    witness = await Witness().enter()
    order = await a_held_order(2)
    payment = await opened(order, NAME)
    at(order.hold_until + timedelta(seconds=1))  # type: ignore[operator]
    await orders.expire_holds()
    await bank.pays(payment, order.total_fen)
    await orders.cancel(order.code, [0])
    bank.refuses = True
    await orders.cancel(order.code)
    await run_jobs()
    bank.refuses = False
    for refund in await refunds():
        await service.try_again(refund["id"])
    await run_jobs()
    assert (await the_order(order.code)).state == "refunded"
    await witness.check()
    seen = [(row["before"], row["after"]) for row in await witness.seen() if row["kind"] == "order"]
    assert seen == [
        ("held", "expired"),
        ("expired", "held"),
        ("held", "confirmed"),
        ("confirmed", "refunding"),
        ("refunding", "refund_failed"),
        ("refund_failed", "refunded"),
    ]
    await witness.leave()


async def test_a_provider_that_is_away_is_an_error_of_the_job_only(bank: Bank) -> None:
    order = await a_held_order(1)
    await bank.pays(await opened(order, NAME), order.total_fen)
    await orders.cancel(order.code)
    bank.away = True
    [refund] = await refunds()
    with pytest.raises(ProviderAway):
        await service.carry_out_refund({"refund": str(refund["id"])})
    assert (await refunds())[0]["state"] == "waiting"
    assert isinstance(await provider(NAME).create(_charge(order)), str)


def _charge(order: OrderView) -> Any:
    return Charge(uuid4(), order.total_fen, "", clock.now(), "/")
