"""The settings slice as the composition sees it."""

from portal.core.i18n import _l
from portal.features.settings.pages import ROUTES
from portal.web.actor import Actor
from portal.web.desk import Waiting
from portal.web.menu import ADMINISTRATION, MenuItem
from portal.web.respond import banner_is_over
from portal.web.slices import Slice
from rbac.permissions import Permission


async def banners_over(_actor: Actor) -> int:
    return int(banner_is_over())


SLICE = Slice(
    "settings",
    routes=ROUTES,
    menu=(
        MenuItem(
            ADMINISTRATION,
            _l("Settings"),
            "/settings",
            Permission.SETTINGS_READ,
            _l("Every rule with its default"),
        ),
    ),
    waiting=(
        Waiting(
            _l("banner that nobody sees any more: its time is over"),
            "/settings#site.banner_zh",
            Permission.SETTINGS_EDIT,
            banners_over,
        ),
    ),
)
