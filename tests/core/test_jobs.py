"""Work after the commit: at least once, by one process at a time, never lost, never in the way of others."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from portal.core import clock, db, jobs
from portal.core.context import current_act
from portal.core.notify import Notices
from tests.waiting import until

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Trouble(Exception):
    pass


@pytest.fixture(autouse=True)
def own_jobs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Only what a test registers itself."""
    monkeypatch.setattr(jobs, "_handlers", {})
    monkeypatch.setattr(jobs, "_periodic", {})
    return


class Log:
    """A handler that remembers what it was given, and fails while ``trouble`` says so."""

    def __init__(self, name: str = "test.note", trouble: int = 0) -> None:
        self.seen: list[Mapping[str, Any]] = []
        self.trouble = trouble
        jobs.job(name)(self)

    async def __call__(self, payload: Mapping[str, Any]) -> None:
        self.seen.append(payload)
        if self.trouble:
            self.trouble -= 1
            raise Trouble("no\nluck")


async def row() -> Any:
    return await db.fetchrow("SELECT * FROM job")


# ── enqueue ──────────────────────────────────────────────────────────────────────────────────────


async def test_a_job_exists_exactly_when_its_act_does(database: None) -> None:
    log = Log()
    with pytest.raises(Trouble):
        async with db.transaction():
            await jobs.enqueue("test.note", {"a": 1})
            raise Trouble
    async with db.transaction():
        assert await jobs.enqueue("test.note", {"a": 2})
    assert await jobs.run_due() == 1
    assert log.seen == [{"a": 2}]
    assert await jobs.run_due() == 0


async def test_a_key_makes_enqueuing_repeatable(database: None) -> None:
    log = Log()
    assert await jobs.enqueue("test.note", key="order-1") is True
    assert await jobs.enqueue("test.note", key="order-1") is False
    assert await jobs.enqueue("test.note", key="order-2") is True
    assert await jobs.enqueue("test.other", key="order-1") is True
    assert await jobs.enqueue("test.note") is True
    assert await jobs.enqueue("test.note") is True
    await jobs.run_due()
    assert len(log.seen) == 4
    assert await jobs.enqueue("test.note", key="order-1") is False, "done, and still not again"


async def test_a_job_waits_for_its_hour(database: None, at: Callable[[datetime], None]) -> None:
    at(NOON)
    log = Log()
    await jobs.enqueue("test.note", run_at=NOON + timedelta(hours=1))
    assert await jobs.run_due() == 0
    at(NOON + timedelta(hours=1, seconds=1))
    assert await jobs.run_due() == 1
    assert log.seen == [{}]


async def test_the_oldest_come_first_and_only_so_many(database: None) -> None:
    log = Log()
    for number in (3, 1, 2):
        await jobs.enqueue(
            "test.note", {"number": number}, run_at=clock.now() - timedelta(minutes=9 - number)
        )
    assert await jobs.run_due(limit=2) == 2
    assert sorted(payload["number"] for payload in log.seen) == [1, 2]


async def test_a_job_acts_under_its_own_name(database: None) -> None:
    names = []

    @jobs.job("test.who")
    async def handler(_payload: Mapping[str, Any]) -> None:
        names.append(current_act().subject)

    await jobs.enqueue("test.who")
    await jobs.run_due()
    assert names == ["job:test.who"]


# ── failure ──────────────────────────────────────────────────────────────────────────────────────


async def test_a_failed_job_is_tried_again_later_and_later(
    database: None, at: Callable[[datetime], None]
) -> None:
    at(NOON)
    log = Log(trouble=2)
    await jobs.enqueue("test.note")
    assert await jobs.run_due() == 1
    failed = await row()
    assert failed["attempts"] == 1
    assert failed["last_error"] == "Trouble: no\nluck"
    assert failed["leased_until"] is None
    assert timedelta(seconds=1.9) < failed["run_at"] - NOON < timedelta(seconds=2.5)
    assert await jobs.run_due() == 0, "not at once"
    at(NOON + timedelta(seconds=4))
    assert await jobs.run_due() == 1
    at(NOON + timedelta(seconds=9))
    assert await jobs.run_due() == 1
    assert (await row())["done_at"] is not None
    assert len(log.seen) == 3


def test_the_pause_doubles_up_to_an_hour() -> None:
    pauses = [jobs.backoff(attempts).total_seconds() for attempts in (1, 2, 3, 11, 12, 60)]
    assert pauses == [2, 4, 8, 2048, 3600, 3600]


async def test_a_job_that_never_works_is_given_up_and_kept(
    database: None, at: Callable[[datetime], None]
) -> None:
    log = Log(trouble=100)
    at(NOON)
    await jobs.enqueue("test.note")
    for turn in range(jobs.MAX_ATTEMPTS + 3):
        at(NOON + timedelta(hours=2 * turn + 1))
        await jobs.run_due()
    assert len(log.seen) == jobs.MAX_ATTEMPTS
    assert (await row())["failed_at"] is not None


async def test_a_job_that_fails_does_not_stop_its_siblings(database: None) -> None:
    Log("test.bad", trouble=1)
    log = Log()
    await jobs.enqueue("test.bad", run_at=clock.now() - timedelta(minutes=1))
    await jobs.enqueue("test.note")
    await jobs.enqueue("test.unknown")
    assert await jobs.run_due() == 3
    assert len(log.seen) == 1
    errors = {row["name"]: row["last_error"] for row in await db.fetch("SELECT * FROM job")}
    assert errors["test.unknown"] == "KeyError: 'test.unknown'"


# ── several processes ────────────────────────────────────────────────────────────────────────────


async def test_the_lease_of_a_process_that_died_is_taken_over(
    database: None, at: Callable[[datetime], None]
) -> None:
    at(NOON)
    died = []

    @jobs.job("test.dies")
    async def handler(_payload: Mapping[str, Any]) -> None:
        died.append(1)
        if len(died) == 1:
            raise asyncio.CancelledError  # as kill -9: nothing after it runs

    await jobs.enqueue("test.dies")
    with pytest.raises(asyncio.CancelledError):
        await jobs.run_due()
    assert await jobs.run_due() == 0, "the lease still holds"
    at(NOON + jobs.LEASE + timedelta(seconds=1))
    assert await jobs.run_due() == 1
    assert len(died) == 2
    assert (await row())["done_at"] is not None


@pytest.mark.commits
async def test_of_many_processes_one_runs_each_job(database: None) -> None:
    runs: Counter[int] = Counter()

    @jobs.job("test.count")
    async def handler(payload: Mapping[str, Any]) -> None:
        runs[payload["number"]] += 1
        await asyncio.sleep(0)

    for number in range(60):
        await jobs.enqueue("test.count", {"number": number})

    async def process() -> None:
        while await jobs.run_due(limit=7):
            pass

    async with asyncio.TaskGroup() as group:
        for _ in range(db.POOL_SIZE):
            group.create_task(process())
    assert runs == Counter(dict.fromkeys(range(60), 1))


@pytest.mark.commits
async def test_without_the_lease_jobs_would_run_twice(database: None) -> None:
    """The control: the same crowd, taking jobs without marking them."""
    runs: Counter[int] = Counter()
    for number in range(60):
        await jobs.enqueue("test.count", {"number": number})

    async def process() -> None:
        taken = await db.fetch("SELECT id FROM job WHERE done_at IS NULL AND leased_until IS NULL")
        runs.update(row["id"] for row in taken)
        await db.execute("UPDATE job SET done_at = now() WHERE id = ANY ($1)", list(runs))

    async with asyncio.TaskGroup() as group:
        for _ in range(db.POOL_SIZE):
            group.create_task(process())
    assert max(runs.values()) > 1


# ── periodic ─────────────────────────────────────────────────────────────────────────────────────


async def schedule(name: str, run: jobs.PeriodicHandler, every: timedelta) -> None:
    jobs.periodic(name, every)(run)
    await db.execute("INSERT INTO job_schedule (name, next_at) VALUES ($1, $2)", name, clock.now())


@pytest.mark.commits
async def test_each_period_is_claimed_by_one_process(
    database: None, at: Callable[[datetime], None]
) -> None:
    at(NOON)
    ran = []

    async def work() -> None:
        ran.append(clock.now())
        await asyncio.sleep(0.01)

    await schedule("test.work", work, timedelta(minutes=10))
    for turn in range(3):
        at(NOON + timedelta(minutes=11 * turn, seconds=1))
        started = await asyncio.gather(*(jobs.run_periodic() for _ in range(db.POOL_SIZE)))
        assert sum(started) == 1
    assert len(ran) == 3


async def test_periodic_work_that_fails_is_noted_and_tried_the_next_time(
    database: None, at: Callable[[datetime], None]
) -> None:
    at(NOON)
    turns = []

    async def work() -> None:
        turns.append(1)
        if len(turns) == 1:
            raise Trouble("away")

    async def other() -> None:
        turns.append(2)

    await schedule("test.bad", work, timedelta(minutes=1))
    await schedule("test.other", other, timedelta(minutes=1))
    assert await jobs.run_periodic() == 2
    assert turns == [1, 2]
    bad = await db.fetchrow("SELECT * FROM job_schedule WHERE name = 'test.bad'")
    assert (bad["last_error"], bad["last_ok_at"]) == ("Trouble: away", None)
    at(NOON + timedelta(minutes=2))
    assert await jobs.run_periodic() == 2
    bad = await db.fetchrow("SELECT * FROM job_schedule WHERE name = 'test.bad'")
    assert bad["last_error"] is None
    assert bad["last_ok_at"] is not None


async def test_what_is_long_done_is_forgotten(
    database: None, at: Callable[[datetime], None]
) -> None:
    at(NOON)
    Log()
    Log("test.bad", trouble=99)
    await jobs.enqueue("test.note")
    await jobs.enqueue("test.bad")
    await jobs.run_due()
    at(NOON + jobs.KEEP_DONE + timedelta(minutes=1))
    await jobs.forget_done()
    assert [row["name"] for row in await db.fetch("SELECT name FROM job")] == ["test.bad"]


# ── the runner ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.commits
async def test_a_runner_is_woken_by_the_commit(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "IDLE_SECONDS", 60.0)
    log, runner, notices = Log(), jobs.Runner(), Notices()
    notices.on(jobs.CHANNEL, runner.wake)
    await notices.start()
    await runner.start()
    try:
        await asyncio.sleep(0.2)
        async with db.transaction():
            await jobs.enqueue("test.note", {"a": 1})
            await asyncio.sleep(0.1)
            assert log.seen == []
        await until(lambda: bool(log.seen), 2)
    finally:
        await runner.stop()
        await notices.stop()


@pytest.mark.commits
async def test_a_runner_outlives_the_loss_of_its_connections(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "IDLE_SECONDS", 0.02)
    log, runner = Log(), jobs.Runner()
    await runner.start()
    try:
        killer = await db.engine().get_new_connection()
        for _ in range(5):
            await killer.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid() "
                "AND backend_type = 'client backend'"
            )
            await asyncio.sleep(0.03)
        await killer.close()
        await jobs.enqueue("test.note")
        await until(lambda: bool(log.seen))
    finally:
        await runner.stop()


@pytest.mark.commits
async def test_a_runner_outlives_an_error_of_the_database(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deadlock, a full disk, a cancelled statement: no reason to do no work ever after."""
    monkeypatch.setattr(jobs, "IDLE_SECONDS", 0.02)
    log, runner, take = Log(), jobs.Runner(), jobs.run_due
    errors = [asyncpg.DeadlockDetectedError("x"), asyncpg.DiskFullError("x")]

    async def unlucky(limit: int = 20) -> int:
        if errors:
            raise errors.pop()
        return await take(limit)

    monkeypatch.setattr(jobs, "run_due", unlucky)
    await runner.start()
    try:
        await jobs.enqueue("test.note")
        await until(lambda: bool(log.seen))
    finally:
        await runner.stop()


@pytest.mark.commits
async def test_a_runner_starts_periodic_work_by_itself(
    database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "IDLE_SECONDS", 0.02)
    ran = []

    @jobs.periodic("test.tick", timedelta(hours=1))
    async def tick() -> None:
        ran.append(1)

    runner = jobs.Runner()
    await runner.start()
    await until(lambda: bool(ran))
    await runner.stop()
    assert ran == [1]
    await jobs.Runner().stop()  # one that never started
