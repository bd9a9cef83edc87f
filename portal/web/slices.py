"""What a slice gives to the composition: routes, menu and desk entries, records, listeners, work at start and stop."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from portal.core.notify import Listener
from portal.web.desk import Figure, Waiting
from portal.web.menu import MenuItem
from portal.web.records import RecordKind

Step = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Slice:
    """``start`` runs in each worker before the first request, in the order of the slices; ``stop`` the other way.

    ``alive`` tells ``/readyz`` whether the slice's work of this process goes on.
    ``listeners`` answer NOTIFY channels; each is also called after a reconnect, with an empty payload.
    """

    name: str
    routes: Sequence[Any] = ()
    menu: Sequence[MenuItem] = ()
    waiting: Sequence[Waiting] = ()
    figures: Sequence[Figure] = ()
    records: Sequence[RecordKind] = ()
    listeners: Mapping[str, Listener] = field(default_factory=dict)
    start: Step | None = None
    stop: Step | None = None
    alive: Callable[[], bool] | None = None
