"""Pure rules of accounts: lock-out, codes, and how a browser is called."""

import re
import unicodedata
from datetime import timedelta
from typing import Final

from portal.core.text import is_visible_line
from rbac.lines import NEWCOMER, VISITOR

FREE_ATTEMPTS: Final = 5
LOCKS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
USERNAME: Final = re.compile(r"[a-z][a-z0-9._-]{1,39}")
#: To the policy these are not accounts.
RESERVED: Final = frozenset({VISITOR, NEWCOMER})
CODE_DIGITS: Final = 6
#: The first mark that a browser's own name carries, for most carry those of others too.
BROWSERS: Final = (
    ("MicroMessenger", "WeChat"),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS: Final = (
    ("HarmonyOS", "HarmonyOS"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
LONGEST_NAME: Final = 40
LONGEST_EMAIL: Final = 254
EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
SHORTEST_REASON: Final = 4


def lock_after(failures: int) -> timedelta | None:
    """How long an account locks at this many wrong attempts in a row: growing, never for good.

    An account that could be locked for good would let anybody shut anybody out.
    """
    if failures < FREE_ATTEMPTS:
        return None
    return LOCKS[min(failures - FREE_ATTEMPTS, len(LOCKS) - 1)]


def username_error(username: str) -> str | None:
    if username in RESERVED:
        return "username-taken"
    return None if USERNAME.fullmatch(username) else "username-form"


def email_error(address: str) -> str | None:
    """Only what cannot be one is refused; whether it reaches anybody, a message will tell."""
    return None if len(address) <= LONGEST_EMAIL and EMAIL.fullmatch(address) else "email-form"


def tidy_code(typed: str) -> str:
    """A second factor as it was meant: half-width, without spaces and dashes, lower case."""
    return re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", typed)).lower()


def reason_error(reason: str) -> str | None:
    """A reason is read by others, later: a word at least."""
    return "reason-short" if len(reason) < SHORTEST_REASON or not is_visible_line(reason) else None


def browser_name(agent: str) -> str:
    """``Firefox · Windows``: enough to know one's own devices by; of an unknown one what it says of itself."""
    found = [
        next((name for mark, name in marks if mark in agent), "") for marks in (BROWSERS, SYSTEMS)
    ]
    return " · ".join(filter(None, found)) or agent[:LONGEST_NAME]
