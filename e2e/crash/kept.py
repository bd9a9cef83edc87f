"""The real portal with two workers on a data folder of its own, to be killed and started again."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from e2e.server import ROOT, free_port
from portal.core.postgres import EmbeddedPostgres


class Kept:
    """The portal under somebody who starts it again when it is gone, as a service manager does."""

    def __init__(self, data: Path) -> None:
        self.port = free_port()
        self.data = data
        self.log = (data.parent / "portal.log").open("ab")
        self.start()

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self.process = self._start()
        self._await_ready()

    def _start(self) -> "subprocess.Popen[bytes]":
        environment = {n: value for n, value in os.environ.items() if not n.startswith("PORTAL_")}
        command = [sys.executable, "-m", "portal", "serve", "--demo", "--workers", "2"]
        return subprocess.Popen(  # noqa: S603  our own program
            [*command, "--port", str(self.port)],
            cwd=ROOT,
            env=environment | {"PORTAL_DATA": str(self.data)},
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )

    def _await_ready(self) -> None:
        ends = time.monotonic() + 60
        while time.monotonic() < ends:
            try:
                url = f"http://127.0.0.1:{self.port}/readyz"
                if httpx.get(url, trust_env=False, timeout=2).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise RuntimeError("the portal did not start")

    def workers(self) -> list[int]:
        """The supervisor's children that serve; the database is no child of it any more, or another program."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [
            int(pid)
            for pid in children.split()
            if b"postgres" not in Path(f"/proc/{pid}/cmdline").read_bytes()
        ]

    def postmaster(self) -> int:
        home = EmbeddedPostgres(self.data).home
        assert home is not None
        return int((home / "cluster" / "postmaster.pid").read_text().split()[0])

    def kill_a_worker(self) -> None:
        os.kill(self.workers()[0], signal.SIGKILL)

    def kill_both_workers(self) -> None:
        for pid in self.workers():
            os.kill(pid, signal.SIGKILL)

    def kill_the_supervisor(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process = self._start()

    def kill_everything_of_ours(self) -> None:
        workers = self.workers()
        self.process.kill()
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.process = self._start()

    def kill_the_database(self) -> None:
        os.kill(self.postmaster(), signal.SIGKILL)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def close(self) -> None:
        self.stop()
        self.log.close()
