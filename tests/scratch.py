"""Folders that are thrown away: in memory where there is room, since most of a database's time is the disk's."""

import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108  the system's own place for it
ROOM = 1_500_000_000  # octets: a cluster takes some 80 MB, and a few lie there at a time


def scratch_folder(prefix: str) -> Path:
    """A new folder that PostgreSQL's own account can pass through, which root needs."""
    place = MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM else None
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
    folder.chmod(0o711)
    return folder
