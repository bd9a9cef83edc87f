"""Walking the audit trail's chains: every entry, every link, every head, and the months that were sealed.

The database builds the text of an entry, we hash it: a changed function of ours there changes no verdict, and a
million entries take some six seconds. A chain's walk ends at its first break; what follows cannot be judged.

A month whose entries were dropped is judged by its seal: the heads of its chains stay, the
seal is a hash over them and the seal before, and an entry of the trail says the same.
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from portal.core import anchors, db, partitions
from portal.core.i18n import LazyText, _l, in_language

SEALED_ACT: Final = "audit_trail:seal"
SEALED_THING: Final = "audit_month"
AT_ONCE: Final = 1000  # entries: some 1.5 ms of ours
PATIENCE: Final = 3600.0  # seconds: of one look at the whole trail

#: What can be wrong, by its code.
REASONS: Final[Mapping[str, LazyText]] = {
    "altered": _l("the entry was altered"),
    "anchor": _l("the chain is not the one whose head was kept outside the database"),
    "empty": _l("a chain has a head but no entries"),
    "end": _l("the chain's end is missing"),
    "gone": _l("the chain is gone; its head is kept outside the database"),
    "link": _l("the entries up to here do not fit their link"),
    "missing": _l("an entry is missing"),
    "seal": _l("the seal of a dropped month does not fit the heads of its chains"),
    "seal-entry": _l("no entry on the trail says that this month was sealed"),
    "seal-order": _l("a seal is missing or out of order"),
    "sealed-rows": _l("a sealed month has entries"),
    "stray-link": _l("a link belongs to no entry"),
}


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where a chain does not hold: which entry, and the code of what is wrong with it.

    Of a seal it is the month's first day, the lane ``anchors.SEAL`` and the seal's number.
    """

    day: date
    lane: int
    seq: int
    code: str

    @property
    def reason(self) -> str:
        """In English, whoever reads it."""
        return in_language("en", REASONS[self.code])


def seed(day: date, lane: int) -> bytes:
    """What the first link of a chain follows."""
    return hashlib.sha256(f"{day.isoformat()}/{lane}".encode()).digest()


def digest_of(text: bytes) -> bytes:
    """The digest of an entry whose fields make this text."""
    return hashlib.sha256(text).digest()


def linked(before: bytes, digests: Iterable[bytes]) -> bytes:
    """The link that ties these digests to what stands before them."""
    return hashlib.sha256(before + b"".join(digests)).digest()


class Chain:
    """Follows one chain entry by entry; ``broken`` is the first place where it does not hold."""

    def __init__(self, day: date, lane: int, anchor: anchors.Anchor | None = None) -> None:
        self.day, self.lane = day, lane
        self._anchor = anchor  # until it was met
        self.seq = self.links = 0
        self.broken: Break | None = None
        self.head = seed(day, lane)
        self.open: list[bytes] = []  # digests that no link has covered yet

    def take(self, seq: int, text: bytes, digest: bytes, link: bytes | None) -> bool:
        """The next entry: ``text`` is what its digest covers. False when the chain breaks here."""
        self.seq += 1
        if seq != self.seq:
            return self._break("missing")
        if digest_of(text) != digest:
            return self._break("altered")
        return self.take_digest(digest, link)

    def take_digest(self, digest: bytes, link: bytes | None) -> bool:
        """An entry of which only the digest is known; its number is ours to count."""
        self.open.append(digest)
        if link is not None:
            self.links += 1
            self.head = linked(self.head, self.open)
            self.open.clear()
            if self.head != link:
                return self._break("link")
            if self._anchor == anchors.Anchor(self.seq, self.head):
                self._anchor = None
        return True

    def finish(self, length: int, head: bytes | None, links: int) -> None:
        """Hold it against its head and the number of its links."""
        if self.broken:
            return
        if length == 0 and head is not None and self.seq == 0:
            self._break("empty")
        elif self.open or self.seq != length or self.head != head:
            self.seq += 1
            self._break("end")
        elif self.links != links:
            self._break("stray-link")
        elif self._anchor is not None:
            self.seq = self._anchor.length
            self._break("anchor")

    def _break(self, code: str) -> bool:
        self.broken = Break(self.day, self.lane, self.seq, code)
        return False


def _text(*columns: str) -> str:
    parts = ", ".join(f"octet_length({column}), ':', {column}" for column in columns)
    return f"convert_to(concat({parts}), 'UTF8')"


#: What an entry's digest covers (``audit.fingerprint``), in built-in functions alone.
TEXT: Final = _text(
    "e.day::text",
    "e.lane::text",
    "e.seq::text",
    "((extract(epoch FROM e.at) * 1000000)::bigint)::text",
    *("e.subject", "e.act", "e.object_type", "e.object_id", "e.outcome", "e.rule", "e.address"),
    *("e.request_id", "e.detail::text"),
)
_ENTRIES: Final = (
    f"SELECT e.seq, {TEXT}, e.digest FROM audit_entry e "  # noqa: S608
    f"WHERE day = $1 AND lane = $2 AND seq > $3 ORDER BY seq LIMIT {AT_ONCE}"
)
_LINKS: Final = (
    "SELECT seq, hash FROM audit_link WHERE day = $1 AND lane = $2 AND seq > $3 AND seq <= $4"
)
_BEFORE_ALL: Final = -(2**62)
_IN = "day >= $1 AND day < $2"
#: Every chain with a head, and those of which only entries or links are left.
_CHAINS: Final = (
    f"SELECT day, lane, length, head FROM audit_chain WHERE {_IN} "  # noqa: S608
    "UNION SELECT e.day, e.lane, 0::bigint, NULL::bytea FROM ("
    f"SELECT DISTINCT day, lane FROM audit_entry WHERE {_IN} "
    f"UNION SELECT DISTINCT day, lane FROM audit_link WHERE {_IN}) e "
    "WHERE NOT EXISTS (SELECT FROM audit_chain c WHERE (c.day, c.lane) = (e.day, e.lane)) "
    "ORDER BY day, lane"
)


async def expected(connection: Any = None) -> int:
    """How many entries a walk will see, by what the heads say."""
    sql = (
        "SELECT coalesce(sum(length), 0)::bigint FROM audit_chain "
        "WHERE NOT EXISTS (SELECT FROM audit_sealed_month WHERE month = date_trunc('month', day)::date)"
    )
    return int(await (connection.fetchval(sql) if connection else db.fetchval(sql)))


async def verify(
    connection: Any = None, *, month: date | None = None, rest: float = 0.0
) -> AsyncIterator[int | Break]:
    """Walk every chain, or those of one month. Yields the entries seen so far, often, and each break found.

    All is read in one snapshot, and held against the heads that this node keeps outside the database. A connection
    that is given is in its caller's transaction. ``rest`` is how long to pause for each second of work.
    """
    kept = anchors.read()
    async with _snapshot(connection) as held:
        walk = _Walk(held, rest)
        sealed = await _seals(held)
        if month is None:
            for found in await _check_seals(held, sealed, kept):
                yield found
        first, behind = (month, partitions.next_month(month)) if month else (date.min, date.max)
        for row in await held.fetch(_CHAINS, first, behind, timeout=PATIENCE):
            anchor = kept.pop((row["day"], row["lane"]), None)
            if row["day"].replace(day=1) in sealed:
                if found_here := _against(row, anchor):
                    yield found_here
                continue
            chain = Chain(row["day"], row["lane"], anchor)
            async for seen in walk.follow(chain):
                yield seen
            chain.finish(row["length"], row["head"], await walk.links(chain))
            if chain.broken:
                yield chain.broken
        for day, lane in kept:
            if first <= day < behind and lane != anchors.SEAL:
                yield Break(day, lane, 1, "gone")
        yield walk.seen


@asynccontextmanager
async def _snapshot(connection: Any) -> AsyncIterator[Any]:
    if connection is not None:
        yield connection
        return
    async with db.transaction() as opened:
        if opened.parent is None:
            await db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield opened.connection


class _Walk:
    def __init__(self, connection: Any, rest: float) -> None:
        self._connection, self._rest = connection, rest
        self.seen = 0

    async def follow(self, chain: Chain) -> AsyncIterator[int]:
        """Take its entries, some at a time: no cursor stays open, so that what was read may be dropped."""
        place = _BEFORE_ALL
        begun = time.monotonic()
        while rows := await self._connection.fetch(_ENTRIES, chain.day, chain.lane, place):
            before, place = place, rows[-1][0]
            links = dict(await self._connection.fetch(_LINKS, chain.day, chain.lane, before, place))
            for seq, text, digest in rows:
                self.seen += 1
                if not chain.take(seq, text, digest, links.get(seq)):
                    return
            yield self.seen
            if self._rest:
                await asyncio.sleep(self._rest * (time.monotonic() - begun))
                begun = time.monotonic()

    async def links(self, chain: Chain) -> int:
        sql = "SELECT count(*) FROM audit_link WHERE day = $1 AND lane = $2"
        return int(await self._connection.fetchval(sql, chain.day, chain.lane, timeout=PATIENCE))


# ── sealed months ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Seal:
    """What stays of a month: how much it held, and the hash over its chains' heads and the seal before."""

    number: int
    month: date
    chains: int
    entries: int
    hash: bytes


FIRST_SEAL: Final = hashlib.sha256(b"seals").digest()
_HEADS: Final = "SELECT day, lane, length, head FROM audit_chain WHERE day >= $1 AND day < $2 ORDER BY day, lane"


async def seal_of(connection: Any, month: date, number: int, before: bytes) -> Seal:
    """Work out the seal of a month from the heads of its chains."""
    rows = await connection.fetch(_HEADS, month, partitions.next_month(month))
    heads = "".join(
        f"{row['day'].isoformat()}/{row['lane']}/{row['length']}/{row['head'].hex()}\n"
        for row in rows
    )
    covered = before + f"{month.isoformat()}\n{heads}".encode()
    entries = sum(row["length"] for row in rows)
    return Seal(number, month, len(rows), entries, hashlib.sha256(covered).digest())


async def _seals(connection: Any) -> dict[date, Any]:
    rows = await connection.fetch("SELECT * FROM audit_sealed_month ORDER BY number")
    return {row["month"]: row for row in rows}


async def _check_seals(
    connection: Any, sealed: Mapping[date, Any], kept: dict[anchors.Key, anchors.Anchor]
) -> list[Break]:
    found = []
    before = FIRST_SEAL
    for number, (month, row) in enumerate(sealed.items(), 1):
        made = await seal_of(connection, month, number, before)
        anchor = kept.pop((month, anchors.SEAL), None)
        said = (row["number"], row["chains"], row["entries"], row["hash"])
        if row["number"] != number:
            code = "seal-order"
        elif said != (made.number, made.chains, made.entries, made.hash):
            code = "seal"
        elif anchor is not None and anchor != anchors.Anchor(row["entries"], row["hash"]):
            code = "anchor"
        elif await connection.fetchval(_STILL_THERE, month, partitions.next_month(month)):
            code = "sealed-rows"
        elif not await _is_told(connection, row, sealed, last=number == len(sealed)):
            code = "seal-entry"
        else:
            code = ""
        if code:
            found.append(Break(month, anchors.SEAL, row["number"], code))
        before = row["hash"]
    gone = [month for month, lane in kept if lane == anchors.SEAL]
    return found + [Break(month, anchors.SEAL, 1, "gone") for month in gone]


_STILL_THERE: Final = (
    "SELECT EXISTS (SELECT FROM audit_entry WHERE day >= $1 AND day < $2) "
    "OR EXISTS (SELECT FROM audit_link WHERE day >= $1 AND day < $2)"
)


async def _is_told(connection: Any, row: Any, sealed: Mapping[date, Any], *, last: bool) -> bool:
    """Whether the trail says so. Of an older seal the entry itself may lie in a sealed month."""
    told = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM audit_entry WHERE object_id = $1 AND object_type = $2 AND act = $3 "
        "AND outcome = 'allowed' AND detail ->> 'hash' = $4)",
        f"{row['month']:%Y-%m}",
        SEALED_THING,
        SEALED_ACT,
        row["hash"].hex(),
    )
    return bool(told) or (not last and row["sealed_at"].date().replace(day=1) in sealed)


def _against(row: Any, anchor: anchors.Anchor | None) -> Break | None:
    """A chain of a sealed month: only its head is left to compare."""
    if anchor is None or (anchor.good and anchor.length < row["length"]):
        return None
    if anchor == anchors.Anchor(row["length"], row["head"]):
        return None
    return Break(row["day"], row["lane"], anchor.length, "anchor")
