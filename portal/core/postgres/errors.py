"""What can go wrong, each in one line: what happened and how to mend it."""

import errno
from pathlib import Path

_CAUSES = (
    ("shared memory", "too little shared memory: enlarge /dev/shm"),
    ("No space left on device", "the disk is full: free some space, nothing is lost"),
    ("Disk quota exceeded", "the disk quota is used up: free some space, nothing is lost"),
    ("Read-only file system", "the file system is read-only"),
    ("Permission denied", "permission denied"),
    ("Operation not permitted", "this system does not let root become another user"),
)
_EXCERPT = 300  # characters of PostgreSQL's own words that are repeated


class PostgresError(Exception):
    """One line for standard error."""


class InUse(PostgresError):
    """Another process holds this data folder's server."""


def explained(what: str, said: str, log: Path | None = None) -> PostgresError:
    """Turn PostgreSQL's own words into one line: a known cause by its name, else their gist."""
    cause = next((words for sign, words in _CAUSES if sign in said), None)
    gist = _gist(said)
    parts = [part for part in (cause, gist and f"PostgreSQL says: {gist}") if part]
    where = f" (log: {log})" if log else ""
    return PostgresError(f"{what}: {'; '.join(parts) or 'no reason given'}{where}")


def from_os(what: str, error: OSError) -> PostgresError:
    """The same for a failed system call."""
    if error.errno == errno.ENOSPC:
        return PostgresError(f"{what}: the disk is full: free some space, nothing is lost")
    return PostgresError(f"{what}: {error.strerror or error}: {error.filename or ''}".rstrip(": "))


def _gist(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if "FATAL" in line or "PANIC" in line or "error:" in line]
    return (telling or lines or [""])[-1][:_EXCERPT]
