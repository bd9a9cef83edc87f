"""Staff sessions: nobody can plant one, and each ends when it must, in every process."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from portal.core import clock, db
from portal.core.notify import Notices
from portal.features.people import service
from portal.web import session
from portal.web.session import Limits, Sessions, hashed, sessions
from tests.browser import Browser, SignIn
from tests.factories.people import PASSWORD, an_account, signed_in
from tests.waiting import until

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


async def is_open(browser: Browser) -> bool:
    status = (await browser.get("/desk")).status_code
    assert status in (200, 303)
    return status == 200


async def test_a_planted_id_is_not_taken_over_at_sign_in(
    visitor: Browser, new_browser: Callable[[], Browser]
) -> None:
    await an_account()
    visitor.cookies.set("session", "chosen-by-the-attacker")
    await visitor.post_form("/login", {"username": "director", "password": PASSWORD})
    assert await is_open(visitor)
    attacker = new_browser()
    attacker.cookies.set("session", "chosen-by-the-attacker")
    assert not await is_open(attacker)


async def test_each_sign_in_has_a_new_id_and_the_database_keeps_no_id(visitor: Browser) -> None:
    await an_account()
    cookies = [await signed_in() for _ in range(3)]
    assert len(set(cookies)) == 3
    assert all(len(cookie) >= 32 for cookie in cookies)
    stored = await db.fetch("SELECT * FROM session")
    assert {row["id_hash"] for row in stored} == {hashed(cookie) for cookie in cookies}
    assert not any(cookie in str(row) for row in stored for cookie in cookies)
    visitor.cookies.set("session", stored[0]["id_hash"].hex())
    assert not await is_open(visitor)


async def test_a_session_ends_after_idle_minutes(
    signed_in_as: SignIn, at: Callable[[datetime], None]
) -> None:
    at(NOON)
    director = await signed_in_as("director")
    for minutes in (29, 58):
        at(NOON + timedelta(minutes=minutes))
        assert await is_open(director)
    at(NOON + timedelta(minutes=58 + 31))
    assert not await is_open(director)
    assert await db.fetchval("SELECT count(*) FROM session") == 0
    at(NOON)
    assert not await is_open(director), "a clock that goes back opens nothing again"


async def test_a_session_ends_after_twelve_hours_however_busy(
    signed_in_as: SignIn, at: Callable[[datetime], None]
) -> None:
    at(NOON)
    director = await signed_in_as("director")
    for turn in range(1, 36):
        at(NOON + timedelta(minutes=20 * turn))
        assert await is_open(director), turn
    at(NOON + timedelta(hours=12, seconds=1))
    assert not await is_open(director)


async def test_a_session_is_written_at_most_once_a_minute(
    database: None, at: Callable[[datetime], None]
) -> None:
    at(NOON)
    cookie = await signed_in()
    seen = []
    for seconds in (0, 20, 40, 65, 80, 130):
        at(NOON + timedelta(seconds=seconds))
        assert await sessions().find(cookie)
        moment = await db.fetchval("SELECT seen_at FROM session")
        seen.append(round((moment - NOON).total_seconds()))
    assert seen == [0, 0, 0, 65, 65, 130]


async def test_signing_out_ends_it(
    signed_in_as: SignIn, new_browser: Callable[[], Browser]
) -> None:
    director = await signed_in_as("director")
    copy = new_browser()
    copy.cookies.set("session", director.cookies["session"])
    assert await is_open(copy)
    answer = await director.post_form("/desk", action="/logout")
    assert answer.status_code == 303
    assert "session" not in director.cookies
    assert not await is_open(copy), "a copy of the cookie is worth nothing afterwards"


async def test_a_disabled_account_is_out_at_once_and_comes_back_by_signing_in(
    signed_in_as: SignIn, visitor: Browser
) -> None:
    director = await signed_in_as("director")
    assert await is_open(director)
    await service.disable("director")
    assert not await is_open(director)
    refused = await visitor.post_form("/login", {"username": "director", "password": PASSWORD})
    assert refused.status_code == 422
    await service.disable("director", disabled=False)
    assert not await is_open(director)
    again = await visitor.post_form("/login", {"username": "director", "password": PASSWORD})
    assert again.status_code == 303


async def test_a_disabled_account_is_out_even_if_its_session_was_left(
    signed_in_as: SignIn,
) -> None:
    director = await signed_in_as("director")
    await db.execute("UPDATE account SET disabled_at = now()")
    assert not await is_open(director)


async def test_nonsense_opens_nothing(visitor: Browser) -> None:
    await an_account()
    for cookie in ("", "x", "山", "a" * 5000, "'; --"):
        assert await sessions().find(cookie) is None


# ── several processes ────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def there() -> Sessions:
    """The sessions of another process."""
    return Sessions(Limits())


async def test_without_a_notice_another_process_learns_of_an_end_in_half_a_minute(
    database: None, there: Sessions, at: Callable[[datetime], None]
) -> None:
    at(NOON)
    cookie = await signed_in()
    assert await there.find(cookie)
    await sessions().end(hashed(cookie))
    at(NOON + session.CACHE + timedelta(seconds=1))
    assert await there.find(cookie) is None


@pytest.mark.commits
@pytest.mark.parametrize("how", ["end", "end_all", "disable"])
async def test_with_the_notice_it_is_out_at_once(how: str, database: None, there: Sessions) -> None:
    person = await an_account()
    cookie = await signed_in()
    notices = Notices()
    notices.on(session.CHANNEL, there.forget)
    await notices.start()
    try:
        assert await there.find(cookie)
        if how == "end":
            await sessions().end(hashed(cookie))
        elif how == "end_all":
            assert await sessions().end_all(person) == 1
        else:
            await service.disable("director")
        await until(lambda: hashed(cookie) not in there._cache)
        assert await there.find(cookie) is None
    finally:
        await notices.stop()


async def test_ending_all_but_one_keeps_that_one(database: None) -> None:
    person = await an_account()
    kept, *others = [await signed_in() for _ in range(3)]
    stranger = await signed_in("ops1")
    assert await sessions().end_all(person, hashed(kept)) == 2
    assert await sessions().find(kept)
    assert await sessions().find(stranger)
    assert [await sessions().find(cookie) for cookie in others] == [None, None]


async def test_a_proof_of_who_one_is_is_remembered(
    database: None, at: Callable[[datetime], None]
) -> None:
    at(NOON)
    cookie = await signed_in()
    at(NOON + timedelta(minutes=5))
    await sessions().verified(hashed(cookie))
    found = await sessions().find(cookie)
    assert found is not None
    assert found.verified_at - NOON >= timedelta(minutes=5)
    assert found.created_at < clock.now() - timedelta(minutes=4)
