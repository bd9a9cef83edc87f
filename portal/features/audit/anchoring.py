"""Heads outside the database: written to a file on a schedule, sent by e-mail on another, compared on the page.

Whoever kept heads elsewhere (a mail, a download, a page of paper) can hold them against the trail as it is now. That
a head is still in its chain is told by the links; that the links fit the entries, by a verification.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from email.headerregistry import Address
from typing import Any, Final

from portal.core import anchors, audit, clock, db, mail
from portal.core.anchors import Anchor, Key
from portal.core.i18n import LANGUAGES, _l, in_language
from portal.core.jobs import periodic
from portal.core.site_settings import SiteSetting, declare

MOST_COMPARED: Final = 50_000
SENT_DAYS: Final = timedelta(days=3)


def _is_address(text: str) -> bool:
    try:
        found = Address(addr_spec=text)
    except (ValueError, IndexError):
        return False
    return not text or ("." in found.domain and text.isascii() and text.isprintable())


FILE_MINUTES = declare(
    SiteSetting(
        "audit.file_minutes",
        1,
        _l("Minutes between two copies of the chain heads to the file"),
        _l("What is cut off the trail's end between two copies is not found."),
        minimum=1,
        maximum=60,
    )
)
MAIL_TO = declare(
    SiteSetting(
        "audit.mail_to",
        "",
        _l("E-mail address that the chain heads are sent to"),
        _l("Best outside this organisation's reach. Empty sends none."),
        check=_is_address,
        input="email",
    )
)
MAIL_HOURS = declare(
    SiteSetting(
        "audit.mail_hours",
        24,
        _l("Hours between two e-mails with the chain heads"),
        minimum=1,
        maximum=144,
    )
)


@periodic("audit.anchors", timedelta(minutes=1))
async def keep() -> None:
    """Write the file when its time has come."""
    kept = anchors.kept_at()
    due = timedelta(minutes=FILE_MINUTES()) - timedelta(seconds=30)
    if kept is None or clock.now() - kept >= due:
        await anchors.keep()


@periodic("audit.anchor_mail", timedelta(minutes=10))
async def send() -> None:
    """Send the heads of the last days once in each period."""
    to, hours = MAIL_TO(), MAIL_HOURS()
    if not to or not mail.is_set_up():
        return
    now = clock.now()
    period = int(now.timestamp()) // (hours * 3600)
    heads = await anchors.current(clock.today() - SENT_DAYS)
    if not heads:
        return
    async with db.transaction():
        key = f"audit-heads-{hours}-{period}"
        if await mail.send(to, _subject(), _body(heads), key=key):
            audit.record(
                "audit_trail:anchor", "audit", f"{now:%Y-%m-%d}", way="mail", rows=len(heads)
            )


WORDS: Final = _l(
    "Keep this message where nobody of the portal can reach it. To hold it against the trail, paste its lines "
    "into the page “Audit trail › Heads outside”."
)


def _subject() -> str:
    return f"Heads of the audit chains, {clock.local(clock.now()):%Y-%m-%d %H:%M}"


def _body(heads: Mapping[Key, Anchor]) -> str:
    words = "\n\n".join(in_language(language, WORDS) for language in LANGUAGES)
    return f"{words}\n\n{anchors.lines(heads)}"


# ── comparing ────────────────────────────────────────────────────────────────────────────────────

AGREES: Final = "agrees"
DIFFERS: Final = "differs"
GONE: Final = "gone"
DROPPED: Final = (
    "dropped"  # the month was sealed, and a head of its middle can no longer be looked up
)


@dataclass(frozen=True, slots=True)
class Compared:
    """``faults`` are heads that the trail no longer has; ``unmarked`` were not written by this portal."""

    lines: int
    agreeing: int
    dropped: int
    unmarked: int
    faults: tuple[tuple[date, int, int, str], ...]


async def compare(text: str) -> Compared | None:
    """Hold heads that somebody kept against the trail; None when there is none among the lines."""
    told = anchors.parse(text)
    if not told or len(told) > MOST_COMPARED:
        return None
    verdicts = await _verdicts(told)
    faults = tuple(
        (day, lane, told[day, lane].length, verdict)
        for (day, lane), verdict in sorted(verdicts.items())
        if verdict in (DIFFERS, GONE)
    )
    return Compared(
        len(told),
        sum(verdict == AGREES for verdict in verdicts.values()),
        sum(verdict == DROPPED for verdict in verdicts.values()),
        sum(not anchor.good for anchor in told.values()),
        faults,
    )


_LOOKED_UP: Final = """
SELECT t.day, t.lane, coalesce(s.hash, CASE WHEN t.seq = c.length THEN c.head END, l.hash) AS hash,
    m.month IS NOT NULL AND t.seq < c.length AS dropped
FROM unnest($1::date[], $2::smallint[], $3::bigint[]) AS t(day, lane, seq)
LEFT JOIN audit_chain c ON (c.day, c.lane) = (t.day, t.lane)
LEFT JOIN audit_link l ON (l.day, l.lane, l.seq) = (t.day, t.lane, t.seq)
LEFT JOIN audit_sealed_month m ON m.month = date_trunc('month', t.day)::date
LEFT JOIN audit_sealed_month s ON t.lane = -1 AND s.month = t.day AND s.entries = t.seq
"""


async def _verdicts(told: Mapping[Key, Anchor]) -> dict[Key, str]:
    keys = [key for key, anchor in told.items() if _possible(key, anchor)]
    rows = await db.fetch(
        _LOOKED_UP,
        [day for day, _lane in keys],
        [lane for _day, lane in keys],
        [told[key].length for key in keys],
    )
    found = dict.fromkeys(told, GONE)
    for row in rows:
        key = row["day"], row["lane"]
        found[key] = _verdict(row, told[key])
    return found


def _possible(key: Key, anchor: Anchor) -> bool:
    return -(2**15) <= key[1] < 2**15 and 0 <= anchor.length < 2**63


def _verdict(row: Any, anchor: Anchor) -> str:
    if row["hash"] == anchor.head:
        return AGREES
    if row["hash"] is None:
        return DROPPED if row["dropped"] else GONE
    return DIFFERS
