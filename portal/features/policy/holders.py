"""Which process holds which version: how a release tells that it is in force everywhere, and how soon (PO-4).

A process reports when it has taken a version. Whether it still lives is read off its listening connection, so a
process that was killed counts no more, without any heartbeat.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from portal.core import db
from portal.core.notify import listening_backends

POLL_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True)
class Holders:
    """``holding`` of ``alive`` processes decide by the version; ``spread`` lies between the first and the last."""

    alive: int
    holding: int
    spread: timedelta | None

    @property
    def everywhere(self) -> bool:
        return self.holding == self.alive

    @property
    def milliseconds(self) -> int:
        return round(self.spread / timedelta(milliseconds=1)) if self.spread else 0


async def report(version: int) -> None:
    """Say that this process decides by the version; a process that does not listen yet is silent."""
    for backend in listening_backends():
        await db.execute(
            "INSERT INTO policy_holder (pid, backend_start, version, taken_at) "
            "SELECT pid, backend_start, $2, clock_timestamp() FROM pg_stat_activity WHERE pid = $1 "
            "ON CONFLICT (pid) DO UPDATE SET backend_start = excluded.backend_start, version = excluded.version, "
            "taken_at = excluded.taken_at WHERE (policy_holder.version, policy_holder.backend_start) "
            "IS DISTINCT FROM (excluded.version, excluded.backend_start)",
            backend,
            version,
        )


async def holders(version: int) -> Holders:
    """How far the version has come; a newer one counts as it, for it came after."""
    row = await db.fetchrow(
        "SELECT count(*) AS alive, count(*) FILTER (WHERE h.version >= $1) AS holding, "
        "max(h.taken_at) FILTER (WHERE h.version = $1) - min(h.taken_at) FILTER (WHERE h.version = $1) AS spread "
        "FROM policy_holder h JOIN pg_stat_activity a USING (pid, backend_start)",
        version,
    )
    return Holders(row["alive"], row["holding"], row["spread"]) if row else Holders(0, 0, None)


async def everywhere(version: int, wait: float = 1.0) -> Holders:
    """The same, once every process has followed; what stands after ``wait`` seconds when one has not."""
    until = time.monotonic() + wait
    while not (found := await holders(version)).everywhere:
        if time.monotonic() > until:
            break
        await asyncio.sleep(POLL_SECONDS)
    return found
