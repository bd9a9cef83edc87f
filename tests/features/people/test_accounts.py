"""Accounts as the system administrator keeps them: made, handed over, reset, unlocked, closed, never granted."""

import re
from uuid import uuid4

import pytest

from portal.core import db
from portal.features.people import accounts, lockout, service
from portal.features.people.sign_in import Attempt, Verdict, sign_in
from tests.browser import Browser, SignIn, forms
from tests.factories.people import PASSWORD, an_account, signed_in

pytestmark = pytest.mark.charter("PO-1")

REASON = "asked for at the counter"
FILLED_IN = {
    "name": "林小满",
    "name_en": "Lin Xiaoman",
    "username": "xiaoman",
    "email": "xiaoman@example.com",
}


@pytest.fixture
async def admin(signed_in_as: SignIn) -> Browser:
    return await signed_in_as("sysadmin")


@pytest.fixture
async def three_admins(admin: Browser) -> Browser:
    """Nobody of them is the last who can sign in."""
    for username in ("secadmin", "auditadmin", "ceo"):
        await an_account(username)
    return admin


async def trail() -> list[tuple[str, str, str, str]]:
    rows = await db.fetch(
        "SELECT subject, act, object_id, coalesce(detail->>'change', detail->>'disabled', '') AS change "
        "FROM audit_entry WHERE act ~ '^(account|session):' ORDER BY lane, seq"
    )
    return [tuple(row) for row in rows]


def one_time(html: str) -> str:
    found = re.search(r"<strong>([0-9a-f]{4}(?:-[0-9a-f]{4}){3})</strong>", html)
    assert found
    return found[1]


async def test_an_account_is_made_and_its_password_shown_once(
    admin: Browser, visitor: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    form = await admin.form("/accounts/new")
    answer = await admin.post("/accounts", data=form.fields | FILLED_IN)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    password = one_time(answer.text)
    again = await admin.post("/accounts", data=form.fields | FILLED_IN)
    assert again.headers["location"] == "/accounts/xiaoman?done=made-before"
    told = await admin.get(again.headers["location"])
    assert 'role="status"' in told.text
    for shown in (again.text, told.text, (await admin.get("/accounts")).text, caplog.text):
        assert password not in shown
    assert await db.fetchval("SELECT count(*) FROM account WHERE username = 'xiaoman'") == 1
    first = await visitor.post_form(
        "/login", {"username": "xiaoman", "password": password}, action="/login"
    )
    assert first.status_code == 303
    assert (await visitor.get("/desk")).headers["location"] == "/account?done=first"
    chosen = {"current_password": password, "new_password": "steps through the mist"}
    done = await visitor.post_form(
        "/account",
        chosen | {"new_password_again": "steps through the mist"},
        action="/account/pass",
    )
    assert done.headers["location"] == "/account?done=welcome"
    welcome = await visitor.get("/account?done=welcome")
    assert 'href="/desk"' in welcome.text
    assert (await visitor.get("/desk")).status_code == 200
    assert not re.search(password, str(await db.fetch("SELECT detail FROM audit_entry")))


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("name", ""),
        ("name", "12345"),
        ("name_en", "<script>"),
        ("username", ""),
        ("username", "visitor"),
        ("username", "a b"),
        ("username", "sysadmin"),
        ("email", "nobody"),
        ("email", "a@b@c.d"),
        ("idempotency_key", "spoilt"),
    ],
)
async def test_what_is_wrong_is_said_beside_its_field(
    field: str, typed: str, admin: Browser
) -> None:
    before = await db.fetchval("SELECT count(*) FROM account")
    answer = await admin.post_form("/accounts/new", FILLED_IN | {field: typed}, action="/accounts")
    assert answer.status_code == 422
    place = "username" if field == "idempotency_key" else field
    assert f'id="error-{place}"' in answer.text
    assert await db.fetchval("SELECT count(*) FROM account") == before
    kept = next(value for name, value in FILLED_IN.items() if name != field)
    assert kept in answer.text


async def test_a_reset_password_leaves_the_second_factor(three_admins: Browser) -> None:
    person, cookie = await an_account("ops1"), await signed_in("ops1")
    await db.execute(
        "UPDATE account SET totp_confirmed_at = now(), totp_sealed = '' WHERE person = $1", person
    )
    short = await three_admins.post_form(
        "/accounts/ops1", {"password_reason": "x"}, action="/accounts/ops1/pass"
    )
    assert short.status_code == 422
    answer = await three_admins.post_form(
        "/accounts/ops1", {"password_reason": REASON}, action="/accounts/ops1/pass"
    )
    assert answer.status_code == 200
    row = await db.fetchrow("SELECT * FROM account WHERE person = $1", person)
    assert row["must_change_password"]
    assert row["totp_confirmed_at"]
    result = await sign_in(Attempt("ops1", one_time(answer.text), "", "", "test"))
    assert result.verdict is Verdict.CODE_NEEDED
    assert await db.fetchval("SELECT count(*) FROM session WHERE person_id = $1", person) == 0
    del cookie
    assert (await trail())[-1] == ("sysadmin", "account:reset", "ops1", "password")
    assert REASON in str(
        await db.fetchval("SELECT detail FROM audit_entry WHERE act = 'account:reset'")
    )


async def test_a_lost_second_factor_is_taken_away_and_the_password_stays(
    three_admins: Browser,
) -> None:
    person = await an_account("ops1")
    await db.execute(
        "UPDATE account SET totp_confirmed_at = now(), totp_sealed = '' WHERE person = $1", person
    )
    await db.execute(
        "INSERT INTO passkey (account, name, credential, public_key, sign_count, synced, created_at) "
        "SELECT id, 'key', '1', '', 0, false, now() FROM account WHERE person = $1",
        person,
    )
    answer = await three_admins.post_form(
        "/accounts/ops1", {"factor_reason": REASON}, action="/accounts/ops1/factor"
    )
    assert answer.headers["location"] == "/accounts/ops1?done=factor"
    assert await db.fetchval("SELECT count(*) FROM passkey") == 0
    result = await sign_in(Attempt("ops1", PASSWORD, "", "", "test"))
    assert result.verdict is Verdict.SIGNED_IN


async def test_a_lock_is_seen_and_opened(three_admins: Browser) -> None:
    await an_account("ops1")
    for _ in range(5):
        await lockout.failed("ops1")
    listed = await three_admins.get("/accounts?state=locked")
    assert "/accounts/ops1" in listed.text
    assert "/accounts/ceo" not in listed.text
    assert "/accounts?state=locked" in (await three_admins.get("/desk")).text
    answer = await three_admins.post_form("/accounts/ops1", action="/accounts/ops1/unlock")
    assert answer.headers["location"] == "/accounts/ops1?done=unlock"
    assert await lockout.locked_until("ops1") is None
    assert (await trail())[-1] == ("sysadmin", "account:reset", "ops1", "unlocked")


async def test_an_account_is_closed_and_opened_with_a_reason(three_admins: Browser) -> None:
    await an_account("ops1")
    await signed_in("ops1")
    answer = await three_admins.post_form(
        "/accounts/ops1", {"disable_reason": REASON}, action="/accounts/ops1/disable"
    )
    assert answer.headers["location"] == "/accounts/ops1?done=disable"
    page = (await three_admins.get("/accounts/ops1")).text
    assert REASON in page
    assert "/accounts/ops1/password" not in page
    assert (await sign_in(Attempt("ops1", PASSWORD, "", "", ""))).verdict is Verdict.WRONG
    assert await db.fetchval("SELECT count(*) FROM session WHERE person_id <> 1") >= 0
    opened = await three_admins.post_form(
        "/accounts/ops1", {"enable_reason": REASON}, action="/accounts/ops1/enable"
    )
    assert opened.status_code == 303
    assert (await sign_in(Attempt("ops1", PASSWORD, "", "", ""))).verdict is Verdict.SIGNED_IN
    changes = [entry for entry in await trail() if entry[1] == "account:disable"]
    assert changes == [
        ("sysadmin", "account:disable", "ops1", "true"),
        ("sysadmin", "account:disable", "ops1", "false"),
    ]


@pytest.mark.parametrize("username", ["secadmin", "auditadmin"])
async def test_nobody_closes_the_last_account_that_somebody_must_have(
    username: str, three_admins: Browser
) -> None:
    answer = await three_admins.post_form(
        f"/accounts/{username}", {"disable_reason": REASON}, action=f"/accounts/{username}/disable"
    )
    assert answer.status_code == 422
    assert 'id="error-disable_reason"' in answer.text
    assert await db.fetchval(
        "SELECT disabled_at IS NULL FROM account WHERE username = $1", username
    )
    ceo = await three_admins.post_form(
        "/accounts/ceo", {"disable_reason": REASON}, action="/accounts/ceo/disable"
    )
    assert ceo.status_code == 303, "the control: releases are the security administrator's too"


async def test_nobody_s_own_account_is_changed_here(three_admins: Browser) -> None:
    page = await three_admins.get("/accounts/sysadmin")
    assert [
        form.action for form in forms(page.text) if form.action.endswith(("disable", "word"))
    ] == []
    token = await three_admins.token("/accounts")
    for act, field in (("password", "password_reason"), ("disable", "disable_reason")):
        answer = await three_admins.post(
            f"/accounts/sysadmin/{act}", data={"_csrf_token": token, field: REASON}
        )
        assert answer.status_code == 422


async def test_sessions_of_others_are_listed_and_ended(
    three_admins: Browser, signed_in_as: SignIn
) -> None:
    browser, other = await signed_in_as("ops1"), await signed_in_as("ops1")
    page = await three_admins.get("/accounts/ops1")
    ends = [form.action for form in forms(page.text) if "/sessions/" in form.action]
    assert len(ends) == 3, "each, and all"
    token = await three_admins.token("/accounts")
    mark = next(end for end in ends if not end.endswith("sessions/end"))
    assert (await three_admins.post(mark, data={"_csrf_token": token})).status_code == 303
    open_now = [(await each.get("/desk")).status_code for each in (browser, other)]
    assert sorted(open_now) == [200, 303]
    await three_admins.post("/accounts/ops1/sessions/end", data={"_csrf_token": token})
    assert {(await each.get("/desk")).status_code for each in (browser, other)} == {303}
    ended = [entry for entry in await trail() if entry[1] == "session:revoke"]
    assert len(ended) == 2
    stranger = await three_admins.post(mark.replace("ops1", "ceo"), data={"_csrf_token": token})
    assert stranger.status_code == 303
    assert len([entry for entry in await trail() if entry[1] == "session:revoke"]) == 2


async def test_the_list_is_searched_and_filtered(three_admins: Browser) -> None:
    await an_account("ops1", name="林听松")
    await an_account("ops2", name="何望舒")
    await service.disable("ops2")
    await db.execute(
        "UPDATE account SET last_signed_in_at = now() - interval '80 days', "
        "created_at = now() - interval '200 days' WHERE username = 'ops1'"
    )

    async def found(query: str) -> set[str]:
        text = (await three_admins.get(f"/accounts?{query}")).text
        return set(re.findall(r'href="/accounts/([\w.]+)"', text)) - {"new"}

    everybody = {"auditadmin", "ceo", "ops1", "ops2", "secadmin", "sysadmin"}
    assert await found("") == everybody
    assert await found("q=%E5%90%AC%E6%9D%BE") == {"ops1"}
    assert await found("q=OPS") == {"ops1", "ops2"}
    assert await found("q=%25") == set(), "no pattern"
    assert await found("state=disabled") == {"ops2"}
    assert await found("state=active") == {"ops1"}
    assert await found("state=new") == everybody - {"ops1", "ops2"}
    assert await found("state=soon") == {"ops1"}
    assert await found("idle=81") == set()
    assert await found("idle=79") == {"ops1"}
    assert await found("factor=on") == set()
    assert await found("factor=off&q=ops") == {"ops1", "ops2"}
    for nonsense in ("state=x", "factor=x", "idle=-1", "idle=²", "page=x", "q=" + "x" * 500):
        assert (await three_admins.get(f"/accounts?{nonsense}")).status_code == 200


async def test_an_account_that_is_not_there_is_not_found(admin: Browser) -> None:
    assert (await admin.get("/accounts/nobody")).status_code == 404
    token = await admin.token("/accounts")
    for act in ("password", "factor", "disable", "enable", "unlock", "sessions/end"):
        answer = await admin.post(f"/accounts/nobody/{act}", data={"_csrf_token": token})
        assert answer.status_code == 404, act


async def test_no_page_of_accounts_can_grant_a_role(three_admins: Browser) -> None:
    """Whoever makes accounts gives them no duties: there is no control for it, and the way to it is closed."""
    await an_account("ops1")
    for path in ("/accounts", "/accounts/new", "/accounts/ops1"):
        page = (await three_admins.get(path)).text
        assert "role:" not in page
        assert "/policy" not in page
    token = await three_admins.token("/accounts")
    made = await three_admins.post(
        "/accounts",
        data=FILLED_IN
        | {"_csrf_token": token, "idempotency_key": str(uuid4()), "role": "role:ceo"},
    )
    assert made.status_code == 200
    assert await db.fetchval("SELECT count(*) FROM policy_version") == 1
    with pytest.raises(accounts.AccountError, match="unknown-account"):
        await accounts.unlock("nobody")


@pytest.mark.parametrize("first", ["password", "factor"])
async def test_nobody_becomes_another_administrator_by_resetting_both_factors(
    first: str, three_admins: Browser
) -> None:
    """Separation of the three offices; the control: of an account without an office both are reset."""
    acts = {"password": "password_reason", "factor": "factor_reason"}
    second = next(act for act in acts if act != first)
    await an_account("ops1")
    token = await three_admins.token("/accounts")

    async def reset(username: str, act: str) -> int:
        await db.execute(
            "UPDATE account SET totp_confirmed_at = now(), totp_sealed = '' WHERE username = $1",
            username,
        )
        form = {"_csrf_token": token, acts[act]: REASON}
        return (await three_admins.post(f"/accounts/{username}/{act}", data=form)).status_code

    for username, refused in (("secadmin", True), ("auditadmin", True), ("ops1", False)):
        assert await reset(username, first) in (200, 303)
        assert (await reset(username, second) == 422) is refused
    await db.execute(
        "UPDATE account SET last_signed_in_at = now() + interval '1 second', must_change_password = false"
    )
    assert await reset("secadmin", second) in (200, 303), "the person has been there in between"
