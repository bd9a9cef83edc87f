"""Staff sessions in PostgreSQL, with a small cache in each process.

The browser holds a random id; the database holds its hash. The id is new at each sign-in, so a planted one is worth
nothing. A session is written when it changes and touched at most once a minute. It ends after 30 idle minutes, 12 hours
in all, on sign-out, and at once in every process when the account is disabled or its password changes. What the account
is like (a password that is due, a second factor) is read along with it.
"""

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Final

from portal.core import clock, db
from portal.core.i18n import _l
from portal.core.notify import notify
from portal.core.site_settings import SiteSetting, declare

COOKIE: Final = "session"
CHANNEL: Final = "sessions"
TOUCH: Final = timedelta(minutes=1)
CACHE: Final = timedelta(seconds=30)
ID_BYTES: Final = 24

PASSWORD_DAYS = declare(
    SiteSetting(
        "security.password_days",
        0,
        _l("Days after which a password must be changed"),
        _l("0: never. Some assessors ask for 90."),
        minimum=0,
        maximum=3650,
    )
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session lasts without use, and in all."""

    idle: timedelta = timedelta(minutes=30)
    absolute: timedelta = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Session:
    """An open session. ``verified_at`` is when the person last proved who they are (password or second factor)."""

    id_hash: bytes
    person_id: int
    subject: str
    name: str
    created_at: datetime
    seen_at: datetime
    verified_at: datetime
    must_change_password: bool
    second_factor: bool
    read_at: datetime

    def open_at(self, now: datetime, limits: Limits) -> bool:
        return now - self.seen_at < limits.idle and now - self.created_at < limits.absolute


class Sessions:
    """The sessions as this process sees them."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._cache: dict[bytes, Session] = {}

    async def forget(self, payload: str) -> None:
        """Listener of ``CHANNEL``: a session ended somewhere. An empty payload means that any may have."""
        if payload:
            self._cache.pop(bytes.fromhex(payload), None)
        else:
            self._cache.clear()

    async def find(self, cookie: str) -> Session | None:
        """The open session of this cookie, or None."""
        id_hash = hashed(cookie)
        now = clock.now()
        session = self._cache.get(id_hash)
        if session is None or now - session.read_at > CACHE:
            session = await self._read(id_hash)
            if session is None:
                return None
        if not session.open_at(now, self.limits):
            await self.end(id_hash)
            return None
        if now - session.seen_at > TOUCH:
            session = replace(session, seen_at=now)
            await db.execute("UPDATE session SET seen_at = $2 WHERE id_hash = $1", id_hash, now)
        self._cache[id_hash] = session
        return session

    async def _read(self, id_hash: bytes) -> Session | None:
        self._cache.pop(id_hash, None)
        row = await db.fetchrow(
            "SELECT s.id_hash, s.person_id, a.username AS subject, p.name, s.created_at, s.seen_at, "
            "s.verified_at, (a.totp_confirmed_at IS NOT NULL "
            "OR EXISTS (SELECT FROM passkey k WHERE k.account = a.id)) AS second_factor, "
            "a.must_change_password OR ($2::int > 0 AND a.password_changed_at "
            "< $3::timestamptz - make_interval(days => $2::int)) "
            "AS must_change_password FROM session s "
            "JOIN account a ON a.person = s.person_id JOIN person p ON p.id = s.person_id "
            "WHERE s.id_hash = $1 AND a.disabled_at IS NULL",
            id_hash,
            PASSWORD_DAYS(),
            clock.now(),
        )
        return Session(**row, read_at=clock.now()) if row else None

    async def open(self, person_id: int, *, address: str, agent: str) -> str:
        """Start a session, in the open transaction; returns what the browser keeps."""
        cookie = secrets.token_urlsafe(ID_BYTES)
        now = clock.now()
        await db.execute(
            "INSERT INTO session (id_hash, person_id, created_at, seen_at, verified_at, address, agent) "
            "VALUES ($1, $2, $3, $3, $3, $4, $5)",
            hashed(cookie),
            person_id,
            now,
            address,
            agent[:200],
        )
        return cookie

    async def verified(self, id_hash: bytes) -> None:
        """The person has just proved again who they are."""
        await db.execute(
            "UPDATE session SET verified_at = $2 WHERE id_hash = $1", id_hash, clock.now()
        )
        await self._tell(id_hash.hex())

    async def renew(self) -> None:
        """What an account is like has changed: each process reads it again."""
        await self._tell("")

    async def end(self, id_hash: bytes) -> None:
        await db.execute("DELETE FROM session WHERE id_hash = $1", id_hash)
        await self._tell(id_hash.hex())

    async def end_all(self, person_id: int, keep: bytes | None = None) -> int:
        """End the sessions of a person, except one; returns how many."""
        ended = await db.fetch(
            "DELETE FROM session WHERE person_id = $1 AND id_hash IS DISTINCT FROM $2 RETURNING id_hash",
            person_id,
            keep,
        )
        await self._tell("")
        return len(ended)

    async def _tell(self, payload: str) -> None:
        """Every process forgets when the change commits; this one before the answer leaves."""
        await notify(CHANNEL, payload)
        if db.in_transaction():
            db.current_transaction().after_commit.append(partial(self.forget, payload))
        else:
            await self.forget(payload)


@cache
def sessions() -> Sessions:
    """The sessions of this process."""
    return Sessions(Limits())


def hashed(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode()).digest()
