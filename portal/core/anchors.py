"""The heads of the audit chains, kept outside the database: in a file of each node, and wherever they are sent.

A chain shows every change but one kind: whoever may write all its tables can cut its end off and put its head
back to an earlier link, or work the whole chain out anew. So each node writes the heads down once a minute, in
a file of its data folder that the database cannot reach, each line marked with our key. What was cut since the
last minute is not found; everything older is. After a restore of an older backup the file tells what is lost:
put it aside once that is accepted.
"""

import contextlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from portal.core import clock, db
from portal.core.keyring import keyring
from portal.core.settings import settings
from portal.core.signing import token, token_is_good

FILE: Final = "audit-heads.jsonl"
PURPOSE: Final = "audit-head"
SEAL: Final = -1  # the lane under which the seal of a dropped month is kept (core/chains.py)
GROWING: Final = timedelta(days=3)  # a chain is of one day; older ones are as long as they will be

Key = tuple[date, int]


@dataclass(frozen=True, slots=True)
class Anchor:
    """How long a chain was, and the link that ended it then; ``good`` when the line carries our mark."""

    length: int
    head: bytes
    good: bool = True


def file() -> Path:
    return settings().data / FILE


def read() -> dict[Key, Anchor]:
    """The heads kept on this node, by day and lane."""
    with contextlib.suppress(FileNotFoundError):
        return parse(file().read_text("utf-8"))
    return {}


def parse(text: str) -> dict[Key, Anchor]:
    """The heads that these lines tell; what is no such line is passed over."""
    found: dict[Key, Anchor] = {}
    for line in text.splitlines():
        with contextlib.suppress(ValueError, KeyError, TypeError):
            told = json.loads(line)
            said = _text(told["day"], told["lane"], told["length"], told["head"])
            found[date.fromisoformat(told["day"]), int(told["lane"])] = Anchor(
                int(told["length"]),
                bytes.fromhex(told["head"]),
                token_is_good(keyring(), PURPOSE, said, str(told.get("mark", ""))),
            )
    return found


async def current(since: date = date.min) -> dict[Key, Anchor]:
    """The heads as they are now, of chains since this day, and every seal of a dropped month."""
    rows = await db.fetch(
        "SELECT day, lane, length, head FROM audit_chain WHERE length > 0 AND day >= $1 "
        "UNION ALL SELECT month, $2::smallint, entries, hash FROM audit_sealed_month ORDER BY 1, 2",
        since,
        SEAL,
    )
    return {(row["day"], row["lane"]): Anchor(row["length"], row["head"]) for row in rows}


def lines(anchors: Mapping[Key, Anchor]) -> str:
    """One line for each, marked with our key."""
    return "".join(
        json.dumps(_line(day, lane, anchor)) + "\n"
        for (day, lane), anchor in sorted(anchors.items())
    )


async def keep() -> None:
    """Write down the heads as they are now. A kept head is never taken back."""
    kept = read()
    now = await current(clock.today() - GROWING if kept else date.min)
    grown = {
        key: anchor
        for key, anchor in now.items()
        if key not in kept or anchor.length > kept[key].length
    }
    if grown:
        _write(kept | grown)


def kept_at() -> datetime | None:
    """When this node last wrote its file."""
    with contextlib.suppress(FileNotFoundError):
        return datetime.fromtimestamp(file().stat().st_mtime, UTC)
    return None


def _write(anchors: Mapping[Key, Anchor]) -> None:
    """Whole or not at all."""
    beside = file().with_name(f".{FILE}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(lines(anchors))
        out.flush()
        os.fsync(out.fileno())
    beside.replace(file())


def _line(day: date, lane: int, anchor: Anchor) -> dict[str, str | int]:
    text = _text(day.isoformat(), lane, anchor.length, anchor.head.hex())
    mark = token(keyring(), PURPOSE, text) if anchor.good else ""
    return {
        "day": day.isoformat(),
        "lane": lane,
        "length": anchor.length,
        "head": anchor.head.hex(),
        "mark": mark,
    }


def _text(day: str, lane: int, length: int, head: str) -> str:
    return f"{day}/{lane}/{length}/{head}"
