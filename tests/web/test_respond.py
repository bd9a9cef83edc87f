"""A page or its fragment, a redirect, a file: what a browser and htmx each get."""

from urllib.parse import unquote

import pytest

from portal.web.respond import download, safe_path
from tests.browser import HTMX, Browser
from tests.factories.people import PASSWORD, an_account


async def test_a_browser_gets_the_page_and_htmx_the_block(visitor: Browser) -> None:
    whole = await visitor.get("/login")
    part = await visitor.get("/login", headers=HTMX)
    assert "<html" in whole.text
    assert "<html" not in part.text
    assert "<h1" in part.text
    for answer in (whole, part):
        assert answer.status_code == 200
        assert "HX-Request" in answer.headers["vary"]
        assert answer.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    "more",
    [
        {"HX-Boosted": "true"},
        {"HX-History-Restore-Request": "true"},
        {"HX-Request-Type": "full"},
    ],
)
async def test_htmx_gets_the_whole_page_where_it_replaces_the_whole_page(
    visitor: Browser, more: dict[str, str]
) -> None:
    assert "<html" in (await visitor.get("/login", headers=HTMX | more)).text


@pytest.mark.parametrize("headers", [{}, HTMX])
async def test_a_form_with_errors_is_422_with_what_was_typed(
    visitor: Browser, headers: dict[str, str]
) -> None:
    answer = await visitor.post_form(
        "/login", {"username": "somebody", "password": ""}, headers=headers
    )
    assert answer.status_code == 422
    assert 'value="somebody"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert ("<html" in answer.text) == (not headers)


async def test_after_a_change_a_browser_is_sent_on_and_htmx_told_where(visitor: Browser) -> None:
    await an_account()
    data = {"username": "director", "password": PASSWORD}
    page = "/login?next=/bookings"
    browser = await visitor.post_form(page, data)
    assert (browser.status_code, browser.headers["location"]) == (303, "/bookings")
    visitor.cookies.delete("session")
    htmx = await visitor.post_form(page, data, headers=HTMX)
    assert (htmx.status_code, htmx.headers["hx-redirect"], htmx.content) == (200, "/bookings", b"")


async def test_a_page_for_staff_leads_to_the_sign_in_and_back(visitor: Browser) -> None:
    answer = await visitor.get("/bookings?date=2026-10-01&q=%E9%99%86")
    assert answer.status_code == 303
    where = answer.headers["location"]
    assert where.startswith("/login?next=")
    assert unquote(where.partition("=")[2]) == "/bookings?date=2026-10-01&q=%E9%99%86"
    part = await visitor.get("/bookings", headers=HTMX)
    assert part.headers["hx-redirect"] == "/login?next=/bookings"


@pytest.mark.parametrize("path", ["/", "/desk", "/orders/A?key=b&lang=en", "/book?x=//y"])
def test_a_path_of_this_site_is_kept(path: str) -> None:
    assert safe_path(path) == path


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "desk",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/\n/evil.example",
        "/\t/evil.example",
        "/x\r\nSet-Cookie: a=b",
        " /desk",
        "/\u2028x",
    ],
)
def test_what_could_lead_elsewhere_does_not(text: str | None) -> None:
    assert safe_path(text, "/desk") == "/desk"


async def test_no_sign_in_leads_elsewhere(visitor: Browser) -> None:
    await an_account()
    answer = await visitor.post_form(
        "/login",
        {"username": "director", "password": PASSWORD, "next": "//evil.example/desk"},
    )
    assert answer.headers["location"] == "/desk"


def test_a_file_may_have_a_chinese_name() -> None:
    answer = download(b"x", '预订"；\r\n.csv', "text/csv; charset=utf-8")
    sent = answer.headers["Content-Disposition"]
    assert sent.isascii()
    assert "\r" not in sent
    assert unquote(sent.partition("''")[2]) == '预订"；\r\n.csv'
