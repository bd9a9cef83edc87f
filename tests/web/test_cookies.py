"""Cookies over http and over https, and what becomes of odd ones."""

from collections.abc import Callable

import pytest

from portal.core.settings import settings
from portal.web.cookies import read_cookies, set_cookie_header
from tests.browser import Browser
from tests.factories.people import PASSWORD, an_account


@pytest.fixture
def by_https(monkeypatch: pytest.MonkeyPatch) -> None:
    """Visitors reach the portal by https. To be asked for before any browser is made."""
    monkeypatch.setenv("PORTAL_BASE_URL", "https://tickets.example.cn")
    settings.cache_clear()


def named(header: str) -> dict[bytes, object]:
    return {"headers": [(b"cookie", header.encode("latin-1"))]}  # type: ignore[dict-item]


async def test_over_http_a_cookie_is_plain_but_for_scripts(visitor: Browser) -> None:
    await an_account()
    answer = await visitor.post_form("/login", {"username": "director", "password": PASSWORD})
    (cookie,) = answer.headers.get_list("set-cookie")
    assert cookie.startswith("session=")
    assert cookie.endswith("; Path=/; HttpOnly; SameSite=Lax")


async def test_over_https_every_cookie_is_bound_to_the_host(
    by_https: None, visitor: Browser, new_browser: Callable[[], Browser]
) -> None:
    await an_account()
    shown = await visitor.get("/login?lang=en")
    assert "max-age=63072000; includeSubDomains" in shown.headers["strict-transport-security"]
    answer = await visitor.post_form("/login", {"username": "director", "password": PASSWORD})
    prefs = await visitor.post("/preferences", data={"text": "large"})
    cookies = [
        cookie
        for answer in (shown, answer, prefs)
        for cookie in answer.headers.get_list("set-cookie")
    ]
    assert {cookie.split("=")[0] for cookie in cookies} == {
        "__Host-lang",
        "__Host-csrf",
        "__Host-session",
        "__Host-prefs",
    }
    for cookie in cookies:
        parts = cookie.split("; ")
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(parts)
        assert not any(part.startswith("Domain") for part in parts)
    assert (await visitor.get("/desk")).status_code == 200
    planted = new_browser()  # a neighbour's subdomain can set plain cookies, never __Host- ones
    planted.cookies.set("session", visitor.cookies["__Host-session"])
    assert (await planted.get("/desk")).status_code == 303


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", {}),
        ("a=1; b=2", {"a": "1", "b": "2"}),
        ("a=1; a=2", {"a": "2"}),
        ('a="x"; b=é', {"a": '"x"', "b": "é"}),
        ("a; =b; ;;", {"a": "", "": ""}),
        ("bad[name]=1; session=s", {"bad[name]": "1", "session": "s"}),
    ],
)
def test_an_odd_cookie_hides_no_other(header: str, found: dict[str, str]) -> None:
    read = read_cookies(named(header))
    assert {name: value for name, value in read.items() if name} == {
        name: value for name, value in found.items() if name
    }


def test_a_request_without_cookies_has_none() -> None:
    assert read_cookies({"headers": [(b"host", b"x")]}) == {}


def test_a_cookie_is_deleted_by_its_age() -> None:
    assert set_cookie_header("session", "", 0)[1] == (
        b"session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
    )
