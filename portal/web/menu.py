"""The staff menu: each slice names its entries, and a person sees those that the policy lets in."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from portal.core.i18n import LazyText, _l
from portal.web.actor import Actor
from portal.web.permission import may
from rbac.permissions import Permission

VISITORS: Final = _l("Visitors")
PEOPLE: Final = _l("People")
ADMINISTRATION: Final = _l("Administration")

#: The groups in the order in which they stand.
GROUPS: Final = (VISITORS, PEOPLE, ADMINISTRATION)


@dataclass(frozen=True, slots=True)
class MenuItem:
    """``group`` is the heading it stands under, one of ``GROUPS``; items keep the order of the slices.

    ``about`` is said on the desk.
    """

    group: LazyText
    label: LazyText
    url: str
    permission: Permission
    about: LazyText | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    label: str
    url: str
    about: str
    active: bool


@dataclass(frozen=True, slots=True)
class Group:
    label: str
    items: tuple[Shown, ...]


def menu_for(actor: Actor, items: Iterable[MenuItem], path: str) -> tuple[Group, ...]:
    """The groups with at least one entry that this actor may open."""
    return menu_of(lambda permission: may(actor, permission), items, path)


def menu_of(
    allows: Callable[[Permission], bool], items: Iterable[MenuItem], path: str = ""
) -> tuple[Group, ...]:
    """The menu of anybody, told by what the policy answers for them."""
    allowed = [item for item in items if allows(item.permission)]
    here = max((item.url for item in allowed if _leads_to(item.url, path)), key=len, default="")
    groups: dict[LazyText, list[Shown]] = {label: [] for label in GROUPS}
    for item in allowed:
        shown = Shown(str(item.label), item.url, str(item.about or ""), item.url == here)
        groups[item.group].append(shown)
    return tuple(Group(str(label), tuple(shown)) for label, shown in groups.items() if shown)


def _leads_to(url: str, path: str) -> bool:
    return path == url or path.startswith(f"{url}/")
