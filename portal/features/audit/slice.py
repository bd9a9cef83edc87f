"""The audit slice as the composition sees it."""

from datetime import timedelta

from portal.core import anchors
from portal.core.i18n import _l
from portal.core.jobs import periodic
from portal.features.audit.pages import ROUTES
from portal.web.menu import ADMINISTRATION, MenuItem
from portal.web.slices import Slice
from rbac.permissions import Permission

periodic("audit.anchors", timedelta(minutes=1))(anchors.keep)

SLICE = Slice(
    "audit",
    routes=ROUTES,
    menu=(
        MenuItem(
            ADMINISTRATION,
            _l("Audit trail"),
            "/audit",
            Permission.AUDIT_TRAIL_READ,
            _l("Who did what, and what was refused"),
        ),
    ),
)
