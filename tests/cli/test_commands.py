"""The program as people start it: in a process of its own, on a database of its own."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from portal.cli.charter import TITLES, identifiers, proofs, served
from tests.conftest import named

Command = Callable[..., "subprocess.CompletedProcess[str]"]

#: What is finished: from here on each of these has a test that names it.
PROVED = (
    *(f"BK-{number}" for number in (*range(1, 9), 10, 11, 12)),
    "PO-1",
    "AU-1",
    "RK-6",
)


@pytest.fixture
async def command(database_url: str, tmp_path: Path) -> Command:
    admin = await asyncpg.connect(database_url)
    await admin.execute("DROP DATABASE IF EXISTS portal_commands WITH (FORCE)")
    await admin.execute("CREATE DATABASE portal_commands")
    await admin.close()
    environment = os.environ | {
        "PORTAL_DATA": str(tmp_path),
        "PORTAL_DATABASE_URL": named(database_url, "portal_commands"),
    }

    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(  # noqa: S603  ourselves
            [sys.executable, "-m", "portal", *words],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


async def test_accounts_from_the_command_line(command: Command) -> None:
    assert command("migrate").returncode == 0
    added = command("user", "add", "ops9", "林听松")
    assert added.returncode == 0
    assert re.search(r"sign in with [0-9a-f-]{19} ", added.stdout)

    again = command("user", "add", "ops9", "林听松")
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr.startswith("portal: ")
    assert again.stderr.count("\n") == 1

    assert command("user", "disable", "ops9").stdout == "ops9 is closed\n"
    assert command("user", "disable", "--enable", "ops9").stdout == "ops9 is open\n"
    assert command("user", "reset", "nobody").returncode == 1
    assert command("audit", "verify").returncode == 0


async def test_migrating_twice_changes_nothing(command: Command) -> None:
    assert "migrations ran" in command("migrate").stdout
    assert command("migrate").stdout == "the schema is up to date\n"


async def test_wrong_use_is_one_line_and_code_2(command: Command) -> None:
    assert command("serve", "--demo", "--host", "0.0.0.0").returncode == 2  # noqa: S104
    wrong = command("user", "add")
    assert wrong.returncode == 2


def test_every_finished_demand_is_proved_and_no_test_names_an_unknown_one() -> None:
    found = proofs()
    assert found.keys() <= TITLES.keys()
    assert [identifier for identifier in PROVED if identifier not in found] == []


def test_pages_tell_what_they_are_for() -> None:
    found = served()
    assert "POST /book/{slot_id:int}" in found["BK-3"]
    assert "GET /audit" in found["AU-1"]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("find, pay (BK-5 to BK-7)", ["BK-5", "BK-7", "BK-6"]),
        ("BK-1, BK-2 and XX-9", ["BK-1", "BK-2"]),
        ("IN-1…IN-3", ["IN-1", "IN-3", "IN-2"]),
    ],
)
def test_identifiers_are_read_from_words(text: str, meant: list[str]) -> None:
    assert identifiers(text) == meant
