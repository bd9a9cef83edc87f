from datetime import timedelta

import pytest

from portal.core import clock, db
from tests.browser import SignIn
from tests.factories.booking import an_order
from tests.factories.catalogue import a_slot


async def _an_appeal() -> int:
    block = await db.fetchval(
        "INSERT INTO booking_block (subject_index, kind, reason, starts_at, ends_at) "
        "VALUES ('x', 'phone', 'staff', $1, $2) RETURNING id",
        clock.now(),
        clock.now() + timedelta(days=3),
    )
    return int(
        await db.fetchval(
            "INSERT INTO appeal (block, text_sealed, state, filed_at) VALUES ($1, 'x', 'filed', $2) RETURNING id",
            block,
            clock.now(),
        )
    )


async def test_the_desk_says_what_waits_to_those_who_may_act(signed_in_as: SignIn) -> None:
    await _an_appeal()
    manager = await (await signed_in_as("manager.systems")).get("/desk?lang=en")
    assert "appeals to decide" in manager.text
    specialist = await (await signed_in_as("ops1")).get("/desk?lang=en")
    assert "appeals to decide" not in specialist.text
    assert "Nothing is waiting" in specialist.text


async def test_the_desk_counts_the_places_sold_for_today(signed_in_as: SignIn) -> None:
    await an_order(await a_slot(day=clock.today(), starts=clock.local(clock.now()).time()))
    answer = await (await signed_in_as("ops1")).get("/desk?lang=en")
    assert "1 / 100" in answer.text


@pytest.mark.parametrize("username", ["ceo", "sysadmin", "auditadmin", "window1", "gate1"])
async def test_everybody_has_a_desk_with_their_own_areas_only(
    signed_in_as: SignIn, username: str
) -> None:
    answer = await (await signed_in_as(username)).get("/desk?lang=en")
    assert answer.status_code == 200
    assert ("Audit trail" in answer.text) == (username == "auditadmin")
    assert ("Ticket window" in answer.text) == (username == "window1")
    assert "Organisation" in answer.text
    assert "No duties are assigned" not in answer.text


async def test_who_holds_no_role_yet_is_told_whom_to_turn_to(signed_in_as: SignIn) -> None:
    newcomer = await (await signed_in_as("somebody")).get("/desk?lang=en")
    assert "No duties are assigned" in newcomer.text


async def test_only_the_news_are_sent_when_the_desk_renews_itself(signed_in_as: SignIn) -> None:
    answer = await (await signed_in_as("ops1")).get("/desk", headers={"HX-Request": "true"})
    assert answer.text.lstrip().startswith('<div id="news"')


async def test_help_tells_each_person_of_their_own_work(signed_in_as: SignIn) -> None:
    seller = await (await signed_in_as("window1")).get("/desk/help?lang=en")
    assert "Count the float and open your drawer" in seller.text
    assert "fingerprint" not in seller.text
    auditor = await (await signed_in_as("auditadmin")).get("/desk/help?lang=en")
    assert "fingerprint" in auditor.text
    assert "Count the float" not in auditor.text
