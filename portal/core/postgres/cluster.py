"""PostgreSQL's files: made once, checked for their version, and who runs on them right now."""

import os
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

from portal.core.postgres import configuration
from portal.core.postgres.errors import PostgresError, explained
from portal.core.postgres.home import SOCKET_NAME, Home
from portal.core.postgres.installation import MAJOR, Installation

SUPERUSER = "postgres"

_SOCKET_LINE, _STATUS_LINE = 4, 7  # of postmaster.pid, counted from 0
_CONNECT_LIMIT = 5.0  # seconds


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What ``postmaster.pid`` says of a server that lives."""

    pid: int
    socket: Path
    status: str  # starting, ready, stopping


def ensure_cluster(home: Home, installation: Installation) -> None:
    """Make the cluster, whole or not at all; refuse one of another major version."""
    version = home.cluster / "PG_VERSION"
    if version.exists():
        found = version.read_text("ascii").strip()
        if found != str(MAJOR):
            raise PostgresError(
                f"{home.cluster} was made by PostgreSQL {found}, this is {MAJOR}: export it with the "
                "release that made it (`portal backup`) and restore it with this one"
            )
        return
    making = home.path / "cluster.new"
    shutil.rmtree(making, ignore_errors=True)
    made = home.account.run(
        [
            installation.program("initdb"),
            *("--pgdata", making, "--username", SUPERUSER, "--auth", "trust"),
            *("--encoding", "UTF8", "--locale", "C", "--data-checksums", "--no-instructions"),
            *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
            *configuration.first_options(),
        ],
        cwd=home.path,
        needs_name=True,
    )
    if made.returncode:
        if "could not look up effective user ID" in made.stderr:
            raise PostgresError(
                f"user id {home.account.uid} has no name, which PostgreSQL's initdb needs: add "
                f"`shanmen:x:{home.account.uid}:{home.account.gid}::/:/bin/false` to /etc/passwd, "
                "start as a user that is listed there, or set PORTAL_DATABASE_URL"
            )
        raise explained("cannot make the database", made.stderr or made.stdout)
    making.rename(home.cluster)


def postmaster(home: Home) -> Postmaster | None:
    """The server that runs on this cluster, or None.

    Only a living server listens on its socket, so a pid file that a kill left behind, even one
    whose number another process has today, does not deceive.
    """
    lines = _lines(home.cluster / "postmaster.pid")
    if len(lines) <= _SOCKET_LINE or not lines[0].isdigit():
        return None
    folder = Path(lines[_SOCKET_LINE])
    if not folder.is_absolute() or not _listens(folder / SOCKET_NAME):
        return None
    status = lines[_STATUS_LINE].strip() if len(lines) > _STATUS_LINE else "starting"
    return Postmaster(int(lines[0]), folder, status)


def process_lives(home: Home) -> bool:
    """Whether the server that ``postmaster.pid`` names is still a process, answering or not."""
    lines = _lines(home.cluster / "postmaster.pid")
    if not lines or not lines[0].isdigit():
        return False
    if not Path("/proc/self").exists():
        return _exists(int(lines[0]))
    return _works_in(lines[0], home.cluster) is not False


def clear_stale_pid(home: Home) -> None:
    """Remove pid files that name a living process which is no server of ours: its number was given anew.

    PostgreSQL would refuse to start. Where no process has the number the file is left to PostgreSQL, which overlooks
    it once no child of the dead server works on any more. To be called only while nobody listens and we hold the
    lock. Without ``/proc`` the refusal stands.
    """
    socket_lock = home.socket_folder() / f"{SOCKET_NAME}.lock"
    for file in (home.cluster / "postmaster.pid", socket_lock):
        lines = _lines(file)
        if not lines or not lines[0].isdigit() or not _exists(int(lines[0])):
            continue
        if _works_in(lines[0], home.cluster) is False:
            file.unlink()


def _works_in(pid: str, folder: Path) -> bool | None:
    """Whether the process works in this folder, as a server does in its cluster; None when that cannot be told."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == folder.resolve()
    except FileNotFoundError:
        return False if Path("/proc/self").exists() else None
    except OSError:
        return None


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return []


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_CONNECT_LIMIT)
        try:
            probe.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError as error:
            raise PostgresError(f"cannot reach the database at {path}: {error.strerror}") from None
    return True
