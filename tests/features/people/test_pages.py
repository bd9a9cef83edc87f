"""Sign-in, sign-out and the own account, as a browser meets them."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pyotp

from portal.core import clock, db
from portal.features.people import service
from tests.browser import HTMX, Browser, SignIn
from tests.factories.people import PASSWORD, an_account, signed_in

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
NEW = "steps through the mist"


async def set_up(browser: Browser) -> tuple[pyotp.TOTP, list[str]]:
    """Put a second factor in force on the account page; its generator and recovery codes."""
    shown = await browser.post_form("/account", {"password": PASSWORD}, action="/account/second")
    assert shown.status_code == 200
    assert 'class="qr"' in shown.text
    found = re.search(r'<p class="code">([A-Z2-7]{32})</p>', shown.text)
    assert found
    totp = pyotp.TOTP(found[1])
    token = await browser.token("/account")
    done = await browser.post(
        "/account/second-factor/confirm",
        data={"_csrf_token": token, "code": totp.at(clock.now() - timedelta(seconds=30))},
    )
    codes = re.findall(r'<li class="code">([0-9a-f]{5}-[0-9a-f]{5})</li>', done.text)
    assert len(codes) == 10
    return totp, codes


async def test_the_whole_way_with_a_second_factor(
    signed_in_as: SignIn, visitor: Browser, at: Callable[[datetime], None]
) -> None:
    at(NOON)
    director = await signed_in_as("director")
    totp, codes = await set_up(director)
    assert codes[0] not in (await director.get("/account")).text, "shown once"

    halfway = await visitor.post_form("/login", {"username": "director", "password": PASSWORD})
    assert halfway.status_code == 200
    assert 'name="code"' in halfway.text
    assert PASSWORD not in halfway.text
    mark = re.search(r'name="halfway" value="([^"]+)"', halfway.text)
    assert mark
    assert (await visitor.get("/desk")).status_code == 303
    form = {"_csrf_token": await visitor.token(), "halfway": mark[1], "next": "/bookings"}
    wrong = await visitor.post("/login", data={**form, "code": "000000"})
    assert wrong.status_code == 422
    assert 'aria-invalid="true"' in wrong.text
    done = await visitor.post("/login", data={**form, "code": totp.now()})
    assert (done.status_code, done.headers["location"]) == (303, "/bookings")

    off = await director.post_form(
        "/account", {"password": PASSWORD}, action="/account/second-factor/drop"
    )
    assert off.headers["location"] == "/account?done=second-factor"
    visitor.cookies.clear()
    alone = await visitor.post_form("/login", {"username": "director", "password": PASSWORD})
    assert alone.status_code == 303


async def test_a_wrong_code_or_password_on_the_account_page_stays_there(
    signed_in_as: SignIn,
) -> None:
    director = await signed_in_as("director")
    for action in ("/account/second-factor",):
        answer = await director.post_form("/account", {"password": "not it"}, action=action)
        assert answer.status_code == 422
        assert 'class="qr"' not in answer.text
    await set_up(director)
    for action in ("/account/second-factor/drop", "/account/recovery-codes"):
        answer = await director.post_form("/account", {"password": "not it"}, action=action)
        assert answer.status_code == 422
    token = await director.token("/account")
    again = await director.post(
        "/account/second-factor/confirm", data={"_csrf_token": token, "code": "123456"}
    )
    assert again.status_code == 422


async def test_a_wrong_code_asks_again_for_the_same_secret(signed_in_as: SignIn) -> None:
    director = await signed_in_as("director")
    shown = await director.post_form("/account", {"password": PASSWORD}, action="/account/second")
    secret = re.findall(r'<p class="code">([A-Z2-7]{32})</p>', shown.text)[0]
    form = {"_csrf_token": await director.token("/account"), "code": "000000"}
    again = await director.post("/account/second-factor/confirm", data={**form, "secret": secret})
    assert again.status_code == 422
    assert f'<p class="code">{secret}</p>' in again.text
    for foreign in ("", "A" * 32):  # whoever was not shown it is not told
        blind = await director.post(
            "/account/second-factor/confirm", data={**form, "secret": foreign}
        )
        assert secret not in blind.text
    right = {"secret": secret, "code": pyotp.TOTP(secret).at(clock.now())}
    done = await director.post("/account/second-factor/confirm", data={**form, **right})
    assert done.status_code == 200


async def test_new_recovery_codes_replace_the_old_ones(signed_in_as: SignIn) -> None:
    director = await signed_in_as("director")
    token = await director.token("/account")
    early = await director.post(
        "/account/recovery-codes", data={"_csrf_token": token, "password": PASSWORD}
    )
    assert early.status_code == 422
    _totp, old = await set_up(director)
    answer = await director.post_form(
        "/account", {"password": PASSWORD}, action="/account/recovery-codes"
    )
    new = re.findall(r'<li class="code">([0-9a-f]{5}-[0-9a-f]{5})</li>', answer.text)
    assert len(new) == 10
    assert not set(new) & set(old)
    assert await db.fetchval("SELECT count(*) FROM recovery_code") == 10
    assert new[0] not in (await director.get("/account")).text


async def test_a_locked_account_says_when_it_opens(visitor: Browser) -> None:
    await an_account()
    for _ in range(5):
        answer = await visitor.post_form("/login", {"username": "director", "password": "wrong"})
    assert answer.status_code == 422
    assert re.search(r"\d\d:\d\d", answer.text)
    right = await visitor.post_form("/login", {"username": "director", "password": PASSWORD})
    assert right.status_code == 422


async def test_unknown_and_known_names_get_the_same_page(visitor: Browser) -> None:
    await an_account()
    pages = []
    for username in ("director", "dirextor"):
        answer = await visitor.post_form("/login", {"username": username, "password": "wrong"})
        text = re.sub(r'value="[^"]*"', "", answer.text)
        pages.append((answer.status_code, re.sub(r"[0-9a-f]{16}", "", text)))
    assert pages[0] == pages[1]


async def test_passwords_are_never_put_back_into_a_page(
    visitor: Browser, signed_in_as: SignIn
) -> None:
    secret = "a secret that must not come back"
    answer = await visitor.post_form("/login", {"username": "", "password": secret})
    assert answer.status_code == 422
    assert secret not in answer.text
    director = await signed_in_as("director")
    answer = await director.post_form(
        "/account",
        {
            "current_password": secret,
            "new_password": secret + "1",
            "new_password_again": secret + "2",
        },
        action="/account/password",
    )
    assert answer.status_code == 422
    assert secret not in answer.text


async def test_who_is_signed_in_needs_no_sign_in_page(signed_in_as: SignIn) -> None:
    director = await signed_in_as("director")
    answer = await director.get("/login?next=/bookings")
    assert (answer.status_code, answer.headers["location"]) == (303, "/bookings")
    assert (await director.get("/login?next=//evil.example")).headers["location"] == "/desk"


async def test_signing_out_leads_home_and_may_be_repeated(signed_in_as: SignIn) -> None:
    director = await signed_in_as("director")
    token = await director.token("/desk")
    for _ in range(2):
        answer = await director.post("/logout", data={"_csrf_token": token})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "session" not in director.cookies
    assert (await director.get("/account")).status_code == 303


async def test_the_password_is_changed_on_the_own_page(
    signed_in_as: SignIn, visitor: Browser
) -> None:
    director = await signed_in_as("director")
    other = await signed_in_as("director")
    fields = {"current_password": PASSWORD, "new_password": NEW, "new_password_again": NEW}
    done = await director.post_form("/account", fields, action="/account/password")
    assert (done.status_code, done.headers["location"]) == (303, "/account?done=password")
    assert 'role="status"' in (await director.get("/account?done=password")).text
    assert (await other.get("/desk")).status_code == 303
    for password, status in ((PASSWORD, 422), (NEW, 303)):
        answer = await visitor.post_form("/login", {"username": "director", "password": password})
        assert answer.status_code == status


async def test_one_ends_one_s_own_other_sessions_and_nobody_else_s(signed_in_as: SignIn) -> None:
    director, phone = await signed_in_as("director"), await signed_in_as("director")
    gate = await signed_in_as("gate1")
    page = (await director.get("/account")).text
    marks = re.findall(r"/account/sessions/([0-9a-f]{64})/end", page)
    assert len(marks) == 1, "the own one is not offered"
    token = await director.token("/account")
    foreign = await db.fetchval(
        "SELECT encode(s.id_hash, 'hex') FROM session s JOIN account a ON a.person = s.person_id "
        "WHERE a.username = 'gate1'"
    )
    for mark in (foreign, "00" * 32, "not-hex", "x" * 3000):
        answer = await director.post(f"/account/sessions/{mark}/end", data={"_csrf_token": token})
        assert answer.status_code in (303, 404)
    assert (await gate.get("/desk")).status_code == 200
    answer = await director.post(f"/account/sessions/{marks[0]}/end", data={"_csrf_token": token})
    assert answer.headers["location"] == "/account?done=session"
    assert (await phone.get("/desk")).status_code == 303
    assert (await director.get("/desk")).status_code == 200


async def test_all_other_sessions_end_at_once(signed_in_as: SignIn) -> None:
    director, phone = await signed_in_as("director"), await signed_in_as("director")
    gate = await signed_in_as("gate1")
    answer = await director.post_form("/account", action="/account/sessions/end")
    assert answer.headers["location"] == "/account?done=sessions"
    assert (await phone.get("/desk")).status_code == 303
    assert (await director.get("/desk")).status_code == 200
    assert (await gate.get("/desk")).status_code == 200
    assert 'action="/account/sessions/end"' not in (await director.get("/account")).text
    changes = await db.fetch("SELECT detail FROM audit_entry WHERE act = 'account:self'")
    assert ["sessions-ended" in row["detail"] for row in changes] == [True]


async def test_signing_out_stands_on_the_trail(signed_in_as: SignIn) -> None:
    director = await signed_in_as("director")
    await director.post_form("/desk", action="/logout")
    assert await db.fetchval(
        "SELECT count(*) FROM audit_entry WHERE act = 'session:logout' AND subject = 'director'"
    )


async def test_a_browser_s_name_is_text(visitor: Browser) -> None:
    await an_account()
    agent = {"User-Agent": '<script>alert("x")</script>' * 50}
    await visitor.post_form("/login", {"username": "director", "password": PASSWORD}, headers=agent)
    page = (await visitor.get("/account")).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


async def test_htmx_signs_in_without_leaving_the_page(visitor: Browser) -> None:
    await an_account()
    wrong = await visitor.post_form(
        "/login", {"username": "director", "password": "wrong"}, headers=HTMX
    )
    assert wrong.status_code == 422
    assert wrong.text.lstrip().startswith('<div id="sign-in">')


async def test_too_many_tries_from_one_address_have_to_wait(
    visitor: Browser, new_browser: Callable[[], Browser]
) -> None:
    token = await visitor.token()
    for _ in range(20):
        await visitor.post("/login", data={"_csrf_token": token})
    answer = await visitor.post("/login", data={"_csrf_token": token})
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 5
    assert (await new_browser().get("/login")).status_code == 200, "reading is not held up"


async def test_a_disabled_person_is_told_nothing_new(visitor: Browser) -> None:
    await an_account()
    await service.disable("director")
    await signed_in("ops1")
    pages = [
        (await visitor.post_form("/login", {"username": name, "password": PASSWORD})).text
        for name in ("director", "nobody")
    ]
    cleaned = [re.sub(r"[0-9a-f]{16}", "", re.sub(r'value="[^"]*"', "", page)) for page in pages]
    assert cleaned[0] == cleaned[1]
