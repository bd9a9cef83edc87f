"""PostgreSQL's programs: those of the wheel, or a copy that the service account can run."""

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from portal.core.postgres import PostgresError, account, errors, installation, tool
from portal.core.postgres.account import Account, current_account, environment, myself
from portal.core.postgres.installation import Installation, installation_for, wheel
from tests.scratch import scratch_folder


@pytest.fixture
def shared() -> Iterator[Path]:
    folder = scratch_folder("shanmen-copy-")
    yield folder
    shutil.rmtree(folder)


# ── programs ─────────────────────────────────────────────────────────────────────────────────────


def test_the_wheel_brings_the_server_and_its_tools() -> None:
    for name in ("postgres", "initdb", "pg_ctl", "psql", "pg_dump", "pg_restore", "pg_basebackup"):
        assert os.access(wheel().program(name), os.X_OK), name
    assert tool("psql") == wheel().program("psql")
    with pytest.raises(PostgresError, match="no program pg_nothing"):
        tool("pg_nothing")


def test_a_machine_without_the_wheel_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "_PACKAGE", "no_such_package")
    with pytest.raises(PostgresError, match="set PORTAL_DATABASE_URL"):
        wheel()


def test_whoever_can_run_the_wheel_runs_the_wheel(shared: Path) -> None:
    assert installation_for(myself(), shared) == wheel()
    assert list(shared.iterdir()) == []


def test_an_account_that_cannot_reach_the_wheel_is_given_a_copy(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def usable_by(self: Installation, _account: Account) -> bool:
        return self != wheel()

    monkeypatch.setattr(Installation, "usable_by", usable_by)
    old_umask = os.umask(0o077)
    try:
        copy = installation_for(myself(), shared)
    finally:
        os.umask(old_umask)
    assert copy.site.parent == shared
    for path in copy.site.rglob("*"):
        if not path.is_symlink():
            wanted = 0o755 if path.is_dir() else 0o644
            assert stat.S_IMODE(path.stat().st_mode) & wanted == wanted, path
    said = subprocess.run(  # noqa: S603
        [copy.program("postgres"), "--version"], capture_output=True, text=True, check=True
    )
    assert " 18." in said.stdout
    made = copy.site.stat().st_ino
    assert installation_for(myself(), shared).site.stat().st_ino == made, "made once"
    assert len(list(shared.iterdir())) == 1, "nothing half copied stays"


def test_a_copy_that_cannot_be_run_either_is_told(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Installation, "usable_by", lambda *_: False)
    monkeypatch.setattr(installation, "_copy", lambda _source, target: target.mkdir())
    with pytest.raises(PostgresError, match="cannot run PostgreSQL from"):
        installation_for(myself(), shared)


def test_a_copy_that_fails_leaves_nothing(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Installation, "usable_by", lambda *_: False)
    monkeypatch.setattr(shutil, "copytree", full)
    with pytest.raises(PostgresError, match="the disk is full"):
        installation_for(myself(), shared)
    assert list(shared.iterdir()) == []


# ── accounts ─────────────────────────────────────────────────────────────────────────────────────


def test_programs_are_given_no_secret_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_DATABASE_URL", "postgresql://secret")
    monkeypatch.setenv("PGOPTIONS", "-c fsync=off")
    assert environment().keys() == {"PATH", "LC_ALL"}
    said = myself().run(["/usr/bin/env"])
    assert "secret" not in said.stdout
    assert "PGOPTIONS" not in said.stdout


def test_a_program_that_cannot_start_or_end_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PostgresError, match="cannot run PostgreSQL") as caught:
        myself().run(["/no/such/program"])
    assert "\n" not in str(caught.value)
    monkeypatch.setattr(account, "COMMAND_LIMIT", 0.05)
    with pytest.raises(PostgresError, match="did not end in"):
        myself().run(["/bin/sleep", "5"])


def entry(name: str, uid: int) -> SimpleNamespace:
    return SimpleNamespace(pw_name=name, pw_uid=uid, pw_gid=uid)


@pytest.mark.parametrize(
    ("there", "made", "chosen"),
    [
        ({"shanmen": 990}, {}, 990),
        ({}, {"shanmen": 991}, 991),
        ({"postgres": 70}, {}, 70),
        ({"nobody": 65534}, {}, 65534),
    ],
)
def test_root_takes_the_service_account_or_the_next_best(
    there: dict[str, int], made: dict[str, int], chosen: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = dict(there)

    def named(name: str) -> SimpleNamespace:
        if name not in known:
            raise KeyError(name)
        return entry(name, known[name])

    def useradd(*_args: object, **_options: object) -> None:
        known.update(made)

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwnam", named)
    monkeypatch.setattr(account.subprocess, "run", useradd)
    assert current_account() == Account(chosen, chosen)


def test_root_without_any_account_is_told_how_to_make_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(name: str) -> None:
        raise KeyError(name)

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwnam", nobody)
    monkeypatch.setattr(account.shutil, "which", lambda *_args, **_options: None)
    with pytest.raises(PostgresError, match="useradd --system shanmen"):
        current_account()


def test_an_ordinary_user_is_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    monkeypatch.setattr(os, "getegid", lambda: 4712)
    mine = current_account()
    assert mine == Account(4711, 4712)
    assert not mine.dropped
    assert mine.name == "4711", "an id without a name is called by its number"


# ── words ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("x\nFATAL:  could not create shared memory segment: No space", "enlarge /dev/shm"),
        ("PANIC: could not write: No space left on device", "the disk is full"),
        ("could not open: Permission denied", "permission denied"),
        ("LOG: one\nFATAL:  the gist of it\nLOG: two", "PostgreSQL says: FATAL:  the gist of it"),
        ("", "no reason given"),
    ],
)
def test_postgresql_s_words_become_one_line(said: str, told: str) -> None:
    line = str(errors.explained("the database does not start", said, Path("/log")))
    assert told in line
    assert line.endswith("(log: /log)")
    assert "\n" not in line
    assert len(str(errors.explained("x", "y" * 10_000))) < 400
