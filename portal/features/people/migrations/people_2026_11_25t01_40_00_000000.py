from portal.core.migrate import sql_migration

ID = "2026-11-25T01:40:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "the organisation: groups, posts, who holds which post, proposed changes"

SQL = """
-- `code` is the group's name in the policy. Only the department's own units count into its headcount plan.
CREATE TABLE org_unit (
    id serial PRIMARY KEY,
    code text NOT NULL UNIQUE CHECK (code ~ '^[a-z][a-z0-9_]{1,39}$'),
    name_zh text NOT NULL CHECK (length(name_zh) BETWEEN 1 AND 60),
    name_en text NOT NULL CHECK (length(name_en) BETWEEN 1 AND 60),
    own boolean NOT NULL,
    position integer NOT NULL DEFAULT 0
);

-- Duties stand one in a line. `role` and `role_groups` are what a move to the post proposes to the policy.
CREATE TABLE post (
    id serial PRIMARY KEY,
    code text NOT NULL UNIQUE CHECK (code ~ '^[a-z][a-z0-9_]{1,39}$'),
    unit integer NOT NULL REFERENCES org_unit (id),
    name_zh text NOT NULL CHECK (length(name_zh) BETWEEN 1 AND 60),
    name_en text NOT NULL CHECK (length(name_en) BETWEEN 1 AND 60),
    duties_zh text NOT NULL CHECK (length(duties_zh) BETWEEN 1 AND 4000),
    duties_en text NOT NULL CHECK (length(duties_en) BETWEEN 1 AND 4000),
    certificates_zh text NOT NULL DEFAULT '' CHECK (length(certificates_zh) <= 400),
    certificates_en text NOT NULL DEFAULT '' CHECK (length(certificates_en) <= 400),
    headcount integer NOT NULL CHECK (headcount BETWEEN 0 AND 999),
    role text NOT NULL DEFAULT '' CHECK (role = '' OR role ~ '^role:'),
    role_groups text[] NOT NULL DEFAULT '{}',
    position integer NOT NULL DEFAULT 0,
    revision integer NOT NULL DEFAULT 1,
    idempotency_key uuid UNIQUE
);

-- What HR proposes. `removed` and `added` are lines of the policy; they come into force by a release of it and
-- by nothing else, then the post is held from the effective day.
CREATE TABLE org_change (
    id serial PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('join', 'transfer', 'leave', 'acting')),
    person integer NOT NULL REFERENCES person (id),
    effective_on date NOT NULL,
    until_on date CHECK (until_on > effective_on),
    post integer REFERENCES post (id),
    superior text,
    duals text[] NOT NULL DEFAULT '{}',
    absent integer REFERENCES person (id),
    heir text,
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    removed text[] NOT NULL,
    added text[] NOT NULL,
    state text NOT NULL CHECK (state IN ('proposed', 'released', 'withdrawn', 'refused')),
    draft integer,
    version integer,
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    settled_by text,
    settled_at timestamptz,
    idempotency_key uuid NOT NULL UNIQUE,
    CHECK ((state = 'proposed') = (settled_at IS NULL)),
    CHECK ((kind IN ('join', 'transfer')) = (post IS NOT NULL)),
    CHECK ((kind = 'acting') = (absent IS NOT NULL)),
    CHECK ((kind = 'acting') = (until_on IS NOT NULL)),
    CHECK (absent <> person)
);
-- One thing at a time: what two open proposals for one person would come to, nobody could say.
CREATE UNIQUE INDEX org_change_open ON org_change (person) WHERE state = 'proposed';
CREATE INDEX org_change_draft ON org_change (draft) WHERE draft IS NOT NULL;

-- Until: the first day on which the post is held no more. Nobody holds two at once.
CREATE TABLE post_holding (
    id serial PRIMARY KEY,
    person integer NOT NULL REFERENCES person (id),
    post integer NOT NULL REFERENCES post (id),
    in_post_since date NOT NULL,
    until date CHECK (until > in_post_since),
    change integer REFERENCES org_change (id),
    EXCLUDE USING gist (int4range(person, person, '[]') WITH &&, daterange(in_post_since, until) WITH &&)
);
CREATE INDEX post_holding_post ON post_holding (post);
"""


async def forwards():
    return sql_migration("people", ID, DESCRIPTION, SQL)
