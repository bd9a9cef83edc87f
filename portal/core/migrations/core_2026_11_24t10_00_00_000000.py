from portal.core.migrate import sql_migration

ID = "2026-11-24T10:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "the audit trail is not emptied either"

SQL = """
-- Row triggers do not see TRUNCATE, and a chain without its head would be missed by nobody.
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON audit_entry_rest
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON audit_link
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON audit_chain
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER head_stays BEFORE DELETE ON audit_chain
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
"""


async def forwards():
    return sql_migration("core", ID, DESCRIPTION, SQL)
