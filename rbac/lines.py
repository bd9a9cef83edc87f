"""The lines of a policy as values: each is exactly one Casbin line and can print itself."""

from datetime import datetime
from typing import Final, NamedTuple

ROLE_PREFIX: Final = "role:"
VISITOR: Final = "visitor"  # the subject of everybody who has no account
NEWCOMER: Final = "newcomer"  # the subject of everybody with an account to whom nothing is granted
EVERY: Final = "*"

SOLID: Final = "g2"
DUAL: Final = "g3"

ALLOW: Final = "allow"
DENY: Final = "deny"

Tokens = tuple[str, ...]


class Rule(NamedTuple):
    subject: str
    group: str
    resource: str
    action: str
    relation: str
    condition: str
    effect: str

    @property
    def tokens(self) -> Tokens:
        return ("p", *self)

    @property
    def permission(self) -> str:
        return f"{self.resource}:{self.action}"


class Inclusion(NamedTuple):
    """``role`` may all that ``included`` may."""

    role: str
    included: str

    @property
    def tokens(self) -> Tokens:
        return ("g", self.role, self.included, EVERY)


class Grant(NamedTuple):
    """``person`` holds ``role`` in ``group`` from ``since`` until just before ``until``.

    Empty instants are open ends. ``instead_of`` names whom a deputy stands in for.
    """

    person: str
    role: str
    group: str
    since: str = ""
    until: str = ""
    instead_of: str = ""

    @property
    def tokens(self) -> Tokens:
        return trimmed(("g", *self))


class Report(NamedTuple):
    """``person`` reports to ``superior``; ``line`` is SOLID or DUAL."""

    line: str
    person: str
    superior: str
    since: str = ""
    until: str = ""

    @property
    def tokens(self) -> Tokens:
        return trimmed(tuple(self))


Line = Rule | Inclusion | Grant | Report


def trimmed(tokens: Tokens) -> Tokens:
    """Drop the empty optional fields at the end."""
    length = len(tokens)
    while not tokens[length - 1]:
        length -= 1
    return tokens[:length]


def written(tokens: Tokens) -> str:
    """Write the line as Casbin's own CSV reader expects it: brackets protect commas, no quotes."""
    return ", ".join(tokens)


def instant(text: str) -> float | None:
    """Read an ISO 8601 instant with its offset as seconds of the epoch; None when it is no such."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment.timestamp()


def is_role(name: str) -> bool:
    return name.startswith(ROLE_PREFIX)
