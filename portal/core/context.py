"""Who acts, from where: known to the audit trail and the log without passing it through every call."""

import re
import secrets
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, Final, NamedTuple

from portal.core import clock

#: Everybody without an account, to the policy and to the trail.
VISITOR: Final = "visitor"


@dataclass(frozen=True, slots=True)
class Act:
    """One request or job: ``subject`` is the policy's name of the actor (a user name, or ``visitor``)."""

    subject: str
    person_id: int | None = None
    address: str = ""
    request_id: str = ""

    @property
    def kept_address(self) -> str:
        """The address as it may be kept: of a visitor only the network, beside an order for years."""
        return network_of(self.address) if self.subject == VISITOR else self.address


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """The network of an address (IPv4 /24, IPv6 /48): it tells where a flood comes from, and no person.

    What is no address is left out.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is None:
            return str(IPv6Network((int(found), 48), strict=False))
        found = found.ipv4_mapped
    return str(IPv4Network((int(found), 24), strict=False))


_REQUEST: Final = re.compile(r"[0-9a-f]{16}")
_FIRST_REQUEST: Final = datetime(2026, 11, 25, tzinfo=UTC)  # before it they told no time


def new_request_id() -> str:
    """A name for a request that begins with its second: its entries are found without an index of such names."""
    return f"{int(clock.now().timestamp()):08x}{secrets.token_hex(4)}"


def instant_of_request(request_id: str) -> datetime | None:
    """When a request came, by its name; None for what is no such name."""
    if not _REQUEST.fullmatch(request_id):
        return None
    came = datetime.fromtimestamp(int(request_id[:8], 16), UTC)
    return came if _FIRST_REQUEST <= came <= clock.now() + timedelta(minutes=1) else None


SYSTEM = Act("system")

_act: ContextVar[Act] = ContextVar("act", default=SYSTEM)


def current_act() -> Act:
    return _act.get()


def set_act(act: Act) -> None:
    """For the rest of this task (a request or a job run)."""
    _act.set(act)
    _decided.set(None)


class Decided(NamedTuple):
    """The facts that the policy was asked about, and the line that decided."""

    facts: Mapping[str, Any]
    rule: str


_decided: ContextVar[dict[tuple[str, str, str], Decided] | None] = ContextVar(
    "decided", default=None
)


def remember_decision(act: str, object_type: str, object_id: str, decided: Decided) -> None:
    """Keep how the policy decided, for the trail's entry of the act that follows."""
    known = _decided.get()
    if known is None:
        _decided.set(known := {})
    known[act, object_type, object_id] = decided


def decided_on(act: str, object_type: str, object_id: str) -> Decided | None:
    """What this act was decided on; an act is sometimes put on the trail of another record."""
    known = _decided.get()
    if not known:
        return None
    found = known.get((act, object_type, object_id))
    if found is None:
        same = [decided for key, decided in known.items() if key[0] == act]
        found = same[0] if len(same) == 1 else None
    return found
