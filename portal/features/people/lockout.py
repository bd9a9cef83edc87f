"""Wrong attempts, counted for the name that was typed, whether anybody has it or not.

If only real accounts locked, five guesses would tell which names are real. Names are kept as blind
indexes: people type passwords into the wrong field.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from portal.core import clock, db
from portal.core.crypto import blind_index
from portal.features.people.rules import lock_after

FORGOTTEN_AFTER: Final = timedelta(days=1)


async def locked_until(username: str) -> datetime | None:
    """When the next attempt is taken, while none is."""
    until: datetime | None = await db.fetchval(
        "SELECT locked_until FROM sign_in_failure WHERE name_index = $1 AND locked_until > $2",
        _index(username),
        clock.now(),
    )
    return until


async def locked_names(among: Iterable[str]) -> dict[str, datetime]:
    """Those of these user names that are locked now, and until when."""
    rows = await db.fetch(
        "SELECT name_index, locked_until FROM sign_in_failure WHERE locked_until > $1", clock.now()
    )
    locked = {bytes(row["name_index"]): row["locked_until"] for row in rows}
    if not locked:  # nearly always: the names need not be digested
        return {}
    indexed = ((name, _index(name)) for name in among)
    return {name: locked[index] for name, index in indexed if index in locked}


async def failed(username: str) -> datetime | None:
    """Count a wrong attempt; the instant until which the name is locked when it was one too many."""
    now = clock.now()
    async with db.transaction():
        failures = await db.fetchval(
            "INSERT INTO sign_in_failure AS f (name_index, failures, last_at) VALUES ($1, 1, $2) "
            "ON CONFLICT (name_index) DO UPDATE SET failures = f.failures + 1, last_at = $2 "
            "RETURNING failures",
            _index(username),
            now,
        )
        pause = lock_after(failures)
        if pause is None:
            return None
        await db.execute(
            "UPDATE sign_in_failure SET locked_until = $2 WHERE name_index = $1",
            _index(username),
            now + pause,
        )
    return now + pause


async def forgive(username: str) -> None:
    """The right person is here: nothing is held against the name any more."""
    await db.execute("DELETE FROM sign_in_failure WHERE name_index = $1", _index(username))


async def forget_old() -> None:
    """Forget what lies a day back."""
    await db.execute(
        "DELETE FROM sign_in_failure WHERE last_at < $1", clock.now() - FORGOTTEN_AFTER
    )


def _index(username: str) -> bytes:
    return blind_index("username", username)
