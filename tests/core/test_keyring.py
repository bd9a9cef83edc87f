"""The key file: made once, for its owner alone, whole or not at all."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from portal.core import keyring
from portal.core.keyring import KeyFileError

pytestmark = pytest.mark.charter("RK-6")


def test_a_new_key_file_is_its_owner_s_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "down" / "keys.json"
    made = keyring.load_or_create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["keys.json"]
    again = keyring.load_or_create(path)
    assert (again.wrapping, again.index, again.token) == (made.wrapping, made.index, made.token)
    assert len({made.index, made.token, *made.wrapping.values()}) == 3


def test_every_portal_has_keys_of_its_own(tmp_path: Path) -> None:
    first, second = (keyring.load_or_create(tmp_path / name) for name in ("a.json", "b.json"))
    assert first.index != second.index
    assert first.wrapping != second.wrapping


def test_processes_that_create_it_at_once_have_the_same_keys(tmp_path: Path) -> None:
    """Threads here; what decides is the file system, which does not tell the two apart."""
    for turn in range(20):
        path, ready = tmp_path / f"{turn}.json", Barrier(4)

        def create(path: Path = path, ready: Barrier = ready) -> bytes:
            ready.wait()
            return keyring.load_or_create(path).index

        with ThreadPoolExecutor(4) as pool:
            keys = {made.result() for made in [pool.submit(create) for _ in range(4)]}
        assert keys == {keyring.load(path).index}
    assert len(list(tmp_path.iterdir())) == 20, "nothing half written stays"


def test_rotation_adds_a_key_and_keeps_the_others(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    before = keyring.load_or_create(path)
    assert keyring.add_wrapping_key(path) == "w2"
    assert keyring.add_wrapping_key(path) == "w3"
    after = keyring.load(path)
    assert after.wrapping_active == "w3"
    assert after.wrapping["w1"] == before.wrapping["w1"]
    assert (after.index, after.token, after.ticket_active) == (before.index, before.token, 1)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def _spoil(path: Path, change: Any) -> None:
    stored = json.loads(path.read_text())
    change(stored)
    path.write_text(json.dumps(stored))


DAMAGES: dict[str, Any] = {
    "no index key": lambda stored: stored.pop("index"),
    "no wrapping key": lambda stored: stored.update(wrapping=[]),
    "a wrapping key without its octets": lambda stored: stored.update(wrapping=[{"id": "w1"}]),
    "a ticket key with a name": lambda stored: stored.update(
        ticket=[{"id": "one", "key": stored["index"]}]
    ),
    "a short key": lambda stored: stored.update(token="c2hvcnQ="),
    "a key that is no base64": lambda stored: stored.update(token="not base64!"),
    "another format": lambda stored: stored.update(format=2),
    "nothing": lambda stored: stored.clear(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_told_in_one_line_that_shows_no_key(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "keys.json"
    made = keyring.load_or_create(path)
    _spoil(path, DAMAGES[damage])
    with pytest.raises(KeyFileError) as caught:
        keyring.load(path)
    told = str(caught.value)
    assert str(path) in told
    assert "\n" not in told
    assert keyring._encode(made.index) not in told


@pytest.mark.parametrize("text", ["", "not json", "[]", '"text"', "\x00"])
def test_what_is_no_key_file_is_not_taken_for_one(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(KeyFileError):
        keyring.load_or_create(path)
    assert path.read_text() == text, "and never written over"


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="cannot read"):
        keyring.load_or_create(tmp_path)
