"""Who makes the request, in the policy's own terms."""

from dataclasses import dataclass
from typing import Any, Final

from portal.core import context

VISITOR_SUBJECT: Final = context.VISITOR


@dataclass(frozen=True, slots=True)
class Actor:
    """``subject`` is what Casbin knows: a staff user name, or ``visitor`` for everybody without an account."""

    subject: str
    person_id: int | None = None
    name: str = ""
    session_id: bytes | None = None
    must_change_password: bool = False
    second_factor: bool = False

    @property
    def signed_in(self) -> bool:
        return self.person_id is not None


VISITOR: Final = Actor(VISITOR_SUBJECT)
#: There is a session cookie, but the database that knows it could not be asked.
UNKNOWN: Final = Actor("unknown")


def actor_of(connection: Any) -> Actor:
    """The actor that the envelope found for this request."""
    found: Actor = connection.scope["state"].get("actor", VISITOR)
    return found
