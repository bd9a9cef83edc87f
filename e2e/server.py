"""The real portal with the demo, on a free port and in a data folder of its own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[1]
START_SECONDS = 90
STOP_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Portal:
    """A portal that serves: its address, its data folder, and what it has written so far."""

    url: str
    data: Path
    log: Path


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def serving(data: Path) -> Iterator[Portal]:
    """Start it as an operator would, with its pattern page, and stop it as an operator would."""
    port, log = free_port(), data / "portal.log"
    url = f"http://127.0.0.1:{port}"
    environment = {name: value for name, value in os.environ.items() if "PORTAL_" not in name}
    environment |= {"PORTAL_DATA": str(data / "var"), "PORTAL_DEVELOPMENT": "1"}
    command = [sys.executable, "-m", "portal", "serve", "--demo", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  our own program
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _wait(process, url, log)
        yield Portal(url, data, log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)
        _tidy(data / "var")


def _tidy(data: Path) -> None:
    """Leave no cluster behind where it lies outside the data folder, which pytest tidies itself."""
    pointer = data / "postgres.elsewhere"
    if pointer.exists():
        shutil.rmtree(pointer.read_text("utf-8").strip(), ignore_errors=True)


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends:
        if process.poll() is not None:
            break
        try:
            if httpx.get(f"{url}/readyz", trust_env=False).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    process.kill()
    raise RuntimeError(f"the portal did not start:\n{log.read_text('utf-8')}")
