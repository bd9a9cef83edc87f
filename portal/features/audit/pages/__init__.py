"""The audit trail's pages, for an auditor who trusts nothing (AU-1): read, verify, take away, anchor."""

from portal.features.audit.pages import anchors, export, trail, verification

ROUTES = (*trail.ROUTES, *verification.ROUTES, *export.ROUTES, *anchors.ROUTES)
