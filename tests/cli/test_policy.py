"""``portal policy``: what leaves comes back the same, and nothing that cannot be trusted gets in force."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from rbac.assertions import standing_assertions
from rbac.bundle import unpack
from rbac.policy import Policy, shipped_policy
from tests.conftest import named

Command = Callable[..., "subprocess.CompletedProcess[str]"]
DEMO = shipped_policy(demo=True)


@pytest.fixture
async def command(database_url: str, tmp_path: Path) -> Command:
    """The program in a process of its own, on an empty database."""
    admin = await asyncpg.connect(database_url)
    await admin.execute("DROP DATABASE IF EXISTS portal_policies WITH (FORCE)")
    await admin.execute("CREATE DATABASE portal_policies")
    await admin.close()
    environment = os.environ | {
        "PORTAL_DATA": str(tmp_path / "data"),
        "PORTAL_DATABASE_URL": named(database_url, "portal_policies"),
    }

    def run(*words: object, given: str = "") -> "subprocess.CompletedProcess[str]":
        return subprocess.run(  # noqa: S603  ourselves
            [sys.executable, "-m", "portal", *map(str, words)],
            env=environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def written(folder: Path, text: str) -> Path:
    file = folder / "given.csv"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.charter("PO-7", "PO-4")
def test_what_is_exported_comes_back_as_a_version(command: Command, tmp_path: Path) -> None:
    nothing = command("policy", "check")
    assert (nothing.returncode, nothing.stderr.count("\n")) == (2, 1)
    assert command("migrate").returncode == 0
    assert command("policy", "export").returncode == 2  # nothing to export yet

    first = command("policy", "import", written(tmp_path, DEMO.text), "--reason", "a beginning")
    assert first.stdout == "version 1 is in force\n"
    assert command("policy", "check").stdout.startswith(
        f"{len(standing_assertions())} assertions hold: "
    )

    folder = tmp_path / "out"
    assert command("policy", "export", folder).returncode == 0
    assert Policy.parse((folder / "policy.csv").read_text(encoding="utf-8")) == DEMO
    assert "[matchers]" in (folder / "model.conf").read_text(encoding="utf-8")
    again = command("policy", "export", folder)
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    assert command("policy", "export", folder, "--force").returncode == 0
    assert command("policy", "export", folder / "policy.csv" / "x").returncode == 2
    assert command("policy", "export").stdout == DEMO.text
    archive = tmp_path / "policy.zip"
    assert command("policy", "export", archive).returncode == 0
    assert unpack(archive.read_bytes()) == DEMO.text
    assert command("policy", "import", archive).stdout == "this policy is in force already\n"
    assert command("policy", "export", archive).returncode == 2
    archive.write_bytes(b"PK and nothing else")
    assert (
        command("policy", "check", archive).returncode,
        command("policy", "import", archive).returncode,
    ) == (2, 2)

    same = command("policy", "import", folder / "policy.csv")
    assert (same.returncode, same.stdout) == (0, "this policy is in force already\n")
    more = DEMO.text + "p, role:gate, *, closure, read, any, , allow\n"
    assert command("policy", "import", "-", given=more).stdout == "version 2 is in force\n"
    assert "closure, read" in command("policy", "export", "-").stdout
    assert command("audit", "verify").returncode == 0


@pytest.mark.charter("PO-4")
def test_a_policy_that_contradicts_an_assertion_is_refused(
    command: Command, tmp_path: Path
) -> None:
    command("migrate")
    file = written(tmp_path, DEMO.text + "p, role:ceo, *, contract, open, any, , allow\n")
    for act in ("check", "import"):
        refused = command("policy", act, file)
        assert refused.returncode == 1
        told = refused.stderr.splitlines()
        assert len(told) == 2  # the role and the person who holds it
        assert told[0].startswith("contracts: Only the director opens contracts. But ")
    in_chinese = command("policy", "check", file, "--lang", "zh")
    assert "只有总监可以调阅合同正文" in in_chinese.stderr
    assert command("policy", "export").returncode == 2  # still nothing in force


@pytest.mark.charter("PO-7")
def test_every_slip_is_told_with_its_place(command: Command, tmp_path: Path) -> None:
    file = written(
        tmp_path,
        "# slips\n"
        "p, role:gate, *, ordre, read, any, , allow\n"
        "p, role:gate, *, order, read, any, final or amout > 3, allow\n"
        "g, ann, role:gate, *, soon\n",
    )
    refused = command("policy", "import", file)
    assert refused.returncode == 1
    assert refused.stderr.splitlines() == [
        f"{file}:2:18: there is no permission “ordre:read”",
        f"{file}:3:45: no record has the attribute “amout”",
        f"{file}:4:23: an instant is written like 2026-03-02T08:00:00+08:00",
    ]


@pytest.mark.charter("PO-7")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "p, alice, data1, read\ng, alice, admin\n",
            "another Casbin model: its rules have 3 fields",
        ),
        ("\ud800", "not a text in UTF-8"),
    ],
)
def test_what_is_no_policy_of_ours_is_refused_in_one_line(
    command: Command, tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "foreign.csv"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    for act in ("check", "import"):
        refused = command("policy", act, file)
        assert refused.returncode == 2
        assert said in refused.stderr
        assert refused.stderr.count("\n") == 1
    assert command("policy", "check", tmp_path / "missing.csv").returncode == 2
