"""What is known of the record on which somebody wants to act."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

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
