"""Roles that must sign in in two steps; passwords that grow old; one session for each account."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pyotp
import pytest

from portal.core import clock, db, site_settings
from portal.core.site_settings import BadValue
from portal.features.people.sign_in import Attempt, sign_in
from portal.web.permission import SECOND_FACTOR_FOR
from rbac.areas import ADMINISTRATORS
from tests.browser import HTMX, SignIn
from tests.factories.people import PASSWORD, an_account

pytestmark = pytest.mark.charter("PO-1")

FIRST = "/account?done=factor-first"


async def test_whose_role_asks_for_two_steps_sets_them_up_first(signed_in_as: SignIn) -> None:
    await site_settings.change(SECOND_FACTOR_FOR.name, " ".join(ADMINISTRATORS))
    admin, director = await signed_in_as("sysadmin"), await signed_in_as("director")
    assert (await director.get("/desk")).status_code == 200
    for path in ("/desk", "/accounts", "/settings"):
        answer = await admin.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, FIRST), path
    assert (await admin.get("/accounts", headers=HTMX)).headers["hx-redirect"] == FIRST
    page = await admin.get(FIRST)
    assert 'role="alert"' in page.text
    shown = await admin.post_form("/account", {"password": PASSWORD}, action="/account/second")
    secret = re.findall(r'<p class="code">([A-Z2-7]{32})</p>', shown.text)[0]
    token = await admin.token("/account")
    done = await admin.post(
        "/account/second-factor/confirm",
        data={"_csrf_token": token, "code": pyotp.TOTP(secret).now()},
    )
    assert done.status_code == 200
    assert (await admin.get("/accounts")).status_code == 200
    await admin.post_form("/account", {"password": PASSWORD}, action="/account/second-factor/drop")
    assert (await admin.get("/accounts")).headers["location"] == FIRST


@pytest.mark.parametrize(
    "typed", ["role:nobody", "sysadmin, diretcor", "none, sysadmin", "role:ceo;role:hr"]
)
async def test_a_role_that_is_none_lets_nobody_off(typed: str, database: None) -> None:
    with pytest.raises(BadValue, match="bad-format"):
        await site_settings.change(SECOND_FACTOR_FOR.name, typed)


async def test_roles_are_named_as_people_name_them(signed_in_as: SignIn) -> None:
    await site_settings.change(SECOND_FACTOR_FOR.name, "ceo, role:hr")
    for username, status in (("ceo", 303), ("hr", 303), ("sysadmin", 200), ("ops1", 200)):
        assert (await (await signed_in_as(username)).get("/desk")).status_code == status


async def test_an_old_password_must_be_changed_where_that_is_asked(
    signed_in_as: SignIn, at: Callable[[datetime], None]
) -> None:
    await an_account("director")
    at(clock.now() + timedelta(days=91))
    assert (await (await signed_in_as("director")).get("/desk")).status_code == 200
    await site_settings.change("security.password_days", "90")
    director = await signed_in_as("director")
    assert (await director.get("/desk")).headers["location"] == "/account?done=first"
    new = "steps through the mist"
    fields = {"current_password": PASSWORD, "new_password": new, "new_password_again": new}
    await director.post_form("/account", fields, action="/account/password")
    assert (await director.get("/desk")).status_code == 200


async def test_one_session_each_where_that_is_asked(database: None) -> None:
    await an_account("director")
    attempt = Attempt("director", PASSWORD, "", "", "test")
    for _ in range(3):
        await sign_in(attempt)
    assert await db.fetchval("SELECT count(*) FROM session") == 3
    await site_settings.change("security.one_session", "yes")
    await sign_in(attempt)
    assert await db.fetchval("SELECT count(*) FROM session") == 1
    ended = await db.fetchval(
        "SELECT detail->>'sessions_ended' FROM audit_entry WHERE act = 'session:login' "
        "ORDER BY lane DESC, seq DESC LIMIT 1"
    )
    assert ended == "3"
