from portal.core.migrate import sql_migration

ID = "2026-11-24T23:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "the call list, suspensions made once"

SQL = """
ALTER TABLE visitor_message ADD COLUMN tried_at timestamptz;  -- the last call that reached nobody
CREATE INDEX visitor_message_by_order ON visitor_message (order_code);
DROP INDEX visitor_message_by_phone;
CREATE INDEX visitor_message_to_call ON visitor_message (visit_day, id) WHERE state IN ('by_phone', 'failed');

-- A suspension that is sent twice is made once.
ALTER TABLE booking_block ADD COLUMN idempotency_key uuid UNIQUE;
"""


async def forwards():
    return sql_migration("booking", ID, DESCRIPTION, SQL)
