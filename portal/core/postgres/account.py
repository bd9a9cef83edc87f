"""Who runs the server: this user, or for root an unprivileged account.

PostgreSQL refuses to run as root. Root takes the account ``shanmen``, creates it where
``useradd`` exists, and else falls back on the first of ``postgres``, ``_postgres``, ``nobody``.
"""

import contextlib
import ctypes
import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypedDict

from portal.core.postgres.errors import PostgresError

ACCOUNT = "shanmen"
FALLBACKS = ("postgres", "_postgres", "nobody")
COMMAND_LIMIT = 120.0  # seconds; initdb on a slow disk is the longest

_CLONE_NEWUSER = 0x1000_0000


class _Credentials(TypedDict, total=False):
    user: int
    group: int
    extra_groups: Sequence[int]


@dataclass(frozen=True, slots=True)
class Account:
    """The user that owns the cluster. ``dropped`` when this process is root and it is not."""

    uid: int
    gid: int

    @property
    def dropped(self) -> bool:
        return os.geteuid() == 0 and self.uid != 0

    @property
    def name(self) -> str:
        entry = _entry(self.uid)
        return entry.pw_name if entry else str(self.uid)

    def run(
        self,
        command: Sequence[str | Path],
        *,
        cwd: Path = Path("/"),
        text: str = "",
        needs_name: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        """Run as this account to the end; a command that cannot start or end is a PostgresError.

        A command that ``needs_name`` is lent one when this user id has none.
        """
        try:
            return subprocess.run(  # noqa: S603 (our own binaries, no shell)
                [str(part) for part in command],
                cwd=cwd,
                input=text,
                env=environment(),
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=COMMAND_LIMIT,
                check=False,
                preexec_fn=self._namesake() if needs_name else None,
                **self._credentials(),
            )
        except subprocess.TimeoutExpired:
            raise PostgresError(f"{command[0]} did not end in {COMMAND_LIMIT:.0f} s") from None
        except (OSError, subprocess.SubprocessError) as error:
            raise self._cannot_start(error) from None

    def launch(
        self, command: Sequence[str | Path], *, cwd: Path, stderr: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        """Start as this account in a session of its own: Ctrl-C in our terminal does not reach it."""
        try:
            return subprocess.Popen(  # noqa: S603
                [str(part) for part in command],
                cwd=cwd,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                start_new_session=True,
                **self._credentials(),
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise self._cannot_start(error) from None

    def enters(self, folder: Path) -> bool:
        """Whether this account can reach the folder, asked of the system and not worked out."""
        return self.run(["/bin/sh", "-c", 'cd -- "$1"', "sh", folder]).returncode == 0

    def own(self, folder: Path) -> None:
        """Give a folder that root has just made to the account."""
        if self.dropped:
            os.chown(folder, self.uid, self.gid, follow_symlinks=False)

    def _credentials(self) -> _Credentials:
        if not self.dropped:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def _namesake(self) -> Callable[[], None] | None:
        """For a user id without an entry in the password file: lend it the name of one that has.

        initdb looks its own user up and gives up without a name; the server itself does not care.
        Where the system allows it, the command runs in a user namespace that shows our id as the
        named one. It owns the same files as before and wins no right.
        """
        if self.dropped or _entry(self.uid):
            return None
        named = next((entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid != 0), None)
        if named is None:
            return None
        libc, uid = ctypes.CDLL(None), self.uid

        def borrow() -> None:
            if libc.unshare(_CLONE_NEWUSER) == 0:
                with contextlib.suppress(OSError):
                    Path("/proc/self/uid_map").write_text(f"{named} {uid} 1", "ascii")

        return borrow if hasattr(libc, "unshare") else None

    def _cannot_start(self, error: Exception) -> PostgresError:
        who = f"as {self.name}" if self.dropped else "as this user"
        return PostgresError(
            f"cannot run PostgreSQL {who}: {error}; "
            "start the portal as an ordinary user, or set PORTAL_DATABASE_URL"
        )


def environment() -> dict[str, str]:
    """What PostgreSQL's programs are given: no secret of ours, no PG* of the user's."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def myself() -> Account:
    return Account(os.geteuid(), os.getegid())


def current_account() -> Account:
    """This process's own user, or for root the service account, created when it is missing."""
    if os.geteuid() != 0:
        return myself()
    entry = _named(ACCOUNT) or _create() or next(filter(None, map(_named, FALLBACKS)), None)
    if entry is None or entry.pw_uid == 0:
        raise PostgresError(
            f"PostgreSQL does not run as root and there is no account to run it: "
            f"create one with `useradd --system {ACCOUNT}`"
        )
    return Account(entry.pw_uid, entry.pw_gid)


def owner(path: Path) -> Account:
    """The account that a cluster was made by."""
    status = path.stat()
    return Account(status.st_uid, status.st_gid)


def _create() -> pwd.struct_passwd | None:
    program = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    shell = shutil.which("nologin", path="/usr/sbin:/sbin") or "/bin/false"
    if program:
        # Failure is no matter: another portal may be creating it too, or /etc is read-only.
        subprocess.run(  # noqa: S603
            [
                program,
                "--system",
                "--no-create-home",
                "--home-dir",
                "/nonexistent",
                "--shell",
                shell,
                "--comment",
                "Shanmen database",
                ACCOUNT,
            ],
            env=environment(),
            capture_output=True,
            timeout=COMMAND_LIMIT,
            check=False,
        )
    return _named(ACCOUNT)


def _named(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _entry(uid: int) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        return None
