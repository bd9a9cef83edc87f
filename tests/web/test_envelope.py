"""What holds for every answer, whatever made it."""

import gzip
import random
from collections.abc import Callable
from typing import Any

import pytest

from portal import system_pages
from portal.app import MAX_BODY
from portal.core import db
from portal.web.headers import standard_headers
from tests.browser import Browser, SignIn
from tests.factories.people import an_account

STANDARD = {name.decode(): value.decode() for name, value in standard_headers(secure=False)}


@pytest.fixture
async def answers(
    visitor: Browser, signed_in_as: SignIn, monkeypatch: pytest.MonkeyPatch
) -> dict[int, Any]:
    """One answer of every kind that there is."""

    def broken() -> bytes:
        raise ZeroDivisionError("an internal of ours")

    token = await visitor.token()
    login = {"_csrf_token": token, "username": "", "password": ""}
    gate = await signed_in_as("gate1")
    opsdirector = await signed_in_as("sysadmin")
    found = [
        await visitor.get("/login"),
        await visitor.get("/desk"),
        await visitor.post("/login", data={**login, "username": "x" * 25_000}),
        await visitor.get("/nowhere"),
        await visitor.delete("/login"),
        await visitor.post("/login", data={**login, "username": "x" * MAX_BODY}),
        await visitor.post("/login", data=login),
        await visitor.post("/login", data={"username": "x"}),
        await gate.get("/audit"),
    ]
    for _ in range(25):
        last = await visitor.post("/login", data=login)
    found.append(last)
    monkeypatch.setattr(system_pages.metrics, "exposition", broken)
    found.append(await opsdirector.get("/metrics"))
    monkeypatch.setattr(system_pages, "_database", broken)
    found.append(await visitor.get("/readyz"))
    return {answer.status_code: answer for answer in found}


async def test_every_status_carries_the_standard_headers_and_a_request_id(
    answers: dict[int, Any],
) -> None:
    assert set(answers) == {200, 303, 400, 403, 404, 405, 413, 422, 429, 500}
    for status, answer in answers.items():
        assert STANDARD.items() <= dict(answer.headers).items(), status
        assert len(answer.headers["x-request-id"]) == 16, status
        assert answer.headers["cache-control"] == "no-store", status
        assert "server" not in answer.headers, status
    assert len({answer.headers["x-request-id"] for answer in answers.values()}) == len(answers)
    assert int(answers[429].headers["retry-after"]) > 0
    assert "allow" in answers[405].headers


async def test_no_error_shows_an_internal(answers: dict[int, Any]) -> None:
    for status, answer in answers.items():
        for word in ("Traceback", "ZeroDivision", "an internal of ours", "litestar", "/portal/"):
            assert word not in answer.text, (status, word)
    assert answers[500].headers["x-request-id"] in answers[500].text, "what to give us by telephone"


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PROPFIND", "PUT", "PATCH"])
async def test_other_methods_carry_them_too(visitor: Browser, method: str) -> None:
    answer = await visitor.request(method, "/login")
    assert STANDARD.items() <= dict(answer.headers).items()
    assert answer.status_code == {"HEAD": 200, "OPTIONS": 204}.get(method, 405)


async def test_the_request_id_stands_on_the_trail(signed_in_as: SignIn) -> None:
    gate = await signed_in_as("gate1")
    answer = await gate.get("/audit", headers={"X-Forwarded-For": "203.0.113.9"})
    entry = await db.fetchrow("SELECT * FROM audit_entry WHERE outcome = 'refused'")
    assert entry["request_id"] == answer.headers["x-request-id"]
    assert entry["subject"] == "gate1"
    assert entry["address"] == "192.0.2.1", "nobody may choose their own address"


# ── compression ──────────────────────────────────────────────────────────────────────────────────


async def test_a_page_is_compressed_for_those_who_take_it(visitor: Browser) -> None:
    async with visitor.stream("GET", "/login", headers={"accept-encoding": "gzip"}) as answer:
        raw = b"".join([part async for part in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) == len(raw)
    assert b"</html>" in gzip.decompress(raw)
    plain = await visitor.get("/login", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert len(raw) < len(plain.content) / 2


async def test_what_is_small_or_compressed_already_is_left_alone(visitor: Browser) -> None:
    small = await visitor.get("/healthz", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in small.headers
    for encoding in ("br", "gzip", ""):
        asset = await visitor.get(
            "/static/css/public.css", headers={"accept-encoding": encoding or "identity"}
        )
        assert asset.headers.get("content-encoding", "") == encoding
        assert asset.headers["vary"] == "Accept-Encoding"
        assert b"--paper" in asset.content


# ── language ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_chosen_language_is_remembered(visitor: Browser) -> None:
    assert '<html lang="zh-CN"' in (await visitor.get("/login")).text
    english = await visitor.get("/login?lang=en")
    assert '<html lang="en"' in english.text
    assert "lang=en" in english.headers["set-cookie"]
    again = await visitor.get("/login", headers={"accept-language": "zh"})
    assert '<html lang="en"' in again.text
    assert "set-cookie" not in (await visitor.get("/healthz?lang=en")).headers, "nothing new"
    assert "set-cookie" not in (await visitor.get("/healthz?lang=xx")).headers


async def test_each_browser_has_its_own(new_browser: Callable[[], Browser]) -> None:
    zh, en = new_browser(), new_browser()
    await en.get("/login?lang=en")
    assert '<html lang="zh-CN"' in (await zh.get("/login")).text
    assert '<html lang="en"' in (await en.get("/login")).text


# ── anything may come ────────────────────────────────────────────────────────────────────────────


async def test_no_header_upsets_the_way_in(visitor: Browser) -> None:
    dice = random.Random(4)  # noqa: S311
    await an_account()

    def noise() -> bytes:
        pieces = (
            b"session=",
            b"csrf=",
            b"lang=",
            b"prefs=",
            b";",
            b"=",
            b"\xff",
            b"%00",
            b"en;q=",
            b",",
        )
        rest = bytes(dice.choices(range(32, 256), k=6)).replace(b"\x7f", b"")
        return b"".join(dice.choices((*pieces, rest), k=dice.randrange(9)))

    for turn in range(300):
        answer = await visitor.get(
            "/healthz?" + "".join(dice.choices("lang=&;%zhen\u00e9\u5c71[]", k=9)),
            headers=[
                (b"cookie", noise()),
                (b"accept-language", noise()),
                (b"accept-encoding", noise()),
                (b"hx-request", noise()),
                (b"x-forwarded-for", noise()),
            ],
        )
        assert answer.status_code == 200, turn
