"""Who acts, from where: known to the audit trail and the log without passing it through every call."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Act:
    """One request or job: ``subject`` is the policy's name of the actor (a user name, or ``visitor``)."""

    subject: str
    person_id: int | None = None
    address: str = ""
    request_id: str = ""


SYSTEM = Act("system")

_act: ContextVar[Act] = ContextVar("act", default=SYSTEM)


def current_act() -> Act:
    return _act.get()


def set_act(act: Act) -> None:
    """For the rest of this task (a request or a job run)."""
    _act.set(act)
