from portal.core.migrate import sql_migration

ID = "2026-11-25T02:40:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "a released change of the organisation can be called off before its day"

SQL = """
ALTER TABLE org_change ADD COLUMN recalls integer REFERENCES org_change (id);
ALTER TABLE org_change DROP CONSTRAINT org_change_kind_check;
ALTER TABLE org_change ADD CONSTRAINT org_change_kind_check
    CHECK (kind IN ('join', 'transfer', 'leave', 'acting', 'recall'));
ALTER TABLE org_change DROP CONSTRAINT org_change_state_check;
ALTER TABLE org_change ADD CONSTRAINT org_change_state_check
    CHECK (state IN ('proposed', 'released', 'withdrawn', 'refused', 'recalled'));
ALTER TABLE org_change ADD CONSTRAINT org_change_recalls_check CHECK ((kind = 'recall') = (recalls IS NOT NULL));
"""


async def forwards():
    return sql_migration("people", ID, DESCRIPTION, SQL)
