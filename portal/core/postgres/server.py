"""Starting, finding, checking and stopping the server."""

import contextlib
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from urllib.parse import quote

from portal.core.postgres import configuration
from portal.core.postgres.account import myself
from portal.core.postgres.cluster import (
    SUPERUSER,
    Postmaster,
    clear_stale_pid,
    ensure_cluster,
    postmaster,
    process_lives,
)
from portal.core.postgres.errors import InUse, PostgresError, explained, from_os
from portal.core.postgres.home import SHARED, Home, existing_home, make_shared, new_home
from portal.core.postgres.installation import Installation, installation_for, tool
from portal.core.postgres.lock import Lock

ROLE = DATABASE = "portal"  # the application's: owns its database, is no superuser

START_LIMIT = 120.0  # seconds; recovery after a crash under load takes some of them
ORPHANS_LIMIT = 15.0  # seconds that the children of a killed server are given to end
STOP_STEPS = (("smart", 3), ("fast", 30), ("immediate", 10))  # mode, seconds

_POLL = 0.02  # seconds
_LOG_TAIL = 4000  # characters


class EmbeddedPostgres:
    """The PostgreSQL server of one data folder.

    Every failure is a PostgresError of one line. Nothing here is asynchronous: it belongs into the
    supervisor, before the event loop and after it.
    """

    def __init__(self, data: Path) -> None:
        self._data = data.absolute()
        self._locks: list[Lock] = []
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def home(self) -> Path | None:
        """The folder with cluster, log and socket; None before the first start."""
        found = existing_home(self._data)
        return found.path if found else None

    def start(self) -> str:
        """Make, recover, start or take over the server; returns the application's address.

        Safe to repeat: a living server is kept, a dead one is started again. Raises InUse when
        another process holds the data folder. On failure nothing of ours is left running or locked.
        """
        fresh = not self._locks
        try:
            home = self._claim()
            installation = self._installation(home)
            ensure_cluster(home, installation)
            found = self._living(home, installation) or self._launch(home, installation)
            self._prepare(found)
        except OSError as error:
            self._give_up(started_here=fresh)
            raise from_os("cannot start the database", error) from None
        except BaseException:
            self._give_up(started_here=fresh)
            raise
        return _address(found.socket, ROLE, DATABASE)

    def stop(self) -> None:
        """Stop the server that this object holds, whoever started it; safe to repeat.

        Clients get a few seconds to leave by themselves, then are sent away. A server that even so
        does not end is killed, which loses nothing: the next start recovers.
        """
        if not self._locks:
            return
        try:
            home = existing_home(self._data)
            if home:
                self._end(home)
        finally:
            self._release()

    def running(self) -> bool:
        """Whether a server answers for this data folder, whoever holds it."""
        return self._ready() is not None

    def alive(self) -> bool:
        """Whether the server's process lives: cheaper than ``running``, and true while it starts or stops."""
        if self._process is not None:
            return self._process.poll() is None
        home = existing_home(self._data)
        return home is not None and process_lives(home)

    def address(self, *, superuser: bool = False, database: str = DATABASE) -> str | None:
        """The address of the server if it runs, whoever holds it, else None.

        The superuser is for physical backups and for the server's own settings.
        """
        found = self._ready()
        if found is None:
            return None
        return _address(found.socket, SUPERUSER if superuser else ROLE, database)

    @contextlib.contextmanager
    def using(self) -> Iterator[str]:
        """The address for one command: of the server that runs, else of one started meanwhile."""
        try:
            address = self.start()
        except InUse:
            found = self.address()
            if found is None:
                raise
            yield found
            return
        try:
            yield address
        finally:
            self.stop()

    def _claim(self) -> Home:
        """Lock the data folder and the home, which are two when root's home lies elsewhere.

        The second lock keeps a copy of the data folder from sharing the original's cluster.
        """
        self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._locks:
            self._locks.append(Lock(self._data / "postgres.lock"))
        home = existing_home(self._data) or new_home(self._data)
        home.make_cluster_folders()
        if home.path.parent != self._data and len(self._locks) == 1:
            self._locks.append(Lock(home.path.with_name(f"{home.path.name}.lock")))
        return home

    def _installation(self, home: Home) -> Installation:
        if home.account.dropped:
            make_shared()
        return installation_for(home.account, SHARED)

    def _living(self, home: Home, installation: Installation) -> Postmaster | None:
        """A server that a supervisor before us left; one that is on its way down is seen off."""
        if self._process and self._process.poll() is not None:
            self._process = None
        found = postmaster(home)
        if found and found.status == "stopping":
            _stop(home, installation, "fast", 30)
            found = postmaster(home)
        return self._await_ready(home) if found else None

    def _launch(self, home: Home, installation: Installation) -> Postmaster:
        deadline = time.monotonic() + ORPHANS_LIMIT
        while True:
            self._reap()
            clear_stale_pid(home)
            with tempfile.TemporaryFile() as said:
                command: list[str | Path] = [
                    installation.program("postgres"),
                    "-D",
                    home.cluster,
                ]
                command += configuration.options(home.log, home.socket_folder())
                self._process = home.account.launch(command, cwd=home.path, stderr=said)
                try:
                    return self._await_ready(home)
                except PostgresError:
                    if self._process.poll() is None:
                        raise
                    words = _last_words(said, home)
            orphans = "is still in use" in words or "lock file" in words
            if not orphans or time.monotonic() > deadline:
                raise explained("the database does not start", words, home.log)
            time.sleep(0.2)

    def _await_ready(self, home: Home) -> Postmaster:
        """Wait until the server takes connections: after a crash it first repeats its log."""
        deadline = time.monotonic() + START_LIMIT
        while time.monotonic() < deadline:
            found = postmaster(home)
            ours = self._process is None or found is None or found.pid == self._process.pid
            if found and ours and found.status == "ready":
                return found
            if self._process and self._process.poll() is not None:
                raise PostgresError("the database ended while it started")
            if self._process is None and found is None:
                raise PostgresError("the database that was running has just ended: start again")
            time.sleep(_POLL)
        raise PostgresError(
            f"the database is not ready after {START_LIMIT:.0f} s: see {home.log}, then start again"
        )

    def _prepare(self, found: Postmaster) -> None:
        """The application's role and database, once; and proof that a commit is really kept."""
        _ask(
            found,
            SUPERUSER,
            "postgres",
            f"SELECT 'CREATE ROLE {ROLE} LOGIN CREATEDB' WHERE NOT EXISTS"  # noqa: S608  our constants
            f" (SELECT FROM pg_roles WHERE rolname = '{ROLE}') \\gexec\n"
            f"SELECT 'CREATE DATABASE {DATABASE} OWNER {ROLE}' WHERE NOT EXISTS"
            f" (SELECT FROM pg_database WHERE datname = '{DATABASE}') \\gexec\n",
        )
        names = ", ".join(f"'{name}'" for name in configuration.PROVEN)
        query = f"SELECT name, setting FROM pg_settings WHERE name IN ({names});"  # noqa: S608
        rows = _ask(found, ROLE, DATABASE, query)
        settings = dict(row.split("|", 1) for row in rows.splitlines() if "|" in row)
        for name, value in configuration.PROVEN.items():
            if settings.get(name) != value:
                raise PostgresError(
                    f"the database could lose bookings: {name} is {settings.get(name)}, must be "
                    f"{value}; undo the ALTER ROLE or ALTER DATABASE that sets it"
                )

    def _ready(self) -> Postmaster | None:
        home = existing_home(self._data)
        found = postmaster(home) if home else None
        return found if found and found.status == "ready" else None

    def _give_up(self, *, started_here: bool) -> None:
        """After a failed start: stop what this start launched, keep what was there before."""
        if self._process and self._process.poll() is None and started_here:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_STEPS[1][1])
        if started_here:
            self._release()

    def _end(self, home: Home) -> None:
        installation = self._installation(home)
        for mode, seconds in STOP_STEPS:
            if postmaster(home) is None or _stop(home, installation, mode, seconds):
                break
        else:
            raise PostgresError(f"the database does not stop: see {home.log}")
        self._reap()
        home.drop_short_socket()

    def _reap(self) -> None:
        """Wait for the end of a server that we started and that has ended, or is about to."""
        if self._process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_STEPS[-1][1])
        self._process = None

    def _release(self) -> None:
        while self._locks:
            self._locks.pop().release()


def _address(socket: Path, role: str, database: str) -> str:
    """Understood alike by asyncpg and by PostgreSQL's own programs."""
    return f"postgresql://{role}@/{database}?host={quote(str(socket), safe='')}"


def _stop(home: Home, installation: Installation, mode: str, seconds: int) -> bool:
    """Ask the server to stop and wait; by the account, so that the system checks the pid's owner."""
    command: list[str | Path] = [installation.program("pg_ctl")]
    command += ["stop", "--silent", "--wait"]
    command += ["-D", home.cluster, "--mode", mode, "--timeout", str(seconds)]
    return home.account.run(command, cwd=home.path).returncode == 0


def _ask(found: Postmaster, role: str, database: str, script: str) -> str:
    answer = _psql(_address(found.socket, role, database), script)
    if answer.returncode:
        raise explained("the database does not answer", answer.stderr)
    return answer.stdout


def _psql(address: str, script: str) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [tool("psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", address]
    return myself().run(command, text=script)


def _last_words(said: IO[bytes], home: Home) -> str:
    """Why the server ended: its standard error, and its log once it writes there."""
    said.seek(0)
    words = said.read().decode("utf-8", "replace")
    if "redirecting log output" in words:
        logs = sorted(home.log.glob("*.log"), key=lambda path: path.stat().st_mtime)
        words += logs[-1].read_text("utf-8", "replace")[-_LOG_TAIL:] if logs else ""
    return words
