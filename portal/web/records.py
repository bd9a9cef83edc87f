"""Records that the policy can be asked about: what a slice lets the simulator find, and the facts of each.

A found record is said in words that name no visitor: whoever may try the policy need not be one who may see the
record's people. The facts are those that the slice itself decides with.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from portal.core.i18n import LazyText
from rbac.facts import Facts

MOST_FOUND: Final = 12


class Found(NamedTuple):
    """A record's own name within its kind, and words that tell it from the others."""

    key: str
    words: str


@dataclass(frozen=True, slots=True)
class Record:
    """A record as the policy sees it."""

    found: Found
    facts: Facts


@dataclass(frozen=True, slots=True)
class RecordKind:
    """``resources`` are the permissions' resources that act on such a record.

    ``search`` answers at most ``MOST_FOUND``, the newest for an empty text; ``read`` None for what is not there.
    """

    name: str
    label: LazyText
    resources: tuple[str, ...]
    search: Callable[[str], Awaitable[list[Found]]]
    read: Callable[[str], Awaitable[Record | None]]


#: Filled by the composition: the kinds of all slices.
record_kinds: list[RecordKind] = []


def kinds_for(resource: str) -> list[RecordKind]:
    """The kinds of records that a permission on this resource is decided on."""
    return [kind for kind in record_kinds if resource in kind.resources]


async def read(reference: str) -> Record | None:
    """The record of a reference as addresses hold it, ``order:27KQ…``; None for what is not there."""
    name, _colon, key = reference.partition(":")
    for kind in record_kinds:
        if kind.name == name and key:
            return await kind.read(key)
    return None
