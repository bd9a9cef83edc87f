"""The staff menu: each slice names its entries, and a person sees those that the policy lets in."""

from collections.abc import Iterable
from dataclasses import dataclass

from portal.core.i18n import LazyText
from portal.web.actor import Actor
from portal.web.permission import may
from rbac.permissions import Permission


@dataclass(frozen=True, slots=True)
class MenuItem:
    """``group`` is the heading it stands under; items keep the order of the slices."""

    group: LazyText
    label: LazyText
    url: str
    permission: Permission
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    label: str
    url: str
    icon: str
    active: bool
    badge: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    label: str
    items: tuple[Shown, ...]


def menu_for(actor: Actor, items: Iterable[MenuItem], path: str) -> tuple[Group, ...]:
    """The groups with at least one entry that this actor may open."""
    groups: dict[LazyText, list[Shown]] = {}
    for item in items:
        if may(actor, item.permission):
            active = path == item.url or path.startswith(f"{item.url}/")
            groups.setdefault(item.group, []).append(
                Shown(str(item.label), item.url, item.icon, active)
            )
    return tuple(Group(str(label), tuple(shown)) for label, shown in groups.items())
