"""What an address asks of the trail."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from portal.core import clock
from portal.features.audit.queries import AREA, Filter
from portal.features.audit.retention import KEEP_DAYS

USUAL: Final = timedelta(days=7)


def filter_of(params: Mapping[str, str]) -> Filter:
    """What is asked for. Whoever follows one thing, person or request sees the whole past, not only this week's."""

    def said(name: str, longest: int = 60) -> str:
        return (params.get(name) or "").strip()[:longest]

    act = said("act") or (said("area") and said("area") + AREA)
    today = clock.today()
    wanted = Filter(
        today,
        clock.asked_day(params.get("last")) or today,
        said("subject"),
        act,
        said("object_type"),
        said("object_id", 200),
        said("outcome", 10),
        said("request_id", 40),
    )
    back = timedelta(days=KEEP_DAYS() + 31) if wanted.follows else USUAL
    first = clock.asked_day(params.get("first")) or today - back
    return Filter(**{**asdict(wanted), "first": first})


def query_of(wanted: Filter) -> str:
    """The filter as an address says it."""
    return urlencode({name: value for name, value in asdict(wanted).items() if value})
