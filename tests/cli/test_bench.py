"""The benchmark measures real bookings, and says so only when the database agrees."""

import subprocess
import sys
from pathlib import Path

PORTAL = Path(sys.executable).with_name("portal")


def test_the_benchmark_of_booking_books_what_it_says() -> None:
    done = subprocess.run(  # noqa: S603  ourselves
        [str(PORTAL), "bench", "booking", "--requests", "100"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "answered 500; orders 500, places sold 500, tickets 500: they agree" in done.stdout
    assert "409:100" in done.stdout  # what was sold out was refused


def test_the_benchmark_of_the_trail_verifies_what_it_wrote() -> None:
    done = subprocess.run(  # noqa: S603  ourselves
        [str(PORTAL), "bench", "audit", "--rows", "2000"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "verify" in done.stdout
    assert "refused to one" in done.stdout
