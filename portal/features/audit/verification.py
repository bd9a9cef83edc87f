"""Verifying the trail: a run asked for on the page or the command line, followed by whoever looks, kept for good.

A run walks in the process that was asked, on a connection of its own, and rests as long as it works, so that the
site is not slower for it. At most one walks over the whole trail. One whose process died has no beat any
more: it is called stopped when somebody looks, and the next may begin.
"""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import structlog

from portal.core import audit, chains, clock, db
from portal.core.chains import Break
from portal.core.context import current_act

HOLDS: Final = "holds"
BROKEN: Final = "broken"
STOPPED: Final = "stopped"

BEAT_SECONDS: Final = 0.5
LOST: Final = timedelta(seconds=60)
REST: Final = 1.0  # seconds for each second of work
MOST_BREAKS: Final = 500  # kept of one run

log = structlog.get_logger(__name__)
_tasks: set[asyncio.Task[None]] = set()


@dataclass(frozen=True, slots=True)
class Run:
    """``breaks`` are the first of each chain that does not hold; ``month`` is set when one month was walked."""

    id: int
    month: date | None
    asked_by: str
    begun_at: datetime
    beat_at: datetime
    ended_at: datetime | None
    outcome: str | None
    total: int
    seen: int
    chains: int
    breaks: tuple[Break, ...]

    @property
    def seconds(self) -> float:
        return ((self.ended_at or self.beat_at) - self.begun_at).total_seconds()

    @property
    def running(self) -> bool:
        return self.ended_at is None


async def begin() -> int | None:
    """Note a new run over the whole trail; None while another one is on."""
    async with db.transaction():
        await _give_up_lost()
        made = await db.fetchval(
            "INSERT INTO audit_verification (asked_by, begun_at, beat_at, total, chains) "
            "SELECT $1, $2, $2, $3, count(*) FROM audit_chain ON CONFLICT DO NOTHING RETURNING id",
            current_act().subject,
            clock.now(),
            await chains.expected(),
        )
        if made is not None:
            audit.record("audit_trail:verify", "audit", made)
    return None if made is None else int(made)


async def _give_up_lost() -> None:
    await db.execute(
        "UPDATE audit_verification SET ended_at = $1, outcome = 'stopped' "
        "WHERE ended_at IS NULL AND beat_at < $2",
        clock.now(),
        clock.now() - LOST,
    )


async def run(
    number: int, *, rest: float = 0.0, tell: Callable[[int], None] = lambda _seen: None
) -> Run:
    """Walk, noting how far it has come, and keep what was found."""
    breaks: list[Break] = []
    seen, beat = 0, time.monotonic()
    outcome = STOPPED
    try:
        async with db.own_snapshot() as connection:
            async for step in chains.verify(connection, rest=rest):
                if isinstance(step, Break):
                    breaks.append(step)
                    continue
                seen = step
                if time.monotonic() - beat >= BEAT_SECONDS:
                    beat = time.monotonic()
                    tell(seen)
                    await _beat(number, seen, breaks)
        outcome = BROKEN if breaks else HOLDS
    finally:
        await asyncio.shield(_end(number, outcome, seen, breaks))
    found = await get(number)
    assert found is not None
    return found


async def _beat(number: int, seen: int, breaks: list[Break]) -> None:
    await db.execute(
        "UPDATE audit_verification SET beat_at = $2, seen = $3, breaks = $4::jsonb WHERE id = $1",
        number,
        clock.now(),
        seen,
        _written(breaks),
    )


async def _end(number: int, outcome: str, seen: int, breaks: list[Break]) -> None:
    async with db.transaction():
        await _beat(number, seen, breaks)
        await db.execute(
            "UPDATE audit_verification SET ended_at = $2, outcome = $3 WHERE id = $1 AND ended_at IS NULL",
            number,
            clock.now(),
            outcome,
        )
        audit.record(
            "audit_trail:verify", "audit", number, result=outcome, rows=seen, breaks=len(breaks)
        )


def _written(breaks: list[Break]) -> str:
    return json.dumps(
        [
            [found.day.isoformat(), found.lane, found.seq, found.code]
            for found in breaks[:MOST_BREAKS]
        ]
    )


def in_background(number: int) -> None:
    """Walk in this process, whoever goes on looking; ``stop`` ends it."""
    task = asyncio.create_task(_alone(number), name=f"audit.verification.{number}")
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


async def _alone(number: int) -> None:
    try:
        await run(number, rest=REST)
    except Exception:  # nobody waits for it: the row says that it stopped
        log.exception("audit.verification_failed", id=number)


async def stop() -> None:
    """End what walks in this process, at its shutdown."""
    for task in list(_tasks):
        task.cancel()
    await asyncio.gather(*_tasks, return_exceptions=True)


async def get(number: int) -> Run | None:
    await _give_up_lost()
    row = await db.fetchrow(f"{_SELECT} WHERE id = $1", number)
    return _run(row) if row else None


async def recent(limit: int = 10) -> list[Run]:
    """The last runs, the newest first."""
    await _give_up_lost()
    rows = await db.fetch(f"{_SELECT} ORDER BY id DESC LIMIT $1", limit)
    return [_run(row) for row in rows]


async def running() -> Run | None:
    """The run over the whole trail that is on now."""
    await _give_up_lost()
    row = await db.fetchrow(f"{_SELECT} WHERE ended_at IS NULL AND month IS NULL")
    return _run(row) if row else None


async def keep_month(month: date, begun: datetime, seen: int, breaks: list[Break]) -> None:
    """Keep what the walk over one month found, before it is sealed or because it could not be."""
    await db.execute(
        "INSERT INTO audit_verification (month, asked_by, begun_at, beat_at, ended_at, outcome, total, seen, "
        "chains, breaks) SELECT $1::date, $2, $3, $4, $4, $5, $6, $6, count(*), $7::jsonb FROM audit_chain "
        "WHERE day >= $1::date AND day < ($1::date + interval '1 month')",
        month,
        current_act().subject,
        begun,
        clock.now(),
        BROKEN if breaks else HOLDS,
        seen,
        _written(breaks),
    )


_SELECT: Final = (
    "SELECT id, month, asked_by, begun_at, beat_at, ended_at, outcome, total, seen, chains, breaks "
    "FROM audit_verification"
)


def _run(row: Any) -> Run:
    breaks = tuple(
        Break(date.fromisoformat(day), lane, seq, code)
        for day, lane, seq, code in json.loads(row["breaks"])
    )
    return Run(**{**dict(row), "breaks": breaks})
