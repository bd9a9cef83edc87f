"""The catalogue slice as the composition sees it."""

from datetime import timedelta

from portal.core.i18n import _l
from portal.core.jobs import periodic
from portal.features.catalogue import availability, generation, snapshot
from portal.features.catalogue.pages import ROUTES
from portal.web.menu import VISITORS, MenuItem
from portal.web.slices import Slice
from rbac.permissions import Permission


@periodic("catalogue.generate", timedelta(hours=1))
async def generate_slots() -> None:
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
)
