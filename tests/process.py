"""What a process keeps in memory: tests share one process, and must not learn from each other."""

import sys
from collections.abc import Iterator
from functools import cache
from typing import Final

from portal.core import anchors, site_settings
from portal.core.context import SYSTEM, set_act
from portal.core.crypto import vault
from portal.core.i18n import DEFAULT, set_language
from portal.core.settings import settings
from portal.features.booking import attempts
from portal.features.booking.pages import day as day_pages
from portal.features.catalogue import snapshot
from portal.features.catalogue.availability import availability
from portal.web import stencil
from portal.web.permission import policy
from portal.web.ratelimit import Buckets
from portal.web.session import sessions
from rbac.compiled import CompiledPolicy
from rbac.policy import shipped_policy

POLICY: Final = shipped_policy(demo=True)
POLICY_VERSION: Final = 1
_COMPILED: Final = CompiledPolicy(POLICY)


def start_anew() -> None:
    """Remember only what a process knows that has just started with the demo policy."""
    set_language(DEFAULT)
    set_act(SYSTEM)
    settings.cache_clear()
    sessions.cache_clear()
    vault.cache_clear()
    site_settings._in_force.clear()
    snapshot._current = snapshot.Catalogue({}, (), {}, (), snapshot.Calendar({}, {}, ()))
    availability.__init__()  # type: ignore[misc]
    attempts._counted.clear()
    day_pages._kept.clear()
    stencil._kept.clear()
    forget_limits()
    anchors.file().unlink(missing_ok=True)
    policy.clear()
    policy.swap(POLICY_VERSION, _COMPILED)


def forget_limits() -> None:
    """Nobody has asked too often."""
    for buckets in _buckets():
        buckets._left.clear()


@cache
def _buckets() -> tuple[Buckets, ...]:
    return tuple(_found())


def _found() -> Iterator[Buckets]:
    for name, module in list(sys.modules.items()):
        if name.startswith("portal."):
            yield from (value for value in vars(module).values() if isinstance(value, Buckets))
