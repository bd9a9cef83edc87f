"""Accounts that nobody uses are disabled, with a warning before (GB/T 22239, 8.1.4.2).

Whoever leaves a job keeps an account until somebody thinks of it; here nobody need to. The count begins with the
last sign-in, or when the account was made or enabled again. Nobody is disabled without whom an act that must
remain possible would be possible to no one: that account stays, and the desk keeps saying so.
"""

from datetime import datetime, timedelta
from typing import Final

from portal.core import audit, clock, db
from portal.core.context import Act, set_act
from portal.core.i18n import _l
from portal.core.site_settings import SiteSetting, declare
from portal.features.people import indispensable
from portal.web.session import sessions

ACTOR: Final = "job:people.idle_accounts"

IDLE_DAYS = declare(
    SiteSetting(
        "security.idle_days",
        90,
        _l("Days after which an unused account is disabled"),
        _l("0: never."),
        minimum=0,
        maximum=3650,
    )
)
WARNING_DAYS = declare(
    SiteSetting(
        "security.idle_warning_days",
        14,
        _l("Days before that on which the account is listed"),
        minimum=0,
        maximum=365,
    )
)

#: When an account was last used, in SQL; ``a`` is the account. What is null is passed over.
USED_AT: Final = "greatest(a.created_at, a.last_signed_in_at, a.enabled_at)"


def ends_at(used_at: datetime) -> datetime | None:
    """When an account that was last used then is disabled; None while none is."""
    return used_at + timedelta(days=IDLE_DAYS()) if IDLE_DAYS() else None


def warned_before() -> datetime | None:
    """Who was last used before this instant is listed; None while nobody is."""
    if not IDLE_DAYS():
        return None
    return clock.now() - timedelta(days=max(IDLE_DAYS() - WARNING_DAYS(), 0))


async def number_warned() -> int:
    """How many accounts will be disabled within the days of the warning."""
    return int(
        await db.fetchval(
            f"SELECT count(*) FROM account a WHERE disabled_at IS NULL AND {USED_AT} < $1::timestamptz",  # noqa: S608
            warned_before(),
        )
    )


async def disable_idle() -> int:
    """Disable whoever was idle too long, the longest first; returns how many."""
    if not IDLE_DAYS():
        return 0
    set_act(Act(ACTOR))
    rows = await db.fetch(
        f"SELECT username, {USED_AT} AS used_at FROM account a "  # noqa: S608
        f"WHERE disabled_at IS NULL AND {USED_AT} < $1 ORDER BY used_at",
        clock.now() - timedelta(days=IDLE_DAYS()),
    )
    disabled = 0
    for row in rows:
        disabled += await _disable(row["username"], row["used_at"])
    return disabled


async def _disable(username: str, used_at: datetime) -> bool:
    """Unless somebody has signed in meanwhile, or the account is the last that may do something needed."""
    async with db.transaction():
        if await indispensable.lost_without(username):
            return False
        person = await db.fetchval(
            "UPDATE account a SET disabled_at = $2, disabled_by = $3, disabled_reason = '' "  # noqa: S608
            f"WHERE username = $1 AND disabled_at IS NULL AND {USED_AT} = $4 RETURNING person",
            username,
            clock.now(),
            ACTOR,
            used_at,
        )
        if person is None:
            return False
        await sessions().end_all(person)
        audit.record(
            "account:disable",
            "account",
            username,
            disabled=True,
            reason="idle",
            idle_days=(clock.now() - used_at).days,
        )
    return True
