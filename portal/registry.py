"""The slices in the order of their tiers, lowest first: the one place that knows them all."""

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Final

from portal.features.audit.slice import SLICE as AUDIT
from portal.features.booking.slice import SLICE as BOOKING
from portal.features.catalogue.slice import SLICE as CATALOGUE
from portal.features.payments.slice import SLICE as PAYMENTS
from portal.features.people.slice import SLICE as PEOPLE
from portal.features.policy.slice import SLICE as POLICY
from portal.features.settings.slice import SLICE as SETTINGS

SLICES: Final = (PEOPLE, AUDIT, SETTINGS, CATALOGUE, PAYMENTS, BOOKING, POLICY)

#: Piccolo apps in the order in which their migrations run.
PICCOLO_APPS: Final = (
    "portal.core.piccolo_app",
    "portal.features.people.piccolo_app",
    "portal.features.policy.piccolo_app",
    "portal.features.catalogue.piccolo_app",
    "portal.features.booking.piccolo_app",
    "portal.features.payments.piccolo_app",
)
APP_NAMES: Final = ("core", "people", "policy", "catalogue", "booking", "payments")


@cache
def migrations() -> int:
    """How many migrations this program brings; a database with fewer is not ready."""
    folders = (Path(import_module(name).APP_CONFIG.migrations_folder_path) for name in PICCOLO_APPS)
    return sum(1 for folder in folders for path in folder.glob("*_20*.py"))
