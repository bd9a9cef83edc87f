"""The catalogue slice as the composition sees it."""

from datetime import timedelta

from portal.core.jobs import periodic
from portal.features.catalogue import availability, generation, snapshot
from portal.web.slices import Slice


@periodic("catalogue.generate", timedelta(hours=1))
async def generate_slots() -> None:
    await generation.generate()


async def start() -> None:
    await snapshot.load()
    await availability.availability.load()


SLICE = Slice(
    "catalogue",
    listeners={
        snapshot.CHANNEL: snapshot.load,
        availability.CHANNEL: availability.availability.heard,
    },
    start=start,
)
