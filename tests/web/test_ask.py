"""Who was refused reads which duty is missing and whom to ask; nothing of what they wanted to see."""

import pytest

from portal.core import db
from portal.features.people.rules import username_error
from tests.browser import HTMX, Browser, SignIn
from tests.factories.people import an_account


async def _refused(browser: Browser, headers: dict[str, str] | None = None) -> str:
    answer = await browser.get("/audit?lang=en", headers=headers)
    assert answer.status_code == 403
    return answer.text


@pytest.mark.charter("PO-6")
@pytest.mark.parametrize("headers", [{}, HTMX])
async def test_a_refusal_names_the_duty_who_grants_it_and_the_superiors(
    signed_in_as: SignIn, headers: dict[str, str]
) -> None:
    await an_account("secadmin", name="安宁")
    await an_account("manager.systems", name="沈亦舟")
    await an_account("director", name="陆景行")
    text = await _refused(await signed_in_as("ops1"), headers)
    assert "read the audit trail" in text
    assert "ask the security administrator: 安宁." in text
    assert "Your superior can support the request: 陆景行, 沈亦舟." in text


@pytest.mark.charter("PO-6")
async def test_who_has_left_is_not_named(signed_in_as: SignIn) -> None:
    await an_account("secadmin", name="安宁")
    await db.execute("UPDATE account SET disabled_at = now() WHERE username = 'secadmin'")
    text = await _refused(await signed_in_as("ops1"))
    assert "安宁" not in text
    assert "security administrator:" not in text


async def test_the_security_administrator_is_not_sent_to_themselves(signed_in_as: SignIn) -> None:
    await an_account("ceo", name="顾长风")
    text = await _refused(await signed_in_as("secadmin"))
    assert "security administrator:" not in text
    assert "顾长风" in text


@pytest.mark.charter("PO-1")
async def test_an_account_without_a_role_can_sign_out_and_manage_itself(
    signed_in_as: SignIn,
) -> None:
    browser = await signed_in_as("clerk")
    for path in ("/", "/desk", "/account"):
        assert (await browser.get(path)).status_code == 200, path
    assert (await browser.get("/bookings")).status_code == 403


@pytest.mark.parametrize("name", ["visitor", "newcomer"])
def test_no_account_can_be_called_what_the_policy_calls_everybody(name: str) -> None:
    assert username_error(name) == "username-taken"
