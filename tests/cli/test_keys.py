"""New keys (RK-6, BK-6): what was sealed and signed before stays readable, what comes after has the new ones."""

import json
import os
import stat
from collections.abc import Iterator
from datetime import time
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from portal.cli.keys import put_new_keys, wrap_anew
from portal.core import db
from portal.core.crypto import Vault, vault
from portal.core.keyring import KeyFileError, Keyring, keyring, load, rotate
from portal.core.settings import settings
from portal.core.signing import BadSignature, public_keys, read_ticket
from portal.features.booking import privacy, queries
from portal.features.booking.tickets import qr_text
from tests.cli.test_commands import Command, command  # noqa: F401  the fixture
from tests.factories.booking import PHONE, a_visitor, an_order, the_order
from tests.factories.catalogue import a_product, a_slot
from tests.features.booking.acts import book, day_after

pytestmark = pytest.mark.charter("RK-6")


@pytest.fixture
def key_file(
    fresh_process: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A key file of this test's own, that the process has read."""
    path = tmp_path / "keys.json"
    monkeypatch.setenv("PORTAL_KEY_FILE", str(path))
    for kept in (settings, keyring, vault):
        kept.cache_clear()
    keyring()
    yield path
    monkeypatch.undo()
    for kept in (settings, keyring, vault):
        kept.cache_clear()


def only(path: Path, wrapping: str) -> Keyring:
    """A key file from which all other wrapping keys were taken away."""
    stored = json.loads(path.read_text())
    stored["wrapping"] = [entry for entry in stored["wrapping"] if entry["id"] == wrapping]
    poor = path.with_name("poor.json")
    poor.write_text(json.dumps(stored))
    return load(poor)


async def wrapped_with() -> set[str]:
    rows = await db.fetch("SELECT wrapping_key FROM data_key")
    return {row["wrapping_key"] for row in rows}


async def test_what_was_sealed_before_opens_and_what_comes_after_has_the_new_key(
    key_file: Path, database: None
) -> None:
    product = await a_product()
    before = await an_order(await a_slot(product))
    plain, link = await privacy.plain(before.code), before.key
    said = await put_new_keys(rewrap=True)
    assert said == (
        "wrapping key w2 and ticket key 2 were added and are in use; 1 data keys were wrapped with w2"
    )
    assert await wrapped_with() == {"w2"}
    vault.cache_clear()  # as another process
    assert await privacy.plain(before.code) == plain
    assert plain["phone"] == PHONE
    assert (await the_order(before.code)).key == link  # links and indexes are as before
    assert await queries.code_for_phone(before.code, PHONE)
    noon = await a_slot(product, starts=time(12))
    again = await book(noon, [a_visitor(1)], phone="13900139000")
    assert again.kind == "duplicate-document"

    later = await an_order(await a_slot(product, day=day_after(3)))
    assert await wrapped_with() == {"w2"}
    assert (await privacy.plain(later.code))["phone"] == PHONE


async def test_the_old_key_opens_nothing_any_more_and_the_new_one_everything(
    key_file: Path, database: None
) -> None:
    """So that a key that leaked is worth nothing together with a later copy of the database."""
    order = await an_order()
    old = AESGCM(keyring().wrapping["w1"])
    await put_new_keys(rewrap=True)
    wrapped = await db.fetchval("SELECT wrapped FROM data_key")
    with pytest.raises(InvalidTag):
        old.decrypt(wrapped[:12], wrapped[12:], b"data-key")
    day = order.visit_day.isoformat()
    stranger = Vault(only(key_file, "w2"))
    assert await stranger.key("visitor", day)
    sealed = await db.fetchval("SELECT phone_sealed FROM booking_order")
    assert await stranger.open(sealed, f"order.phone:{order.code}") == PHONE


@pytest.mark.charter("BK-6")
async def test_tickets_of_both_keys_are_read(key_file: Path, database: None) -> None:
    order = await an_order()
    old = qr_text(order, order.tickets[0])
    rotate(key_file)
    with pytest.raises(BadSignature):
        read_ticket({2: public_keys(load(key_file))[2]}, old)
    keyring.cache_clear()
    new = qr_text(order, order.tickets[0])
    assert new != old
    for text in (old, new):
        assert read_ticket(public_keys(keyring()), text)
    with pytest.raises(BadSignature):
        read_ticket({1: public_keys(keyring())[1]}, new)


async def test_a_process_that_was_not_told_reads_the_file_when_it_meets_a_new_key(
    key_file: Path, database: None
) -> None:
    order = await an_order()
    unaware = Vault(keyring())
    await put_new_keys(rewrap=True)
    assert unaware.keyring.wrapping_active == "w1"
    assert await unaware.key("visitor", order.visit_day.isoformat())
    assert unaware.keyring.wrapping_active == "w2"


async def test_a_process_that_is_told_uses_the_new_keys(
    key_file: Path,
    database: None,
) -> None:
    told = vault()
    rotate(key_file)
    assert keyring().wrapping_active == "w1"
    await told.heard("")
    assert (told.keyring.wrapping_active, keyring().ticket_active) == ("w2", 2)
    key_file.write_text("{}")  # noqa: ASYNC240
    with pytest.raises(KeyFileError):
        await told.heard("")
    assert keyring().wrapping_active == "w2"  # what is known stays


async def test_wrapping_again_changes_nothing_and_an_interrupted_rotation_is_made_whole(
    key_file: Path, database: None
) -> None:
    await an_order()
    said = await put_new_keys(rewrap=False)
    assert said.endswith("used after a restart, or from `portal keys rewrap` on")
    assert await wrapped_with() == {"w1"}
    assert await wrap_anew() == (1, "w2")
    assert await wrap_anew() == (0, "w2")
    entries = await db.fetch("SELECT detail::text FROM audit_entry WHERE act = 'keys:rotate'")
    assert [json.loads(row["detail"]) for row in entries] == [
        {"wrapping": "w2", "ticket": 2},
        {"rewrapped": 1},
    ]


async def test_a_destroyed_key_stays_destroyed(key_file: Path, database: None) -> None:
    order = await an_order()
    await vault().destroy("visitor", order.visit_day.isoformat())
    assert await put_new_keys(rewrap=True)
    assert await db.fetchval("SELECT wrapped FROM data_key") is None


def test_the_file_stays_its_owner_s_alone_and_its_secrets_stay(key_file: Path) -> None:
    before = keyring()
    rotate(key_file)
    after = load(key_file)
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert os.listdir(key_file.parent) == ["keys.json"]  # noqa: PTH208
    assert (after.index, after.token) == (before.index, before.token)
    assert after.wrapping["w1"] == before.wrapping["w1"]
    assert set(after.ticket) == {1, 2}


def test_a_code_has_room_for_so_many_ticket_keys(key_file: Path) -> None:
    stored = json.loads(key_file.read_text())
    stored["ticket"][0]["id"] = 255
    key_file.write_text(json.dumps(stored))
    with pytest.raises(KeyFileError, match="255 ticket keys"):
        rotate(key_file)
    assert json.loads(key_file.read_text()) == stored


def test_the_command_says_what_it_did_and_prints_no_key(
    command: Command,  # noqa: F811
    tmp_path: Path,
) -> None:
    assert command("migrate").returncode == 0
    listed = command("keys", "list")
    assert listed.stdout == "wrapping key w1: 0 data keys, in use\nticket key 1, in use\n"
    rotated = command("keys", "rotate")
    assert rotated.returncode == 0, rotated.stderr
    assert rotated.stdout.endswith("are in use; 0 data keys were wrapped with w2\n")
    assert "wrapping key w2: 0 data keys, in use" in command("keys", "list").stdout
    assert command("keys", "rewrap").stdout == "0 data keys were wrapped with w2\n"
    assert command("audit", "verify").returncode == 0
    helped = command("keys", "rotate", "--help")
    assert "Several machines" in helped.stdout
    stored = json.loads((tmp_path / "keys.json").read_text())
    secrets = [entry["key"] for entry in stored["wrapping"] + stored["ticket"]]
    everything = listed.stdout + rotated.stdout + rotated.stderr + helped.stdout
    assert not [secret for secret in secrets if secret in everything]
    (tmp_path / "keys.json").write_text("broken")
    failed = command("keys", "rotate")
    assert (failed.returncode, failed.stderr.count("\n")) == (2, 1)
