"""Checking an export without the portal: digests, links and chains worked out anew from the file alone.

What a file can prove depends on what is in it. A chain that begins with its first entry and leaves none out is worked
out to its head, which can be held against heads kept elsewhere. Of entries whose neighbours are left out only the
digest is checked: that they were not altered since it was made, not that they stand in the chain.
"""

import contextlib
import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

from portal.core import audit, chains
from portal.core.anchors import Anchor, Key
from portal.core.chains import Break, Chain

RUN: Final = ("=", "+", "-", "@", "\t", "\r", "'")


class NoExport(Exception):
    """One line: why this file is none of ours."""


@dataclass(slots=True)
class Checked:
    """``tied`` entries stand in chains that were worked out whole; ``heads`` are those chains' ends."""

    entries: int = 0
    withheld: int = 0
    tied: int = 0
    heads: dict[Key, Anchor] = field(default_factory=dict)
    held: int = 0  # kept heads that were met
    breaks: list[Break] = field(default_factory=list)
    cut: bool = False  # the file's own end is missing

    @property
    def good(self) -> bool:
        return not self.breaks and not self.cut


def check(lines: Iterable[str], kept: Mapping[Key, Anchor] | None = None) -> Checked:
    """Check an export, CSV or JSON lines; ``kept`` are heads known from elsewhere."""
    checked = _Check(kept or {})
    stream = iter(lines)
    first = next(stream, "").removeprefix("\ufeff")
    if first.startswith("{"):
        _read_lines(checked, first, stream)
    elif first.startswith("at,subject,"):
        for number, row in enumerate(csv.DictReader(_both(first, stream)), 2):
            try:
                checked.take(_read_csv(row), whole=False)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise NoExport(f"row {number} cannot be read: {error}") from None
    else:
        raise NoExport("line 1 is of no export of the audit trail")
    return checked.finish()


def heads(text: str) -> dict[Key, Anchor]:
    """Heads of a file, by what they say; our mark on them asks for our key, which is not here."""
    found = {}
    for line in text.splitlines():
        with contextlib.suppress(ValueError, KeyError, TypeError):
            told = json.loads(line)
            key = date.fromisoformat(told["day"]), int(told["lane"])
            found[key] = Anchor(int(told["length"]), bytes.fromhex(told["head"]))
    return found


def _read_lines(checked: "_Check", first: str, rest: Iterator[str]) -> None:
    whole, ended = False, False
    for number, line in enumerate(_both(first, rest), 1):
        try:
            told = json.loads(line)
            if "export" in told:
                whole = bool(told["export"]["proof"])
            elif "end" in told:
                ended = _ends(checked.found, told["end"])
            else:
                checked.take(told, whole=whole)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise NoExport(f"line {number} cannot be read: {error}") from None
    checked.found.cut = not ended


def _both(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _ends(found: Checked, told: Mapping[str, Any]) -> bool:
    return (told["entries"], told["withheld"]) == (found.entries, found.withheld)


def _read_csv(row: Mapping[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = {name: _plain(value) for name, value in row.items()}
    return told | {"lane": int(told["lane"]), "seq": int(told["seq"])}


def _plain(cell: str) -> str:
    """The text before it was made harmless to a spreadsheet."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(RUN) else cell


class _Check:
    def __init__(self, kept: Mapping[Key, Anchor]) -> None:
        self._kept = dict(kept)
        self._chain: Chain | None = None
        self._in_chain = 0
        self._whole = self._strict = False
        self.found = Checked()

    def take(self, told: Mapping[str, Any], *, whole: bool) -> None:
        """One entry, or its digest alone. ``whole`` says that the file promises every entry of its chains."""
        day, lane, seq = date.fromisoformat(told["day"]), int(told["lane"]), int(told["seq"])
        if self._chain is None or (self._chain.day, self._chain.lane) != (day, lane):
            self._close()
            self._chain, self._in_chain = Chain(day, lane), 0
            self._whole, self._strict = True, whole
        disclosed = "subject" in told
        self.found.entries += disclosed
        self.found.withheld += not disclosed
        self._in_chain += disclosed
        chain = self._chain
        if chain.broken:
            return
        digest = bytes.fromhex(told["digest"])
        link = bytes.fromhex(told["link"]) if told.get("link") else None
        if disclosed and chains.digest_of(_text(told)) != digest:
            chain.broken = Break(day, lane, seq, "altered")
            return
        if self._whole and seq != chain.seq + 1:
            self._whole = False
            if self._strict:
                chain.broken = Break(day, lane, chain.seq + 1, "missing")
                return
        if self._whole:
            chain.seq += 1
            if chain.take_digest(digest, link) and link is not None:
                self._hold(chain)

    def _hold(self, chain: Chain) -> None:
        """A link where a head was kept: it is that one."""
        key = (chain.day, chain.lane)
        kept = self._kept.get(key)
        if kept is None or kept.length != chain.seq:
            return
        del self._kept[key]
        if kept.head == chain.head:
            self.found.held += 1
        else:
            chain.broken = Break(chain.day, chain.lane, chain.seq, "anchor")

    def _close(self) -> None:
        chain = self._chain
        if chain is None:
            return
        if chain.broken is None and self._whole:
            if chain.open:
                self._end(chain)
            elif (
                self._kept.get((chain.day, chain.lane), _NOTHING).length > chain.seq
                and self._strict
            ):
                chain.broken = Break(chain.day, chain.lane, chain.seq + 1, "end")
        if chain.broken:
            self.found.breaks.append(chain.broken)
        elif self._whole:
            self.found.tied += self._in_chain
            self.found.heads[chain.day, chain.lane] = Anchor(chain.seq, chain.head)

    def _end(self, chain: Chain) -> None:
        """Entries behind the last link: a promise broken, or the filter's end."""
        self._whole = False
        if self._strict:
            chain.broken = Break(chain.day, chain.lane, chain.seq + 1, "end")

    def finish(self) -> Checked:
        self._close()
        self._chain = None
        return self.found


_NOTHING: Final = Anchor(0, b"")


def _text(told: Mapping[str, Any]) -> bytes:
    at = datetime.fromisoformat(told["at"])
    row = dict(told) | {"day": date.fromisoformat(told["day"]), "at": at.astimezone(UTC)}
    return audit.fingerprint(row)
