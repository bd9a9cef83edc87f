"""Work after the commit: rows in the act's own transaction, run by whichever process is free.

A job is enqueued in the transaction that causes it, so it exists exactly when the act does. It runs at
least once: a process that dies loses its lease and another takes over. Each handler is therefore
safe to repeat, and ``key`` makes enqueuing itself repeatable. The database's clock is not asked: ``run_at``
comes from ``core.clock``.
"""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog

from portal.core import clock, db
from portal.core.context import Act, set_act
from portal.core.notify import notify

Handler = Callable[[Mapping[str, Any]], Awaitable[None]]
PeriodicHandler = Callable[[], Awaitable[None]]
T = TypeVar("T")

CHANNEL = "jobs"
LEASE = timedelta(minutes=5)
IDLE_SECONDS = 1.0
PERIODIC_LOOPS = 2
MAX_ATTEMPTS = 12
KEEP_DONE = timedelta(days=7)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Periodic:
    name: str
    every: timedelta
    run: PeriodicHandler


_handlers: dict[str, Handler] = {}
_periodic: dict[str, Periodic] = {}


def job(name: str) -> Callable[[Handler], Handler]:
    """Register the handler of jobs of this name; it receives the payload and may run more than once."""

    def register(handler: Handler) -> Handler:
        _handlers[name] = handler
        return handler

    return register


def periodic(name: str, every: timedelta) -> Callable[[PeriodicHandler], PeriodicHandler]:
    """Register work that some process starts once in each period."""

    def register(handler: PeriodicHandler) -> PeriodicHandler:
        _periodic[name] = Periodic(name, every, handler)
        return handler

    return register


async def enqueue(
    name: str,
    payload: Mapping[str, Any] | None = None,
    *,
    key: str | None = None,
    run_at: datetime | None = None,
) -> bool:
    """Ask for a job, in the transaction that is open. False when one with this key was asked before."""
    added = await db.fetchval(
        "INSERT INTO job (name, key, payload, run_at) VALUES ($1, $2, $3::jsonb, $4) "
        "ON CONFLICT (name, key) DO NOTHING RETURNING id",
        name,
        key,
        json.dumps(payload or {}),
        run_at or clock.now(),
    )
    if added is not None:
        await notify(CHANNEL)
    return added is not None


async def enqueue_again(name: str, payload: Mapping[str, Any], *, key: str) -> None:
    """Ask for a job once more that is over or was given up; one that still runs is left alone."""
    await db.execute(
        "INSERT INTO job (name, key, payload, run_at) VALUES ($1, $2, $3::jsonb, $4) "
        "ON CONFLICT (name, key) DO UPDATE SET run_at = excluded.run_at, attempts = 0, done_at = NULL, "
        "failed_at = NULL WHERE job.done_at IS NOT NULL OR job.failed_at IS NOT NULL",
        name,
        key,
        json.dumps(payload),
        clock.now(),
    )
    await notify(CHANNEL)


def backoff(attempts: int) -> timedelta:
    """2 s after the first failure, doubling, at most an hour."""
    return min(timedelta(seconds=2 ** min(attempts, MAX_ATTEMPTS)), timedelta(hours=1))


async def run_due(limit: int = 20) -> int:
    """Run jobs whose time has come, the oldest first; returns how many were taken."""
    taken = await db.fetch(
        "UPDATE job SET leased_until = $1, attempts = attempts + 1 WHERE id IN ("
        "  SELECT id FROM job WHERE done_at IS NULL AND failed_at IS NULL AND run_at <= $2"
        "  AND (leased_until IS NULL OR leased_until < $2) ORDER BY run_at LIMIT $3"
        "  FOR UPDATE SKIP LOCKED) RETURNING id, name, payload, attempts, run_at",
        clock.now() + LEASE,
        clock.now(),
        limit,
    )
    for row in sorted(taken, key=lambda row: (row["run_at"], row["id"])):
        await _run(row)
    return len(taken)


async def _run(row: Any) -> None:
    set_act(Act(f"job:{row['name']}"))
    try:
        handler = _handlers[row["name"]]
        await handler(json.loads(row["payload"]))
    except Exception as error:  # a job that fails must not stop its siblings
        log.exception("job.failed", job=row["name"], id=row["id"], attempts=row["attempts"])
        gives_up = row["attempts"] >= MAX_ATTEMPTS
        await db.execute(
            "UPDATE job SET leased_until = NULL, last_error = $2, run_at = $3, "
            "failed_at = CASE WHEN $4 THEN $5::timestamptz END WHERE id = $1",
            row["id"],
            f"{type(error).__name__}: {error}"[:500],
            clock.now() + backoff(row["attempts"]),
            gives_up,
            clock.now(),
        )
    else:
        await db.execute(
            "UPDATE job SET done_at = $2, leased_until = NULL WHERE id = $1", row["id"], clock.now()
        )


class NoneSucceeded(Exception):
    """Every one of several acts failed; the log has each."""


async def each(items: Iterable[T], act: Callable[[T], Awaitable[bool | None]]) -> int:
    """Do one act after the other; returns how many did something (an act that answers False did not).

    One that fails is logged and keeps nobody else waiting: a single order that cannot be expired must not hold
    the places of all others. Raises ``NoneSucceeded`` when nothing but failures came of it.
    """
    done = failed = 0
    for item in items:
        try:
            done += await act(item) is not False
        except db.ConnectionLost:
            raise
        except Exception:
            failed += 1
            log.exception("act.failed", act=getattr(act, "__name__", ""))
    if failed and not done:
        raise NoneSucceeded(f"{failed} failed")
    return done


async def run_periodic() -> int:
    """Start what is due; each period is claimed by one process with one UPDATE."""
    started = 0
    due = await db.fetch("SELECT name FROM job_schedule WHERE next_at <= $1", clock.now())
    for work in [_periodic[row["name"]] for row in due if row["name"] in _periodic]:
        now = clock.now()
        claimed = await db.fetchval(
            "UPDATE job_schedule SET next_at = $2, last_started_at = $3 "
            "WHERE name = $1 AND next_at <= $3 RETURNING name",
            work.name,
            now + work.every,
            now,
        )
        if claimed is None:
            continue
        started += 1
        set_act(Act(f"job:{work.name}"))
        try:
            await work.run()
        except Exception as error:
            log.exception("periodic.failed", job=work.name)
            await db.execute(
                "UPDATE job_schedule SET last_error = $2 WHERE name = $1",
                work.name,
                f"{type(error).__name__}: {error}"[:500],
            )
        else:
            await db.execute(
                "UPDATE job_schedule SET last_ok_at = $2, last_error = NULL WHERE name = $1",
                work.name,
                clock.now(),
            )
    return started


async def forget_done() -> None:
    await db.execute("DELETE FROM job WHERE done_at < $1", clock.now() - KEEP_DONE)


class Runner:
    """The loops of one process: a slow job must not keep a hold from expiring in time.

    Periodic work has two, so that one that takes long (retention, a closure's refunds) leaves the other free; a
    period is claimed by one of them. Any number of processes may run a runner.
    """

    def __init__(self) -> None:
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def wake(self, _payload: str) -> None:
        self._wake.set()

    async def start(self) -> None:
        periodic("jobs.forget", timedelta(hours=1))(forget_done)
        for work in _periodic.values():
            await db.execute(
                "INSERT INTO job_schedule (name) VALUES ($1) ON CONFLICT DO NOTHING", work.name
            )
        self._tasks = [
            asyncio.create_task(self._loop(self._due, self._woken), name="jobs.runner"),
            *(
                asyncio.create_task(self._loop(run_periodic, _idle), name=f"jobs.periodic.{number}")
                for number in range(PERIODIC_LOOPS)
            ),
        ]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _loop(self, work: Callable[[], Awaitable[int]], rest: PeriodicHandler) -> None:
        while True:
            try:
                busy = await work()
            except db.ConnectionLost:
                busy = 0
            except Exception:  # a deadlock, a full disk: the next round may do better
                log.exception("jobs.round_failed")
                busy = 0
            if not busy:
                await rest()

    async def _due(self) -> int:
        self._wake.clear()
        return await run_due()

    async def _woken(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), IDLE_SECONDS)


async def _idle() -> None:
    await asyncio.sleep(IDLE_SECONDS)
