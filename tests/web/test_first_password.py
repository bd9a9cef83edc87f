import pytest

from portal.core import db
from portal.web.permission import policy
from tests.browser import HTMX, Browser, SignIn
from tests.factories.people import PASSWORD


@pytest.fixture
async def newcomer(signed_in_as: SignIn) -> Browser:
    browser = await signed_in_as("ops1")
    await db.execute("UPDATE account SET must_change_password = true WHERE username = 'ops1'")
    return browser


async def test_a_given_password_opens_nothing_but_the_way_to_an_own_one(newcomer: Browser) -> None:
    for path in ("/desk", "/bookings", "/book"):
        answer = await newcomer.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/account?done=first"), (
            path
        )
    fragment = await newcomer.get("/desk", headers=HTMX)
    assert fragment.headers["hx-redirect"] == "/account?done=first"
    account = await newcomer.get("/account?done=first")
    assert account.status_code == 200
    assert 'role="alert"' in account.text


async def test_with_a_password_of_their_own_everything_opens(newcomer: Browser) -> None:
    changed = await newcomer.post_form(
        "/account",
        {
            "current_password": PASSWORD,
            "new_password": "steps through the mist",
            "new_password_again": "steps through the mist",
        },
        action="/account/password",
    )
    assert changed.status_code == 303
    assert (await newcomer.get("/desk")).status_code == 200


@pytest.mark.charter("PO-1")
async def test_without_a_policy_a_process_answers_busy_and_never_an_old_yes(
    visitor: Browser, signed_in_as: SignIn
) -> None:
    director = await signed_in_as("director")
    policy.clear()
    for browser in (visitor, director):
        for path in ("/", "/desk", "/login"):
            answer = await browser.get(path)
            assert answer.status_code == 503, path
            assert answer.headers["retry-after"]
    assert (await visitor.get("/healthz")).status_code == 200
    assert (await visitor.get("/readyz")).status_code == 503


async def test_a_session_that_cannot_be_looked_up_is_no_stranger(
    signed_in_as: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the database away a member of staff is told to wait, not sent to the sign-in."""
    director = await signed_in_as("director")

    async def away(*_args: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(db, "fetchrow", away)
    answer = await director.get("/desk")
    assert answer.status_code == 503
    assert answer.headers["content-security-policy"]
