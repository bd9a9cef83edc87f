"""The fixtures themselves: what other tests rest on."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from portal.core import clock, db
from portal.features.booking.process import booker
from portal.features.catalogue.availability import availability
from tests.browser import Browser, SignIn
from tests.factories.booking import a_payment, a_visitor, an_order, the_order
from tests.factories.catalogue import a_slot
from tests.factories.people import PASSWORD, an_account


async def people() -> int:
    return int(await db.fetchval("SELECT count(*) FROM person"))


@pytest.mark.parametrize("turn", [1, 2])
async def test_an_ordinary_test_leaves_no_trace(turn: int, database: None) -> None:
    assert await people() == 0
    await an_account()
    assert await people() == 1


@pytest.mark.commits
@pytest.mark.parametrize("turn", [1, 2])
async def test_a_committing_test_is_cleared_away(turn: int, database: None) -> None:
    assert await people() == 0
    await an_account()
    other = await db.engine().get_new_connection()
    assert await other.fetchval("SELECT count(*) FROM person") == 1
    await other.close()


async def test_hooks_run_after_the_outermost_act_only(database: None) -> None:
    ran = []

    async def hook() -> None:
        ran.append(await people())

    async with db.transaction():
        async with db.transaction() as inner:
            await an_account()
            inner.after_commit.append(hook)
        assert ran == []
    assert ran == [1]


async def test_a_statement_that_fails_spoils_nothing(database: None) -> None:
    await an_account()
    with pytest.raises(db.CheckViolation):
        await db.execute("INSERT INTO person (name) VALUES ('')")
    with pytest.raises(db.UniqueViolation):
        async with db.transaction():
            await db.execute("INSERT INTO person (name) VALUES ('甲')")
            await db.execute(
                "INSERT INTO account (person, username, password_hash) SELECT max(id), 'director', '' FROM person"
            )
    assert await people() == 1


async def test_tasks_take_turns_on_the_one_connection(database: None) -> None:
    await asyncio.gather(*(an_account(f"user{number}") for number in range(5)))
    assert await people() == 5


@pytest.mark.parametrize("mode", ["rolled back", pytest.param("real", marks=pytest.mark.commits)])
async def test_orders_are_booked_and_paid_for(mode: str, database: None) -> None:
    order = await an_order(visitors=[a_visitor(1), a_visitor(2, category="senior")], online=True)
    assert (order.state, order.total_fen, order.places) == ("held", 15_000, 2)
    slot = availability.slot(order.slot)
    assert slot is not None
    assert slot.left == slot.capacity - 2
    await a_payment(order)
    assert (await the_order(order.code)).state == "confirmed"


async def test_a_page_books_through_the_same_booker(visitor: Browser) -> None:
    slot = await a_slot()
    answer = await visitor.post_form(
        f"/book/{slot.id}",
        {
            "visitors-0-name": "游客",
            "visitors-0-category": "adult",
            "visitors-0-id_type": "resident_id",
            "visitors-0-id_number": a_visitor().document.number,
            "contact_phone": "13800138000",
            "consent": "yes",
        },
    )
    assert answer.status_code == 303, answer.text
    shown = await visitor.get(answer.headers["location"])
    assert shown.status_code == 200
    assert booker() is not None


async def test_staff_sign_in_with_the_factory_s_password(
    visitor: Browser, signed_in_as: SignIn
) -> None:
    await an_account("ops1")
    answer = await visitor.post_form("/login", {"username": "ops1", "password": PASSWORD})
    assert answer.status_code == 303, answer.text
    assert (await visitor.get("/desk")).status_code == 200
    director = await signed_in_as("director")
    assert (await director.get("/desk")).status_code == 200
    assert (
        await director.post_form("/account", {"password": PASSWORD}, action="/account/second")
    ).status_code == 200


async def test_the_clock_is_moved(at: Callable[[datetime], None], database: None) -> None:
    at(datetime(2027, 2, 1, 1, tzinfo=UTC))
    assert clock.today().isoformat() == "2027-02-01"
    assert (await a_slot()).visit_day.isoformat() == "2027-02-02"
    at(datetime(2027, 3, 1, 1, tzinfo=UTC))
    assert clock.today().isoformat() == "2027-03-01"
