from portal.core.migrate import sql_migration

ID = "2026-11-24T09:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "audit trail, jobs, keys, site settings"

SQL = """
-- The audit trail: one hash chain per day and lane (core/audit.py).
CREATE SEQUENCE audit_lane;

CREATE TABLE audit_chain (
    day date NOT NULL,
    lane smallint NOT NULL,
    length bigint NOT NULL DEFAULT 0 CHECK (length >= 0),
    head bytea NOT NULL CHECK (octet_length(head) = 32),
    PRIMARY KEY (day, lane)
);

CREATE TABLE audit_entry (
    day date NOT NULL,
    lane smallint NOT NULL,
    seq bigint NOT NULL CHECK (seq > 0),
    at timestamptz NOT NULL,
    subject text NOT NULL,
    act text NOT NULL,
    object_type text NOT NULL,
    object_id text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('allowed', 'refused')),
    rule text NOT NULL,
    address text NOT NULL,
    request_id text NOT NULL,
    detail jsonb NOT NULL,
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    PRIMARY KEY (day, lane, seq)
) PARTITION BY RANGE (day);
CREATE TABLE audit_entry_rest PARTITION OF audit_entry DEFAULT;
CREATE INDEX audit_entry_by_time ON audit_entry USING brin (at) WITH (pages_per_range = 16);
CREATE INDEX audit_entry_by_object ON audit_entry (object_id, object_type);
CREATE INDEX audit_entry_by_subject ON audit_entry (subject, at DESC) WHERE subject <> 'visitor';

-- One link for each append: it ties the entries up to seq to everything before them.
CREATE TABLE audit_link (
    day date NOT NULL,
    lane smallint NOT NULL,
    seq bigint NOT NULL CHECK (seq > 0),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (day, lane, seq)
);

-- sha256 over the fields, each as <octets>:<text> (core/audit.py, fingerprint).
CREATE FUNCTION audit_digest(day date, lane smallint, seq bigint, us text, subject text, act text,
    object_type text, object_id text, outcome text, rule text, address text, request_id text, detail text
) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE RETURN
    sha256(convert_to(concat(
        octet_length(day::text), ':', day, octet_length(lane::text), ':', lane,
        octet_length(seq::text), ':', seq, octet_length(us), ':', us,
        octet_length(subject), ':', subject, octet_length(act), ':', act,
        octet_length(object_type), ':', object_type, octet_length(object_id), ':', object_id,
        octet_length(outcome), ':', outcome, octet_length(rule), ':', rule,
        octet_length(address), ':', address, octet_length(request_id), ':', request_id,
        octet_length(detail), ':', detail), 'UTF8'));

-- Ties what was appended up to this entry to everything before it.
CREATE FUNCTION audit_close(p_day date, p_lane smallint, p_seq bigint, p_hash bytea) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_link VALUES (p_day, p_lane, p_seq, p_hash);
    UPDATE audit_chain SET length = p_seq, head = p_hash WHERE day = p_day AND lane = p_lane;
END $$;

-- Appends entries to a chain, whose head row is the lock. The caller holds it until its commit.
CREATE FUNCTION audit_append(p_lane smallint, p_entries jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    v_at timestamptz := clock_timestamp();
    v_day date := (v_at AT TIME ZONE 'UTC')::date;
    v_us text := ((extract(epoch FROM v_at) * 1000000)::bigint)::text;
    v_seq bigint;
    v_head bytea;
    v_written bigint;
    v_digests bytea;
BEGIN
    INSERT INTO audit_chain (day, lane, head)
    VALUES (v_day, p_lane, sha256(convert_to(v_day || '/' || p_lane, 'UTF8')))
    ON CONFLICT DO NOTHING;
    SELECT length, head INTO v_seq, v_head FROM audit_chain
    WHERE day = v_day AND lane = p_lane FOR UPDATE;
    WITH entry AS (
        SELECT row_number() OVER () + v_seq AS seq, t.* FROM jsonb_to_recordset(p_entries) AS t(
            subject text, act text, object_type text, object_id text, outcome text,
            rule text, address text, request_id text, detail jsonb)
    ), written AS (
        INSERT INTO audit_entry (day, lane, seq, at, subject, act, object_type, object_id, outcome, rule,
            address, request_id, detail, digest)
        SELECT v_day, p_lane, e.seq, v_at, e.subject, e.act, e.object_type, e.object_id, e.outcome, e.rule,
            e.address, e.request_id, e.detail, audit_digest(v_day, p_lane, e.seq, v_us, e.subject, e.act,
                e.object_type, e.object_id, e.outcome, e.rule, e.address, e.request_id, e.detail::text)
        FROM entry e RETURNING seq, digest
    )
    SELECT count(*), string_agg(digest, ''::bytea ORDER BY seq) INTO v_written, v_digests FROM written;
    PERFORM audit_close(v_day, p_lane, v_seq + v_written, sha256(v_head || v_digests));
END $$;

CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_link
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();

-- Data keys, wrapped by a key of the key file (core/crypto.py).
CREATE TABLE data_key (
    id serial PRIMARY KEY,
    purpose text NOT NULL,
    period text NOT NULL,
    suite text NOT NULL CHECK (suite IN ('aes-256-gcm', 'sm4-gcm')),
    wrapping_key text NOT NULL,
    wrapped bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    destroyed_at timestamptz,
    CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
);
CREATE UNIQUE INDEX data_key_in_use ON data_key (purpose, period) WHERE destroyed_at IS NULL;

-- Work to be done after a commit (core/jobs.py); the outbox is the same table.
CREATE TABLE job (
    id bigserial PRIMARY KEY,
    name text NOT NULL,
    key text,
    payload jsonb NOT NULL DEFAULT '{}',
    run_at timestamptz NOT NULL DEFAULT now(),
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    leased_until timestamptz,
    done_at timestamptz,
    failed_at timestamptz,
    last_error text,
    UNIQUE (name, key)
);
CREATE INDEX job_waiting ON job (run_at) WHERE done_at IS NULL AND failed_at IS NULL;

CREATE TABLE job_schedule (
    name text PRIMARY KEY,
    next_at timestamptz NOT NULL DEFAULT now(),
    last_started_at timestamptz,
    last_ok_at timestamptz,
    last_error text
);

-- What staff may change in the browser (core/site_settings.py).
CREATE TABLE site_setting (
    name text PRIMARY KEY,
    value jsonb NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now()
);
"""


async def forwards():
    return sql_migration("core", ID, DESCRIPTION, SQL)
