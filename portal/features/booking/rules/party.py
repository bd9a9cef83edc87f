"""A party: who comes, whether they may book together, and what is missing (BK-3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from portal.core.money import LARGEST_STORED
from portal.features.booking.rules.documents import Document
from portal.features.catalogue.rules.categories import ADULT_AGE, CHILD_AGE, age_on

LARGEST_PARTY: Final = 50  # whatever the setting says: one form, one page


@dataclass(frozen=True, slots=True)
class Visitor:
    """One person as typed and tidied. ``born`` is known only where the document tells it."""

    name: str
    category: str
    document: Document
    born: date | None


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """A complete booking: every field is checked, nothing is sealed yet."""

    key: UUID
    visitors: tuple[Visitor, ...]
    phone: str
    guardian_consent: bool


def party_error(party: int, largest: int) -> str | None:
    if party < 1:
        return "party-empty"
    return "party-large" if party > min(largest, LARGEST_PARTY) else None


def total_error(fen: int) -> str | None:
    """What cannot be stored is not sold: prices from before their own limit could add up to it."""
    return "total-large" if fen > LARGEST_STORED else None


def is_child(visitor: Visitor, day: date) -> bool:
    """Below 14 on the visit day, by the document or else by the category that says so."""
    if visitor.born is not None:
        return age_on(visitor.born, day) < CHILD_AGE
    return visitor.category == "child"


def needs_guardian(visitors: Sequence[Visitor], day: date) -> bool:
    """Whether a child below 14 is among them: a guardian must consent (PIPL art. 31)."""
    return any(is_child(visitor, day) for visitor in visitors)


def unaccompanied(
    visitors: Sequence[Visitor], needs_companion: frozenset[str], day: date
) -> list[int]:
    """Positions of those who may not come alone, when no adult in the party can look after them.

    Who has a document that tells no age counts as an adult: the gate sees the difference.
    """
    if any(
        visitor.category not in needs_companion
        and (visitor.born is None or age_on(visitor.born, day) >= ADULT_AGE)
        for visitor in visitors
    ):
        return []
    return [
        position for position, visitor in enumerate(visitors) if visitor.category in needs_companion
    ]


def companions_too_many(categories: Sequence[str], allowed: dict[str, int]) -> bool:
    """Whether more companions come than those who bring one allow."""
    bringing = sum(allowed.get(category, 0) for category in categories)
    return categories.count("companion") > bringing


def equal_documents(identities: Sequence[str]) -> list[int]:
    """Positions of documents that stand earlier in the party already."""
    seen: set[str] = set()
    repeated = []
    for position, identity in enumerate(identities):
        if identity in seen:
            repeated.append(position)
        seen.add(identity)
    return repeated
