"""What must hold of bookings after every act, whatever happened: asked of the database, not of the program.

``await holds()`` is one list of what is wrong; ``await check()`` fails with it. ``Witness`` notes each change of
state that an order or a ticket goes through, so that it can be judged by the published rules.
"""

from typing import Any, Final

from portal.core import chains, db
from portal.features.booking.rules import states

#: Each query finds what must not be; its columns say where.
NEVER: Final = {
    "a slot sells more than it has": (
        "SELECT id, capacity, sold_online, sold_window, sold_agency, withheld FROM slot "
        "WHERE sold_online + sold_window + sold_agency + withheld > capacity "
        "OR least(sold_online, sold_window, sold_agency, withheld) < 0"
    ),
    "a counter of sold places is not its orders' places": (
        "SELECT s.id, c.channel, c.sold, coalesce(sum(o.places), 0) AS places FROM slot s CROSS JOIN LATERAL "
        "(VALUES ('online', sold_online), ('window', sold_window), ('agency', sold_agency)) AS c(channel, sold) "
        "LEFT JOIN booking_order o ON o.slot = s.id AND o.channel = c.channel GROUP BY 1, 2, 3 "
        "HAVING c.sold <> coalesce(sum(o.places), 0)"
    ),
    "withheld places are not those released and offered": (
        "SELECT s.id, s.withheld, r.n AS released, w.n AS offered FROM slot s "
        "CROSS JOIN LATERAL (SELECT coalesce(sum(places), 0) AS n FROM released_place WHERE slot = s.id) r "
        "CROSS JOIN LATERAL (SELECT coalesce(sum(party), 0) AS n FROM waitlist_entry "
        "WHERE slot = s.id AND state = 'offered') w WHERE s.withheld <> r.n + w.n"
    ),
    "an order's places are not its living tickets": (
        "SELECT o.code, o.state, o.places, count(t.*) AS tickets FROM booking_order o LEFT JOIN ticket t "
        "ON (t.visit_day, t.order_code) = (o.visit_day, o.code) AND t.state IN ('reserved', 'valid', 'used') "
        "WHERE o.state <> 'closed' GROUP BY o.visit_day, o.code HAVING count(t.*) <> o.places"
    ),
    "an order that is over holds places": (
        "SELECT code, state, places FROM booking_order WHERE places > 0 "
        "AND state NOT IN ('held', 'confirmed', 'partly_used', 'used', 'closed')"
    ),
    "a ticket's state is not that of its order": (
        "SELECT o.code, o.state, t.state AS ticket FROM booking_order o JOIN ticket t "
        "ON (t.visit_day, t.order_code) = (o.visit_day, o.code) WHERE (o.state = 'held') <> (t.state = 'reserved') "
        "AND t.state IN ('reserved', 'valid')"
    ),
    "one document holds two tickets of a product and day": (
        "SELECT visit_day, product, encode(id_index, 'hex') FROM ticket WHERE id_index IS NOT NULL "
        "AND state IN ('reserved', 'valid', 'used') GROUP BY visit_day, product, id_index HAVING count(*) > 1"
    ),
    "one key stands for two orders": (
        "SELECT key, count(*) FROM booking_key GROUP BY key HAVING count(*) > 1"
    ),
    "a key stands for no order": (
        "SELECT k.key FROM booking_key k WHERE NOT EXISTS (SELECT FROM booking_order o "
        "WHERE (o.visit_day, o.code) = (k.visit_day, k.order_code))"
    ),
    "an order's money is not in order": (
        "SELECT code, state, paid_fen, owed_fen, refunded_fen FROM booking_order WHERE NOT "
        "(0 <= refunded_fen AND refunded_fen <= owed_fen AND owed_fen <= paid_fen) "
        "OR (state = 'refunded' AND refunded_fen < owed_fen AND NOT EXISTS (SELECT FROM refund r "
        "WHERE r.reference = code AND r.state <> 'done'))"
    ),
    "what orders say was paid is not what came in": (
        "SELECT o.paid, p.paid AS provider, c.paid AS window FROM (SELECT coalesce(sum(paid_fen), 0) AS paid "
        "FROM booking_order) o, (SELECT coalesce(sum(amount_fen), 0) AS paid FROM payment WHERE state = 'paid') p, "
        "(SELECT coalesce(sum(fen), 0) AS paid FROM cash_entry WHERE kind = 'sale') c WHERE o.paid <> p.paid + c.paid"
    ),
    "what orders say went back is not what was sent": (
        "SELECT o.code, o.refunded_fen, r.done, c.done AS cash FROM booking_order o CROSS JOIN LATERAL "
        "(SELECT coalesce(sum(amount_fen), 0) AS done FROM refund WHERE reference = o.code AND state = 'done') r "
        "CROSS JOIN LATERAL (SELECT coalesce(sum(fen), 0) AS done FROM cash_entry WHERE order_code = o.code "
        "AND kind = 'refund') c WHERE o.refunded_fen <> r.done + c.done"
    ),
    "what is owed was asked of nobody": (
        "SELECT o.code, o.owed_fen, r.asked FROM booking_order o CROSS JOIN LATERAL "
        "(SELECT coalesce(sum(amount_fen), 0) AS asked FROM refund WHERE reference = o.code) r "
        "WHERE o.payment <> 'cash' AND o.owed_fen <> r.asked"
    ),
    "more goes back of a payment than came in": (
        "SELECT p.id, p.amount_fen, sum(r.amount_fen) FROM payment p JOIN refund r ON r.payment = p.id "
        "GROUP BY p.id HAVING sum(r.amount_fen) > p.amount_fen OR p.state <> 'paid'"
    ),
    "an order's hold is not its state's": (
        "SELECT code, state, hold_until FROM booking_order WHERE (state = 'held') <> (hold_until IS NOT NULL)"
    ),
    "a taken offer names no order": (
        "SELECT e.id, e.order_code FROM waitlist_entry e WHERE e.state = 'taken' AND NOT EXISTS "
        "(SELECT FROM booking_order o WHERE o.code = e.order_code)"
    ),
}


async def holds() -> list[str]:
    """What does not hold; empty when all is well."""
    wrong = [
        f"{name}: {dict(row)}" for name, query in NEVER.items() for row in await db.fetch(query)
    ]
    async with db.transaction():
        wrong += [
            f"the audit trail: {step}"
            async for step in chains.verify()
            if not isinstance(step, int)
        ]
    return wrong


async def check() -> None:
    wrong = await holds()
    assert not wrong, "\n".join(wrong)


class Witness:
    """Notes in the database itself each state that orders and tickets go through, until ``leave``."""

    async def enter(self) -> "Witness":
        await db.execute(
            """
            CREATE TABLE state_seen (id bigserial, kind text, code text, before text, after text);
            CREATE FUNCTION note_state() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO state_seen (kind, code, before, after) VALUES (TG_ARGV[0],
                    to_jsonb(NEW) ->> TG_ARGV[1], OLD.state, NEW.state);
                RETURN NULL;
            END $$;
            CREATE TRIGGER note_state AFTER UPDATE OF state ON booking_order FOR EACH ROW
                WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION note_state('order', 'code');
            CREATE TRIGGER note_state AFTER UPDATE OF state ON ticket FOR EACH ROW
                WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION note_state('ticket', 'order_code');
            """
        )
        return self

    async def leave(self) -> None:
        await db.execute(
            "DROP TRIGGER note_state ON booking_order; DROP TRIGGER note_state ON ticket; "
            "DROP FUNCTION note_state; DROP TABLE state_seen"
        )

    async def seen(self) -> list[Any]:
        return await db.fetch("SELECT kind, code, before, after FROM state_seen ORDER BY id")

    async def check(self) -> None:
        """Every change was one that the rules know."""
        may = {"order": states.order_may, "ticket": states.ticket_may}
        wrong = [
            dict(row)
            for row in await self.seen()
            if not may[row["kind"]](row["before"], row["after"])
        ]
        assert not wrong, wrong
