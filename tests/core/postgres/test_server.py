"""The database that comes along: found again after any kill, private, run by nobody who is root.

Each test here starts a real server. A folder that root's service account can pass through keeps the
cluster inside, so that nothing of a test stays elsewhere.
"""

import contextlib
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from portal.core.postgres import EmbeddedPostgres, InUse, Keeper, PostgresError, tool
from portal.core.postgres.cluster import postmaster
from portal.core.postgres.home import existing_home
from portal.core.postgres.lock import Lock
from tests.scratch import scratch_folder

ROOT = os.geteuid() == 0
NOBODY = 65534


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A data folder with a stopped cluster, to be copied: making one takes a second or two."""
    folder = scratch_folder("shanmen-pg-")
    server = EmbeddedPostgres(passable(folder / "data"))
    server.start()
    server.stop()
    yield folder / "data"
    shutil.rmtree(folder)


@pytest.fixture
def fresh() -> Iterator[Path]:
    """A data folder that is not there yet; whatever server is left in it at the end is ended."""
    folder = scratch_folder("shanmen-pg-")
    data = folder / "data"
    yield data
    home = existing_home(data)
    found = postmaster(home) if home else None
    if found:
        os.kill(found.pid, signal.SIGQUIT)
        wait_until_gone(found.pid)
    shutil.rmtree(folder, ignore_errors=True)
    if home and not home.path.is_relative_to(folder):
        shutil.rmtree(home.path, ignore_errors=True)
        home.path.with_name(f"{home.path.name}.lock").unlink(missing_ok=True)


@pytest.fixture
def data(fresh: Path, made: Path) -> Path:
    """A data folder whose server was stopped in order."""
    subprocess.run(["/bin/cp", "-a", made, fresh], check=True)  # noqa: S603
    return fresh


def passable(data: Path) -> Path:
    data.mkdir(mode=0o711)
    return data


def in_child(work: Callable[[], bool]) -> bool:
    """Do it as an ordinary user: this one, or for root ``nobody``, in a forked child.

    Without exec, because the interpreter may lie in root's own home.
    """
    if not ROOT:
        return work()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads; the child starts none
        child = os.fork()
    if child == 0:
        good = False
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            good = work()
        finally:
            os._exit(0 if good else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def ask(url: str, sql: str) -> str:
    done = subprocess.run(  # noqa: S603
        [tool("psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def server_pid(data: Path) -> int:
    home = existing_home(data)
    assert home is not None
    found = postmaster(home)
    assert found is not None
    return found.pid


def gone(pid: int) -> bool:
    """Whether the process has ended (one that nobody waited for yet counts as ended)."""
    try:
        return "State:\tZ" in Path(f"/proc/{pid}/status").read_text("ascii")
    except FileNotFoundError:
        return True


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while not gone(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)


HOLDER = """
import sys
from pathlib import Path
from portal.core.postgres import EmbeddedPostgres
print(EmbeddedPostgres(Path(sys.argv[1])).start(), flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def another_supervisor(data: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A process that starts the server and holds it."""
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", HOLDER, str(data)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith("postgresql://")
        yield process, url
        process.kill()


# ── from the first start to the stop ─────────────────────────────────────────────────────────────


def test_a_server_from_start_to_stop(fresh: Path) -> None:
    data = passable(fresh)
    server = EmbeddedPostgres(data)
    assert server.home is None
    assert not server.running()
    assert server.address() is None
    url = server.start()
    home = server.home
    assert home == data / "postgres"
    assert ask(
        url, "SELECT current_user || ' ' || rolsuper FROM pg_roles WHERE rolname = current_user"
    ) == ("portal false")

    # private: the folders are the server's own, no port is open, and its log holds no values
    for folder in (home, home / "cluster", home / "socket", home / "log"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert ask(url, "SHOW listen_addresses") == ""
    assert ask(url, "SHOW log_parameter_max_length") == "0"
    assert "x-secret" not in Path(f"/proc/{server_pid(data)}/environ").read_text("utf-8", "replace")

    # durable
    for name in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums"):
        assert ask(url, f"SHOW {name}") == "on"

    # never root's
    owner = Path(f"/proc/{server_pid(data)}").stat().st_uid
    assert owner != 0
    if ROOT:
        assert home.stat().st_uid == owner
        assert data.stat().st_uid == 0

    # a second start keeps the server; commands may use it; the superuser is for backups
    pid = server_pid(data)
    assert server.start() == url
    assert server_pid(data) == pid
    superuser = server.address(superuser=True)
    assert superuser is not None
    assert ask(superuser, "SHOW is_superuser") == "on"

    # stopping is repeatable, and leaves nothing locked
    server.stop()
    server.stop()
    wait_until_gone(pid)
    assert not server.running()
    with server.using() as again:
        assert ask(again, "SELECT 1") == "1"
    assert not server.running()


def test_a_server_that_has_clients_is_stopped_all_the_same(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.core.postgres.server.STOP_STEPS", (("smart", 1), ("fast", 30)))
    server = EmbeddedPostgres(data)
    url = server.start()
    client = subprocess.Popen(  # noqa: S603
        [tool("psql"), "-Xq", "-d", url, "-c", "SELECT pg_sleep(60)"], stderr=subprocess.DEVNULL
    )
    with client:
        while (
            ask(url, "SELECT count(*) FROM pg_stat_activity WHERE query ~ '^SELECT pg_sleep'")
            != "1"
        ):
            time.sleep(0.02)
        server.stop()
        assert client.wait(10) != 0
    assert not server.running()


# ── kills ────────────────────────────────────────────────────────────────────────────────────────


def test_a_server_whose_supervisor_was_killed_is_found_again(data: Path) -> None:
    with another_supervisor(data) as (process, url):
        ask(url, "CREATE TABLE kept AS SELECT 1 AS one")
        pid = server_pid(data)
        mine = EmbeddedPostgres(data)
        with pytest.raises(InUse, match=f"process {process.pid} "):
            mine.start()
        with mine.using() as borrowed:
            assert borrowed == url, "a command uses the server that runs"
        assert not gone(pid), "and leaves it running"
        process.kill()
        process.wait()
        assert mine.start() == url
        assert server_pid(data) == pid, "the same server, taken over"
        assert ask(url, "SELECT one FROM kept") == "1"
        mine.stop()
        wait_until_gone(pid)  # the pid file goes first, a moment before the process


def test_a_server_that_was_killed_recovers_what_was_acknowledged(data: Path) -> None:
    server = EmbeddedPostgres(data)
    url = server.start()
    ask(url, "CREATE TABLE kept (one integer); INSERT INTO kept VALUES (1)")
    for one in (2, 3):
        pid = server_pid(data)
        os.kill(pid, signal.SIGKILL)
        wait_until_gone(pid)
        assert not server.running()
        server.start()
        assert server_pid(data) != pid
        ask(url, f"INSERT INTO kept VALUES ({one})")
    assert ask(url, "SELECT sum(one) FROM kept") == "6"
    server.stop()


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_server_that_ends_by_itself_is_started_again(data: Path) -> None:
    server, said = EmbeddedPostgres(data), list[str]()
    url = server.start()
    ask(url, "CREATE TABLE kept (one integer)")
    with Keeper(server, said.append):
        for one in (1, 2):
            pid = server_pid(data)
            os.kill(pid, signal.SIGKILL)
            until(lambda one=one: len(said) == one)  # type: ignore[misc]
            assert server_pid(data) != pid
            ask(url, f"INSERT INTO kept VALUES ({one})")
    assert said == ["the database had ended and was started again"] * 2
    server.stop()
    assert not server.alive()
    assert not server.running()


def test_a_server_of_an_earlier_supervisor_is_kept_too(data: Path) -> None:
    with another_supervisor(data) as (process, url):
        process.kill()
        process.wait()
    server, said = EmbeddedPostgres(data), list[str]()
    server.start()
    with Keeper(server, said.append):
        assert server.alive()
        os.kill(server_pid(data), signal.SIGKILL)
        until(lambda: len(said) == 1)
        assert ask(url, "SELECT 1") == "1"
    server.stop()


def test_a_server_that_does_not_start_is_tried_until_it_does(data: Path) -> None:
    server, said = EmbeddedPostgres(data), list[str]()
    server.start()
    assert server.home is not None
    control, away = server.home / "cluster" / "global", server.home / "cluster" / "away"
    with Keeper(server, said.append):
        pid = server_pid(data)
        control.rename(away)
        os.kill(pid, signal.SIGKILL)
        until(lambda: len(said) >= 1)
        assert said[0].startswith("the database has ended and does not start: ")
        away.rename(control)
        until(lambda: said[-1] == "the database had ended and was started again")
    server.stop()


def test_a_pid_file_whose_number_another_process_has_today_does_not_deceive(data: Path) -> None:
    server = EmbeddedPostgres(data)
    url = server.start()
    ask(url, "CREATE TABLE kept AS SELECT 1 AS one")
    assert server.home is not None
    pid_file, lock_file = (
        server.home / "cluster" / "postmaster.pid",
        server.home / "socket" / ".s.PGSQL.5432.lock",
    )
    left = [(path, path.read_text()) for path in (pid_file, lock_file)]
    old = server_pid(data)
    server.stop()
    with subprocess.Popen(["/bin/sleep", "60"]) as stranger:
        for path, text in left:
            path.write_text(text.replace(str(old), str(stranger.pid), 1))
        assert not server.running()
        server.start()
        assert ask(url, "SELECT one FROM kept") == "1"
        assert stranger.poll() is None, "and nobody else is killed"
        server.stop()
        stranger.kill()


# ── refusals ─────────────────────────────────────────────────────────────────────────────────────


def test_a_server_that_could_lose_bookings_is_not_used(data: Path) -> None:
    server = EmbeddedPostgres(data)
    url = server.start()
    ask(url, "ALTER ROLE portal SET synchronous_commit = off")
    with pytest.raises(PostgresError, match="synchronous_commit is off, must be on"):
        EmbeddedPostgres.start(server)
    ask(url, "SET synchronous_commit = on; ALTER ROLE portal RESET synchronous_commit")
    assert server.start() == url
    superuser = server.address(superuser=True)
    assert superuser is not None
    ask(superuser, "ALTER SYSTEM SET fsync = off")  # undone by the command line of the next start
    server.stop()
    assert ask(server.start(), "SHOW fsync") == "on"
    server.stop()


def test_a_cluster_of_another_version_is_left_alone(fresh: Path) -> None:
    data = passable(fresh)
    cluster = data / "postgres" / "cluster"
    cluster.mkdir(parents=True, mode=0o700)
    if ROOT:
        shutil.chown(data / "postgres", "nobody")
    (cluster / "PG_VERSION").write_text("16\n")
    with pytest.raises(PostgresError, match="made by PostgreSQL 16, this is 18"):
        EmbeddedPostgres(data).start()
    assert [entry.name for entry in cluster.iterdir()] == ["PG_VERSION"]
    shutil.rmtree(data)


def test_a_half_made_cluster_is_made_anew(data: Path) -> None:
    server = EmbeddedPostgres(data)
    home = server.home
    assert home is not None
    (home / "cluster").rename(home / "cluster.new")  # what a kill during initdb leaves
    assert ask(server.start(), "SELECT 1") == "1"
    assert not (home / "cluster.new").exists()
    server.stop()


def test_one_folder_has_one_holder(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "postgres.lock")
    with pytest.raises(InUse, match=f"process {os.getpid()} already"):
        Lock(tmp_path / "postgres.lock")
    lock.release()
    Lock(tmp_path / "postgres.lock").release()
    (tmp_path / "link").symlink_to(tmp_path / "postgres.lock")
    with pytest.raises(PostgresError, match="cannot lock"):
        Lock(tmp_path / "link")


def test_a_data_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PostgresError, match="cannot start the database") as caught:
        EmbeddedPostgres(tmp_path / "file" / "data").start()
    assert "\n" not in str(caught.value)


# ── places ───────────────────────────────────────────────────────────────────────────────────────


def test_a_deep_folder_has_its_socket_in_a_short_one(data: Path) -> None:
    deep = data / ("a" * 60) / ("b" * 60)
    deep.mkdir(parents=True)
    for parent in (deep, deep.parent):
        parent.chmod(0o711)
    (data / "postgres").rename(deep / "postgres")
    server = EmbeddedPostgres(deep)
    url = server.start()
    assert server.home is not None
    pointer = server.home / "socket.elsewhere"
    short = Path(pointer.read_text().strip())
    assert stat.S_IMODE(short.stat().st_mode) == 0o700
    assert ask(url, "SELECT 1") == "1"
    assert EmbeddedPostgres(deep).address() == url
    server.stop()
    assert not short.exists()
    assert not pointer.exists()


def test_a_private_folder_stays_closed(fresh: Path) -> None:
    """Root's account cannot enter it, and must not be let in: the cluster then lies elsewhere."""
    fresh.mkdir(mode=0o700)
    before = stat.S_IMODE(fresh.stat().st_mode), stat.S_IMODE(fresh.parent.stat().st_mode)
    server = EmbeddedPostgres(fresh)
    assert ask(server.start(), "SELECT 1") == "1"
    server.stop()
    home = server.home
    assert home is not None
    assert home.is_relative_to(fresh) == (not ROOT)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert (stat.S_IMODE(fresh.stat().st_mode), stat.S_IMODE(fresh.parent.stat().st_mode)) == before


def test_a_cluster_elsewhere_has_one_holder_and_is_never_made_anew(data: Path) -> None:
    home = data.parent / "elsewhere"
    (data / "postgres").rename(home)
    (data / "postgres.elsewhere").write_text(f"{home}\n")
    server = EmbeddedPostgres(data)
    url = server.start()
    assert server.home == home
    copy = data.parent / "copy"
    copy.mkdir()
    shutil.copy(data / "postgres.elsewhere", copy)
    with pytest.raises(InUse):
        EmbeddedPostgres(copy).start()  # a copy of the data folder must not share the cluster
    ask(url, "CREATE TABLE kept AS SELECT 1 AS one")
    server.stop()
    aside = home.rename(data.parent / "aside")
    with pytest.raises(PostgresError, match="which is gone"):
        EmbeddedPostgres(data).start()
    assert not home.exists()
    aside.rename(home)
    assert ask(server.start(), "SELECT one FROM kept") == "1"
    server.stop()


def test_an_ordinary_user_runs_it_too(fresh: Path) -> None:
    fresh.mkdir(mode=0o700)
    if ROOT:
        os.chown(fresh, NOBODY, NOBODY)

    def run() -> bool:
        server = EmbeddedPostgres(fresh)
        good = ask(server.start(), "SELECT 1") == "1"
        server.stop()
        return good

    assert in_child(run)
    assert (fresh / "postgres").stat().st_uid == fresh.stat().st_uid != 0


def test_the_socket_lets_nobody_else_in(data: Path) -> None:
    """What protects the server is the folder: whoever could enter it would need no password."""
    server = EmbeddedPostgres(data)
    server.start()
    assert server.home is not None
    path = server.home / "socket" / ".s.PGSQL.5432"
    assert stat.S_ISSOCK(path.stat().st_mode)

    def comes_in() -> bool:
        with socket.socket(socket.AF_UNIX) as stranger:
            try:
                stranger.connect(str(path))
            except PermissionError:
                return False
            return True

    assert in_child(comes_in) == (not ROOT), "nobody but the server's own user, and root"
    server.stop()
