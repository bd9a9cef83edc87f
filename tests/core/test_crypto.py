"""Encryption at rest (RK-6): what is sealed opens in its place with its key, and in no other way."""

import asyncio
import secrets
from dataclasses import replace

import pytest

from portal.core import crypto, db
from portal.core.crypto import AES, SM4_GCM, DataKey, Sm4Gcm, Unreadable, Vault, sealer
from portal.core.keyring import Keyring, keyring
from portal.core.notify import Notices
from tests.waiting import until

pytestmark = pytest.mark.charter("RK-6")

SUITES = pytest.mark.parametrize("suite", [AES, SM4_GCM])
PLAIN = "110101199001011237"
CONTEXT = "ticket.id:A:0"


def a_key(suite: str = AES, key_id: int = 7) -> DataKey:
    return DataKey(key_id, sealer(suite, secrets.token_bytes(crypto._KEY_BYTES[suite])))


# ── sealing ──────────────────────────────────────────────────────────────────────────────────────


@SUITES
@pytest.mark.parametrize("plain", ["", "a", PLAIN, "欧阳·阿依古丽", "x" * 10_000])
def test_what_is_sealed_opens_again(suite: str, plain: str) -> None:
    key = a_key(suite)
    assert key.open(key.seal(plain, CONTEXT), CONTEXT) == plain


@SUITES
def test_a_sealed_value_tells_its_key_and_nothing_of_its_content(suite: str) -> None:
    key = a_key(suite)
    sealed = key.seal(PLAIN, CONTEXT)
    assert sealed[:5] == b"\x01\x00\x00\x00\x07"
    assert len(sealed) == 1 + 4 + 12 + len(PLAIN) + 16
    assert PLAIN.encode() not in sealed
    assert sealed != key.seal(PLAIN, CONTEXT), "equal values must not be seen to be equal"


@SUITES
def test_a_value_that_was_altered_anywhere_does_not_open(suite: str) -> None:
    key = a_key(suite)
    sealed = key.seal(PLAIN, CONTEXT)
    for place in [0, *range(5, len(sealed))]:  # 1 to 4 name the key: another key, below
        for bit in range(8):
            altered = bytearray(sealed)
            altered[place] ^= 1 << bit
            with pytest.raises(Unreadable):
                key.open(bytes(altered), CONTEXT)


@SUITES
def test_a_value_that_was_cut_or_lengthened_does_not_open(suite: str) -> None:
    key = a_key(suite)
    sealed = key.seal(PLAIN, CONTEXT)
    for length in range(len(sealed)):
        with pytest.raises(Unreadable):
            key.open(sealed[:length], CONTEXT)
    with pytest.raises(Unreadable):
        key.open(sealed + b"\x00", CONTEXT)


@SUITES
@pytest.mark.parametrize("moved", ["ticket.id:A:1", "ticket.id:B:0", "ticket.name:A:0", ""])
def test_a_value_moved_to_another_place_does_not_open(suite: str, moved: str) -> None:
    key = a_key(suite)
    with pytest.raises(Unreadable):
        key.open(key.seal(PLAIN, CONTEXT), moved)


@SUITES
def test_without_the_context_it_would(suite: str) -> None:
    """The control: what ties a value to its place is the context given when sealing."""
    key = a_key(suite)
    assert key.open(key.seal(PLAIN, ""), "") == PLAIN


@SUITES
def test_another_key_does_not_open_it(suite: str) -> None:
    with pytest.raises(Unreadable):
        a_key(suite).open(a_key(suite).seal(PLAIN, CONTEXT), CONTEXT)


def test_sm4_is_the_standard_s(  # GB/T 32907 through GCM, RFC 8998 appendix A.1
) -> None:
    key = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    nonce = bytes.fromhex("00001234567800000000ABCD")
    associated = bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2")
    plain = bytes.fromhex(
        "AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBBCCCCCCCCCCCCCCCCDDDDDDDDDDDDDDDD"
        "EEEEEEEEEEEEEEEEFFFFFFFFFFFFFFFFEEEEEEEEEEEEEEEEAAAAAAAAAAAAAAAA"
    )
    expected = bytes.fromhex(
        "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735"
        "D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D"
        "83DE3541E4C2B58177E065A9BF7B62EC"
    )
    assert Sm4Gcm(key).encrypt(nonce, plain, associated) == expected
    assert Sm4Gcm(key).decrypt(nonce, expected, associated) == plain


# ── data keys ────────────────────────────────────────────────────────────────────────────────────


@SUITES
async def test_a_vault_makes_a_key_once_and_finds_it_again(suite: str, database: None) -> None:
    vault = Vault(keyring(), suite)
    assert vault.cached("visitor", "2026-11-24") is None
    key = await vault.key("visitor", "2026-11-24")
    assert vault.cached("visitor", "2026-11-24") is key
    assert await vault.key("visitor", "2026-11-24") is key
    sealed = key.seal(PLAIN, CONTEXT)
    assert await vault.open(sealed, CONTEXT) == PLAIN
    other_process = Vault(keyring(), AES)
    assert await other_process.open(sealed, CONTEXT) == PLAIN
    assert (await other_process.key("visitor", "2026-11-24")).id == key.id
    assert (await other_process.key("visitor", "2026-11-25")).id != key.id
    row = await db.fetchrow("SELECT * FROM data_key WHERE id = $1", key.id)
    assert row["suite"] == suite


@pytest.mark.commits
async def test_processes_that_need_a_key_at_once_agree_on_one(database: None) -> None:
    vaults = [Vault(keyring()) for _ in range(8)]
    keys = await asyncio.gather(*(vault.key("visitor", "2026-11-24") for vault in vaults))
    assert len({key.id for key in keys}) == 1
    sealed = keys[0].seal(PLAIN, CONTEXT)
    assert {key.open(sealed, CONTEXT) for key in keys} == {PLAIN}


@pytest.mark.commits
async def test_without_the_unique_index_they_would_not(database: None) -> None:
    """The control: each would seal with a key of its own."""
    await db.execute("DROP INDEX data_key_in_use")
    try:
        for _ in range(2):
            await db.execute(
                "INSERT INTO data_key (purpose, period, suite, wrapping_key, wrapped) "
                "VALUES ('visitor', '2026-11-24', 'aes-256-gcm', 'w1', '')"
            )
        assert await db.fetchval("SELECT count(*) FROM data_key") == 2
    finally:
        await db.execute("DELETE FROM data_key")
        await db.execute(
            "CREATE UNIQUE INDEX data_key_in_use ON data_key (purpose, period) WHERE destroyed_at IS NULL"
        )


async def test_a_destroyed_key_opens_nothing_any_more(database: None) -> None:
    vault = Vault(keyring())
    sealed = (await vault.key("visitor", "2026-11-24")).seal(PLAIN, CONTEXT)
    kept = (await vault.key("visitor", "2026-11-25")).seal(PLAIN, CONTEXT)
    assert await vault.destroy("visitor", "2026-11-24") is True
    assert await vault.destroy("visitor", "2026-11-24") is False
    with pytest.raises(Unreadable, match="destroyed"):
        await vault.open(sealed, CONTEXT)
    with pytest.raises(Unreadable):
        await Vault(keyring()).open(sealed, CONTEXT)
    assert await vault.open(kept, CONTEXT) == PLAIN
    row = await db.fetchrow("SELECT * FROM data_key WHERE destroyed_at IS NOT NULL")
    assert row["wrapped"] is None
    fresh = await vault.key("visitor", "2026-11-24")
    assert fresh.id != row["id"], "new data of that day is sealed with a new key"


@pytest.mark.commits
async def test_other_processes_forget_a_destroyed_key(database: None) -> None:
    here, there = Vault(keyring()), Vault(keyring())
    notices = Notices()
    notices.on(crypto.CHANNEL, there.heard)
    await notices.start()
    try:
        sealed = (await there.key("visitor", "2026-11-24")).seal(PLAIN, CONTEXT)
        await here.destroy("visitor", "2026-11-24")
        await until(lambda: there.cached("visitor", "2026-11-24") is None)
        with pytest.raises(Unreadable):
            await there.open(sealed, CONTEXT)
    finally:
        await notices.stop()


async def test_the_database_keeps_no_key_in_plain(database: None) -> None:
    vault = Vault(keyring())
    key = await vault.key("visitor", "2026-11-24")
    row = await db.fetchrow("SELECT * FROM data_key")
    raw = vault._raw(row)
    assert len(raw) == 32
    assert raw not in row["wrapped"]
    assert "sealer" not in repr(key)


async def test_a_key_file_of_another_portal_opens_nothing(database: None) -> None:
    sealed = (await Vault(keyring()).key("visitor", "1")).seal(PLAIN, CONTEXT)
    stranger = replace(keyring(), wrapping={keyring().wrapping_active: secrets.token_bytes(32)})
    with pytest.raises(Unreadable, match="does not open with this key file"):
        await Vault(stranger).open(sealed, CONTEXT)
    await db.execute("UPDATE data_key SET wrapping_key = 'w9'")
    with pytest.raises(Unreadable, match="no wrapping key"):
        await Vault(keyring()).open(sealed, CONTEXT)


async def test_a_value_of_an_unknown_key_does_not_open(database: None) -> None:
    with pytest.raises(Unreadable):
        await Vault(keyring()).open(b"\x01\x7f\xff\xff\xff" + bytes(40), CONTEXT)
    with pytest.raises(Unreadable):
        await Vault(keyring()).open(b"", CONTEXT)


# ── rotation ─────────────────────────────────────────────────────────────────────────────────────


def rotated(old: Keyring) -> Keyring:
    wrapping = dict(old.wrapping) | {"w2": secrets.token_bytes(32)}
    return replace(old, wrapping=wrapping, wrapping_active="w2")


async def test_after_rewrapping_the_old_key_is_not_needed(database: None) -> None:
    old = keyring()
    sealed = (await Vault(old).key("visitor", "1")).seal(PLAIN, CONTEXT)
    await Vault(old).key("visitor", "2")
    await Vault(old).key("visitor", "3")
    await Vault(old).destroy("visitor", "3")
    new = rotated(old)
    assert await Vault(new).open(sealed, CONTEXT) == PLAIN, "readable before, too"
    assert await Vault(new).rewrap() == 2
    assert await Vault(new).rewrap() == 0
    alone = replace(new, wrapping={"w2": new.wrapping["w2"]})
    assert await Vault(alone).open(sealed, CONTEXT) == PLAIN
    with pytest.raises(Unreadable):
        await Vault(old).open(sealed, CONTEXT)


async def test_a_rewrapping_that_meets_a_bad_key_changes_nothing(database: None) -> None:
    await Vault(keyring()).key("visitor", "1")
    await db.execute(
        "INSERT INTO data_key (purpose, period, suite, wrapping_key, wrapped) "
        "VALUES ('visitor', '2', 'aes-256-gcm', 'w1', 'spoilt spoilt spoilt spoilt')"
    )
    before = await db.fetch("SELECT id, wrapped FROM data_key ORDER BY id")
    with pytest.raises(Unreadable):
        await Vault(rotated(keyring())).rewrap()
    assert await db.fetch("SELECT id, wrapped FROM data_key ORDER BY id") == before


# ── blind index ──────────────────────────────────────────────────────────────────────────────────


def test_equal_values_have_equal_indexes_within_a_kind() -> None:
    index = crypto.blind_index("document", PLAIN)
    assert index == crypto.blind_index("document", PLAIN)
    assert len(index) == 16
    assert index != crypto.blind_index("phone", PLAIN)
    assert index != crypto.blind_index("document", PLAIN[:-1] + "X")


def test_an_index_cannot_be_worked_out_without_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    index = crypto.blind_index("document", PLAIN)
    other = replace(keyring(), index=secrets.token_bytes(32))
    monkeypatch.setattr(crypto, "keyring", lambda: other)
    assert crypto.blind_index("document", PLAIN) != index
