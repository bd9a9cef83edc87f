from portal.core.migrate import sql_migration

ID = "2026-11-24T23:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "products whose visitors count to the area's maxima, rows made once"

SQL = """
-- Whoever comes in counts to the maxima of the area (Tourism Law art. 45); what is sold inside counts nobody twice.
ALTER TABLE product ADD COLUMN counts boolean NOT NULL DEFAULT true;

-- A row that is sent twice is made once.
CREATE TABLE catalogue_key (
    key uuid PRIMARY KEY,
    resource text NOT NULL,
    row_id integer NOT NULL
);
CREATE INDEX calendar_day_unconfirmed ON calendar_day (day) WHERE NOT confirmed;
"""


async def forwards():
    return sql_migration("catalogue", ID, DESCRIPTION, SQL)
