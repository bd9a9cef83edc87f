"""Where a data folder's cluster lies, and the folder of its socket.

Usually in the data folder itself. A portal that runs as root gives the server to an account that
cannot enter a data folder of root's with mode 0700. Opening the folder would be wrong, so the
cluster then lies in ``/var/lib/shanmen/<random id>`` and the file ``<data>/postgres.elsewhere``
says where. To keep it inside, give the data folder to the account ``shanmen``.
"""

import os
import secrets
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from portal.core.postgres.account import Account, current_account, owner
from portal.core.postgres.errors import PostgresError, from_os

SHARED = Path("/var/lib/shanmen")
POINTER = "postgres.elsewhere"
SOCKET_LIMIT = 100  # bytes of the whole path; systems allow 104 to 108
SOCKET_NAME = ".s.PGSQL.5432"
OWNER_ONLY = 0o700

_FOLDERS = ("log", "socket")


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of one cluster, mode 0700, owned by ``account``."""

    path: Path
    account: Account

    @property
    def cluster(self) -> Path:
        return self.path / "cluster"

    @property
    def log(self) -> Path:
        return self.path / "log"

    @property
    def _short_socket(self) -> Path:
        return self.path / "socket.elsewhere"

    def make_cluster_folders(self) -> None:
        """Make the home and what it holds, as the account's own; safe to repeat."""
        for folder in (self.path, *(self.path / name for name in _FOLDERS)):
            if not folder.exists():
                folder.mkdir(mode=OWNER_ONLY)
                self.account.own(folder)

    def socket_folder(self) -> Path:
        """The folder for the socket, mode 0700: in the home, or a short one when that is too deep.

        The short one is found again through a file in the home. It is made anew when it has gone,
        or is not what we made: it lies where others may write.
        """
        usual = self.path / "socket"
        if len(os.fsencode(usual / SOCKET_NAME)) <= SOCKET_LIMIT:
            return usual
        if self._short_socket.exists():
            recorded = Path(self._short_socket.read_text("utf-8").strip())
            if self._is_private(recorded):
                return recorded
        short = Path(tempfile.mkdtemp(prefix="shanmen-", dir=self._runtime_folder()))
        self.account.own(short)
        _write(self._short_socket, str(short))
        return short

    def drop_short_socket(self) -> None:
        """After a stop: leave nothing of ours in the shared runtime folder."""
        if self._short_socket.exists():
            shutil.rmtree(self._short_socket.read_text("utf-8").strip(), ignore_errors=True)
            self._short_socket.unlink()

    def _is_private(self, folder: Path) -> bool:
        try:
            status = folder.lstat()
        except OSError:
            return False
        return (
            stat.S_ISDIR(status.st_mode)
            and status.st_uid == self.account.uid
            and stat.S_IMODE(status.st_mode) == OWNER_ONLY
        )

    def _runtime_folder(self) -> str:
        given = os.environ.get("XDG_RUNTIME_DIR", "")
        for folder in (given, tempfile.gettempdir()):
            room = SOCKET_LIMIT - len("/shanmen-12345678/" + SOCKET_NAME)
            if folder and len(os.fsencode(folder)) <= room and self.account.enters(Path(folder)):
                return folder
        return "/tmp"  # noqa: S108 (mkdtemp makes a private folder in it)


def existing_home(data: Path) -> Home | None:
    """The home that this data folder has already, or None."""
    pointer = data / POINTER
    if pointer.exists():
        path = Path(pointer.read_text("utf-8").strip())
        if not path.is_dir():
            raise PostgresError(
                f"the database of {data} was in {path}, which is gone: put it back, "
                f"or remove {pointer} to start with an empty database"
            )
    else:
        path = data / "postgres"
        if not path.is_dir():
            return None
    account = owner(path) if os.geteuid() == 0 else current_account()
    if account.uid == 0:
        raise PostgresError(f"{path} belongs to root, as whom PostgreSQL does not run: remove it")
    return Home(path, account)


def new_home(data: Path) -> Home:
    """Choose and make a home for a data folder that has none."""
    account = current_account()
    inside = not account.dropped or account.enters(data)
    path = data / "postgres" if inside else SHARED / secrets.token_hex(6)
    try:
        if not inside:
            make_shared()
        home = Home(path, account)
        home.make_cluster_folders()
        if not inside:
            if not account.enters(path):
                raise PostgresError(f"{account.name} cannot enter {path}: let it pass {SHARED}")
            _write(data / POINTER, str(path))
    except OSError as error:
        raise from_os("cannot make the database's folder", error) from None
    return home


def make_shared() -> None:
    """Root's own folder for clusters and programs: others may pass through it, not look around."""
    if not SHARED.exists():
        SHARED.mkdir(mode=0o711, parents=True)
        SHARED.chmod(0o711)  # whatever our umask


def _write(path: Path, text: str) -> None:
    """Whole or not at all, also after a power cut."""
    new = path.with_name(f"{path.name}.new")
    with new.open("w", encoding="utf-8") as file:
        file.write(f"{text}\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
