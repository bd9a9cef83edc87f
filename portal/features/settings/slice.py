"""The settings slice as the composition sees it."""

from portal.core.i18n import _l
from portal.features.settings.pages import ROUTES
from portal.web.menu import ADMINISTRATION, MenuItem
from portal.web.slices import Slice
from rbac.permissions import Permission

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
)
