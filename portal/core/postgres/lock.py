"""One supervisor for one data folder: a lock that the system drops when its holder dies."""

import contextlib
import fcntl
import os
import weakref
from pathlib import Path

from portal.core.postgres.errors import InUse, from_os

_held: "weakref.WeakSet[Lock]" = weakref.WeakSet()


class Lock:
    """An exclusive ``flock`` on a file that also tells the holder's process id."""

    def __init__(self, path: Path) -> None:
        """Take it at once or raise InUse."""
        self._descriptor = -1
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._descriptor, 20, 0).decode("ascii", "replace").strip()
            self.forget()
            raise InUse(
                f"the database in {path.parent} is run by process {holder or 'unknown'} already: "
                "stop that one first, or use another PORTAL_DATA"
            ) from None
        except OSError as error:
            self.forget()
            raise from_os("cannot lock the data folder", error) from None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
        _held.add(self)

    def release(self) -> None:
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, 0)
        self.forget()

    def forget(self) -> None:
        """Close our copy; the lock lives on while another process has it open."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1


def _forget_in_child() -> None:
    for lock in list(_held):
        lock.forget()


# A forked worker that outlives its supervisor would otherwise keep the next one out.
os.register_at_fork(after_in_child=_forget_in_child)
