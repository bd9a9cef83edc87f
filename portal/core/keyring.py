"""The key file: every secret the portal keeps outside its database.

Wrapping keys (key-encryption keys) wrap the data keys in the database; index keys make blind indexes;
signing keys sign tickets; the token key authenticates links, CSRF tokens and cookies. Rotation adds a
key and leaves the old ones for reading. The file is made 0600 at the first start and is worth as
much as the data: a backup without it cannot be read.
"""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from portal.core.settings import settings

FORMAT: Final = 1
LAST_TICKET_KEY: Final = 255  # a ticket's code names its key in one octet
KEY_BYTES: Final = 32  # of every kind of key in the file


class KeyFileError(Exception):
    """One line: what is wrong with the key file."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """Keys by id; the ``*_active`` one is used for new work, the others only to read."""

    wrapping: Mapping[str, bytes]
    wrapping_active: str
    index: bytes
    token: bytes
    ticket: Mapping[int, Ed25519PrivateKey]
    ticket_active: int


def load_or_create(path: Path) -> Keyring:
    """Read the key file, making it first if there is none."""
    if not path.exists():
        _write(path, _fresh(), exclusive=True)
    return load(path)


def load(path: Path) -> Keyring:
    try:
        stored = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise KeyFileError(f"{path}: cannot read the key file ({error})") from None
    if not isinstance(stored, dict) or stored.get("format") != FORMAT:
        raise KeyFileError(f"{path}: this is no key file of this program")
    try:
        return _keyring(stored)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise KeyFileError(f"{path}: the key file is damaged ({error!r})") from None


def _keyring(stored: Mapping[str, Any]) -> Keyring:
    return Keyring(
        wrapping={entry["id"]: _decode(entry["key"]) for entry in stored["wrapping"]},
        wrapping_active=stored["wrapping"][-1]["id"],
        index=_decode(stored["index"]),
        token=_decode(stored["token"]),
        ticket={
            int(entry["id"]): Ed25519PrivateKey.from_private_bytes(_decode(entry["key"]))
            for entry in stored["ticket"]
        },
        ticket_active=int(stored["ticket"][-1]["id"]),
    )


@cache
def keyring() -> Keyring:
    """The keys of this process, read once, and again when it is told of new ones (``crypto.Vault.heard``)."""
    return load_or_create(settings().key_file)


def reread() -> Keyring:
    """The keys as the file has them now, for this process from here on."""
    load(settings().key_file)  # a file that cannot be read is told, and the known keys stay
    keyring.cache_clear()
    return keyring()


def add_wrapping_key(path: Path) -> str:
    """Put a new wrapping key at the end of the file; returns its id.

    The data keys are rewrapped by ``crypto.rewrap``; until then the older keys stay in use.
    """
    stored = json.loads(path.read_text("utf-8"))
    key_id = _add_wrapping(stored)
    _write(path, stored, exclusive=False)
    return key_id


def rotate(path: Path) -> tuple[str, int]:
    """Put a new wrapping key and a new ticket key into the file; returns their ids. The older ones stay, to read."""
    load(path)  # what is damaged is told, not added to
    stored = json.loads(path.read_text("utf-8"))
    ticket_id = int(stored["ticket"][-1]["id"]) + 1
    if ticket_id > LAST_TICKET_KEY:
        raise KeyFileError(
            f"{path}: there have been {LAST_TICKET_KEY} ticket keys, no more fit a code"
        )
    wrapping_id = _add_wrapping(stored)
    stored["ticket"].append({"id": ticket_id, "key": _encode(_ticket_key())})
    _write(path, stored, exclusive=False)
    return wrapping_id, ticket_id


def _add_wrapping(stored: dict[str, Any]) -> str:
    key_id = f"w{len(stored['wrapping']) + 1}"
    stored["wrapping"].append({"id": key_id, "key": _encode(secrets.token_bytes(KEY_BYTES))})
    return key_id


def _ticket_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        Encoding.Raw, PrivateFormat.Raw, NoEncryption()
    )


def _fresh() -> dict[str, Any]:
    return {
        "format": FORMAT,
        "wrapping": [{"id": "w1", "key": _encode(secrets.token_bytes(KEY_BYTES))}],
        "index": _encode(secrets.token_bytes(KEY_BYTES)),
        "token": _encode(secrets.token_bytes(KEY_BYTES)),
        "ticket": [{"id": 1, "key": _encode(_ticket_key())}],
    }


def _write(path: Path, stored: Mapping[str, Any], *, exclusive: bool) -> None:
    """Whole or not at all: written beside, flushed to the disk, then put in its place."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(stored, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    try:
        if exclusive:
            os.link(
                beside, path
            )  # fails when another process was first; its keys are then the keys
        else:
            beside.replace(path)
    except FileExistsError:
        pass
    finally:
        beside.unlink(missing_ok=True)


def _encode(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _decode(text: str) -> bytes:
    raw = base64.b64decode(text, validate=True)
    if len(raw) != KEY_BYTES:
        raise ValueError(f"a key has {len(raw)} octets instead of {KEY_BYTES}")
    return raw
