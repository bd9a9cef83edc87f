"""What the desk shows: each slice offers what may wait for somebody and the figures worth a glance.

Only what the policy lets a person see is asked for; each question is one cheap query.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final

from portal.core.i18n import LazyText
from portal.web.actor import Actor
from portal.web.permission import may
from rbac.permissions import Permission

#: Counting stops here: a desk says "99+".
MOST_COUNTED: Final = 100


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that may wait, in words without its number; ``tone`` is ``bad`` where it must not wait long."""

    label: LazyText
    url: str
    permission: Permission
    count: Callable[[Actor], Awaitable[int]]
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of the day. ``show`` answers its text and ``good``, ``bad`` or nothing; None leaves it out."""

    label: LazyText
    url: str
    permission: Permission
    show: Callable[[Actor], Awaitable[tuple[str, str] | None]]


@dataclass(frozen=True, slots=True)
class ShownWaiting:
    label: str
    url: str
    number: str
    tone: str


@dataclass(frozen=True, slots=True)
class ShownFigure:
    label: str
    url: str
    text: str
    tone: str


#: Filled by the composition: what all slices offer.
waiting_items: list[Waiting] = []
figure_items: list[Figure] = []


async def waiting_for(actor: Actor, items: Iterable[Waiting]) -> list[ShownWaiting]:
    """What waits now for this person, in the order of the slices; what does not wait is left out."""
    shown = []
    for item in items:
        if may(actor, item.permission) and (number := await item.count(actor)):
            text = f"{MOST_COUNTED - 1}+" if number >= MOST_COUNTED else str(number)
            shown.append(ShownWaiting(str(item.label), item.url, text, item.tone))
    return shown


async def figures_for(actor: Actor, figures: Iterable[Figure]) -> list[ShownFigure]:
    return [
        ShownFigure(str(figure.label), figure.url, *found)
        for figure in figures
        if may(actor, figure.permission) and (found := await figure.show(actor))
    ]
