"""Passkeys: what signs in, and what does not: replayed, late, from elsewhere, unlocked by nobody, copied."""

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.core import db
from portal.core.settings import settings as of_process
from portal.features.people import passkeys, service, sign_in
from portal.features.people.passkeys import Browser
from portal.features.people.service import AccountError
from portal.features.people.sign_in import Verdict
from portal.web.session import sessions
from tests.authenticator import Authenticator
from tests.factories.people import PASSWORD, an_account

pytestmark = pytest.mark.charter("PO-1")

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HERE, ELSEWHERE = Browser("this browser", "test"), Browser("another browser", "test")


async def a_passkey(person: int, device: Authenticator | None = None) -> Authenticator:
    made = device or Authenticator()
    options = json.loads(await passkeys.ask_for_new(person, HERE, "云岫山景区"))
    await passkeys.register(person, "blue phone", made.make(options), HERE)
    return made


async def signs_in(device: Authenticator, browser: Browser = HERE) -> sign_in.Result:
    options = json.loads(await passkeys.ask_for_sign_in(browser))
    return await passkeys.signs_in(device.sign(options), browser)


async def refusals() -> list[tuple[str, str]]:
    rows = await db.fetch(
        "SELECT subject, detail->>'reason' AS reason FROM audit_entry WHERE outcome = 'refused' "
        "AND act = 'session:login' AND detail->>'means' = 'passkey' ORDER BY lane, seq"
    )
    return [(row["subject"], row["reason"]) for row in rows]


async def test_a_passkey_alone_signs_in(database: None) -> None:
    device = await a_passkey(await an_account())
    result = await signs_in(device)
    assert result.verdict is Verdict.SIGNED_IN
    found = await sessions().find(result.cookie)
    assert found is not None
    assert (found.subject, found.second_factor) == ("director", True)
    entry = await db.fetchrow(
        "SELECT subject, detail->>'means' AS means FROM audit_entry WHERE act = 'session:login'"
    )
    assert tuple(entry) == ("director", "passkey")
    assert await db.fetchval("SELECT count(*) FROM passkey_challenge") == 0
    assert (await signs_in(device)).verdict is Verdict.SIGNED_IN
    assert await db.fetchval("SELECT sign_count FROM passkey") == 2


async def test_the_device_is_asked_for_a_key_that_somebody_unlocks(database: None) -> None:
    person = await an_account()
    options = json.loads(await passkeys.ask_for_new(person, HERE, "云岫山景区"))
    assert options["rp"] == {"name": "云岫山景区", "id": "localhost"}
    assert options["user"]["name"] == "director"
    chosen = options["authenticatorSelection"]
    assert (chosen["residentKey"], chosen["userVerification"]) == ("required", "required")
    asked = json.loads(await passkeys.ask_for_sign_in(HERE))
    assert asked["userVerification"] == "required"
    assert not asked.get("allowCredentials"), "which account it is for, nobody is told"


async def test_the_same_answer_opens_nothing_a_second_time(database: None) -> None:
    device = await a_passkey(await an_account())
    options = json.loads(await passkeys.ask_for_sign_in(HERE))
    answer = device.sign(options)
    assert (await passkeys.signs_in(answer, HERE)).verdict is Verdict.SIGNED_IN
    assert (await passkeys.signs_in(answer, HERE)).verdict is Verdict.WRONG_PASSKEY
    assert await refusals() == [("director", "passkey-late")]
    assert await db.fetchval("SELECT count(*) FROM session") == 1


async def test_a_challenge_is_gone_however_it_was_used(database: None) -> None:
    device = await a_passkey(await an_account())
    options = json.loads(await passkeys.ask_for_sign_in(HERE))
    stranger = dataclasses.replace(device, origin="https://evil.example")
    assert (await passkeys.signs_in(stranger.sign(options), HERE)).verdict is Verdict.WRONG_PASSKEY
    assert (await passkeys.signs_in(device.sign(options), HERE)).verdict is Verdict.WRONG_PASSKEY


async def test_a_challenge_ends_after_five_minutes(
    database: None, at: Callable[[datetime], None]
) -> None:
    at(NOON)
    device = await a_passkey(await an_account())
    options = json.loads(await passkeys.ask_for_sign_in(HERE))
    at(NOON + timedelta(minutes=5, seconds=1))
    assert (await passkeys.signs_in(device.sign(options), HERE)).verdict is Verdict.WRONG_PASSKEY
    await passkeys.ask_for_sign_in(HERE)
    at(NOON + timedelta(minutes=11))
    await passkeys.forget_old_challenges()
    assert await db.fetchval("SELECT count(*) FROM passkey_challenge") == 0


async def test_a_challenge_of_another_browser_or_purpose_is_none(database: None) -> None:
    person = await an_account()
    device = await a_passkey(person)
    options = json.loads(await passkeys.ask_for_sign_in(ELSEWHERE))
    assert (await passkeys.signs_in(device.sign(options), HERE)).verdict is Verdict.WRONG_PASSKEY
    for_new = json.loads(await passkeys.ask_for_new(person, HERE, "x"))
    assert (await passkeys.signs_in(device.sign(for_new), HERE)).verdict is Verdict.WRONG_PASSKEY
    other = await an_account("ops1")
    for_other = json.loads(await passkeys.ask_for_new(other, HERE, "x"))
    with pytest.raises(AccountError, match="passkey-late"):
        await passkeys.register(person, "mine", Authenticator().make(for_other), HERE)


@pytest.mark.parametrize(
    "changed",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://localhost:8001"},
        {"host": "evil.example"},
        {"verified": False},
        {"handle": b"somebody else"},
    ],
    ids=["site", "port", "host", "unlocked", "account"],
)
async def test_an_answer_that_is_not_as_it_should_be_opens_nothing(
    changed: dict[str, Any], database: None
) -> None:
    device = await a_passkey(await an_account())
    assert (await signs_in(dataclasses.replace(device, **changed))).verdict is Verdict.WRONG_PASSKEY
    assert await db.fetchval("SELECT count(*) FROM session") == 0
    assert (await signs_in(device)).verdict is Verdict.SIGNED_IN, "the control"


async def test_a_key_that_nobody_registered_is_unknown(database: None) -> None:
    device = await a_passkey(await an_account())
    stranger = Authenticator(handle=device.handle)
    assert (await signs_in(stranger)).verdict is Verdict.WRONG_PASSKEY
    forger = dataclasses.replace(stranger, id=device.id)
    assert (await signs_in(forger)).verdict is Verdict.WRONG_PASSKEY
    assert await refusals() == [("unknown", "wrong-passkey"), ("director", "wrong-passkey")]
    assert await db.fetchval("SELECT suspected_at IS NULL FROM passkey"), "a forger casts no doubt"


async def test_a_copy_is_found_by_its_counter_and_neither_opens_anything_then(
    database: None,
) -> None:
    device = await a_passkey(await an_account())
    copy = dataclasses.replace(device)
    assert (await signs_in(device)).verdict is Verdict.SIGNED_IN
    assert (await signs_in(device)).verdict is Verdict.SIGNED_IN
    assert (await signs_in(copy)).verdict is Verdict.COPIED
    assert (await signs_in(device)).verdict is Verdict.COPIED
    assert await refusals() == [("director", "passkey-copied")] * 2
    assert await db.fetchval("SELECT suspected_at IS NOT NULL FROM passkey")


async def test_a_passkey_without_a_counter_is_none_the_worse(database: None) -> None:
    """Those that a cloud keeps always say 0."""
    device = await a_passkey(await an_account(), Authenticator(counts=False))
    for _ in range(3):
        assert (await signs_in(device)).verdict is Verdict.SIGNED_IN


async def test_a_disabled_account_is_not_opened_by_its_passkey(database: None) -> None:
    device = await a_passkey(await an_account())
    await service.disable("director")
    assert (await signs_in(device)).verdict is Verdict.WRONG_PASSKEY


async def test_a_lock_keeps_guessers_out_and_not_who_holds_the_passkey(database: None) -> None:
    device = await a_passkey(await an_account())
    for _ in range(6):
        await sign_in.sign_in(sign_in.Attempt("director", "wrong", "", "", "test"))
    assert (await signs_in(device)).verdict is Verdict.SIGNED_IN


async def test_with_a_passkey_the_password_alone_opens_nothing(database: None) -> None:
    person = await an_account()
    options = json.loads(await passkeys.ask_for_new(person, HERE, "x"))
    codes = await passkeys.register(person, "phone", Authenticator().make(options), HERE)
    assert len(codes) == 10
    attempt = sign_in.Attempt("director", PASSWORD, "", "", "test")
    halfway = await sign_in.sign_in(attempt)
    assert halfway.verdict is Verdict.CODE_NEEDED
    guess = dataclasses.replace(attempt, password="", halfway=halfway.halfway, code="000000")
    assert (await sign_in.sign_in(guess)).verdict is Verdict.WRONG_CODE
    recovered = await sign_in.sign_in(dataclasses.replace(guess, code=codes[0]))
    assert recovered.verdict is Verdict.SIGNED_IN
    second = json.loads(await passkeys.ask_for_new(person, HERE, "x"))
    assert not await passkeys.register(person, "key", Authenticator().make(second), HERE), (
        "the codes one has stay good"
    )


async def test_a_pending_authenticator_is_no_second_factor_beside_a_passkey(
    database: None,
) -> None:
    """Its secret was shown and never confirmed: its codes must not open."""
    import pyotp  # noqa: PLC0415

    person = await an_account()
    await a_passkey(person)
    secret = await service.start_second_factor(person, PASSWORD)
    attempt = sign_in.Attempt("director", PASSWORD, pyotp.TOTP(secret).now(), "", "test")
    assert (await sign_in.sign_in(attempt)).verdict is Verdict.WRONG_CODE


async def test_a_removed_passkey_opens_nothing_and_the_codes_go_with_the_last(
    database: None,
) -> None:
    person, other = await an_account(), await an_account("ops1")
    device = await a_passkey(person)
    key = await db.fetchval("SELECT id FROM passkey")
    await passkeys.remove(other, key)
    assert (await signs_in(device)).verdict is Verdict.SIGNED_IN, "somebody else's is not found"
    await passkeys.remove(person, key)
    assert (await signs_in(device)).verdict is Verdict.WRONG_PASSKEY
    assert await db.fetchval("SELECT count(*) FROM recovery_code") == 0


async def test_one_key_belongs_to_one_account_and_ten_are_the_most(database: None) -> None:
    person, other = await an_account(), await an_account("ops1")
    device = await a_passkey(person)
    with pytest.raises(AccountError, match="passkey-known"):
        await a_passkey(other, device)
    for _ in range(passkeys.MOST - 1):
        await a_passkey(person)
    with pytest.raises(AccountError, match="passkeys-enough"):
        await a_passkey(person)


@pytest.mark.parametrize(
    ("base_url", "host", "origin"),
    [
        ("https://tickets.example.com", "tickets.example.com", "https://tickets.example.com"),
        (
            "https://tickets.example.com:8443/",
            "tickets.example.com",
            "https://tickets.example.com:8443",
        ),
        ("http://127.0.0.1:8000", "localhost", "http://localhost:8000"),
        ("http://[::1]:8000", "localhost", "http://localhost:8000"),
        ("http://localhost:8000", "localhost", "http://localhost:8000"),
    ],
)
def test_the_party_is_where_the_portal_is_reached(
    base_url: str, host: str, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTAL_BASE_URL", base_url)
    of_process.cache_clear()
    assert passkeys.party() == passkeys.Party(host, origin)


@pytest.mark.parametrize(
    "base_url", ["http://tickets.example.com", "https://10.0.0.5", "http://10.0.0.5:8000"]
)
def test_where_no_browser_would_make_one_none_is_offered(
    base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTAL_BASE_URL", base_url)
    of_process.cache_clear()
    assert passkeys.party() is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "id",
                        "rawId",
                        "type",
                        "response",
                        "clientDataJSON",
                        "authenticatorData",
                        "signature",
                        "userHandle",
                        "attestationObject",
                    ]
                ),
                inner,
                max_size=6,
            )
        ),
        max_leaves=12,
    )
)
@settings(max_examples=150, deadline=None)
def test_nonsense_is_refused_and_never_an_error_of_ours(said: Any) -> None:
    for answer in (json.dumps(said), str(said)):
        for new in (True, False):
            assert isinstance(passkeys._challenge_of(answer, new=new), bytes)
        assert passkeys._verified_new(answer, bytes(32)) is None
        assert passkeys._verified_count(answer, bytes(32), {"public_key": b""}) is None
