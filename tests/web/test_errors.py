"""Error pages: whole for a browser, a fragment for htmx that never takes the place of a form."""

import re

import asyncpg
import pytest

from portal.features.audit import queries
from portal.features.booking import day
from tests.browser import HTMX, Browser, SignIn


@pytest.mark.parametrize("headers", [{}, HTMX])
async def test_an_error_is_marked_as_one(visitor: Browser, headers: dict[str, str]) -> None:
    answer = await visitor.get("/nowhere", headers=headers)
    assert answer.status_code == 404
    assert "data-error" in answer.text
    assert ("<html" in answer.text) == (headers == {})
    assert ("<h1>" in answer.text) == (headers == {})  # inside a page there is one already


async def test_a_request_without_a_token_says_so_in_place(visitor: Browser) -> None:
    answer = await visitor.post("/orders", data={"code": "x"}, headers=HTMX)
    assert answer.status_code == 403
    assert "data-error" in answer.text
    assert "<html" not in answer.text


async def test_a_remembered_page_is_html(visitor: Browser) -> None:
    for _time in range(2):
        assert (await visitor.get("/")).headers["content-type"] == "text/html; charset=utf-8"


async def test_the_api_answers_with_problem_details(
    visitor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = await visitor.get("/api/nothing")
    assert missing.status_code == 404
    assert missing.headers["content-type"] == "application/problem+json"
    assert missing.json() == {
        "type": "about:blank",
        "status": 404,
        "title": "Not Found",
        "instance": "/api/nothing",
    }
    refused = await visitor.put("/api/slots")
    assert (refused.status_code, refused.json()["status"]) == (405, 405)

    def breaks(*_args: object) -> None:
        raise ZeroDivisionError("an internal of ours")

    monkeypatch.setattr(day, "products_on", breaks)
    broken = await visitor.get("/api/slots?date=2026-11-24")
    assert broken.status_code == 500
    assert broken.json()["title"] == "failed"
    assert "internal" not in broken.text


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError("the address of the database"),
        asyncpg.AdminShutdownError("x"),
        asyncpg.InterfaceError("x"),
        asyncpg.InternalClientError("x"),
        TimeoutError("x"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["browser", "htmx"])
async def test_while_the_database_is_away_it_is_worth_trying_again(
    error: Exception,
    headers: dict[str, str],
    signed_in_as: SignIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    auditor = await signed_in_as("auditadmin")
    await auditor.get("/desk")

    async def away(*_args: object, **_named: object) -> None:
        raise error

    monkeypatch.setattr(queries, "entries", away)
    answer = await auditor.get("/audit", headers=headers)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert str(error) not in answer.text or str(error) == "x"


@pytest.mark.parametrize(("language", "words"), [("zh", "错误|故障|问题"), ("en", "broke")])
async def test_a_fault_is_told_in_the_reader_s_language(
    language: str, words: str, signed_in_as: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    auditor = await signed_in_as("auditadmin")

    async def breaks(*_args: object) -> None:
        raise ZeroDivisionError("an internal of ours")

    monkeypatch.setattr(queries, "entries", breaks)
    answer = await auditor.get(f"/audit?lang={language}")
    assert answer.status_code == 500
    assert re.search(words, answer.text)
    assert answer.headers["x-request-id"] in answer.text
    assert "internal" not in answer.text


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_who_must_sign_in_first_is_told_so(visitor: Browser, method: str) -> None:
    token = await visitor.token()
    answer = await visitor.request(
        method, "/audit/verify" if method == "POST" else "/audit", headers={"X-CSRF-Token": token}
    )
    if method == "GET":
        assert answer.headers["location"] == "/login?next=/audit"
    else:
        assert answer.status_code == 401, "what was sent would be lost on the way"
        assert 'href="/login"' in answer.text
