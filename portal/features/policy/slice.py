"""The policy slice as the composition sees it."""

from portal.core.i18n import _l
from portal.features.policy import desk, organisation, records, service
from portal.features.policy.pages import (
    drafts,
    editor,
    exchange,
    inclusions,
    requests,
    roles,
    sentences,
    simulate,
    versions,
    who,
)
from portal.web.menu import ADMINISTRATION, MenuItem
from portal.web.slices import Slice
from rbac.permissions import Permission

SLICE = Slice(
    "policy",
    routes=(
        *drafts.ROUTES,
        *versions.ROUTES,
        *editor.ROUTES,
        *sentences.ROUTES,
        *inclusions.ROUTES,
        *simulate.ROUTES,
        *who.ROUTES,
        *requests.ROUTES,
        *exchange.ROUTES,
        *roles.ROUTES,
    ),
    menu=(
        MenuItem(
            ADMINISTRATION,
            _l("Permission policy"),
            "/policy",
            Permission.POLICY_READ,
            _l("Roles, rules, drafts and versions"),
        ),
        MenuItem(
            ADMINISTRATION,
            _l("Try the policy"),
            "/policy/simulate",
            Permission.POLICY_SIMULATE,
            _l("Who may do what, and why"),
        ),
        MenuItem(
            ADMINISTRATION,
            _l("Roles"),
            "/policy/roles",
            Permission.ROLE_READ,
            _l("Who holds which role, grants and deputies"),
        ),
        MenuItem(
            ADMINISTRATION,
            _l("Requests for access"),
            "/policy/requests",
            Permission.POLICY_DRAFT,
            _l("Who was refused and asks for the duty"),
        ),
    ),
    waiting=(*desk.WAITING, *organisation.WAITING),
    figures=desk.FIGURES,
    records=records.RECORDS,
    listeners={service.CHANNEL: service.load},
    start=service.load,
)
