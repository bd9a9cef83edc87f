"""Accounts: made, reset, closed; each act on the trail, each repeatable where it can be sent twice."""

import pytest

from portal.core import db
from portal.core.context import Act, set_act
from portal.features.people import queries, service
from portal.features.people.service import AccountError
from portal.web.session import hashed, sessions
from tests.factories.people import PASSWORD, an_account, signed_in

NEW = "steps through the mist"


async def changes() -> list[tuple[str, str]]:
    rows = await db.fetch(
        "SELECT act, coalesce(detail->>'change', '') AS change FROM audit_entry ORDER BY lane, seq"
    )
    return [(row["act"], row["change"]) for row in rows]


async def test_an_account_is_made_with_a_password_for_this_moment_only(database: None) -> None:
    set_act(Act("sysadmin", 1))
    person = await service.create("ops1", "林听松", "given over the phone")
    row = await db.fetchrow("SELECT * FROM account JOIN person ON person.id = account.person")
    assert (row["person"], row["name"], row["must_change_password"]) == (person, "林听松", True)
    assert "given" not in row["password_hash"]
    entry = await db.fetchrow("SELECT subject, act, object_id FROM audit_entry")
    assert tuple(entry) == ("sysadmin", "account:create", "ops1")


async def test_a_name_is_taken_once(database: None) -> None:
    await an_account("ops1")
    with pytest.raises(AccountError, match="username-taken"):
        await service.create("ops1", "某人", NEW)
    with pytest.raises(AccountError, match="username-form"):
        await service.create("Ops 1", "某人", NEW)
    assert await db.fetchval("SELECT count(*) FROM person") == 1, (
        "nobody is left without an account"
    )


def test_one_time_passwords_are_random_and_can_be_read_aloud() -> None:
    made = {service.new_password() for _ in range(50)}
    assert len(made) == 50
    assert all(len(password) == 19 and password.count("-") == 3 for password in made)


async def test_a_reset_ends_everything_of_before(database: None) -> None:
    person = await an_account()
    cookie = await signed_in()
    await service.start_second_factor(person, PASSWORD)
    await db.execute("UPDATE account SET totp_confirmed_at = now()")
    await service.reset("director", NEW)
    row = await db.fetchrow("SELECT * FROM account")
    assert row["must_change_password"]
    assert row["totp_sealed"] is None
    assert row["totp_confirmed_at"] is None
    assert await sessions().find(cookie) is None
    assert ("account:reset", "") in await changes()


@pytest.mark.parametrize("act", ["reset", "disable"])
async def test_nobody_cannot_be_reset_or_disabled(act: str, database: None) -> None:
    with pytest.raises(AccountError, match="unknown-account"):
        await (service.reset("nobody", NEW) if act == "reset" else service.disable("nobody"))
    assert await changes() == []


async def test_changing_the_password_ends_the_other_sessions(database: None) -> None:
    person = await an_account(must_change=True)
    here, there = await signed_in(), await signed_in()
    await service.change_password(person, PASSWORD, NEW, hashed(here))
    found = await sessions().find(here)
    assert found is not None
    assert not found.must_change_password
    assert await sessions().find(there) is None
    assert (await changes())[-1] == ("account:self", "password")
    with pytest.raises(AccountError, match="wrong-password"):
        await service.change_password(person, PASSWORD, NEW, None)


@pytest.mark.parametrize(
    ("current", "wanted", "code"),
    [
        ("not it", NEW, "wrong-password"),
        (PASSWORD, "short", "password-short"),
        (PASSWORD, "i am director", "password-guessable"),
    ],
)
async def test_a_change_that_is_refused_changes_nothing(
    current: str, wanted: str, code: str, database: None
) -> None:
    person = await an_account()
    cookie = await signed_in()
    before = await db.fetchval("SELECT password_hash FROM account")
    with pytest.raises(AccountError, match=code):
        await service.change_password(person, current, wanted, None)
    assert await db.fetchval("SELECT password_hash FROM account") == before
    assert await sessions().find(cookie)


async def test_a_second_factor_is_sealed_and_not_in_force_before_its_first_code(
    database: None,
) -> None:
    person = await an_account()
    secret = await service.start_second_factor(person, PASSWORD)
    row = await db.fetchrow("SELECT totp_sealed, totp_confirmed_at FROM account")
    assert secret.encode() not in row["totp_sealed"]
    assert row["totp_confirmed_at"] is None
    assert not (await queries.second_factor(person)).confirmed
    with pytest.raises(AccountError, match="wrong-code"):
        await service.confirm_second_factor(person, "000000")
    another = await service.start_second_factor(person, PASSWORD)
    assert another != secret, "begun again, the first one is gone"


async def test_a_second_factor_in_force_is_not_replaced_unasked(database: None) -> None:
    person = await an_account()
    await service.start_second_factor(person, PASSWORD)
    await db.execute("UPDATE account SET totp_confirmed_at = now()")
    sealed = await db.fetchval("SELECT totp_sealed FROM account")
    await service.start_second_factor(person, PASSWORD)
    assert await db.fetchval("SELECT totp_sealed FROM account") == sealed
    with pytest.raises(AccountError, match="wrong-code"):
        await service.confirm_second_factor(person, "000000")


@pytest.mark.parametrize("act", ["start", "drop"])
async def test_a_second_factor_is_changed_with_the_password_only(act: str, database: None) -> None:
    person = await an_account()
    await service.start_second_factor(person, PASSWORD)
    before = await db.fetchval("SELECT totp_sealed FROM account")
    with pytest.raises(AccountError, match="wrong-password"):
        if act == "start":
            await service.start_second_factor(person, "not it")
        else:
            await service.drop_second_factor(person, "not it")
    assert await db.fetchval("SELECT totp_sealed FROM account") == before


async def test_names_are_found_by_user_names(database: None) -> None:
    await an_account("director", name="陆景行")
    assert await queries.names({"director", "nobody"}) == {"director": "陆景行"}


async def test_sessions_that_ended_by_themselves_are_not_kept(database: None) -> None:
    await signed_in()
    await queries.end_stale_sessions()
    assert await db.fetchval("SELECT count(*) FROM session") == 1
    await db.execute("UPDATE session SET seen_at = seen_at - interval '25 hours'")
    await queries.end_stale_sessions()
    assert await db.fetchval("SELECT count(*) FROM session") == 0
