from portal.core.migrate import sql_migration

ID = "2026-11-24T09:20:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "attractions, products, categories, prices, calendar, slots"

SQL = """
CREATE TABLE attraction (
    id serial PRIMARY KEY,
    name_zh text NOT NULL CHECK (name_zh <> ''),
    name_en text NOT NULL CHECK (name_en <> ''),
    summary_zh text NOT NULL DEFAULT '',
    summary_en text NOT NULL DEFAULT '',
    opening_hours_zh text NOT NULL DEFAULT '',
    opening_hours_en text NOT NULL DEFAULT '',
    core boolean NOT NULL DEFAULT false,
    closed_from date,
    closed_until date,
    position integer NOT NULL DEFAULT 0,
    CHECK (closed_until IS NULL OR closed_from <= closed_until)
);

CREATE TABLE gate (
    id serial PRIMARY KEY,
    attraction integer NOT NULL REFERENCES attraction (id),
    name_zh text NOT NULL CHECK (name_zh <> ''),
    name_en text NOT NULL CHECK (name_en <> '')
);

CREATE TABLE product (
    id serial PRIMARY KEY,
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z][a-z0-9-]{1,39}$'),
    attraction integer NOT NULL REFERENCES attraction (id),
    name_zh text NOT NULL CHECK (name_zh <> ''),
    name_en text NOT NULL CHECK (name_en <> ''),
    summary_zh text NOT NULL DEFAULT '',
    summary_en text NOT NULL DEFAULT '',
    payment text NOT NULL DEFAULT 'at_gate' CHECK (payment IN ('at_gate', 'online')),
    id_required boolean NOT NULL DEFAULT true,
    on_sale boolean NOT NULL DEFAULT true,
    position integer NOT NULL DEFAULT 0
);

CREATE TABLE category (
    id serial PRIMARY KEY,
    code text NOT NULL UNIQUE CHECK (code ~ '^[a-z][a-z0-9_]{1,29}$'),
    name_zh text NOT NULL CHECK (name_zh <> ''),
    name_en text NOT NULL CHECK (name_en <> ''),
    eligibility_zh text NOT NULL DEFAULT '',
    eligibility_en text NOT NULL DEFAULT '',
    age_min smallint CHECK (age_min BETWEEN 0 AND 130),
    age_max smallint CHECK (age_max BETWEEN 0 AND 130),
    height_max_cm smallint CHECK (height_max_cm BETWEEN 50 AND 250),
    residence_prefixes text[] NOT NULL DEFAULT '{}',
    proof text NOT NULL DEFAULT 'none' CHECK (proof IN ('none', 'id', 'height', 'certificate')),
    not_on_public_holidays boolean NOT NULL DEFAULT false,
    needs_companion boolean NOT NULL DEFAULT false,
    companions smallint NOT NULL DEFAULT 0 CHECK (companions BETWEEN 0 AND 5),
    basis text NOT NULL DEFAULT '',
    active boolean NOT NULL DEFAULT true,
    position integer NOT NULL DEFAULT 0,
    CHECK (age_min IS NULL OR age_max IS NULL OR age_min <= age_max)
);

CREATE TABLE season (
    id serial PRIMARY KEY,
    code text NOT NULL CHECK (code IN ('peak', 'off_peak')),
    first_day date NOT NULL,
    last_day date NOT NULL,
    CHECK (first_day <= last_day)
);

CREATE TABLE price (
    id serial PRIMARY KEY,
    product integer NOT NULL REFERENCES product (id),
    category integer NOT NULL REFERENCES category (id),
    season text NOT NULL DEFAULT 'any' CHECK (season IN ('any', 'peak', 'off_peak')),
    day_type text NOT NULL DEFAULT 'any'
        CHECK (day_type IN ('any', 'weekday', 'weekend', 'public_holiday', 'free_day')),
    fen integer NOT NULL CHECK (fen BETWEEN 0 AND 100000000),
    valid_from date NOT NULL,
    published_on date NOT NULL,
    legal_basis text NOT NULL DEFAULT '',
    UNIQUE (product, category, season, day_type, valid_from)
);

CREATE TABLE calendar_day (
    id serial PRIMARY KEY,
    day date NOT NULL UNIQUE,
    kind text NOT NULL CHECK (kind IN ('public_holiday', 'makeup_workday', 'free_day')),
    name_zh text NOT NULL DEFAULT '',
    name_en text NOT NULL DEFAULT '',
    confirmed boolean NOT NULL DEFAULT true
);

-- Weekly pattern of a product: one row for each slot of a day, on the weekdays named (1 = Monday).
CREATE TABLE slot_pattern (
    id serial PRIMARY KEY,
    product integer NOT NULL REFERENCES product (id),
    weekdays smallint[] NOT NULL CHECK (weekdays <@ '{1,2,3,4,5,6,7}' AND cardinality(weekdays) > 0),
    starts time NOT NULL,
    ends time NOT NULL,
    capacity integer NOT NULL CHECK (capacity BETWEEN 0 AND 1000000),
    quota_window integer NOT NULL DEFAULT 0 CHECK (quota_window >= 0),
    quota_agency integer NOT NULL DEFAULT 0 CHECK (quota_agency >= 0),
    valid_from date NOT NULL,
    valid_until date,
    CHECK (starts < ends),
    CHECK (quota_window + quota_agency <= capacity),
    CHECK (valid_until IS NULL OR valid_from <= valid_until)
);

-- An exception for one day: closed, or another capacity.
CREATE TABLE slot_exception (
    id serial PRIMARY KEY,
    product integer NOT NULL REFERENCES product (id),
    day date NOT NULL,
    closed boolean NOT NULL DEFAULT false,
    capacity_percent smallint NOT NULL DEFAULT 100 CHECK (capacity_percent BETWEEN 0 AND 200),
    reason_zh text NOT NULL DEFAULT '',
    reason_en text NOT NULL DEFAULT '',
    UNIQUE (product, day)
);

-- A slot of one day. Nothing is ever oversold: the database says so whatever the program does (BK-4).
CREATE TABLE slot (
    id serial PRIMARY KEY,
    product integer NOT NULL REFERENCES product (id),
    visit_day date NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    capacity integer NOT NULL CHECK (capacity >= 0),
    quota_window integer NOT NULL DEFAULT 0 CHECK (quota_window >= 0),
    quota_agency integer NOT NULL DEFAULT 0 CHECK (quota_agency >= 0),
    sold_online integer NOT NULL DEFAULT 0 CHECK (sold_online >= 0),
    sold_window integer NOT NULL DEFAULT 0 CHECK (sold_window >= 0),
    sold_agency integer NOT NULL DEFAULT 0 CHECK (sold_agency >= 0),
    withheld integer NOT NULL DEFAULT 0 CHECK (withheld >= 0),
    closed boolean NOT NULL DEFAULT false,   -- by a closure: holders are told
    retired boolean NOT NULL DEFAULT false,  -- the pattern no longer wants it: sold tickets stay good, none is sold
    UNIQUE (product, visit_day, starts_at),
    CHECK (starts_at < ends_at),
    CONSTRAINT never_oversold CHECK (sold_online + sold_window + sold_agency + withheld <= capacity)
) WITH (fillfactor = 70);
CREATE INDEX slot_by_day ON slot (visit_day, product, starts_at);

-- Places left to each channel: a channel's quota is kept for it while it is unsold.
CREATE FUNCTION slot_left_online(s slot) RETURNS integer LANGUAGE sql IMMUTABLE RETURN
    greatest(0, s.capacity - s.withheld - s.sold_online
        - greatest(s.sold_window, s.quota_window) - greatest(s.sold_agency, s.quota_agency));
CREATE FUNCTION slot_left_window(s slot) RETURNS integer LANGUAGE sql IMMUTABLE RETURN
    greatest(0, s.capacity - s.withheld - s.sold_online - s.sold_window - greatest(s.sold_agency, s.quota_agency));
CREATE FUNCTION slot_left_agency(s slot) RETURNS integer LANGUAGE sql IMMUTABLE RETURN
    greatest(0, s.capacity - s.withheld - s.sold_online - s.sold_agency - greatest(s.sold_window, s.quota_window));
"""


async def forwards():
    return sql_migration("catalogue", ID, DESCRIPTION, SQL)
