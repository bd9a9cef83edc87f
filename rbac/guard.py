"""The policy in force in this process, swapped whole; without one everybody is refused."""

from datetime import datetime
from typing import NamedTuple

from rbac.compiled import CompiledPolicy, Decision, Reason
from rbac.facts import Facts
from rbac.lines import NEWCOMER

NO_POLICY = Decision(allowed=False, rule=None, reason=Reason.NO_POLICY)


class Snapshot(NamedTuple):
    """A policy and its version, read together so that a record can name what decided."""

    version: int
    compiled: CompiledPolicy


class PolicyBox:
    """Holds the snapshot. A reader keeps the one it took; a swap never shows half a policy."""

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None

    @property
    def snapshot(self) -> Snapshot | None:
        return self._snapshot

    @property
    def version(self) -> int | None:
        return None if self._snapshot is None else self._snapshot.version

    def swap(self, version: int, compiled: CompiledPolicy) -> bool:
        """Put a policy in force; False when it is not newer, so late news changes nothing.

        Restoring an old policy is a new version with the old lines.
        """
        if self._snapshot is not None and version <= self._snapshot.version:
            return False
        self._snapshot = Snapshot(version, compiled)
        return True

    def clear(self) -> None:
        """Refuse everything until a policy is put in force again: the version cannot be seen."""
        self._snapshot = None

    def judged_as(self, account: str) -> str:
        """Return the subject for a signed-in account: its name, or NEWCOMER when nothing is granted.

        Without this whoever has an account and no role yet could not even sign out.
        """
        snapshot = self._snapshot
        return account if snapshot is None or snapshot.compiled.knows(account) else NEWCOMER

    def decide(
        self,
        subject: str,
        permission: str,
        facts: Facts | None = None,
        at: datetime | None = None,
    ) -> Decision:
        snapshot = self._snapshot
        if snapshot is None:
            return NO_POLICY
        return snapshot.compiled.decide(subject, permission, facts, at)

    def may_ever(self, subject: str, permission: str, at: datetime | None = None) -> bool:
        snapshot = self._snapshot
        return snapshot is not None and snapshot.compiled.may_ever(subject, permission, at)
