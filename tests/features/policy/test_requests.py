"""Who was refused asks for the duty, and is told (PO-6)."""

import asyncio
import re
from urllib.parse import unquote

import asyncpg
import pytest

from portal.core import db
from portal.core.context import Act, set_act
from portal.features.policy import drafts, requests
from portal.web.ask import access_token, asked_for
from portal.web.permission import policy
from rbac.permissions import Permission
from tests.browser import Browser, SignIn
from tests.factories.people import PASSWORD, an_account

pytestmark = pytest.mark.charter("PO-6")

LIST = Permission.ORDER_LIST


async def _ask(browser: Browser, reason: str = "the counter is short of people") -> str:
    """Refused on the bookings' page, and onwards from there; returns where it ends."""
    refused = await browser.get("/bookings?lang=en")
    assert refused.status_code == 403
    found = re.search(r'href="(/policy/ask\?for=[^"]+)"', refused.text)
    assert found, "the refusal offers to ask"
    sent = await browser.post_form(found[1], {"reason": reason}, action="/policy/ask")
    assert sent.status_code == 303
    return sent.headers["location"]


async def _one(number: int) -> requests.Request:
    found = await requests.request(number)
    assert found is not None
    return found


async def _trail() -> list[tuple[str, str, str]]:
    rows = await db.fetch(
        "SELECT subject, act, outcome FROM audit_entry WHERE object_type = 'access_request' ORDER BY at, seq"
    )
    return [tuple(row) for row in rows]


async def test_a_refused_specialist_asks_once_and_repeats_are_calm(signed_in_as: SignIn) -> None:
    browser = await signed_in_as("proc1")
    assert await _ask(browser) == "/policy/ask?done=sent"
    first = await requests.mine("proc1")
    # The form itself says so; a form that was open in another tab is answered calmly.
    token = access_token("proc1", LIST)
    again = await browser.get(f"/policy/ask?for={token}&lang=en")
    assert "You asked for this on" in again.text
    assert "<textarea" not in again.text
    answer = await browser.post(
        "/policy/ask",
        data={"for": token, "reason": "again", "_csrf_token": await browser.token("/policy/ask")},
    )
    assert answer.headers["location"] == "/policy/ask?done=again"
    assert [one.id for one in await requests.mine("proc1")] == [first[0].id]
    assert await _trail() == [("proc1", "policy:request_access", "allowed")]


async def test_a_newcomer_asks_too(signed_in_as: SignIn) -> None:
    fresh = await signed_in_as("fresh")
    assert await _ask(fresh) == "/policy/ask?done=sent"
    desk = await fresh.get("/desk?lang=en")
    assert 'href="/policy/ask"' in desk.text
    secadmin = await signed_in_as("secadmin")
    [one] = await requests.listed("open", 10, 0)
    page = await secadmin.get(f"/policy/requests/{one.id}?lang=en")
    assert "g, fresh, role:window, *" in page.text


async def test_what_was_to_be_seen_is_not_revealed(signed_in_as: SignIn) -> None:
    browser = await signed_in_as("proc1")
    answers = [await browser.get(f"/bookings/{code}?lang=en") for code in ("ABC", "0AK7JXQJM4T")]
    links = {re.search(r"/policy/ask\?for=[^\"]+", answer.text)[0] for answer in answers}  # type: ignore[index]
    assert len(links) == 1, "the token names the duty and nothing of the record"
    assert "0AK7" not in unquote(links.pop())


@pytest.mark.parametrize("forged", ["order:list.AAAA", "order:list", "fly:high.x", ".", "x" * 2000])
async def test_a_forged_token_asks_for_nothing(signed_in_as: SignIn, forged: str) -> None:
    browser = await signed_in_as("proc1")
    assert (await browser.get("/policy/ask", params={"for": forged})).status_code == 404
    data = {"for": forged, "reason": "x", "_csrf_token": await browser.token("/policy/ask")}
    assert (await browser.post("/policy/ask", data=data)).status_code == 404
    assert not await db.fetchval("SELECT count(*) FROM access_request")


def test_a_token_is_good_for_one_person_and_one_duty() -> None:
    token = access_token("proc1", LIST)
    assert asked_for("proc1", token) is LIST
    assert asked_for("proc2", token) is None
    assert asked_for("proc1", token.replace("order:list", "contract:open")) is None


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501, "a\u202eb"])
async def test_a_reason_is_needed_and_what_was_typed_is_kept(
    signed_in_as: SignIn, reason: str
) -> None:
    browser = await signed_in_as("proc1")
    page = f"/policy/ask?for={access_token('proc1', LIST)}"
    answer = await browser.post_form(page, {"reason": reason}, action="/policy/ask")
    assert answer.status_code == 422
    assert 'id="error-reason"' in answer.text
    assert not await db.fetchval("SELECT count(*) FROM access_request")


async def test_the_inbox_prepares_a_draft_that_lets_the_asker_once_released(
    signed_in_as: SignIn,
) -> None:
    proc1 = await signed_in_as("proc1")
    await _ask(proc1)
    secadmin = await signed_in_as("secadmin")
    desk = await secadmin.get("/desk?lang=en")
    assert "requests for access to decide" in desk.text
    assert "Oldest request for access" in desk.text
    [one] = await requests.listed("open", 10, 0)
    page = f"/policy/requests/{one.id}"
    shown = await secadmin.get(f"{page}?lang=en")
    assert shown.text.index("p, proc1, *, order, list") < shown.text.index(
        "g, proc1, role:window, *"
    )
    opened = await secadmin.post(
        f"{page}/prepare",
        data={
            "line": "g, proc1, role:window, *",
            "_csrf_token": await secadmin.token("/policy/requests"),
        },
    )
    assert opened.status_code == 303
    draft = await drafts.get(int(opened.headers["location"].split("/")[3]))
    assert (draft.kind, draft.state, draft.created_by) == ("access", "open", "secadmin")
    assert "g, proc1, role:window, *" in draft.lines
    assert (await _one(one.id)).state == "drafted"
    again = await secadmin.post(
        f"{page}/prepare",
        data={
            "line": "g, proc1, role:window, *",
            "_csrf_token": await secadmin.token("/policy/requests"),
        },
    )
    assert again.headers["location"] == opened.headers["location"], "a repeat finds the same draft"

    set_act(Act("secadmin", 1))
    await drafts.submit(draft.id)
    ceo = await an_account("ceo", name="CEO")
    set_act(Act("ceo", ceo))
    await drafts.release(draft.id, ceo, PASSWORD)
    told = await _one(one.id)
    assert (told.state, told.answered_by) == ("granted", "ceo")
    assert policy.may_ever("proc1", LIST)
    assert (await proc1.get("/bookings")).status_code == 200
    assert "answers to your requests for access" in (await proc1.get("/desk?lang=en")).text
    assert "in force" in (await proc1.get("/policy/ask?lang=en")).text
    assert "answers to your requests for access" not in (await proc1.get("/desk?lang=en")).text


async def test_a_draft_that_is_dropped_or_loses_the_line_opens_the_request_again(
    database: None,
) -> None:
    proc1 = await an_account("proc1")
    set_act(Act("proc1", proc1))
    number, _fresh = await requests.ask(LIST, "why")
    ceo = await an_account("ceo")
    set_act(Act("secadmin", 1))
    await drafts.drop(await requests.prepare(number, "g, proc1, role:window, *"))
    assert ((await _one(number)).state, (await _one(number)).draft) == ("open", None)
    draft = await requests.prepare(number, "g, proc1, role:window, *")
    await drafts.change(draft, remove=["g, proc1, role:window, *"], add=["g, proc1, role:gate, *"])
    await drafts.submit(draft)
    set_act(Act("ceo", ceo))
    await drafts.release(draft, ceo, PASSWORD)
    assert (await _one(number)).state == "open", "what was released does not let the asker"


async def test_declined_with_words_that_the_asker_reads(signed_in_as: SignIn) -> None:
    proc1 = await signed_in_as("proc1")
    await _ask(proc1)
    secadmin = await signed_in_as("secadmin")
    [one] = await requests.listed("open", 10, 0)
    page = f"/policy/requests/{one.id}"
    action = f"{page}/decline"
    assert (await secadmin.post_form(page, {"answer": " "}, action=action)).status_code == 422
    answer = await secadmin.post_form(page, {"answer": "Ask the window"}, action=action)
    assert answer.status_code == 303
    assert "Ask the window" in (await proc1.get("/policy/ask")).text
    late = await secadmin.post(
        action, data={"answer": "other", "_csrf_token": await secadmin.token("/policy/requests")}
    )
    assert late.status_code == 409
    assert await _ask(proc1) == "/policy/ask?done=sent", "after an answer one may ask again"


async def test_what_is_not_proposed_is_not_prepared(signed_in_as: SignIn) -> None:
    proc1 = await signed_in_as("proc1")
    await _ask(proc1)
    secadmin = await signed_in_as("secadmin")
    [one] = await requests.listed("open", 10, 0)
    for line in ("g, proc1, role:secadmin, *", "nonsense", "g, secadmin, role:window, *"):
        answer = await secadmin.post(
            f"/policy/requests/{one.id}/prepare",
            data={"line": line, "_csrf_token": await secadmin.token("/policy/requests")},
        )
        assert answer.status_code == 409, line
    assert not await db.fetchval("SELECT count(*) FROM policy_draft")


async def test_nobody_prepares_what_they_asked_for_themselves(signed_in_as: SignIn) -> None:
    secadmin = await signed_in_as("secadmin")
    await _ask(secadmin)
    [one] = await requests.listed("open", 10, 0)
    page = f"/policy/requests/{one.id}"
    shown = await secadmin.get(page)
    assert f'action="{page}/prepare"' not in shown.text
    answer = await secadmin.post(
        f"{page}/prepare",
        data={
            "line": "p, secadmin, *, order, list, any, , allow",
            "_csrf_token": await secadmin.token("/policy/requests"),
        },
    )
    assert answer.status_code == 403
    assert ("secadmin", "role:grant", "refused") in await _trail()


async def test_a_duty_that_came_another_way_is_confirmed(signed_in_as: SignIn) -> None:
    proc1 = await signed_in_as("proc1")
    await _ask(proc1)
    secadmin = await signed_in_as("secadmin")
    [one] = await requests.listed("open", 10, 0)
    confirm = f"/policy/requests/{one.id}/confirm"
    early = await secadmin.post(
        confirm, data={"_csrf_token": await secadmin.token("/policy/requests")}
    )
    assert early.status_code == 409
    await db.execute("UPDATE access_request SET permission = 'project:read'")
    answer = await secadmin.post_form(f"/policy/requests/{one.id}", action=confirm)
    assert answer.headers["location"] == "/policy/requests?done=confirmed"
    assert (await _one(one.id)).state == "granted"


@pytest.mark.commits
async def test_two_at_once_make_one_request_and_one_draft(database: None) -> None:
    person = await an_account("proc1")

    async def once() -> int:
        set_act(Act("proc1", person))
        return (await requests.ask(LIST, "why"))[0]

    numbers = set(await asyncio.gather(*(asyncio.create_task(once()) for _ in range(6))))
    assert len(numbers) == 1
    [number] = numbers

    async def prepare() -> int:
        set_act(Act("secadmin", 1))
        return await requests.prepare(number, "g, proc1, role:window, *")

    made = set(await asyncio.gather(*(asyncio.create_task(prepare()) for _ in range(4))))
    assert len(made) == 1
    assert await db.fetchval("SELECT count(*) FROM policy_draft") == 1


async def test_the_database_itself_keeps_one_living_request(database: None) -> None:
    await an_account("proc1")
    insert = (
        "INSERT INTO access_request (asker, permission, reason, asked_at) "
        "VALUES ('proc1', 'order:list', 'x', now())"
    )
    await db.execute(insert)
    with pytest.raises(asyncpg.UniqueViolationError):
        async with db.transaction():
            await db.execute(insert)
    with pytest.raises(asyncpg.CheckViolationError):
        async with db.transaction():
            await db.execute("UPDATE access_request SET state = 'declined'")


async def test_a_permission_that_is_gone_can_only_be_declined(signed_in_as: SignIn) -> None:
    await an_account("proc1")
    await db.execute(
        "INSERT INTO access_request (asker, permission, reason, asked_at) VALUES ('proc1', 'old:gone', 'x', now())"
    )
    secadmin = await signed_in_as("secadmin")
    [one] = await requests.listed("open", 10, 0)
    page = await secadmin.get(f"/policy/requests/{one.id}")
    assert page.status_code == 200
    assert "/prepare" not in page.text
