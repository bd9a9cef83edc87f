from portal.core.migrate import sql_migration

ID = "2026-11-24T10:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "wrong sign-ins are counted by the name that was typed"

SQL = """
-- Counted for names that nobody has, too: a lock must not tell who has an account (people/lockout.py).
CREATE TABLE sign_in_failure (
    name_index bytea PRIMARY KEY CHECK (octet_length(name_index) = 16),
    failures integer NOT NULL CHECK (failures > 0),
    locked_until timestamptz,
    last_at timestamptz NOT NULL
);
ALTER TABLE account DROP COLUMN failed_count, DROP COLUMN locked_until;
"""


async def forwards():
    return sql_migration("people", ID, DESCRIPTION, SQL)
