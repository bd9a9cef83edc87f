"""Kill -9 under load (BK-4): no acknowledged booking is lost, none doubled, none oversold; sale goes on by itself.

The real ``portal serve`` with two workers on a data folder of its own; a crowd books through real HTTP and repeats
what was not answered, and some of what was. ``PORTAL_TEST_CRASH_SECONDS`` asks for more rounds of kills, and that
each is got over in time: a figure to be measured on a machine that does nothing else.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from e2e.crash.kept import Kept
from e2e.crash.visitors import Crowd, History, Wish
from e2e.server import ROOT
from portal.core.postgres import EmbeddedPostgres
from tests.invariants import NEVER

LONGEST = float(os.environ.get("PORTAL_TEST_CRASH_SECONDS", "0"))
VISITORS = 24
CALM = 2.0  # seconds of ordinary load between two kills
#: On a machine of two cores that carries the portal and this crowd.
PROCESS_SECONDS = 5.0
DATABASE_SECONDS = 10.0


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    tmp_path.chmod(0o755)
    portal = Kept(tmp_path / "var")
    yield portal
    portal.close()


def rounds() -> Iterator[tuple[Callable[[Kept], None], float]]:
    """What is killed, and within how many seconds bookings must be acknowledged again."""
    started = time.monotonic()
    while True:
        yield Kept.kill_a_worker, PROCESS_SECONDS
        yield Kept.kill_both_workers, PROCESS_SECONDS
        yield Kept.kill_the_database, DATABASE_SECONDS
        yield Kept.kill_the_supervisor, PROCESS_SECONDS
        yield Kept.kill_everything_of_ours, PROCESS_SECONDS
        if time.monotonic() - started >= LONGEST:
            return


def strain() -> float:
    """How much longer everything takes because others use this machine too: 1 where nobody does."""
    wall, own = time.monotonic(), time.thread_time()
    while time.thread_time() - own < 0.3:
        pass
    return max(1.0, (time.monotonic() - wall) / 0.3)


async def under_load(kept: Kept, slots: list[int]) -> tuple[History, list[str]]:
    """The history of the crowd, and which kills were not got over in time.

    What counts is the longest silence after a kill: workers whose supervisor was killed serve on for a moment.
    """
    others = strain()
    crowd = Crowd(kept.port, slots)
    coming = asyncio.create_task(crowd.come(VISITORS))
    await asyncio.sleep(CALM)
    slow = []
    for kill, seconds in rounds():
        limit = seconds * others
        killed = time.monotonic()
        await asyncio.to_thread(kill, kept)
        await asyncio.sleep(CALM)
        calm = time.monotonic()
        await crowd.served_since(calm, 4 * limit)
        silence = crowd.history.longest_silence(killed, time.monotonic())
        sys.stdout.write(f"{kill.__name__}: silent for {silence:.1f} of {limit:.1f} s\n")
        if silence > limit:
            slow.append(f"{kill.__name__}: {silence:.1f} s")
    crowd.stop()
    await coming
    return crowd.history, slow


async def judged(address: str, history: History) -> list[str]:
    """What the database says against the history."""
    wrong = list(history.wrong)
    connection = await asyncpg.connect(address)
    try:
        keys = {
            str(row["key"]): row["order_code"]
            for row in await connection.fetch("SELECT key, order_code FROM booking_key")
        }
        codes = [row["code"] for row in await connection.fetch("SELECT code FROM booking_order")]
        trail = [
            row["object_id"]
            for row in await connection.fetch(
                "SELECT object_id FROM audit_entry WHERE act = 'booking:create'"
            )
        ]
        for name, query in NEVER.items():
            wrong += [f"{name}: {dict(row)}" for row in await connection.fetch(query)]
    finally:
        await connection.close()
    wrong += [
        f"lost: {wish.key} {wish.code}"
        for wish in history.acknowledged
        if keys.get(wish.key) != wish.code
    ]
    sent = {wish.key for wish in history.wishes}
    wrong += [f"nobody asked for {key}" for key in keys if key not in sent]
    wrong += [f"refused and booked: {w.key}" for w in history.wishes if w.refused and w.key in keys]
    wrong += [f"unanswered: {w.key}" for w in history.wishes if not w.code and not w.refused]
    if len(codes) != len(set(codes)) or sorted(codes) != sorted(keys.values()):
        wrong.append("orders and keys differ")
    if sorted(trail) != sorted(codes):
        wrong.append("orders and trail differ")
    return wrong


def the_slots(port: int) -> list[int]:
    """A few slots, so that some of them fill up under the load."""
    found = []
    for days in range(1, 14 if LONGEST else 4):
        day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 8 * 3600 + days * 86400))
        url = f"http://127.0.0.1:{port}/api/slots"
        shown = httpx.get(url, params={"date": day}, trust_env=False).json()
        found += [slot["id"] for slot in shown if slot["product"] == "mountain"]
    return found


@pytest.mark.charter("BK-4", "AU-1")
def test_whatever_is_killed_no_acknowledged_booking_is_lost_and_none_is_doubled(kept: Kept) -> None:
    history, slow = asyncio.run(under_load(kept, the_slots(kept.port)))
    address = EmbeddedPostgres(kept.data).address()
    assert address is not None
    sys.stdout.write(
        f"{len(history.acknowledged)} booked, {sum(w.refused for w in history.wishes)} refused, "
        f"{history.repeats} sent twice, {history.cut_off} cut off, answers {dict(history.statuses)}\n"
    )
    assert asyncio.run(judged(address, history)) == []
    history.wishes.append(Wish("00000000-0000-4000-8000-000000000000", 0, b"", code="000"))
    assert len(asyncio.run(judged(address, history))) == 1  # the judge does see a loss
    assert slow == [] or not LONGEST
    assert len(history.acknowledged) > 200
    assert history.cut_off > 0
    verified = subprocess.run(
        [sys.executable, "-m", "portal", "audit", "verify"],
        cwd=ROOT,
        env=os.environ | {"PORTAL_DATA": str(kept.data)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert verified.returncode == 0, verified.stderr
