"""Accounts that nobody uses: listed, then disabled by themselves; never the last that somebody must have."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from portal.core import db, site_settings
from portal.features.people import account_list, accounts, idle
from portal.features.people.sign_in import Attempt, Verdict, sign_in
from tests.browser import SignIn
from tests.factories.people import PASSWORD, an_account

pytestmark = pytest.mark.charter("PO-1")

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
async def people(database: None, at: Callable[[datetime], None]) -> None:
    """The administrators and two others, all made on the same day."""
    at(NOON)
    for username in ("sysadmin", "secadmin", "auditadmin", "ceo", "ops1", "ops2"):
        await an_account(username)
    await db.execute("UPDATE account SET created_at = $1", NOON)


async def disabled() -> set[str]:
    rows = await db.fetch("SELECT username FROM account WHERE disabled_at IS NOT NULL")
    return {row["username"] for row in rows}


async def test_whoever_is_idle_for_ninety_days_is_disabled(
    people: None, at: Callable[[datetime], None]
) -> None:
    at(NOON + timedelta(days=60))
    assert (await sign_in(Attempt("ops1", PASSWORD, "", "", ""))).verdict is Verdict.SIGNED_IN
    at(NOON + timedelta(days=89, hours=23))
    assert await idle.disable_idle() == 0
    at(NOON + timedelta(days=90, hours=1))
    assert await idle.disable_idle() == 2
    assert await disabled() == {"ceo", "ops2"}, (
        "the three administrators are the last of their kind"
    )
    assert await idle.disable_idle() == 0
    rows = await db.fetch(
        "SELECT subject, object_id, detail->>'idle_days' AS days FROM audit_entry "
        "WHERE act = 'account:disable' ORDER BY object_id"
    )
    assert [tuple(row) for row in rows] == [(idle.ACTOR, "ceo", "90"), (idle.ACTOR, "ops2", "90")]
    assert (await sign_in(Attempt("ops2", PASSWORD, "", "", ""))).verdict is Verdict.WRONG
    at(NOON + timedelta(days=151))
    assert await idle.disable_idle() == 1
    assert "ops1" in await disabled()


async def test_who_is_opened_again_has_all_the_days_anew(
    people: None, at: Callable[[datetime], None]
) -> None:
    at(NOON + timedelta(days=91))
    await idle.disable_idle()
    await accounts.enable("ops2", "back from leave")
    at(NOON + timedelta(days=180))
    await idle.disable_idle()
    assert "ops2" not in await disabled()
    at(NOON + timedelta(days=182))
    await idle.disable_idle()
    assert "ops2" in await disabled()


async def test_a_fortnight_before_it_is_listed_and_told_on_the_desk(
    people: None, at: Callable[[datetime], None], signed_in_as: SignIn
) -> None:
    at(NOON + timedelta(days=75))
    assert await idle.number_warned() == 0
    at(NOON + timedelta(days=77))
    assert await idle.number_warned() == 6
    assert (await account_list.counts())["soon"] == 6
    admin = await signed_in_as("sysadmin")
    assert "/accounts?state=soon" in (await admin.get("/desk")).text
    page = (await admin.get("/accounts?state=soon")).text
    assert "/accounts/ops2" in page
    at(NOON + timedelta(days=91))
    await idle.disable_idle()
    admin = await signed_in_as("sysadmin")
    desk = (await admin.get("/desk")).text
    assert "/accounts?state=disabled" in desk
    assert "/accounts?state=soon" in desk, "those that cannot be spared go on being told"


async def test_zero_days_is_never(people: None, at: Callable[[datetime], None]) -> None:
    await site_settings.change("security.idle_days", "0")
    at(NOON + timedelta(days=1000))
    assert await idle.disable_idle() == 0
    assert await idle.number_warned() == 0
    found = await account_list.account("ops1")
    assert found is not None
    assert found.ends_at is None
    assert not found.soon
