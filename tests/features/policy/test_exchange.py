"""The policy as files over the web, and a foreign one read and tried (PO-7)."""

import re
from typing import Any

import pytest

from portal.core import db
from portal.features.policy import drafts
from portal.features.policy.foreign_case import judge
from portal.web.permission import policy
from rbac.bundle import pack
from rbac.foreign import read_foreign
from rbac.policy import Policy
from tests.browser import Browser, SignIn
from tests.process import POLICY
from tests.rbac.test_foreign import EXAMPLES, model

pytestmark = pytest.mark.charter("PO-7")

MORE = POLICY.text + "p, role:gate, *, order, list, any, , allow\n"


@pytest.fixture
async def secadmin(signed_in_as: SignIn) -> Browser:
    return await signed_in_as("secadmin")


async def _import(browser: Browser, text: str = "", *, file: bytes | None = None) -> Any:
    form = await browser.form("/policy/import", action="/policy/import")
    files = (
        {"file": ("policy.csv", file or b"", "text/csv")}
        if file is not None
        else {"file": ("", b"")}
    )
    return await browser.post(
        "/policy/import?lang=en",
        data=form.fields | {"lines": text, "title": "From a file"},
        files=files,
    )


async def test_the_export_comes_back_line_by_line(secadmin: Browser) -> None:
    page = await secadmin.get("/policy/export?lang=en")
    assert f"{len(POLICY.rules)} rules" in page.text
    lines = await secadmin.get("/policy/export/policy.csv")
    assert lines.text == POLICY.text
    archive = await secadmin.get("/policy/export/policy.zip")
    assert archive.content == pack(POLICY.text)
    assert "r.facts" in (await secadmin.get("/policy/export/model.conf")).text
    entries = await db.fetch("SELECT act, object_id FROM audit_entry WHERE object_type = 'policy'")
    assert {tuple(entry) for entry in entries} == {("policy:export", "v1")}
    again = await _import(secadmin, file=archive.content)
    assert again.status_code == 422
    assert "in force already" in again.text, "what comes back is what went out"


@pytest.mark.parametrize("query", ["policy=v99", "policy=x", "policy=v0", "policy=v1%27"])
async def test_there_is_no_export_of_what_is_not_there(secadmin: Browser, query: str) -> None:
    assert (await secadmin.get(f"/policy/export?{query}")).status_code == 404
    assert (await secadmin.get("/policy/export/other.txt")).status_code == 404


@pytest.mark.parametrize("packed", [False, True])
async def test_lines_become_a_draft_and_a_repeat_finds_it(
    secadmin: Browser, *, packed: bool
) -> None:
    body = pack(MORE) if packed else MORE.encode()
    form = await secadmin.form("/policy/import", action="/policy/import")
    sent = [
        await secadmin.post(
            "/policy/import",
            data=form.fields | {"title": "From a file"},
            files={"file": ("policy", body)},
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in sent] == [303, 303]
    assert len({answer.headers["location"] for answer in sent}) == 1
    draft = await drafts.get(int(sent[0].headers["location"].split("/")[3]))
    assert (draft.kind, draft.title) == ("import", "From a file")
    assert draft.policy.lines == Policy.parse(MORE).lines
    assert policy.version == 1, "nothing is in force by this"


async def test_faults_are_marked_at_their_place(secadmin: Browser) -> None:
    wrong = "p, role:gate, *, order, fly, any, , allow\nq, 1\np, role:gate, *, order, list, any, amount >, allow"
    answer = await _import(secadmin, wrong)
    assert answer.status_code == 422
    assert "<strong>line 1, column 18</strong> there is no permission “order:fly”" in answer.text
    assert "*, <mark>order</mark>, fly" in answer.text
    assert "<strong>line 2, column 1</strong>" in answer.text
    assert "line 3, column 44" in answer.text
    assert "amount &gt;" in answer.text
    assert (
        "role:gate, *, order, fly"
        in re.findall(r"<textarea[^>]*>(.*?)</textarea>", answer.text, re.DOTALL)[0]
    )
    assert not await db.fetchval("SELECT count(*) FROM policy_draft")


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (b"", "Choose a file"),
        (b"PKnothing", "no policy.csv"),
        (b"\xff\xfe\x00", "not a text in UTF-8"),
        (b"x" * 500_001, "too large"),
        (b"p, alice, data1, read\n", "another Casbin model"),
    ],
)
async def test_what_is_no_policy_of_ours_is_told_in_words(
    secadmin: Browser, file: bytes, words: str
) -> None:
    answer = await _import(secadmin, file=file)
    assert answer.status_code == 422
    assert words in answer.text


async def _read(browser: Browser, model_text: str, policy_text: str, **request: str) -> Any:
    form = await browser.form("/policy/foreign", action="/policy/foreign")
    return await browser.post(
        "/policy/foreign?lang=en",
        data=form.fields
        | {"model": model_text, "policy": policy_text}
        | {f"r-{name}": value for name, value in request.items()},
        files={"model_file": ("", b"")},
    )


async def test_a_foreign_policy_is_read_and_tried(secadmin: Browser) -> None:
    model_text, policy_text, _requests = EXAMPLES["rbac_with_deny"]
    answer = await _read(secadmin, model_text, policy_text, sub="alice", obj="data2", act="write")
    assert answer.status_code == 200
    assert "Refused by Casbin" in answer.text
    assert "alice must not do “write” on data2." in answer.text
    assert "Allowed when a rule that allows fits and none that forbids." in answer.text
    bob = await _read(secadmin, model_text, policy_text, sub="bob", obj="data2", act="write")
    assert "Allowed by Casbin" in bob.text
    assert not await db.fetchval("SELECT count(*) FROM policy_draft")


async def test_a_foreign_policy_that_would_run_something_is_refused(secadmin: Browser) -> None:
    answer = await _read(secadmin, model(matcher="eval(p.sub) && r.obj == p.obj"), "p, 1, 2, 3")
    assert answer.status_code == 422
    assert "eval() would run whatever stands in the policy" in answer.text
    assert "eval(p.sub)" in answer.text, "what was given is kept"
    none = await _read(secadmin, "", "")
    assert none.status_code == 422


async def test_stock_casbin_is_asked_for_each_example() -> None:
    for name in ("rbac_with_domains", "keymatch"):
        model_text, policy_text, requests = EXAMPLES[name]
        foreign = read_foreign(model_text, policy_text)
        for request, allowed in list(requests.items())[:2]:
            verdict = await judge(foreign, request)
            assert (verdict.allowed, verdict.fault) == (allowed, "")


async def test_a_pattern_that_never_ends_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A regular expression may take for ever; the page waits no longer than it has patience."""
    monkeypatch.setattr("portal.features.policy.foreign_case.PATIENCE", 1)
    foreign = read_foreign(
        model(matcher="r.sub == p.sub && regexMatch(r.act, p.act)"), "p, bob, data, (a+)+$"
    )
    verdict = await judge(foreign, ("bob", "data", "a" * 60 + "b"))
    assert verdict.fault == "slow"


async def test_a_pattern_that_is_none_is_told(database: None) -> None:
    foreign = read_foreign(
        model(matcher="r.sub == p.sub && regexMatch(r.act, p.act)"), "p, bob, data, *a"
    )
    verdict = await judge(foreign, ("bob", "data", "a"))
    assert verdict.fault == "failed"
    assert verdict.detail
