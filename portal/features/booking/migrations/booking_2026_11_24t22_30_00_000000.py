from portal.core.migrate import sql_migration

ID = "2026-11-24T22:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "drawers looked at, orders owed at the window"

SQL = """
-- What is still to be paid back at a window.
CREATE INDEX booking_order_owed_at_window ON booking_order (visit_day) WHERE payment = 'cash' AND owed_fen > refunded_fen;
CREATE INDEX cash_entry_of_order ON cash_entry (order_code);

-- A closed drawer with a difference waits until somebody has looked at it.
ALTER TABLE window_shift
    ADD COLUMN checked_by text,
    ADD COLUMN checked_at timestamptz,
    ADD COLUMN remark text NOT NULL DEFAULT '',
    ADD CONSTRAINT checked_after_closing CHECK (checked_at IS NULL OR closed_at IS NOT NULL);
CREATE INDEX window_shift_closed ON window_shift (closed_at) WHERE checked_at IS NULL;
"""


async def forwards():
    return sql_migration("booking", ID, DESCRIPTION, SQL)
