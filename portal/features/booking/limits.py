"""Site settings of booking."""

from typing import Final

from portal.core.i18n import _l
from portal.core.site_settings import SiteSetting, declare
from portal.features.booking.rules.limits import BlockRule
from portal.features.booking.rules.waitlist import DELAYED_RANDOM, IMMEDIATE, WAITLIST_FIRST

LARGEST_PARTY: Final = declare(
    SiteSetting("booking.largest_party", 5, _l("Maximum visitors per order"), minimum=1, maximum=50)
)
ORDERS_PER_PHONE: Final = declare(
    SiteSetting(
        "booking.orders_per_phone",
        2,
        _l("Maximum orders per phone number and visit day"),
        minimum=1,
        maximum=1000,
    )
)
HOLD_MINUTES: Final = declare(
    SiteSetting(
        "booking.hold_minutes", 15, _l("Minutes to pay for an order"), minimum=2, maximum=120
    )
)
LATE_FEE_PERCENT: Final = declare(
    SiteSetting(
        "booking.late_fee_percent",
        20,
        _l("Fee for cancelling on the visit day, in percent"),
        minimum=0,
        maximum=100,
    )
)
CHANGE_LIMIT: Final = declare(
    SiteSetting(
        "booking.change_limit",
        1,
        _l("How often an order may be moved"),
        minimum=0,
        maximum=10,
    )
)
RELEASE_POLICY: Final = declare(
    SiteSetting(
        "booking.released_place_policy",
        WAITLIST_FIRST,
        _l("What happens to a cancelled place"),
        choices={
            WAITLIST_FIRST: _l("to the waiting list first"),
            DELAYED_RANDOM: _l("on sale again after a random pause"),
            IMMEDIATE: _l("on sale again at once"),
        },
    )
)
OFFER_MINUTES: Final = declare(
    SiteSetting(
        "waitlist.offer_minutes",
        30,
        _l("Minutes to accept an offered place"),
        minimum=5,
        maximum=720,
    )
)
COUNT_NO_SHOWS: Final = declare(
    SiteSetting(
        "no_show.counted",
        False,  # noqa: FBT003  the value of a switch
        _l("Count missed visits"),
        _l("Switch on only where every entry is checked in; otherwise everybody would be counted."),
    )
)
NO_SHOW_LIMIT: Final = declare(
    SiteSetting("no_show.limit", 3, _l("Missed visits before a suspension"), minimum=1, maximum=100)
)
NO_SHOW_WINDOW_DAYS: Final = declare(
    SiteSetting(
        "no_show.window_days",
        180,
        _l("Days over which missed visits are counted"),
        minimum=1,
        maximum=730,
    )
)
NO_SHOW_BLOCK_DAYS: Final = declare(
    SiteSetting(
        "no_show.block_days", 60, _l("Days that a first suspension lasts"), minimum=1, maximum=730
    )
)
CHOOSE_HOURS: Final = declare(
    SiteSetting(
        "closure.choose_hours",
        24,
        _l("Hours in which holders choose after a closure"),
        _l("Whoever does not choose is refunded."),
        minimum=1,
        maximum=720,
    )
)
WINDOW_DOCUMENTS: Final = declare(
    SiteSetting(
        "window.documents",
        "optional",
        _l("Names and documents at the ticket window"),
        _l("Needed only for tickets that ask for a document; otherwise they may be left out."),
        choices={"optional": _l("may be left out"), "needed": _l("are needed")},
    )
)
DOCUMENT_DAYS: Final = declare(
    SiteSetting(
        "privacy.document_days",
        30,
        _l("Days after the visit until document numbers are deleted"),
        minimum=1,
        maximum=1095,
    )
)
RETENTION_DAYS: Final = declare(
    SiteSetting(
        "privacy.retention_days",
        180,
        _l("Days after the visit until personal data is destroyed"),
        minimum=30,
        maximum=1095,
    )
)


def block_rule() -> BlockRule:
    return BlockRule(NO_SHOW_WINDOW_DAYS(), NO_SHOW_LIMIT(), NO_SHOW_BLOCK_DAYS())
