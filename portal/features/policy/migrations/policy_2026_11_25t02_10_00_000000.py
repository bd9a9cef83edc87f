from portal.core.migrate import sql_migration

ID = "2026-11-25T02:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "requests for access"

SQL = """
-- Somebody who was refused asks for the duty (PO-6). Of what they wanted to see nothing is kept.
CREATE TABLE access_request (
    id serial PRIMARY KEY,
    asker text NOT NULL REFERENCES account (username) ON UPDATE CASCADE,
    permission text NOT NULL,
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    asked_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'drafted', 'granted', 'declined')),
    draft integer REFERENCES policy_draft (id),
    answer text NOT NULL DEFAULT '' CHECK (length(answer) <= 500),
    answered_by text,
    answered_at timestamptz,
    seen_at timestamptz,  -- when the asker read the answer
    CHECK (state <> 'drafted' OR draft IS NOT NULL),
    CHECK (state <> 'declined' OR answer <> ''),
    CHECK ((state IN ('granted', 'declined')) = (answered_at IS NOT NULL AND answered_by IS NOT NULL)),
    CHECK (seen_at IS NULL OR answered_at IS NOT NULL)
);
CREATE UNIQUE INDEX access_request_once ON access_request (asker, permission) WHERE state IN ('open', 'drafted');
CREATE INDEX access_request_waiting ON access_request (asked_at) WHERE state = 'open';
CREATE INDEX access_request_draft ON access_request (draft) WHERE state = 'drafted';
CREATE INDEX access_request_unseen ON access_request (asker) WHERE answered_at IS NOT NULL AND seen_at IS NULL;
"""


async def forwards():
    return sql_migration("policy", ID, DESCRIPTION, SQL)
