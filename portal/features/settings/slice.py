"""The settings slice as the composition sees it."""

from portal.core.i18n import _l
from portal.features.settings.pages import ROUTES
from portal.web.menu import MenuItem
from portal.web.slices import Slice
from rbac.permissions import Permission

SLICE = Slice(
    "settings",
    routes=ROUTES,
    menu=(MenuItem(_l("Administration"), _l("Settings"), "/settings", Permission.SETTINGS_READ),),
)
