from portal.core.migrate import sql_migration

ID = "2026-11-25T03:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "what a rebase found changed, and which process holds which version"

SQL = """
-- Lines that the draft took away and that a version released meanwhile had taken away already: to be looked at.
ALTER TABLE policy_draft ADD COLUMN overtaken text NOT NULL DEFAULT '';

-- Each process says which version it decides by. Its listening connection tells whether it still lives, so nothing
-- needs to be kept: after a crash of the server the processes report again.
CREATE UNLOGGED TABLE policy_holder (
    pid integer PRIMARY KEY,  -- of the listening connection's backend
    backend_start timestamptz NOT NULL,
    version integer NOT NULL,
    taken_at timestamptz NOT NULL
);
"""


async def forwards():
    return sql_migration("policy", ID, DESCRIPTION, SQL)
