"""Signing in: what lets in, what locks, and that nothing tells who has an account."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest

from portal.core import clock, db
from portal.features.people import lockout, passwords, second_factor, service, sign_in
from portal.features.people.sign_in import Attempt, Result, Verdict
from portal.web.session import sessions
from tests.factories.people import PASSWORD, an_account

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
WRONG = "not the password"


async def tries(
    username: str = "director", password: str = PASSWORD, code: str = "", halfway: str = ""
) -> Result:
    return await sign_in.sign_in(Attempt(username, password, code, halfway, "test"))


async def trail() -> list[tuple[str, str, str]]:
    rows = await db.fetch(
        "SELECT subject, outcome, detail->>'reason' AS reason FROM audit_entry "
        "WHERE act = 'session:login' ORDER BY lane, seq"
    )
    return [(row["subject"], row["outcome"], row["reason"] or "") for row in rows]


async def with_second_factor(username: str = "director") -> tuple[pyotp.TOTP, list[str]]:
    """An account with a second factor in force; its generator and recovery codes."""
    person = await an_account(username)
    secret = await service.start_second_factor(person, PASSWORD)
    totp = pyotp.TOTP(secret)
    codes = await service.confirm_second_factor(
        person, totp.at(clock.now() - timedelta(seconds=30))
    )
    return totp, codes


# ── passwords ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("username", ["director", " Director ", "DIRECTOR"])
async def test_the_right_password_opens_a_session(username: str, database: None) -> None:
    await an_account()
    result = await tries(username)
    assert result.verdict is Verdict.SIGNED_IN
    found = await sessions().find(result.cookie)
    assert found is not None
    assert found.subject == "director"
    assert await trail() == [("director", "allowed", "")]
    assert await db.fetchval("SELECT last_signed_in_at IS NOT NULL FROM account")


@pytest.mark.parametrize("password", ["", WRONG, PASSWORD + " ", PASSWORD.upper(), "x" * 5000])
async def test_no_other_password_does(password: str, database: None) -> None:
    await an_account()
    assert await tries(password=password) == Result(Verdict.WRONG)
    assert await trail() == [("director", "refused", "wrong-sign-in")]
    assert await db.fetchval("SELECT count(*) FROM session") == 0


# ── nothing tells who has an account ─────────────────────────────────────────────────────────────


async def test_unknown_known_and_disabled_names_are_answered_alike_to_the_last(
    database: None, at: Callable[[datetime], None]
) -> None:
    at(NOON)
    await an_account()
    await an_account("ops1")
    await service.disable("ops1")
    answers: dict[str, list[Any]] = {}
    for username in ("director", "ops1", "nobody"):
        results = [await tries(username, WRONG) for _ in range(9)]
        answers[username] = [
            (
                result.verdict,
                result.halfway,
                result.until and round((result.until - NOON).seconds / 60),
            )
            for result in results
        ]
    assert answers["director"] == answers["ops1"] == answers["nobody"]
    assert answers["nobody"][-1][0] is Verdict.LOCKED


async def test_an_unknown_name_costs_as_much_time(database: None) -> None:
    await an_account()

    async def seconds(username: str) -> float:
        spent = []
        for _ in range(4):
            began = time.perf_counter()
            await tries(username, WRONG)
            spent.append(time.perf_counter() - began)
        return min(spent)

    known, unknown = await seconds("director"), await seconds("nobody")
    assert unknown > known / 3


async def test_what_was_typed_for_a_name_is_kept_nowhere(database: None) -> None:
    """It may be a password in the wrong field."""
    await tries("my-secret-password", WRONG)
    assert await trail() == [("unknown", "refused", "wrong-sign-in")]
    for table in ("audit_entry", "sign_in_failure"):
        rows = await db.fetch(f"SELECT t::text AS row FROM {table} t")
        assert rows
        assert not any("my-secret-password" in row["row"] for row in rows)


@pytest.mark.parametrize(
    "name", ["", "'; DROP TABLE account; --", "x" * 5000, "陆景行", "\u202edirector"]
)
async def test_odd_names_are_wrong_names(name: str, database: None) -> None:
    assert (await tries(name, WRONG)).verdict is Verdict.WRONG


# ── the lock ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_lock_grows_with_each_further_guess_and_opens_by_itself(
    database: None, at: Callable[[datetime], None]
) -> None:
    at(NOON)
    await an_account()
    for _ in range(4):
        assert (await tries(password=WRONG)).verdict is Verdict.WRONG
    moment = NOON
    for minutes in (1, 5, 15, 60, 60):
        result = await tries(password=WRONG)
        assert result.verdict is Verdict.LOCKED
        assert result.until is not None
        assert round((result.until - moment).total_seconds() / 60) == minutes
        assert (await tries()).verdict is Verdict.LOCKED, "not with the right password either"
        moment = result.until + timedelta(seconds=1)
        at(moment)
    assert (await tries()).verdict is Verdict.SIGNED_IN
    for _ in range(4):
        assert (await tries(password=WRONG)).verdict is Verdict.WRONG, (
            "counted from the start again"
        )


async def test_asking_while_it_is_locked_makes_it_no_longer(
    database: None, at: Callable[[datetime], None]
) -> None:
    at(NOON)
    await an_account()
    for _ in range(5):
        await tries(password=WRONG)
    until = await lockout.locked_until("director")
    for _ in range(20):
        assert (await tries(password=WRONG)).verdict is Verdict.LOCKED
    assert await lockout.locked_until("director") == until
    assert (await trail())[-1] == ("director", "refused", "locked")


async def test_one_name_s_lock_is_not_another_s(database: None) -> None:
    await an_account()
    await an_account("ops1")
    for _ in range(6):
        await tries("ops1", WRONG)
    assert (await tries("director")).verdict is Verdict.SIGNED_IN


@pytest.mark.commits
async def test_many_guesses_at_once_win_nothing(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All are let in by the lock before any has failed; a right one that comes after too many is refused."""
    await an_account()
    guesses = [tries(password=f"guess {number}") for number in range(30)] + [tries()]
    inside = asyncio.Barrier(len(guesses))

    async def fits(_stored: str | None, password: str) -> bool:
        await inside.wait()
        if password != PASSWORD:
            return False
        while await lockout.locked_until("director") is None:  # noqa: ASYNC110  the database sets no event
            await asyncio.sleep(0.005)
        return True

    monkeypatch.setattr(passwords, "fits", fits)
    async with asyncio.timeout(60):
        results = await asyncio.gather(*guesses)
    assert results[-1].verdict is Verdict.LOCKED
    assert await db.fetchval("SELECT count(*) FROM session") == 0


async def test_old_failures_are_forgotten(database: None, at: Callable[[datetime], None]) -> None:
    at(NOON)
    await tries("nobody", WRONG)
    at(NOON + timedelta(hours=23))
    await lockout.forget_old()
    assert await db.fetchval("SELECT count(*) FROM sign_in_failure") == 1
    at(NOON + timedelta(hours=25))
    await lockout.forget_old()
    assert await db.fetchval("SELECT count(*) FROM sign_in_failure") == 0


async def test_a_reset_opens_the_lock(database: None) -> None:
    await an_account()
    for _ in range(6):
        await tries(password=WRONG)
    await service.reset("director", "a new word for the gate")
    assert (await tries(password="a new word for the gate")).verdict is Verdict.SIGNED_IN


# ── the second factor ────────────────────────────────────────────────────────────────────────────


async def test_the_password_alone_leads_halfway_only(database: None) -> None:
    totp, _codes = await with_second_factor()
    result = await tries()
    assert result.verdict is Verdict.CODE_NEEDED
    assert result.cookie == ""
    assert await db.fetchval("SELECT count(*) FROM session") == 0
    done = await tries("", "", totp.now(), result.halfway)
    assert done.verdict is Verdict.SIGNED_IN


async def test_password_and_code_in_one_go(database: None) -> None:
    totp, _codes = await with_second_factor()
    assert (await tries(code=totp.now())).verdict is Verdict.SIGNED_IN
    assert (await tries(password=WRONG, code=totp.now())).verdict is Verdict.WRONG


async def test_a_code_is_good_once(database: None, at: Callable[[datetime], None]) -> None:
    at(NOON)
    totp, _codes = await with_second_factor()
    code = totp.at(NOON)
    assert (await tries(code=code)).verdict is Verdict.SIGNED_IN
    assert (await tries(code=code)).verdict is Verdict.WRONG_CODE
    at(NOON + timedelta(seconds=30))
    assert (await tries(code=code)).verdict is Verdict.WRONG_CODE, "nor in the next step"
    assert (await tries(code=totp.at(NOON + timedelta(seconds=30)))).verdict is Verdict.SIGNED_IN
    assert (await tries(code=code)).verdict is Verdict.WRONG_CODE


@pytest.mark.commits
async def test_a_code_is_good_once_for_two_who_use_it_at_once(database: None) -> None:
    totp, codes = await with_second_factor()
    for code in (totp.now(), codes[0]):
        results = await asyncio.gather(*(tries(code=code) for _ in range(4)))
        verdicts = sorted(result.verdict for result in results)
        assert verdicts == ["signed-in", "wrong-code", "wrong-code", "wrong-code"]
        await db.execute("DELETE FROM sign_in_failure")


@pytest.mark.parametrize(
    ("seconds", "verdict"),
    [
        (-90, Verdict.WRONG_CODE),
        (-30, Verdict.SIGNED_IN),
        (0, Verdict.SIGNED_IN),
        (30, Verdict.SIGNED_IN),
        (90, Verdict.WRONG_CODE),
    ],
)
async def test_clocks_may_differ_by_half_a_minute(
    seconds: int, verdict: Verdict, database: None, at: Callable[[datetime], None]
) -> None:
    at(NOON - timedelta(hours=1))
    totp, _codes = await with_second_factor()
    at(NOON)
    result = await tries(code=totp.at(NOON + timedelta(seconds=seconds)))
    assert result.verdict is verdict


@pytest.mark.parametrize(
    "code", ["000000", "12345", "1234567", "", "²²²²²²", "１２３", "x" * 500, "山门山门山门"]
)
async def test_no_other_code_opens(code: str, database: None) -> None:
    totp, _codes = await with_second_factor()
    if code == totp.now():
        return
    result = await tries(code=code)
    assert result.verdict in (Verdict.WRONG_CODE, Verdict.CODE_NEEDED)


async def test_a_code_may_be_typed_full_width_or_with_blanks(database: None) -> None:
    totp, _codes = await with_second_factor()
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in totp.now())
    assert (await tries(code=f" {wide[:3]} {wide[3:]} ")).verdict is Verdict.SIGNED_IN


async def test_wrong_codes_lock_like_wrong_passwords(database: None) -> None:
    await with_second_factor()
    first = await tries()
    verdicts = [(await tries("", "", "000000", first.halfway)).verdict for _ in range(6)]
    assert verdicts == [Verdict.WRONG_CODE] * 4 + [Verdict.LOCKED] * 2


async def test_a_recovery_code_opens_once_however_it_is_typed(database: None) -> None:
    _totp, codes = await with_second_factor()
    assert len(codes) == len(set(codes)) == second_factor.RECOVERY_CODES
    assert (await tries(code=codes[0].upper())).verdict is Verdict.SIGNED_IN
    assert (await tries(code=codes[0])).verdict is Verdict.WRONG_CODE
    assert (await tries(code=codes[1].replace("-", " "))).verdict is Verdict.SIGNED_IN
    stored = await db.fetch("SELECT code_hash::text FROM recovery_code")
    assert not any(codes[2].replace("-", "") in row["code_hash"] for row in stored)


async def test_one_person_s_codes_do_not_open_for_another(database: None) -> None:
    _totp, codes = await with_second_factor("ops1")
    totp, _own = await with_second_factor("director")
    assert (await tries(code=codes[0])).verdict is Verdict.WRONG_CODE
    assert (await tries("ops1", code=totp.now())).verdict is Verdict.WRONG_CODE


# ── halfway ──────────────────────────────────────────────────────────────────────────────────────


async def test_the_halfway_mark_ends_after_five_minutes(
    database: None, at: Callable[[datetime], None]
) -> None:
    at(NOON)
    totp, _codes = await with_second_factor()
    halfway = (await tries()).halfway
    late = NOON + timedelta(minutes=5, seconds=1)
    at(late)
    assert (await tries("", "", totp.at(late), halfway)).verdict is Verdict.WRONG


async def test_a_forged_mark_is_worth_nothing(database: None) -> None:
    totp, _codes = await with_second_factor()
    await with_second_factor("ops1")
    good = (await tries()).halfway
    body, first, second = good.split(".")
    other = (await tries("ops1")).halfway
    for forged in (
        "",
        "x",
        "..",
        f"{body}.{first}",
        f"{body}.{first}.",
        f"{body}.{second}.{first}",
        f"{body}.{first}.{other.split('.')[2]}",
        f"{other.split('.')[0]}.{first}.{second}",
        f"{body}x.{first}.{second}",
        "山.门.山",
    ):
        assert (await tries("director", "", totp.now(), forged)).verdict is Verdict.WRONG, forged
        await db.execute("DELETE FROM sign_in_failure")
    assert (await tries("ops1", "", totp.now(), good)).verdict is Verdict.SIGNED_IN, (
        "the mark's name counts"
    )


async def test_a_mark_made_before_a_reset_opens_nothing_after_it(database: None) -> None:
    """A reset takes the second factor away as well: the old mark must not stand for the new password."""
    totp, _codes = await with_second_factor()
    halfway = (await tries()).halfway
    await service.reset("director", "a new word for the gate")
    for code in ("", totp.now()):
        assert (await tries("", "", code, halfway)).verdict is Verdict.WRONG
    assert await db.fetchval("SELECT count(*) FROM session") == 0


async def test_a_mark_is_no_second_password_once_the_factor_is_off(database: None) -> None:
    await with_second_factor()
    halfway = (await tries()).halfway
    person = await db.fetchval("SELECT person FROM account")
    await service.drop_second_factor(person, PASSWORD)
    assert (await tries("", "", "", halfway)).verdict is Verdict.WRONG


# ── proving it again ─────────────────────────────────────────────────────────────────────────────


async def test_who_proves_it_again_is_counted_like_who_signs_in(database: None) -> None:
    person = await an_account()
    assert await sign_in.confirm(person, PASSWORD)
    for _ in range(5):
        assert not await sign_in.confirm(person, WRONG)
    assert not await sign_in.confirm(person, PASSWORD), "locked"
    assert (await tries()).verdict is Verdict.LOCKED
    assert not await sign_in.confirm(person + 1, PASSWORD)
