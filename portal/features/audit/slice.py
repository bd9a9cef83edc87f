"""The audit slice as the composition sees it."""

from portal.core.i18n import _l
from portal.features.audit import verification
from portal.features.audit.pages import ROUTES
from portal.web.menu import ADMINISTRATION, MenuItem
from portal.web.slices import Slice
from rbac.permissions import Permission

SLICE = Slice(
    "audit",
    routes=ROUTES,
    stop=verification.stop,
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
