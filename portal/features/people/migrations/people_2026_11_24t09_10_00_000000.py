from portal.core.migrate import sql_migration

ID = "2026-11-24T09:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "people, staff accounts, sessions"

SQL = """
CREATE TABLE person (
    id serial PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    name_en text NOT NULL DEFAULT '',
    post text NOT NULL DEFAULT '',
    unit text NOT NULL DEFAULT '',
    email text NOT NULL DEFAULT '',
    phone_sealed bytea,
    joined_on date,
    left_on date,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE account (
    id serial PRIMARY KEY,
    person integer NOT NULL UNIQUE REFERENCES person (id),
    username text NOT NULL UNIQUE CHECK (username ~ '^[a-z][a-z0-9._-]{1,39}$'),
    password_hash text NOT NULL,
    must_change_password boolean NOT NULL DEFAULT false,
    password_changed_at timestamptz NOT NULL DEFAULT now(),
    totp_sealed bytea,
    totp_confirmed_at timestamptz,
    totp_last_step bigint NOT NULL DEFAULT 0,
    failed_count integer NOT NULL DEFAULT 0 CHECK (failed_count >= 0),
    locked_until timestamptz,
    last_signed_in_at timestamptz,
    disabled_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE recovery_code (
    account integer NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    code_hash bytea NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (account, code_hash)
);

CREATE TABLE session (
    id_hash bytea PRIMARY KEY CHECK (octet_length(id_hash) = 32),
    person_id integer NOT NULL REFERENCES person (id),
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    verified_at timestamptz NOT NULL,
    address text NOT NULL,
    agent text NOT NULL
);
CREATE INDEX session_of_person ON session (person_id);
"""


async def forwards():
    return sql_migration("people", ID, DESCRIPTION, SQL)
