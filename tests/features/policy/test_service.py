"""A policy in force: released once, followed by every process, kept over restarts (PO-1, PO-4)."""

import asyncio
import os
import sys
import time

import pytest

from portal.core import chains, db
from portal.core.context import Act, set_act
from portal.features.policy import service
from portal.web.permission import policy
from rbac.compiled import CompiledPolicy
from rbac.lines import EVERY, Grant
from rbac.permissions import Permission
from rbac.policy import Policy, shipped_policy
from rbac.reading import PolicyError

pytestmark = pytest.mark.charter("PO-1")

SHIPPED = shipped_policy(demo=True)
WITH_GATE = SHIPPED.with_grants([Grant("gate1", "role:auditadmin", EVERY)]).text


def may_audit() -> bool:
    return policy.may_ever("gate1", Permission.AUDIT_TRAIL_READ)


async def versions() -> list[int]:
    return [
        row["version"] for row in await db.fetch("SELECT version FROM policy_version ORDER BY 1")
    ]


async def test_a_release_is_in_force_before_the_caller_goes_on(database: None) -> None:
    set_act(Act("secadmin", 1))
    assert not may_audit()
    version = await service.release(WITH_GATE, "gate1 stands in")
    assert may_audit()
    assert policy.version == version
    row = await db.fetchrow("SELECT * FROM policy_version WHERE version = $1", version)
    assert (row["reason"], row["released_by"]) == ("gate1 stands in", "secadmin")
    entry = await db.fetchrow("SELECT subject, act, object_id FROM audit_entry")
    assert tuple(entry) == ("secadmin", "policy:release", str(version))


async def test_a_release_that_is_undone_is_not_in_force(database: None) -> None:
    before = policy.version
    with pytest.raises(ZeroDivisionError):
        async with db.transaction():
            await service.release(WITH_GATE, "x")
            raise ZeroDivisionError
    assert policy.version == before
    assert not may_audit()


@pytest.mark.parametrize(
    "lines", ["nonsense", "p, role:x, *, nothing, read, any, , allow", "p, role:x, *, public, read"]
)
async def test_lines_that_do_not_hold_are_not_released(lines: str, database: None) -> None:
    before = await versions()
    with pytest.raises(PolicyError):
        await service.release(lines, "x")
    assert await versions() == before


async def test_an_older_policy_comes_back_as_a_new_version(database: None) -> None:
    first = await service.release(WITH_GATE, "one")
    second = await service.release(SHIPPED.text, "back")
    assert second == first + 1
    assert not may_audit()


@pytest.mark.commits
async def test_releases_at_once_have_versions_of_their_own(database: None) -> None:
    made = await asyncio.gather(*(service.release(WITH_GATE, str(turn)) for turn in range(4)))
    assert sorted(made) == [2, 3, 4, 5]
    assert policy.version == 5


async def test_a_restart_keeps_what_was_released(database: None) -> None:
    version = await service.release(WITH_GATE, "x")
    policy.clear()  # a new process
    assert not may_audit()
    await service.load()
    assert may_audit()
    assert policy.version == version
    await service.ensure_shipped(demo=True)
    assert policy.version == version, "what is there is not written over"


async def test_a_new_database_gets_the_shipped_policy(database: None) -> None:
    await db.execute("ALTER TABLE policy_version DISABLE TRIGGER USER")
    await db.execute("DELETE FROM policy_version")
    policy.clear()
    await service.load()
    assert policy.version is None
    await service.ensure_shipped(demo=False)
    assert policy.version == 1
    stored = Policy.parse(await db.fetchval("SELECT lines FROM policy_version"))
    assert stored == shipped_policy()


async def test_late_news_changes_nothing(database: None) -> None:
    version = await service.release(WITH_GATE, "x")
    assert not policy.swap(version - 1, CompiledPolicy(SHIPPED))
    await service.load("1")
    assert policy.version == version


async def test_what_this_program_cannot_read_leaves_no_old_yes(database: None) -> None:
    """A newer program on another node has released a permission that this one does not know."""
    await db.execute(
        "INSERT INTO policy_version (version, lines, reason, released_by, released_at) "
        "VALUES (99, 'p, visitor, *, teleport, read, any, , allow', 'x', 'x', now())"
    )
    with pytest.raises(PolicyError):
        await service.load()
    assert policy.version is None


OTHER_PROCESS = """
import asyncio, sys
from portal.core import db
from portal.core.notify import Notices
from portal.features.policy import service
from portal.web.permission import policy

async def main():
    await db.open_pool()
    notices = Notices(on_lost=policy.clear)
    notices.on(service.CHANNEL, service.load)
    await service.load()
    await notices.start()
    seen = None
    while not sys.stdin.closed:
        if policy.version != seen:
            seen = policy.version
            print(seen, policy.may_ever("gate1", "audit_trail:read"), flush=True)
        await asyncio.sleep(0.01)

asyncio.run(main())
"""


@pytest.mark.commits
@pytest.mark.charter("PO-4")
async def test_every_other_process_follows_within_a_second(database: None) -> None:
    others = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", OTHER_PROCESS, env=os.environ, stdout=asyncio.subprocess.PIPE
        )
        for _ in range(2)
    ]
    try:
        told = [process.stdout for process in others]
        assert [await line_of(pipe) for pipe in told] == ["1 False", "1 False"]
        for lines, expected in ((WITH_GATE, "2 True"), (SHIPPED.text, "3 False")):
            began = time.monotonic()
            await service.release(lines, "x")
            assert [await line_of(pipe) for pipe in told] == [expected] * 2
            assert time.monotonic() - began < 1
    finally:
        for process in others:
            process.kill()
            await process.wait()


async def line_of(pipe: asyncio.StreamReader | None) -> str:
    assert pipe is not None
    return (await asyncio.wait_for(pipe.readline(), 20)).decode().strip()


async def test_the_trail_and_the_policy_agree(database: None) -> None:
    await service.release(WITH_GATE, "x")
    async with db.transaction():
        assert not [step async for step in chains.verify() if isinstance(step, chains.Break)]
