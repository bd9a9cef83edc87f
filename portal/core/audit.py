"""The audit trail (AU-1): append-only, hash-chained, written in the transaction of the act itself.

An act that commits has its entry and an act that rolls back has none. To keep the trail from
becoming the portal's bottleneck there is one chain per day and *lane*; a process appends to lanes
of its own, so that two processes seldom wait for one chain's head. Entries of a transaction are
gathered and appended in one call just before the commit, which keeps the head locked briefly.

An entry's digest is sha256 over its fields, each as ``<octets>:<text>``. Each append adds one link,
``sha256(previous link ‖ digests appended)``; the first link of a chain follows ``sha256("<day>/<lane>")``. One
link for many entries keeps a batch of bookings cheap, and the digests still tell which entry was
altered. An act that was decided on a record keeps the facts of the record and the line of the policy that
decided, so that a draft of the policy can be tried on it later (PO-5). Detail must never hold a document number,
a phone number or a secret; of a visitor's address the trail holds the network only. How chains are walked and
judged is in ``core/chains.py``.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from portal.core import db
from portal.core.context import current_act, decided_on

ALLOWED: Final = "allowed"
REFUSED: Final = "refused"
FACTS: Final = "facts"  # in an entry's detail: what the policy was asked about, to be asked again

LANES = 32  # staff lanes 0…31, booking lanes 32…63

_lane = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One act. ``at`` is set by the database; ``detail`` holds plain JSON values."""

    subject: str
    act: str
    object_type: str
    object_id: str
    outcome: str = ALLOWED
    rule: str = ""
    address: str = ""
    request_id: str = ""
    detail: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "subject": self.subject,
            "act": self.act,
            "object_type": self.object_type,
            "object_id": self.object_id,
            "outcome": self.outcome,
            "rule": self.rule,
            "address": self.address,
            "request_id": self.request_id,
            "detail": dict(self.detail or {}),
        }


async def claim_lane() -> int:
    """Give this process lanes of its own, as far as there are; called once at start."""
    global _lane  # noqa: PLW0603  a process has one lane, like one pool
    _lane = int(await db.fetchval("SELECT nextval('audit_lane') % $1", LANES))
    return _lane


def booking_lane() -> int:
    """The lane of this process's booker, apart from staff acts so that neither waits for the other."""
    return LANES + _lane


def record(act: str, object_type: str, object_id: object, **detail: Any) -> None:
    """Put an act on the trail of the open transaction; it is written just before the commit."""
    _gather(_entry(act, object_type, str(object_id), ALLOWED, detail))


async def refused(
    act: str, object_type: str, object_id: object, rule: str = "", **detail: Any
) -> None:
    """Put a refusal on the trail at once, in a transaction of its own.

    Inside an act the refusal would be undone together with the act: ask before it begins.
    """
    if db.in_transaction():
        raise RuntimeError("a refusal must not be noted inside a transaction")
    entry = _entry(act, object_type, str(object_id), REFUSED, detail, rule=rule)
    async with db.transaction():
        await append([entry])


def _entry(  # noqa: PLR0913  the fields of one row
    act: str,
    object_type: str,
    object_id: str,
    outcome: str,
    detail: Mapping[str, Any],
    *,
    rule: str = "",
) -> Entry:
    actor = current_act()
    decided = decided_on(act, object_type, object_id)
    return Entry(
        actor.subject,
        act,
        object_type,
        object_id,
        outcome,
        rule or (decided.rule if decided else ""),
        actor.kept_address,
        actor.request_id,
        {**detail, FACTS: decided.facts} if decided else detail,
    )


def _gather(entry: Entry) -> None:
    opened = db.current_transaction()
    pending: list[Entry] | None = opened.notes.get(Entry)
    if pending is not None:
        pending.append(entry)
        return
    opened.notes[Entry] = pending = [entry]

    async def flush() -> None:
        del opened.notes[Entry]
        await append(pending)

    opened.before_commit.append(flush)


async def append(entries: Sequence[Entry]) -> None:
    """Append to this process's staff chain of today, inside the open transaction."""
    payload = json.dumps([entry.as_json() for entry in entries], ensure_ascii=False, default=str)
    await db.execute("SELECT audit_append($1::smallint, $2::jsonb)", _lane, payload)


FIELDS = (
    "day, lane, seq, at, subject, act, object_type, object_id, outcome, rule, address, request_id"
)


def fingerprint(row: Any) -> bytes:
    """The bytes of an entry that its hash covers; the SQL function ``audit_append`` does the same."""
    texts = (
        row["day"].isoformat(),
        str(row["lane"]),
        str(row["seq"]),
        str(_microseconds(row["at"])),
        row["subject"],
        row["act"],
        row["object_type"],
        row["object_id"],
        row["outcome"],
        row["rule"],
        row["address"],
        row["request_id"],
        row["detail"],
    )
    encoded = (text.encode() for text in texts)
    return b"".join(b"%d:%s" % (len(part), part) for part in encoded)


def _microseconds(instant: datetime) -> int:
    whole = int(instant.replace(microsecond=0).timestamp())
    return whole * 1_000_000 + instant.microsecond
