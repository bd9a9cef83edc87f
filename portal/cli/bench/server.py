"""The portal under measurement: the real workers on a free port, and what they take of the memory."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import httpx

START_SECONDS: Final = 30.0
REAL: Final = "portal.app:create"
FLOOR: Final = "portal.cli.bench.floor:create"


class Cpu(NamedTuple):
    """Seconds."""

    workers: float
    database: float
    client: float

    def since(self, before: "Cpu") -> "Cpu":
        return Cpu(*(now - then for now, then in zip(self, before, strict=True)))


@dataclass(frozen=True, slots=True)
class Server:
    """``postmaster`` is the database's process, 0 when not asked for; known where there is Linux's ``/proc``."""

    port: int
    pid: int
    postmaster: int

    def memory(self) -> int:
        """Octets that workers and database take together, shared pages divided among those who share (PSS)."""
        return sum(_pss(pid) for pid in (*_family(self.pid), *_family(self.postmaster)))

    def cpu(self) -> Cpu:
        """Processor time taken so far: by workers, by the database, by this process."""
        return Cpu(
            sum(map(_cpu_seconds, _family(self.pid))),
            sum(map(_cpu_seconds, _family(self.postmaster))),
            time.process_time(),
        )


@contextmanager
def serving(target: str, workers: int, database: Path | None = None) -> Iterator[Server]:
    """Run the application of ``target`` until the block ends; it answers ``/readyz`` when the block begins."""
    port = _free_port()
    process = subprocess.Popen(  # noqa: S603  ourselves
        [sys.executable, "-m", "portal.cli.bench.serve", target, str(port), str(workers)],
        env=os.environ | {"PORTAL_BASE_URL": f"http://127.0.0.1:{port}"},
    )
    try:
        _await_ready(port, process)
        postmaster = int((database / "postmaster.pid").read_text().split()[0]) if database else 0
        yield Server(port, process.pid, postmaster)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_ready(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError("the server ended while it started")
        try:
            if (
                httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2).status_code
                == httpx.codes.OK
            ):
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise RuntimeError(f"the server was not ready in {START_SECONDS:.0f} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _descendants(pid: int) -> list[int]:
    """Children of a process and theirs (Linux; elsewhere none are found)."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += [int(child), *_descendants(int(child))]
    return found


def _family(pid: int) -> list[int]:
    return [pid, *_descendants(pid)]


def _cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
