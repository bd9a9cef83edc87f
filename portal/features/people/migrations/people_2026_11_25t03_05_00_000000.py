from portal.core.migrate import sql_migration

ID = "2026-11-25T03:05:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "when somebody else took an account's second factor away"

SQL = """
ALTER TABLE account ADD COLUMN factor_taken_at timestamptz;
"""


async def forwards():
    return sql_migration("people", ID, DESCRIPTION, SQL)
