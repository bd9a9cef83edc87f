"""A process that is killed in the midst of a release leaves one whole version: the old one, or the new one (PO-4)."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from portal.core import db
from portal.core.context import Act, set_act
from portal.features.policy import drafts, service
from portal.web.permission import policy
from rbac.permissions import Permission
from rbac.policy import Policy, shipped_policy
from tests.factories.people import PASSWORD, an_account

pytestmark = [pytest.mark.charter("PO-4"), pytest.mark.commits]

NEW = "p, role:gate, *, order, list, any, , allow"
RELEASING = """
import asyncio, sys
from portal.core import db
from portal.core.context import Act, set_act
from portal.features.policy import drafts

async def main():
    set_act(Act("ceo", int(sys.argv[2])))
    await db.open_pool()
    print("begins", flush=True)
    await drafts.release(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
    print("done", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


async def submitted() -> tuple[int, int]:
    set_act(Act("secadmin", 1))
    draft = await drafts.start("gate staff look orders up")
    await drafts.change(draft, add=[NEW])
    await drafts.submit(draft)
    return draft, await an_account("ceo")


@asynccontextmanager
async def releasing(draft: int, person: int) -> AsyncIterator[Any]:
    """Another process that releases the draft; killed at the end of the block without any warning."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        RELEASING,
        str(draft),
        str(person),
        PASSWORD,
        env=os.environ,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    try:
        await line_of(process.stdout)
        yield process.stdout
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()


async def line_of(pipe: asyncio.StreamReader) -> str:
    return (await asyncio.wait_for(pipe.readline(), 30)).decode().strip()


async def waits_in(statement: str) -> bool:
    """Whether somebody waits for a lock in this statement."""
    return bool(
        await db.fetchval(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1)",
            f"%{statement}%",
        )
    )


async def until(statement: str) -> None:
    for _ in range(600):
        if await waits_in(statement):
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"nobody waits in {statement}")


async def state() -> tuple[list[int], str, int]:
    versions = [
        row["version"] for row in await db.fetch("SELECT version FROM policy_version ORDER BY 1")
    ]
    row = await db.fetchrow("SELECT state, released_version FROM policy_draft")
    assert row
    entries = await db.fetchval("SELECT count(*) FROM audit_entry WHERE act = 'policy:release'")
    assert (row["state"] == "released") == (row["released_version"] == versions[-1])
    return versions, row["state"], entries


@pytest.mark.parametrize(
    ("held", "statement"),
    [
        ("LOCK policy_version IN SHARE MODE", "LOCK policy_version"),
        ("LOCK audit_chain IN EXCLUSIVE MODE", "audit_append"),  # version and draft are written
    ],
    ids=["before the version", "before the commit"],
)
async def test_killed_before_the_commit_nothing_has_happened(
    held: str, statement: str, database: None
) -> None:
    draft, person = await submitted()
    async with db.connection() as other:
        await other.execute("BEGIN")
        await other.execute(held)
        async with releasing(draft, person):
            await until(statement)
        await other.execute("ROLLBACK")
    for _ in range(100):  # the server notices that its client is gone
        if not await waits_in(statement):
            break
        await asyncio.sleep(0.05)
    assert await state() == ([1], "submitted", 0)
    await service.load()
    assert not policy.may_ever("gate1", Permission.ORDER_LIST)
    set_act(Act("ceo", person))
    assert await drafts.release(draft, person, PASSWORD) == 2  # and it can be released as before
    assert await state() == ([1, 2], "released", 1)


async def test_killed_after_the_commit_all_of_it_has_happened(database: None) -> None:
    draft, person = await submitted()
    async with releasing(draft, person) as told:
        assert await line_of(told) == "done"
    assert await state() == ([1, 2], "released", 1)
    stored = await db.fetchval("SELECT lines FROM policy_version WHERE version = 2")
    expected = Policy.parse(shipped_policy(demo=True).text, NEW)
    assert set(Policy.parse(stored).lines) == set(expected.lines)
    await service.load()
    assert policy.may_ever("gate1", Permission.ORDER_LIST)
