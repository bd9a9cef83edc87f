from portal.core.migrate import sql_migration

ID = "2026-11-24T09:50:00:000000"
VERSION = "1.38.0"
DESCRIPTION = (
    "freed places, waiting list, closures, messages, no-shows, appeals, the window's drawer"
)

SQL = """
-- Places that were given back and wait to be sold again (BK-8). While they wait they stand in slot.withheld.
CREATE TABLE released_place (
    id bigserial PRIMARY KEY,
    slot integer NOT NULL REFERENCES slot (id),
    places integer NOT NULL CHECK (places > 0),
    release_at timestamptz NOT NULL
);
CREATE INDEX released_place_by_slot ON released_place (slot);

-- A party that waits as one unit; the id is the order of request.
CREATE TABLE waitlist_entry (
    id bigserial PRIMARY KEY,
    slot integer NOT NULL REFERENCES slot (id),
    party smallint NOT NULL CHECK (party BETWEEN 1 AND 50),
    state text NOT NULL CHECK (state IN ('waiting', 'offered', 'taken', 'missed', 'left', 'ended')),
    phone_sealed bytea,
    phone_index bytea,
    language text NOT NULL CHECK (language IN ('zh', 'en')),
    idempotency_key uuid NOT NULL UNIQUE,
    wait_until timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    offered_at timestamptz,
    offer_until timestamptz,
    ended_at timestamptz,
    order_code text,
    CHECK ((state = 'taken') = (order_code IS NOT NULL)),
    CHECK (state <> 'offered' OR offer_until IS NOT NULL),
    CHECK (state NOT IN ('waiting', 'offered') OR phone_index IS NOT NULL)
);
CREATE INDEX waitlist_entry_in_order ON waitlist_entry (slot, id) WHERE state IN ('waiting', 'offered');
-- One party waits once for a slot.
CREATE UNIQUE INDEX waitlist_entry_once ON waitlist_entry (slot, phone_index) WHERE state IN ('waiting', 'offered');

-- A closure of slots for a reason (BK-11), and each order that it touches: told once, settled once.
CREATE TABLE closure (
    id serial PRIMARY KEY,
    visit_day date NOT NULL,
    product integer REFERENCES product (id),
    kind text NOT NULL CHECK (kind IN ('weather', 'incident', 'maintenance', 'authority')),
    reason_zh text NOT NULL CHECK (reason_zh <> ''),
    reason_en text NOT NULL CHECK (reason_en <> ''),
    choose_until timestamptz NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    lifted_at timestamptz,
    lifted_by text,
    idempotency_key uuid NOT NULL UNIQUE
);
CREATE TABLE closure_slot (
    closure integer NOT NULL REFERENCES closure (id),
    slot integer NOT NULL REFERENCES slot (id),
    PRIMARY KEY (closure, slot)
);
CREATE TABLE closure_order (
    closure integer NOT NULL REFERENCES closure (id),
    order_code text NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'told', 'refunded', 'rebooked', 'kept')),
    told_at timestamptz,
    settled_at timestamptz,
    PRIMARY KEY (closure, order_code)
);
CREATE INDEX closure_order_open ON closure_order (closure) WHERE state IN ('waiting', 'told');
CREATE INDEX closure_order_by_code ON closure_order (order_code);

-- What a visitor is told; the key makes each message leave once.
CREATE TABLE visitor_message (
    id bigserial PRIMARY KEY,
    key text NOT NULL UNIQUE,
    visit_day date NOT NULL,
    order_code text NOT NULL DEFAULT '',
    kind text NOT NULL,
    language text NOT NULL CHECK (language IN ('zh', 'en')),
    phone_sealed bytea,
    body_sealed bytea NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'sent', 'failed', 'by_phone')),
    attempts smallint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    sent_at timestamptz,
    handled_by text
);
CREATE INDEX visitor_message_waiting ON visitor_message (id) WHERE state = 'waiting';
CREATE INDEX visitor_message_by_phone ON visitor_message (visit_day, id) WHERE state = 'by_phone';

-- Visits that were booked and did not happen, by blind index (BK-7).
CREATE TABLE no_show (
    subject_index bytea NOT NULL,
    kind text NOT NULL CHECK (kind IN ('document', 'phone')),
    visit_day date NOT NULL,
    order_code text NOT NULL,
    block integer REFERENCES booking_block (id),  -- the suspension that it led to
    PRIMARY KEY (subject_index, visit_day, order_code)
);
CREATE INDEX no_show_by_day ON no_show (visit_day);

CREATE TABLE appeal (
    id serial PRIMARY KEY,
    block integer NOT NULL REFERENCES booking_block (id),
    text_sealed bytea NOT NULL,
    state text NOT NULL CHECK (state IN ('filed', 'granted', 'rejected')),
    filed_at timestamptz NOT NULL,
    decided_by text,
    decided_at timestamptz,
    answer text NOT NULL DEFAULT '',
    CHECK ((state = 'filed') = (decided_at IS NULL))
);
CREATE UNIQUE INDEX appeal_one_open ON appeal (block) WHERE state = 'filed';

-- The drawer of a ticket window: opened with a float, closed with a count (BK-10).
CREATE TABLE window_shift (
    id serial PRIMARY KEY,
    person integer NOT NULL REFERENCES person (id),
    opened_at timestamptz NOT NULL,
    float_fen integer NOT NULL CHECK (float_fen >= 0),
    closed_at timestamptz,
    counted_fen integer CHECK (counted_fen >= 0),
    note text NOT NULL DEFAULT '',
    CHECK ((closed_at IS NULL) = (counted_fen IS NULL))
);
CREATE UNIQUE INDEX window_shift_one_open ON window_shift (person) WHERE closed_at IS NULL;
CREATE TABLE cash_entry (
    id serial PRIMARY KEY,
    shift integer NOT NULL REFERENCES window_shift (id),
    order_code text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('sale', 'refund')),
    method text NOT NULL CHECK (method IN ('cash', 'card', 'scan')),
    fen integer NOT NULL CHECK (fen >= 0),
    given_fen integer NOT NULL CHECK (given_fen >= 0),
    at timestamptz NOT NULL,
    key text NOT NULL UNIQUE,
    CHECK (kind = 'refund' OR given_fen >= fen)
);
CREATE INDEX cash_entry_of_shift ON cash_entry (shift);
"""


async def forwards():
    return sql_migration("booking", ID, DESCRIPTION, SQL)
