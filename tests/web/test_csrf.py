"""Forged requests are refused, whichever of the two marks of our own page is missing."""

from collections.abc import Callable

import pytest

from portal.core.keyring import keyring
from portal.web import permission
from portal.web.csrf import CsrfToken
from tests.browser import Browser, SignIn
from tests.factories.people import PASSWORD, an_account

ORIGIN = "http://127.0.0.1:8000"


@pytest.fixture
async def form(visitor: Browser) -> dict[str, str]:
    """A sign-in that succeeds when it is believed."""
    await an_account()
    return {
        "username": "director",
        "password": PASSWORD,
        "_csrf_token": await visitor.token(),
    }


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": ORIGIN},
        {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
    ],
)
async def test_our_own_pages_are_believed(
    visitor: Browser, form: dict[str, str], headers: dict[str, str]
) -> None:
    assert (await visitor.post("/login", data=form, headers=headers)).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:8001"},
        {"Origin": "http://127.0.0.1:8000.evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_a_foreign_origin_is_refused_even_with_a_token(
    visitor: Browser, form: dict[str, str], headers: dict[str, str]
) -> None:
    answer = await visitor.post("/login", data=form, headers=headers)
    assert answer.status_code == 403
    assert "session" not in visitor.cookies


async def token_of_another(new_browser: Callable[[], Browser]) -> str:
    return await new_browser().token()


async def test_without_the_page_s_token_nothing_is_changed(
    visitor: Browser, form: dict[str, str], new_browser: Callable[[], Browser]
) -> None:
    good = form["_csrf_token"]
    other = await token_of_another(new_browser)
    for wrong in (
        "",
        "x",
        ".",
        good[:-1],
        good + "x",
        good.swapcase(),
        other,
        "山" * 20,
        "." + good,
    ):
        answer = await visitor.post("/login", data={**form, "_csrf_token": wrong})
        assert answer.status_code == 403, wrong
        assert "data-error" in answer.text
    del form["_csrf_token"]
    assert (await visitor.post("/login", data=form)).status_code == 403
    assert (await visitor.post("/login", json=form)).status_code == 403
    assert "session" not in visitor.cookies


async def test_without_the_cookie_a_token_is_worth_nothing(
    visitor: Browser, form: dict[str, str]
) -> None:
    visitor.cookies.clear()
    assert (await visitor.post("/login", data=form)).status_code == 403


async def test_without_the_guard_it_would_pass(
    visitor: Browser, form: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: what refuses is this guard and nothing else."""

    async def believes(*_args: object) -> None:
        return

    monkeypatch.setattr(permission, "refuse_forged", believes)
    del form["_csrf_token"]
    answer = await visitor.post("/login", data=form, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 303


async def test_htmx_sends_the_token_as_a_header(visitor: Browser, form: dict[str, str]) -> None:
    token = form.pop("_csrf_token")
    answer = await visitor.post(
        "/login", data=form, headers={"X-CSRF-Token": token, "HX-Request": "true"}
    )
    assert answer.status_code == 200
    assert answer.headers["hx-redirect"] == "/desk"


async def test_that_it_is_htmx_protects_nothing(visitor: Browser, form: dict[str, str]) -> None:
    del form["_csrf_token"]
    answer = await visitor.post("/login", data=form, headers={"HX-Request": "true"})
    assert answer.status_code == 403


async def test_preferences_need_no_token_but_our_own_origin(visitor: Browser) -> None:
    wish = {"text": "large", "next": "/help"}
    assert (await visitor.post("/preferences", data=wish)).status_code == 303
    foreign = {"Origin": "https://evil.example"}
    assert (await visitor.post("/preferences", data=wish, headers=foreign)).status_code == 403


async def test_reading_changes_nothing_and_needs_no_token(signed_in_as: SignIn) -> None:
    director = await signed_in_as("director")
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert (await director.get("/desk", headers=foreign)).status_code == 200


def test_a_page_s_token_is_new_in_each_page_and_made_only_when_it_is_shown() -> None:
    first, second = CsrfToken(keyring(), "nonce"), CsrfToken(keyring(), "nonce")
    assert str(first) != str(second)
    assert first.accepts(str(second))
    unseen = CsrfToken(keyring(), "")
    assert not unseen.needs_cookie
    assert not unseen.accepts("")
    assert str(unseen)
    assert unseen.needs_cookie
