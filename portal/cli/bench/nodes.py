"""How soon a release of the policy is in force on every node: asked of each over HTTP until its answer changes."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import httpx

from portal.cli.bench.server import REAL, serving
from portal.features.policy import queries, service

#: What a visitor may see, taken away and given back by turns.
RULE: Final = "p, role:public, *, slot, read, any, , allow"
PATH: Final = "/api/slots"
PATIENCE: Final = 20.0
PAUSE: Final = 0.002


class NeverInForce(Exception):
    """A node still decides by the version before."""


@dataclass(frozen=True, slots=True)
class Release:
    """Seconds that one release took, and until the last node decided by it after the commit."""

    commit: float
    everywhere: float


@asynccontextmanager
async def serving_nodes(number: int) -> AsyncIterator[tuple[int, ...]]:
    """Nodes of the real portal on this process's database, started and ended side by side; their ports."""
    nodes = [serving(REAL, 1) for _ in range(number)]
    try:
        started = await asyncio.gather(*(asyncio.to_thread(node.__enter__) for node in nodes))
        yield tuple(server.port for server in started)
    finally:
        await asyncio.gather(
            *(asyncio.to_thread(node.__exit__, None, None, None) for node in nodes)
        )


async def measured(ports: Sequence[int], turns: int) -> list[Release]:
    """Release by turns a policy without a rule and with it again; each node is asked all the time."""
    newest = await queries.newest()
    assert newest is not None
    given = newest.lines
    taken = given.replace(f"{RULE}\n", "")
    assert taken != given
    found = []
    async with httpx.AsyncClient() as client:
        for turn in range(2 * ((turns + 1) // 2)):  # the last one gives back what was taken
            asking = [
                asyncio.create_task(_changed(client, port, allowed=turn % 2 == 1)) for port in ports
            ]
            await asyncio.sleep(0)
            began = time.perf_counter()
            await service.release(given if turn % 2 else taken, f"turn {turn}")
            committed = time.perf_counter()
            seen = await asyncio.gather(*asking)
            found.append(Release(committed - began, max(0.0, max(seen) - committed)))
    return found


async def _changed(client: httpx.AsyncClient, port: int, *, allowed: bool) -> float:
    """When the node first answers as the next version says."""
    until = time.perf_counter() + PATIENCE
    while time.perf_counter() < until:
        answer = await client.get(f"http://127.0.0.1:{port}{PATH}")
        if (answer.status_code == httpx.codes.OK) is allowed:
            return time.perf_counter()
        await asyncio.sleep(PAUSE)
    raise NeverInForce(f"the node on port {port} has not followed in {PATIENCE:.0f} s")
