"""Logging: lines for a person in development, JSON in production."""

import json
import subprocess
import sys

import pytest

LOGGING = """
import structlog
from portal.core import logs
logs.configure(development={development})
log = structlog.get_logger("x")
log.debug("unseen")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("job.failed", job="山门")
"""


@pytest.mark.parametrize("development", [True, False])
def test_logs_are_lines_for_a_person_or_json(*, development: bool) -> None:
    """In a process of its own: structlog is configured once."""
    done = subprocess.run(  # noqa: S603
        [
            sys.executable,
            "-c",
            LOGGING.format(development=development),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ""
    assert "unseen" not in done.stderr
    assert "ZeroDivisionError" in done.stderr
    if not development:
        (line,) = done.stderr.splitlines()
        told = json.loads(line)
        assert (told["event"], told["job"], told["level"]) == ("job.failed", "山门", "error")
