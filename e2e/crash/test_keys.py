"""New keys while the portal serves (RK-6): nobody is interrupted, nothing becomes unreadable, every process follows."""

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from e2e.browsing import day
from e2e.crash.kept import Kept
from e2e.server import ROOT, Portal
from e2e.visitors import Visitors

SEEN = "张*"  # the masked name on the ticket of everybody in these tests: it is there while what was sealed opens


def in_use(kept: Kept) -> set[str]:
    """The keys in use, as the processes name them that answer; a connection each, so that all are asked."""
    url = f"http://127.0.0.1:{kept.port}/readyz"
    answers = [httpx.get(url, trust_env=False).json() for _ in range(20)]
    return {f"{answer['wrapping_key']} {answer['ticket_key']}" for answer in answers}


def rotate(data: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "portal", "keys", "rotate"],
        cwd=ROOT,
        env=os.environ | {"PORTAL_DATA": str(data)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.charter("RK-6", "BK-6")
def test_keys_are_rotated_under_a_portal_that_serves(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    kept = Kept(tmp_path / "var")
    visitors = Visitors(Portal(f"http://127.0.0.1:{kept.port}", kept.data, tmp_path / "log"))
    try:
        assert in_use(kept) == {"w1 1"}
        slots = [visitors.slots(day(ahead), "mountain")[0] for ahead in (2, 3, 4)]
        orders = [visitors.book(slots[0])]
        assert "were wrapped with w2" in rotate(kept.data)
        time.sleep(1)
        assert in_use(kept) == {"w2 2"}
        orders.append(visitors.book(slots[1]))
        kept.stop()
        kept.start()
        assert in_use(kept) == {"w2 2"}
        orders.append(visitors.book(slots[2]))
        for order in orders:
            assert SEEN in visitors.http.get(order).text
    finally:
        visitors.http.close()
        kept.close()
