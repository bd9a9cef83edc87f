"""The catalogue slice as the composition sees it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from portal.core import site_settings
from portal.core.i18n import _l
from portal.core.jobs import job, periodic
from portal.features.catalogue import availability, generation, health, snapshot
from portal.features.catalogue.pages import calendar, overview, rows
from portal.features.catalogue.sale import GENERATE_JOB, factor_is_over
from portal.web.actor import Actor
from portal.web.desk import Waiting
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


async def unconfirmed_days(_actor: Actor) -> int:
    return await health.unconfirmed_days()


async def core_without_reduction(_actor: Actor) -> int:
    return len(health.core_without_reduction())


async def shares_over(_actor: Actor) -> int:
    return int(factor_is_over())


async def start() -> None:
    await snapshot.load()
    await availability.availability.load()


SLICE = Slice(
    "catalogue",
    routes=(*overview.ROUTES, *calendar.ROUTES, *rows.ROUTES),
    menu=(
        MenuItem(
            VISITORS,
            _l("Catalogue and slots"),
            "/catalogue",
            Permission.CATALOGUE_READ,
            _l("Tickets, prices, hours, capacity"),
        ),
    ),
    waiting=(
        Waiting(
            _l("holidays of the next six months to be confirmed"),
            "/catalogue/calendar",
            Permission.CATALOGUE_EDIT,
            unconfirmed_days,
        ),
        Waiting(
            _l("core attractions closed without a reduced price"),
            "/catalogue",
            Permission.CATALOGUE_EDIT,
            core_without_reduction,
            "bad",
        ),
        Waiting(
            _l("share of the maxima whose days are over"),
            "/settings#capacity.factor_percent",
            Permission.SETTINGS_EDIT,
            shares_over,
        ),
    ),
    listeners={
        snapshot.CHANNEL: snapshot.load,
        availability.CHANNEL: availability.availability.heard,
    },
    start=start,
    stop=availability.availability.stop,
)
