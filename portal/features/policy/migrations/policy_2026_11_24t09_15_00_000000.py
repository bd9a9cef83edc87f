from portal.core.migrate import sql_migration

ID = "2026-11-24T09:15:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "versions of the permission policy"

SQL = """
-- A version is whole and never changes; restoring one is a new version with the old lines.
CREATE TABLE policy_version (
    version integer PRIMARY KEY CHECK (version > 0),
    lines text NOT NULL,
    reason text NOT NULL,
    released_by text NOT NULL,
    released_at timestamptz NOT NULL
);
CREATE FUNCTION policy_version_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a policy version never changes' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER fixed BEFORE UPDATE OR DELETE ON policy_version
    FOR EACH ROW EXECUTE FUNCTION policy_version_is_fixed();
"""


async def forwards():
    return sql_migration("policy", ID, DESCRIPTION, SQL)
