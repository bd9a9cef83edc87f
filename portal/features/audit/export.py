"""The trail as a file: CSV for people, JSON lines for whoever checks it elsewhere (``portal audit verify --file``).

Both are made while they are sent, some hundred entries at a time, each by a statement of its own: a slow reader holds
no connection, and a million entries take no memory. They stand in the order of their chains: day, lane, number.

JSON lines with proof hold, besides the entries that fit the filter, the digest and link of every other entry of the
chains they stand in, and nothing of what it says: so the whole chain can be worked out without being disclosed.
"""

import csv
import io
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date
from typing import Any, Final

from portal.core import clock, db
from portal.features.audit import queries
from portal.features.audit.queries import Filter
from portal.web.spreadsheet import harmless

CSV: Final = "csv"
LINES: Final = "jsonl"
PROOF: Final = "proof"
FORMATS: Final = (CSV, LINES, PROOF)

AT_ONCE: Final = 500
HEAD: Final = (
    "at", "subject", "act", "object_type", "object_id", "outcome", "rule", "address", "request_id", "detail",
    "day", "lane", "seq", "digest", "link",
)  # fmt: skip
BOM: Final = b"\xef\xbb\xbf"  # a spreadsheet then reads it as UTF-8

_COLUMNS: Final = (
    "e.at, e.subject, e.act, e.object_type, e.object_id, e.outcome, e.rule, e.address, e.request_id, "
    "e.detail::text AS detail, e.day, e.lane, e.seq, encode(e.digest, 'hex') AS digest, "
    "encode(l.hash, 'hex') AS link"
)
_FROM: Final = (
    "FROM audit_entry e LEFT JOIN audit_link l "
    "ON l.day = e.day AND l.lane = e.lane AND l.seq = e.seq"
)


async def count(wanted: Filter) -> int | None:
    """How many entries fit; None when that takes too long to tell."""
    values: list[Any] = []
    where = " AND ".join(queries.conditions(wanted, values))
    try:
        sql = f"SELECT count(*) AS rows FROM audit_entry WHERE {where}"  # noqa: S608
        (row,) = await queries.planned(sql, values)
    except queries.TooMuch:
        return None
    return int(row["rows"])


async def csv_lines(wanted: Filter) -> AsyncIterator[bytes]:
    """A spreadsheet runs none of its cells; the mark that prevents it can be told from the text."""
    yield BOM + _csv([HEAD])
    async for rows in _chunks(wanted, whole=False):
        yield _csv([[_cell(value) for value in row.values()][: len(HEAD)] for row in rows])


def _csv(rows: Sequence[Sequence[object]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def _cell(value: object) -> object:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    text = harmless(value)
    return f"'{text}" if isinstance(text, str) and text == value and text.startswith("'") else text


async def json_lines(wanted: Filter, *, proof: bool) -> AsyncIterator[bytes]:
    """One object a line: what was asked, the entries, and at the end how many there were."""
    asked = {name: str(value) for name, value in asdict(wanted).items() if value}
    yield _line({"export": {"made_at": clock.now().isoformat(), "proof": proof, "asked": asked}})
    entries = withheld = 0
    async for rows in _chunks(wanted, whole=proof):
        fitting = sum(row["fits"] for row in rows)
        entries, withheld = entries + fitting, withheld + len(rows) - fitting
        yield b"".join(_line(_object(row)) for row in rows)
    yield _line({"end": {"entries": entries, "withheld": withheld}})


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _object(row: Any) -> dict[str, Any]:
    place = {"day": row["day"].isoformat(), "lane": row["lane"], "seq": row["seq"]}
    proof = {"digest": row["digest"]} | ({"link": row["link"]} if row["link"] else {})
    if not row["fits"]:
        return place | proof
    told = {name: row[name] for name in HEAD[1:10]}
    return place | {"at": row["at"].isoformat()} | told | proof


async def _chunks(wanted: Filter, *, whole: bool) -> AsyncIterator[list[Any]]:
    """The entries chain by chain; with ``whole`` also those that do not fit, and ``fits`` tells which do."""
    for day, lane in await _chains(wanted):
        rows = await _chunk(wanted, (day, lane, 0), whole=whole)
        while rows:
            yield rows
            last = (day, lane, rows[-1]["seq"])
            rows = await _chunk(wanted, last, whole=whole) if len(rows) == AT_ONCE else []


async def _chains(wanted: Filter) -> list[tuple[date, int]]:
    """Chains that hold an entry that fits; where that takes too long to tell, all of these days."""
    values: list[Any] = []
    where = " AND ".join(queries.conditions(wanted, values))
    sql = f"SELECT DISTINCT day, lane FROM audit_entry WHERE {where} ORDER BY 1, 2"  # noqa: S608
    try:
        rows = await queries.planned(sql, values)
    except queries.TooMuch:
        first, behind = (instant.astimezone(UTC).date() for instant in queries.span(wanted))
        sql = "SELECT day, lane FROM audit_chain WHERE day >= $1 AND day <= $2 ORDER BY 1, 2"
        rows = await db.fetch(sql, first, behind)
    return [(row["day"], row["lane"]) for row in rows]


async def _chunk(wanted: Filter, after: tuple[date, int, int], *, whole: bool) -> list[Any]:
    """The next entries of a chain, by its own index: what the filter asks is made unfit to lead elsewhere."""
    values: list[Any] = list(after)
    fits = f"({' AND '.join(queries.conditions(wanted, values, of='e.'))}) IS TRUE"
    place = "e.day = $1 AND e.lane = $2 AND e.seq > $3"
    wished, shown = (place, fits) if whole else (f"{place} AND {fits}", "true")
    sql = f"SELECT {_COLUMNS}, ({shown}) AS fits {_FROM} WHERE {wished} ORDER BY e.seq LIMIT {AT_ONCE}"
    return await db.fetch(sql, *values)
