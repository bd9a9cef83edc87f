from portal.core.migrate import sql_migration

ID = "2026-11-24T23:50:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "messages of the waiting list know their party"

SQL = """
-- An offer is sent before there is an order: its message is found, and deleted, by the party that it went to.
ALTER TABLE visitor_message ADD COLUMN waitlist_entry bigint REFERENCES waitlist_entry (id);
UPDATE visitor_message SET waitlist_entry = split_part(key, ':', 2)::bigint WHERE kind = 'waitlist-offer';
CREATE INDEX visitor_message_by_party ON visitor_message (waitlist_entry) WHERE waitlist_entry IS NOT NULL;
CREATE INDEX waitlist_entry_by_order ON waitlist_entry (order_code) WHERE order_code IS NOT NULL;
"""


async def forwards():
    return sql_migration("booking", ID, DESCRIPTION, SQL)
