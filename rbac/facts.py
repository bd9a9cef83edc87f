"""What is known of the record on which somebody wants to act."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from rbac.attributes import ATTRIBUTES

NOBODY = ""
_NONE: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Facts:
    """None means "not known", and what is not known never helps.

    Allow rules that ask for it do not match, deny rules do. A record that truly has no owner,
    requester or group says ``NOBODY``.

    ``parties`` are the people the record names beside owner and requester: the parties of a
    dispute, the members of an emergency team, whom a task is assigned to.
    """

    owner: str | None = None
    requester: str | None = None
    group: str | None = None
    parties: frozenset[str] | None = None
    attributes: Mapping[str, object] = field(default_factory=lambda: _NONE)


NOTHING_KNOWN = Facts()

#: Longer texts are no names of states and kinds, and are not kept.
LONGEST_TEXT: Final = 60


def as_plain(facts: Facts) -> dict[str, Any]:
    """The facts as plain values that can be kept and read again: user names, attributes that rules know.

    What is not known is left out.
    """
    kept: dict[str, Any] = {
        name: value
        for name, value in (
            ("owner", facts.owner),
            ("requester", facts.requester),
            ("group", facts.group),
        )
        if value is not None
    }
    if facts.parties is not None:
        kept["parties"] = sorted(facts.parties)
    attributes = {
        name: value
        for name, value in facts.attributes.items()
        if name in ATTRIBUTES
        and isinstance(value, int | str)
        and not (isinstance(value, str) and len(value) > LONGEST_TEXT)
    }
    if attributes:
        kept["attributes"] = attributes
    return kept


def from_plain(kept: Mapping[str, Any]) -> Facts:
    """Read what ``as_plain`` kept; what is not as it was written counts as not known."""

    def name(key: str) -> str | None:
        value = kept.get(key)
        return value if isinstance(value, str) else None

    parties, attributes = kept.get("parties"), kept.get("attributes")
    return Facts(
        name("owner"),
        name("requester"),
        name("group"),
        frozenset(map(str, parties)) if isinstance(parties, list) else None,
        attributes if isinstance(attributes, dict) else _NONE,
    )
