"""The first steps of a new portal: one page, once, and three administrators who cannot do each other's work."""

import re

import pytest

from portal import setup
from portal.core import db
from portal.features.people import service as people
from portal.web.respond import SITE_NAME_ZH
from tests.browser import Browser

pytestmark = pytest.mark.charter("PO-1")

PASSWORD = "mist over the old gate"
FILLED_IN = {
    "name_zh": "云岫山景区",
    "name_en": "Yunxiu Mountain",
    **{f"{admin}-username": admin for admin, _role in setup.ADMINS},
    **{f"{admin}-name": f"{admin} person" for admin, _role in setup.ADMINS},
    **{f"{admin}-password": PASSWORD for admin, _role in setup.ADMINS},
}


@pytest.fixture
def door(database: None) -> str:
    """The address that ``portal serve`` prints for an empty portal."""
    return setup.address().removeprefix("http://127.0.0.1:8000")


@pytest.mark.parametrize(
    "path", ["/setup", "/setup?token=", "/setup?token=guessed", "/setup?token=%00"]
)
async def test_only_the_printed_address_opens_the_page(path: str, visitor: Browser) -> None:
    assert (await visitor.get(path)).status_code == 404


async def test_three_administrators_each_with_work_of_their_own(
    door: str, visitor: Browser
) -> None:
    answer = await visitor.post_form(door, FILLED_IN)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?done=setup")
    assert 'role="status"' in (await visitor.get("/login?done=setup")).text
    assert SITE_NAME_ZH() == "云岫山景区"
    assert (await visitor.get(door)).status_code == 404, "the page works once"
    may = {"sysadmin": ["/settings"], "secadmin": [], "auditadmin": ["/audit"]}
    for admin, own in may.items():
        await visitor.post_form("/login", {"username": admin, "password": PASSWORD})
        assert (await visitor.get("/desk")).status_code == 200
        for path in ("/settings", "/audit", "/bookings", "/catalogue"):
            wanted = 200 if path in own else 403
            assert (await visitor.get(path)).status_code == wanted, (admin, path)
        await visitor.post_form("/desk", action="/logout")
    acts = await db.fetch("SELECT act, subject FROM audit_entry WHERE subject = 'setup'")
    assert {row["act"] for row in acts} == {"account:create", "settings:edit", "policy:release"}


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("name_zh", "", "Name of the scenic area (Chinese): Please fill this in."),
        ("sysadmin-name", "", "System administrator, Name: Please fill this in."),
        ("secadmin-username", "Sec Admin", "Security administrator, User name: "),
        ("secadmin-username", "sysadmin", "This user name is taken."),
        ("auditadmin-username", "visitor", "This user name is taken."),
        ("auditadmin-password", "short", "Audit administrator, Password: "),
        ("auditadmin-password", "auditadmin1", "This password is too easy to guess."),
    ],
)
async def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_made(
    field: str, typed: str, words: str, door: str, visitor: Browser
) -> None:
    answer = await visitor.post_form(f"{door}&lang=en", FILLED_IN | {field: typed})
    assert answer.status_code == 422
    assert words in answer.text
    assert f'id="error-{field}"' in answer.text
    assert 'value="Yunxiu Mountain"' in answer.text
    assert not re.search("mist over", answer.text), "passwords are never put back"
    assert await db.fetchval("SELECT count(*) FROM account") == 0
    assert SITE_NAME_ZH() == SITE_NAME_ZH.default


async def test_a_portal_with_an_account_is_not_set_up_again(door: str, visitor: Browser) -> None:
    form = await visitor.form(door)
    await people.create("early", "Somebody", PASSWORD)
    assert (await visitor.get(door)).status_code == 404
    late = await visitor.post(door, data=form.fields | FILLED_IN)
    assert late.status_code == 404
    assert await db.fetchval("SELECT count(*) FROM account") == 1
