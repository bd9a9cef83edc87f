from portal.core.migrate import sql_migration

ID = "2026-11-25T01:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "drafts of the permission policy and their steps"

SQL = """
-- A change on its way to become a version: whole lines, changed step by step (PO-4).
CREATE TABLE policy_draft (
    id serial PRIMARY KEY,
    title text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    kind text NOT NULL CHECK (kind IN ('edit', 'import', 'grant', 'organisation', 'access', 'restore')),
    base_version integer NOT NULL REFERENCES policy_version (version),
    lines text NOT NULL,
    revision integer NOT NULL DEFAULT 0 CHECK (revision >= 0),
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'submitted', 'released', 'dropped')),
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    submitted_by text,
    submitted_at timestamptz,
    ended_at timestamptz,
    released_version integer UNIQUE REFERENCES policy_version (version),
    idempotency_key uuid UNIQUE,
    CHECK (state <> 'submitted' OR submitted_by IS NOT NULL),
    CHECK ((state = 'released') = (released_version IS NOT NULL)),
    CHECK ((state IN ('released', 'dropped')) = (ended_at IS NOT NULL))
);
CREATE INDEX policy_draft_living ON policy_draft (id) WHERE state IN ('open', 'submitted');

-- One change of a draft: lines that went and lines that came. An undone step stays, with its end.
CREATE TABLE policy_step (
    draft integer NOT NULL REFERENCES policy_draft (id),
    number integer NOT NULL CHECK (number > 0),
    by text NOT NULL,
    at timestamptz NOT NULL,
    removed text NOT NULL,
    added text NOT NULL,
    after text NOT NULL,  -- the line above the first that went or came, so that an undo puts it back in place
    undone_at timestamptz,
    PRIMARY KEY (draft, number)
);

-- Where the lines of a version come from.
ALTER TABLE policy_version ADD COLUMN drafted_by text NOT NULL DEFAULT '';
"""


async def forwards():
    return sql_migration("policy", ID, DESCRIPTION, SQL)
