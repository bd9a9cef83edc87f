"""Personal data after the booking (RK-6): shown on reason, taken along, deleted on request, destroyed in time."""

from datetime import date, timedelta
from typing import Any, Final

from portal.core import audit, clock, db, order_code
from portal.core.crypto import vault
from portal.core.jobs import each
from portal.features.booking.blocks import PURPOSE as APPEALS
from portal.features.booking.limits import DOCUMENT_DAYS, NO_SHOW_WINDOW_DAYS, RETENTION_DAYS
from portal.features.booking.place import PURPOSE, id_context, name_context, phone_context
from portal.features.booking.queries import unsealed

KEYS_REMEMBERED: Final = timedelta(
    days=120
)  # longer than any day is on sale ahead: a late repeat books nothing
SUSPENSIONS_REMEMBERED: Final = timedelta(days=730)
SHORTEST_REASON: Final = 5  # characters: long enough to say something


class StillNeeded(Exception):
    """The data are needed yet; ``args[0]`` is the code of what for.

    ``still-needed``: the visit is to come. ``refund-open``: should the refund fail, only the phone leads to whom the
    money belongs to.
    """


async def reveal(code: str, reason: str) -> dict[str, Any]:
    """Names, numbers and phone in plain text, for a stated reason; on the trail before anything is shown."""
    async with db.transaction():
        audit.record("visitor:reveal", "order", code, reason=reason)
    return await plain(code)


async def plain(code: str) -> dict[str, Any]:
    """The personal data of an order. Whoever calls has proved a right to it."""
    day = order_code.visit_day(code)
    order = await db.fetchrow(
        "SELECT phone_sealed FROM booking_order WHERE visit_day = $1 AND code = $2", day, code
    )
    if order is None:
        return {}
    tickets = await db.fetch(
        "SELECT ordinal, name_sealed, id_type, id_sealed, country FROM ticket "
        "WHERE visit_day = $1 AND order_code = $2 ORDER BY ordinal",
        day,
        code,
    )
    return {
        "phone": await unsealed(order["phone_sealed"], phone_context(code)),
        "visitors": [
            {
                "ordinal": row["ordinal"],
                "name": await unsealed(row["name_sealed"], name_context(code, row["ordinal"])),
                "id_type": row["id_type"],
                "id_number": await unsealed(row["id_sealed"], id_context(code, row["ordinal"])),
                "country": row["country"],
            }
            for row in tickets
        ],
    }


async def export(code: str) -> dict[str, Any]:
    """Everything that is kept about an order, for the visitor to take along (PIPL art. 45)."""
    day = order_code.visit_day(code)
    order = await db.fetchrow(
        "SELECT code, visit_day, state, channel, payment, total_fen, paid_fen, refunded_fen, language, "
        "consent_version, guardian_consent, created_at, confirmed_at, ended_at FROM booking_order "
        "WHERE visit_day = $1 AND code = $2",
        day,
        code,
    )
    tickets = await db.fetch(
        "SELECT ordinal, state, category, price_fen, price_rule, used_at FROM ticket "
        "WHERE visit_day = $1 AND order_code = $2 ORDER BY ordinal",
        day,
        code,
    )
    messages = await db.fetch(
        "SELECT kind, state, created_at, sent_at FROM visitor_message WHERE order_code = $1 ORDER BY id",
        code,
    )
    async with db.transaction():
        audit.record("visitor:export", "order", code)
    return {
        "order": _json(order),
        "tickets": [_json(row) for row in tickets],
        "messages": [_json(row) for row in messages],
        "personal": await plain(code),
    }


def _json(row: Any) -> dict[str, Any]:
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in dict(row or {}).items()
    }


async def erase(code: str) -> None:
    """Delete the personal data of an order that is over, and of those that it was moved from.

    Figures without a person stay. A repeat changes nothing. Raises ``StillNeeded``.
    """
    async with db.transaction():
        order = await _locked(code)
        if order is None:
            return
        if order["state"] in ("held", "confirmed", "partly_used"):
            raise StillNeeded("still-needed")
        # money that waits at the window is fetched with the order's code, by whoever comes or by nobody
        if order["state"] in ("refunding", "refund_failed") and order["payment"] != "cash":
            raise StillNeeded("refund-open")
        await _forget(code)
        while order is not None and order["changed_from"]:
            before = order["changed_from"]
            order = await _locked(before)
            await _forget(before)
        audit.record("visitor:erase", "order", code)


async def _locked(code: str) -> Any | None:
    return await db.fetchrow(
        "SELECT state, payment, changed_from FROM booking_order WHERE visit_day = $1 AND code = $2 FOR UPDATE",
        order_code.visit_day(code),
        code,
    )


async def _forget(code: str) -> None:
    """Every copy of an order's personal data, in the open transaction."""
    day = order_code.visit_day(code)
    await db.execute(
        "UPDATE booking_order SET phone_sealed = NULL, phone_index = NULL WHERE visit_day = $1 AND code = $2",
        day,
        code,
    )
    await db.execute(
        "UPDATE ticket SET name_sealed = NULL, id_sealed = NULL, id_index = NULL, country = '' "
        "WHERE visit_day = $1 AND order_code = $2",
        day,
        code,
    )
    await db.execute(
        "DELETE FROM visitor_message WHERE order_code = $1 "
        "OR waitlist_entry IN (SELECT id FROM waitlist_entry WHERE order_code = $1)",
        code,
    )
    await db.execute(
        "UPDATE waitlist_entry SET phone_sealed = NULL, phone_index = NULL WHERE order_code = $1",
        code,
    )


async def destroy_old() -> list[date]:
    """Destroy what is beyond its time; returns the visit days whose personal data went. Safe to repeat.

    Document numbers go first, everything else of a visit day with its key: without it nothing of that day can be
    read again, from backups neither. Marks of visits that did not happen live as long as they count, suspensions and
    appeals as long as a repetition is counted from them.
    """
    today = clock.today()
    await db.execute(
        "UPDATE ticket SET id_sealed = NULL, id_index = NULL, country = '' WHERE visit_day >= $1 AND visit_day < $2 "
        "AND (id_sealed IS NOT NULL OR id_index IS NOT NULL)",
        today - timedelta(days=RETENTION_DAYS()),
        today - timedelta(days=DOCUMENT_DAYS()),
    )
    days = [
        date.fromisoformat(row["period"])
        for row in await db.fetch(
            "SELECT period FROM data_key WHERE purpose = $1 AND destroyed_at IS NULL AND period < $2 ORDER BY period",
            PURPOSE,
            (today - timedelta(days=RETENTION_DAYS())).isoformat(),
        )
    ]
    await each(days, _destroy_day)
    await db.execute(
        "DELETE FROM no_show WHERE visit_day < $1", today - timedelta(days=NO_SHOW_WINDOW_DAYS())
    )
    await db.execute("DELETE FROM booking_key WHERE created_at < $1", clock.now() - KEYS_REMEMBERED)
    await _forget_suspensions()
    return days


async def _destroy_day(day: date) -> None:
    async with db.transaction():
        await vault().destroy(PURPOSE, day.isoformat())
        await db.execute(
            "UPDATE booking_order SET phone_sealed = NULL, phone_index = NULL WHERE visit_day = $1",
            day,
        )
        await db.execute(
            "UPDATE ticket SET name_sealed = NULL, id_sealed = NULL, id_index = NULL, country = '' "
            "WHERE visit_day = $1",
            day,
        )
        await db.execute("DELETE FROM visitor_message WHERE visit_day = $1", day)
        await db.execute(
            "UPDATE waitlist_entry SET phone_sealed = NULL, phone_index = NULL "
            "WHERE state NOT IN ('waiting', 'offered') AND slot IN (SELECT id FROM slot WHERE visit_day = $1)",
            day,
        )
        audit.record("visitor:erase", "day", day.isoformat(), reason="retention")


async def _forget_suspensions() -> None:
    """Suspensions that ended long ago go, with their appeals; the key of a year whose appeals are gone is destroyed."""
    async with db.transaction():
        old = "SELECT id FROM booking_block WHERE least(ends_at, lifted_at) < $1"
        before = clock.now() - SUSPENSIONS_REMEMBERED
        await db.execute(f"DELETE FROM appeal WHERE block IN ({old})", before)  # noqa: S608
        await db.execute(f"UPDATE no_show SET block = NULL WHERE block IN ({old})", before)  # noqa: S608
        await db.execute(f"DELETE FROM booking_block WHERE id IN ({old})", before)  # noqa: S608
        for row in await db.fetch(
            "SELECT period FROM data_key k WHERE purpose = $1 AND destroyed_at IS NULL AND period < $2 "
            "AND NOT EXISTS (SELECT FROM appeal WHERE to_char(filed_at AT TIME ZONE $3, 'YYYY') = k.period)",
            APPEALS,
            str(clock.today().year),
            clock.site_zone().key,
        ):
            await vault().destroy(APPEALS, row["period"])
