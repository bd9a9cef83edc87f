"""What a subject must be to the record: the terms of a rule's relation field.

A term answers yes, no, or "not known" (None) when the facts do not tell. An allow rule matches when
every term is certain, a deny rule when none is excluded; so a forgotten fact never opens a door.

Who holds an allow rule's role as a deputy counts, under a leading ``!``, as the absent person too:
``!requester`` keeps a deputy from deciding on the request of whom they stand in for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple, Protocol

from rbac.facts import NOBODY, Facts

ANY = "any"
EVERY_GROUP = "*"


class Term(StrEnum):
    """``solid`` and ``dual`` are one step up on that line, ``direct`` one step on either.

    ``solid_superior`` is any number of steps on solid lines, ``superior`` on lines of either kind.
    ``group``: the record's group is one in which the subject holds the rule's role; ``own_group``
    leaves out who holds it in every group.
    """

    DIRECT = "direct"
    DUAL = "dual"
    GROUP = "group"
    OWNER = "owner"
    OWN_GROUP = "own_group"
    PARTY = "party"
    REQUESTER = "requester"
    SOLID = "solid"
    SOLID_SUPERIOR = "solid_superior"
    SUPERIOR = "superior"


LINE_TERMS = frozenset({Term.DIRECT, Term.DUAL, Term.SOLID, Term.SOLID_SUPERIOR, Term.SUPERIOR})


class BadRelation(ValueError):
    """A relation nobody can have or nothing defines, and the offset of the offending term."""

    def __init__(self, code: str, offset: int) -> None:
        super().__init__(f"{code} at {offset}")
        self.code = code
        self.offset = offset


class Lines(Protocol):
    """The reporting lines in force: who stands above a person by each kind of line."""

    def superiors(self, term: Term) -> Mapping[str, frozenset[str]]: ...


@dataclass(frozen=True, slots=True)
class Relation:
    """Terms that must all be as wanted; none for ``any``."""

    text: str
    wanted: tuple[tuple[Term, bool], ...]


@lru_cache(maxsize=1024)
def parse_relation(text: str) -> Relation:
    """Read ``any`` or terms joined by ``&``. Raises BadRelation."""
    if text.strip() == ANY:
        return Relation(text, ())
    wanted: dict[Term, bool] = {}
    offset = 0
    for part in text.split("&"):
        name = part.strip()
        place = offset + len(part) - len(part.lstrip())
        offset += len(part) + 1
        asked = not name.startswith("!")
        try:
            term = Term(name.removeprefix("!"))
        except ValueError:
            raise BadRelation("unknown-relation", place) from None
        if wanted.setdefault(term, asked) is not asked:
            raise BadRelation("contradiction", place)
    return Relation(text, tuple(wanted.items()))


class Holding(NamedTuple):
    """One way of holding a role: the groups, and as whom (oneself and those one stands in for)."""

    groups: frozenset[str]
    names: frozenset[str]


_OWNER = attrgetter("owner")
_REQUESTER = attrgetter("requester")
_GROUP = attrgetter("group")
_PARTIES = attrgetter("parties")


class Question(NamedTuple):
    """What a term asks of a record: ``tells`` gets the fact, None if not known; ``holds`` judges it."""

    tells: Callable[[Facts], Any]
    holds: Callable[[Any, str, Holding], bool]


def _in_group(group: str, _subject: str, holding: Holding) -> bool:
    return group in holding.groups or (EVERY_GROUP in holding.groups and group != NOBODY)


def _in_own_group(group: str, _subject: str, holding: Holding) -> bool:
    return group in holding.groups


def _is_subject(person: str, subject: str, _holding: Holding) -> bool:
    return person == subject


def _is_represented(person: str, _subject: str, holding: Holding) -> bool:
    return person in holding.names


def _names_subject(people: frozenset[str], subject: str, _holding: Holding) -> bool:
    return subject in people


def _names_represented(people: frozenset[str], _subject: str, holding: Holding) -> bool:
    return not holding.names.isdisjoint(people)


_OF_SUBJECT = {
    Term.GROUP: Question(_GROUP, _in_group),
    Term.OWN_GROUP: Question(_GROUP, _in_own_group),
    Term.OWNER: Question(_OWNER, _is_subject),
    Term.PARTY: Question(_PARTIES, _names_subject),
    Term.REQUESTER: Question(_REQUESTER, _is_subject),
}
_OF_REPRESENTED = _OF_SUBJECT | {
    Term.OWNER: Question(_OWNER, _is_represented),
    Term.PARTY: Question(_PARTIES, _names_represented),
    Term.REQUESTER: Question(_REQUESTER, _is_represented),
}


def question(term: Term, lines: Lines, *, for_absent: bool) -> Question:
    """Bind a term to the lines; with ``for_absent`` a deputy counts as the absent person too.

    Subject and holding come when it is asked, so that one question serves everybody.
    """
    if term not in LINE_TERMS:
        return (_OF_REPRESENTED if for_absent else _OF_SUBJECT)[term]
    above = lines.superiors(term)
    if for_absent:
        return Question(
            _OWNER, lambda owner, _subject, holding: not holding.names.isdisjoint(above[owner])
        )
    return Question(_OWNER, lambda owner, subject, _holding: subject in above[owner])


def answer(asking: Question, facts: Facts, subject: str, holding: Holding) -> bool | None:
    """Yes, no, or None for "not known"."""
    fact = asking.tells(facts)
    return None if fact is None else asking.holds(fact, subject, holding)


def write_relation(wanted: Mapping[Term, bool], like: str = ANY) -> str:
    """Write terms as a relation, in the order in which ``like`` has them; ``like`` itself when it says the same."""
    before: dict[Term, bool] = dict(parse_relation(like).wanted)
    if before == dict(wanted):
        return like
    order = [*before, *(term for term in Term if term not in before)]
    terms = [f"{'' if wanted[term] else '!'}{term}" for term in order if term in wanted]
    return " & ".join(terms) or ANY
