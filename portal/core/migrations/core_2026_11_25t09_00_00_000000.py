from portal.core.db import execute
from portal.core.migrate import index_partitions, raw_migration

ID = "2026-11-25T09:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "the audit trail is paged by any filter, verified in the background, sealed by month"

#: One index stands on every entry, in the place of the one by block range: entries come in the order of
#: time, and those of one batch share an instant, so it grows at its end and stays small. The others leave out
#: what bookings write.
INDEXES = {
    "audit_entry_by_instant": "(at)",
    "audit_entry_by_act": "(act, at) WHERE act <> 'booking:create'",
    "audit_entry_by_thing": "(object_type, at) WHERE object_type <> 'order'",
    "audit_entry_refused": "(at) WHERE outcome = 'refused'",
}

SQL = """
DROP INDEX audit_entry_by_time;

-- Months whose entries were dropped, each with a hash over its chains' heads and the seal before (core/chains.py).
CREATE TABLE audit_sealed_month (
    number integer PRIMARY KEY CHECK (number > 0),
    month date NOT NULL UNIQUE CHECK (extract(day FROM month) = 1),
    chains integer NOT NULL CHECK (chains >= 0),
    entries bigint NOT NULL CHECK (entries >= 0),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    sealed_at timestamptz NOT NULL
);

-- What a month was sealed for may go, and nothing else.
CREATE OR REPLACE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND TG_TABLE_NAME <> 'audit_chain' AND TG_TABLE_NAME <> 'audit_sealed_month' THEN
        IF EXISTS (SELECT FROM audit_sealed_month WHERE month = date_trunc('month', OLD.day)::date) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_sealed_month
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON audit_sealed_month
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();

-- A walk over the chains, followed from the page. At most one walks over all of them.
CREATE TABLE audit_verification (
    id serial PRIMARY KEY,
    month date,
    asked_by text NOT NULL,
    begun_at timestamptz NOT NULL,
    beat_at timestamptz NOT NULL,
    ended_at timestamptz,
    outcome text CHECK (outcome IN ('holds', 'broken', 'stopped')),
    total bigint NOT NULL CHECK (total >= 0),
    seen bigint NOT NULL DEFAULT 0 CHECK (seen >= 0),
    chains integer NOT NULL DEFAULT 0,
    breaks jsonb NOT NULL DEFAULT '[]',
    CHECK ((ended_at IS NULL) = (outcome IS NULL))
);
CREATE UNIQUE INDEX audit_verification_running ON audit_verification ((true))
    WHERE ended_at IS NULL AND month IS NULL;
"""


async def forwards():
    async def run() -> None:
        await execute(SQL)
        for name, definition in INDEXES.items():
            await index_partitions("audit_entry", name, definition)

    return raw_migration("core", ID, DESCRIPTION, run)
