"""Encryption at rest: envelope keys, two suites side by side, blind indexes.

A *data key* serves one purpose for one period (``visitor`` data of one visit day) and lies in the database
wrapped by a key of the key file. Destroying the row's key makes everything sealed under it
unreadable. A sealed value carries its data key's id:

    1 byte format · 4 bytes data key id · 12 bytes nonce · ciphertext · 16 bytes tag

The caller's ``context`` (table, column, row) is authenticated, so that a value moved to another place does
not open. Suites: AES-256-GCM, or SM4-GCM where national cryptography is asked for (GB/T 32907). A
certified module is another matter: a library alone does not meet an assessment.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import SM4

from portal.core import clock, db
from portal.core.keyring import Keyring, keyring, reread
from portal.core.notify import notify
from portal.core.settings import settings

AES: Final = "aes-256-gcm"
SM4_GCM: Final = "sm4-gcm"

CHANNEL: Final = (
    "keys"  # keys were destroyed or added: every process drops what it keeps and reads anew
)

FORMAT: Final = b"\x01"
NONCE: Final = 12
TAG: Final = 16
_HEAD: Final = 5
_KEY_BYTES: Final = {AES: 32, SM4_GCM: 16}


class Unreadable(Exception):
    """The value cannot be opened: altered, moved, or its key is destroyed or unknown."""


class Sealer(Protocol):
    """Authenticated encryption; the signatures are those of ``AESGCM``."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes: ...
    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Sm4Gcm:
    """SM4 in GCM; ``cryptography`` offers it as a mode, not among its ready-made AEADs."""

    key: bytes

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        sealing = Cipher(SM4(self.key), modes.GCM(nonce)).encryptor()
        sealing.authenticate_additional_data(associated_data or b"")
        return sealing.update(data) + sealing.finalize() + sealing.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        opening = Cipher(SM4(self.key), modes.GCM(nonce, data[-TAG:])).decryptor()
        opening.authenticate_additional_data(associated_data or b"")
        return opening.update(data[:-TAG]) + opening.finalize()


def sealer(suite: str, key: bytes) -> Sealer:
    return Sm4Gcm(key) if suite == SM4_GCM else AESGCM(key)


@dataclass(frozen=True, slots=True)
class DataKey:
    """An unwrapped data key. ``seal`` costs about 2 µs: it stands in the booking's hot path."""

    id: int
    _sealer: Sealer = field(repr=False)

    def seal(self, plain: str, context: str) -> bytes:
        nonce = secrets.token_bytes(NONCE)
        head = FORMAT + self.id.to_bytes(4, "big")
        return head + nonce + self._sealer.encrypt(nonce, plain.encode(), context.encode())

    def open(self, sealed: bytes, context: str) -> str:
        nonce, body = sealed[_HEAD : _HEAD + NONCE], sealed[_HEAD + NONCE :]
        if sealed[:1] != FORMAT:
            raise Unreadable("the value is of an unknown format")
        try:
            return self._sealer.decrypt(nonce, body, context.encode()).decode()
        except (InvalidTag, ValueError):  # ValueError: cut so short that there is no tag to check
            raise Unreadable("the value was altered or belongs elsewhere") from None


@dataclass(slots=True)
class Vault:
    """The data keys of this process, unwrapped once and kept."""

    keyring: Keyring
    suite: str = AES
    _by_period: dict[tuple[str, str], DataKey] = field(default_factory=dict)
    _by_id: dict[int, DataKey] = field(default_factory=dict)

    def cached(self, purpose: str, period: str) -> DataKey | None:
        return self._by_period.get((purpose, period))

    async def key(self, purpose: str, period: str) -> DataKey:
        """The data key for this purpose and period; made when there is none yet.

        A key that was read inside a transaction is kept once that commits: it may have been made there, and a
        rolled back key that this process went on sealing with could be opened by nobody after its end.
        """
        if found := self._by_period.get((purpose, period)):
            return found
        row = await self._stored(purpose, period)
        if row is None:
            await self._make(purpose, period)
            row = await self._stored(purpose, period)
        if row is None:
            raise Unreadable(f"no data key for {purpose} {period}")
        key = self._unwrap(row)

        async def keep() -> None:
            self._by_period[purpose, period] = self._by_id[key.id] = key

        await _once_committed(keep)
        return key

    async def open(self, sealed: bytes, context: str) -> str:
        """Open a value with the key it names; ``Unreadable`` when it was destroyed."""
        key_id = int.from_bytes(sealed[1:_HEAD], "big")
        key = self._by_id.get(key_id)
        if key is None:
            row = await db.fetchrow(
                "SELECT id, suite, wrapping_key, wrapped FROM data_key "
                "WHERE id = $1 AND destroyed_at IS NULL",
                key_id,
            )
            if row is None:
                raise Unreadable("the key of this value is destroyed")
            key = found = self._unwrap(row)

            async def keep() -> None:
                self._by_id[key_id] = found

            await _once_committed(keep)
        return key.open(sealed, context)

    async def destroy(self, purpose: str, period: str) -> bool:
        """Make everything sealed for this purpose and period unreadable, for good and in every process."""
        gone = await db.fetch(
            "UPDATE data_key SET wrapped = NULL, destroyed_at = $3 "
            "WHERE purpose = $1 AND period = $2 AND destroyed_at IS NULL RETURNING id",
            purpose,
            period,
            clock.now(),
        )
        self.forget()
        await notify(CHANNEL)

        async def forget() -> None:
            self.forget()

        await _once_committed(forget)  # another task may have read it again meanwhile
        return bool(gone)

    async def heard(self, _payload: str) -> None:
        """Listener of ``CHANNEL``: what was destroyed is forgotten, and what the key file has anew is known."""
        self.forget()
        self.keyring = reread()

    def forget(self) -> None:
        """Drop the unwrapped keys; they are read anew when needed."""
        self._by_period.clear()
        self._by_id.clear()

    async def rewrap(self) -> int:
        """Wrap every data key with the newest key of the key file; returns how many changed. A repeat finds none."""
        newest = self.keyring.wrapping_active
        async with db.transaction():
            rows = await db.fetch(
                "SELECT id, purpose, period, suite, wrapping_key, wrapped FROM data_key "
                "WHERE destroyed_at IS NULL AND wrapping_key <> $1 FOR UPDATE",
                newest,
            )
            for row in rows:
                raw = self._raw(row)
                await db.execute(
                    "UPDATE data_key SET wrapped = $2, wrapping_key = $3 WHERE id = $1",
                    row["id"],
                    self._wrap(raw),
                    newest,
                )
            await notify(CHANNEL)
        return len(rows)

    def _unwrap(self, row: object) -> DataKey:
        stored: dict[str, object] = dict(row)  # type: ignore[call-overload]
        return DataKey(int(str(stored["id"])), sealer(str(stored["suite"]), self._raw(stored)))

    async def _stored(self, purpose: str, period: str) -> object | None:
        found: object | None = await db.fetchrow(
            "SELECT id, suite, wrapping_key, wrapped FROM data_key "
            "WHERE purpose = $1 AND period = $2 AND destroyed_at IS NULL",
            purpose,
            period,
        )
        return found

    async def _make(self, purpose: str, period: str) -> None:
        await db.execute(
            "INSERT INTO data_key (purpose, period, suite, wrapping_key, wrapped) "
            "VALUES ($1, $2, $3, $4, $5) "
            "ON CONFLICT (purpose, period) WHERE destroyed_at IS NULL DO NOTHING",
            purpose,
            period,
            self.suite,
            self.keyring.wrapping_active,
            self._wrap(secrets.token_bytes(_KEY_BYTES[self.suite])),
        )

    def _wrap(self, raw: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE)
        wrapping = AESGCM(self.keyring.wrapping[self.keyring.wrapping_active])
        return nonce + wrapping.encrypt(nonce, raw, b"data-key")

    def _raw(self, row: object) -> bytes:
        stored: dict[str, object] = dict(row)  # type: ignore[call-overload]
        if str(stored["wrapping_key"]) not in self.keyring.wrapping:
            self.keyring = reread()  # it was added after this process had read the file
        wrapping = self.keyring.wrapping.get(str(stored["wrapping_key"]))
        wrapped = stored["wrapped"]
        if wrapping is None or not isinstance(wrapped, bytes):
            raise Unreadable(f"the key file has no wrapping key {stored['wrapping_key']}")
        try:
            return AESGCM(wrapping).decrypt(wrapped[:NONCE], wrapped[NONCE:], b"data-key")
        except InvalidTag:
            raise Unreadable("a data key does not open with this key file") from None


async def _once_committed(hook: db.Hook) -> None:
    """Run it when what this process has just seen is true for everybody: now, or after the commit."""
    if db.in_transaction():
        db.current_transaction().after_commit.append(hook)
    else:
        await hook()


@cache
def vault() -> Vault:
    """The data keys of this process; new ones are made for the suite of ``PORTAL_CRYPTO_SUITE``."""
    return Vault(keyring(), SM4_GCM if settings().national_cryptography else AES)


def blind_index(kind: str, value: str) -> bytes:
    """A keyed digest that lets equal values be found without being readable (16 bytes).

    Plain hashes would not do: all resident numbers can be tried in minutes.
    """
    return hmac.digest(keyring().index, f"{kind}:{value}".encode(), hashlib.sha256)[:16]
