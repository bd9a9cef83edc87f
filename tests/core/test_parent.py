"""A worker ends with its supervisor."""

import subprocess
import sys
import time

from tests.core.postgres.test_server import gone

SUPERVISOR = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1], str(__import__("os").getpid())])
print(child.pid, flush=True)
child.wait()
"""
WORKER = """
import asyncio, signal, sys
from portal.core.parent import end_with_parent
async def main():
    asked = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asked.set)
    watch = asyncio.create_task(end_with_parent(int(sys.argv[1])))
    await asked.wait()
    await watch
asyncio.run(main())
"""


def test_a_worker_whose_supervisor_was_killed_ends_in_order() -> None:
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", SUPERVISOR, WORKER], stdout=subprocess.PIPE, text=True
    ) as supervisor:
        assert supervisor.stdout is not None
        worker = int(supervisor.stdout.readline())
        time.sleep(0.5)
        assert not gone(worker)
        supervisor.kill()
        supervisor.wait()
        deadline = time.monotonic() + 10
        while not gone(worker):
            assert time.monotonic() < deadline
            time.sleep(0.02)
