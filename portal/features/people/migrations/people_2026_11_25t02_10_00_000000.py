from portal.core.migrate import sql_migration

ID = "2026-11-25T02:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "accounts as the system administrator keeps them; passkeys"

SQL = """
-- `handle` names the account to its passkeys and to nothing else. `enabled_at` begins the count of idle days anew.
ALTER TABLE account
    ADD COLUMN handle uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    ADD COLUMN enabled_at timestamptz,
    ADD COLUMN disabled_by text NOT NULL DEFAULT '',
    ADD COLUMN disabled_reason text NOT NULL DEFAULT '' CHECK (length(disabled_reason) <= 200),
    ADD COLUMN idempotency_key uuid UNIQUE;

CREATE TABLE passkey (
    id serial PRIMARY KEY,
    account integer NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    credential bytea NOT NULL UNIQUE CHECK (octet_length(credential) BETWEEN 1 AND 1023),
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL CHECK (sign_count >= 0),
    synced boolean NOT NULL,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz,
    suspected_at timestamptz
);
CREATE INDEX passkey_of_account ON passkey (account);

-- A challenge is good once, for a few minutes, in the browser that asked for it. Without a person it is for signing in.
CREATE TABLE passkey_challenge (
    challenge bytea PRIMARY KEY CHECK (octet_length(challenge) = 32),
    person integer REFERENCES person (id),
    browser bytea NOT NULL CHECK (octet_length(browser) = 32),
    good_until timestamptz NOT NULL
);
CREATE INDEX passkey_challenge_end ON passkey_challenge (good_until);
"""


async def forwards():
    return sql_migration("people", ID, DESCRIPTION, SQL)
