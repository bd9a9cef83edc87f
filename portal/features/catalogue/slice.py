"""The catalogue slice as the composition sees it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from portal.core import site_settings
from portal.core.i18n import _l
from portal.core.jobs import job, periodic
from portal.features.catalogue import availability, generation, snapshot
from portal.features.catalogue.pages import ROUTES
from portal.features.catalogue.sale import GENERATE_JOB
from portal.web.menu import VISITORS, MenuItem
from portal.web.slices import Slice
from rbac.permissions import Permission


@periodic("catalogue.generate", timedelta(minutes=10))
async def generate_slots() -> None:
    await generation.generate()


@job(GENERATE_JOB)
async def generate_after_a_change(_payload: Mapping[str, Any]) -> None:
    """A setting has changed; this process may not have heard of it yet."""
    await site_settings.load()
    await generation.generate()


async def start() -> None:
    await snapshot.load()
    await availability.availability.load()


SLICE = Slice(
    "catalogue",
    routes=ROUTES,
    menu=(
        MenuItem(
            VISITORS,
            _l("Catalogue and slots"),
            "/catalogue",
            Permission.CATALOGUE_READ,
            _l("Tickets, prices, hours, capacity"),
        ),
    ),
    listeners={
        snapshot.CHANNEL: snapshot.load,
        availability.CHANNEL: availability.availability.heard,
    },
    start=start,
    stop=availability.availability.stop,
)
