from portal.core.migrate import sql_migration

ID = "2026-11-24T09:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "orders, tickets, idempotency keys, attempts, the booking function"

SQL = """
-- Orders and tickets grow with visitors: they carry the visit day and are partitioned by its month.
CREATE TABLE booking_order (
    visit_day date NOT NULL,
    code text NOT NULL CHECK (length(code) = 11),
    slot integer NOT NULL REFERENCES slot (id),
    product integer NOT NULL,  -- the slot's
    channel text NOT NULL CHECK (channel IN ('online', 'window', 'agency')),
    state text NOT NULL CHECK (state IN ('held', 'confirmed', 'partly_used', 'used', 'closed', 'expired',
        'cancelled', 'refunding', 'refunded', 'refund_failed', 'replaced')),
    party smallint NOT NULL CHECK (party BETWEEN 1 AND 1000),
    places smallint NOT NULL CHECK (places BETWEEN 0 AND party),
    payment text NOT NULL CHECK (payment IN ('free', 'at_gate', 'online', 'cash')),
    total_fen integer NOT NULL CHECK (total_fen >= 0),
    paid_fen integer NOT NULL DEFAULT 0 CHECK (paid_fen >= 0),
    owed_fen integer NOT NULL DEFAULT 0,      -- what is to go back by the rules, and
    refunded_fen integer NOT NULL DEFAULT 0,  -- what of it has gone back
    phone_sealed bytea,
    phone_index bytea,
    language text NOT NULL CHECK (language IN ('zh', 'en')),
    consent_version text NOT NULL,
    guardian_consent boolean NOT NULL DEFAULT false,
    sold_by integer REFERENCES person (id),
    changed_from text,
    changed_to text,
    changes smallint NOT NULL DEFAULT 0 CHECK (changes >= 0),
    created_at timestamptz NOT NULL,
    hold_until timestamptz,
    confirmed_at timestamptz,
    ended_at timestamptz,
    PRIMARY KEY (visit_day, code),
    CHECK ((state = 'held') <= (hold_until IS NOT NULL)),
    CONSTRAINT never_more_back CHECK (0 <= refunded_fen AND refunded_fen <= owed_fen AND owed_fen <= paid_fen)
) PARTITION BY RANGE (visit_day);
CREATE TABLE booking_order_rest PARTITION OF booking_order DEFAULT;
CREATE INDEX booking_order_held ON booking_order (hold_until) WHERE state = 'held';
CREATE INDEX booking_order_by_slot ON booking_order (slot) WHERE places > 0;
CREATE INDEX booking_order_by_phone ON booking_order (phone_index, visit_day) WHERE places > 0;

CREATE TABLE ticket (
    visit_day date NOT NULL,
    order_code text NOT NULL,
    ordinal smallint NOT NULL CHECK (ordinal >= 0),
    slot integer NOT NULL,     -- the order's; its foreign key checks it
    product integer NOT NULL,
    state text NOT NULL CHECK (state IN
        ('reserved', 'valid', 'used', 'cancelled', 'refunded', 'expired', 'no_show', 'replaced')),
    category text NOT NULL,
    price_fen integer NOT NULL CHECK (price_fen >= 0),
    price_rule text NOT NULL,
    proof text NOT NULL DEFAULT 'none',
    name_sealed bytea,
    id_type text NOT NULL,
    id_sealed bytea,
    id_index bytea,
    country text NOT NULL DEFAULT '',
    used_at timestamptz,
    used_gate integer REFERENCES gate (id),
    PRIMARY KEY (visit_day, order_code, ordinal),
    FOREIGN KEY (visit_day, order_code) REFERENCES booking_order (visit_day, code) ON UPDATE RESTRICT,
    CHECK ((state = 'used') = (used_at IS NOT NULL))
) PARTITION BY RANGE (visit_day);
CREATE TABLE ticket_rest PARTITION OF ticket DEFAULT;
-- One document at most once per product and visit day (BK-3), whatever the program does.
CREATE UNIQUE INDEX one_document_a_day ON ticket (visit_day, product, id_index)
    WHERE state IN ('reserved', 'valid', 'used') AND id_index IS NOT NULL;

-- A repeated request finds its first order here (BK-4). Not partitioned: a key is unique for all days.
CREATE TABLE booking_key (
    key uuid PRIMARY KEY,
    digest bytea NOT NULL,  -- of what was asked for: the same key with another wish is an error of the sender
    slot integer NOT NULL,
    visit_day date NOT NULL,
    order_code text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX booking_key_by_age ON booking_key USING brin (created_at);

-- Documents and phones that may not book for a time (BK-7); the reason is explained, an appeal is possible.
CREATE TABLE booking_block (
    id serial PRIMARY KEY,
    subject_index bytea NOT NULL,
    kind text NOT NULL CHECK (kind IN ('document', 'phone')),
    reason text NOT NULL CHECK (reason IN ('no_show', 'abuse', 'staff')),
    step smallint NOT NULL DEFAULT 1 CHECK (step >= 1),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    lifted_at timestamptz,
    lifted_by text,
    note text NOT NULL DEFAULT '',
    CHECK (starts_at < ends_at)
);
CREATE INDEX booking_block_by_subject ON booking_block (subject_index) WHERE lifted_at IS NULL;

-- Every attempt, counted by minute and by the process that saw it, so that counting never waits (BK-12).
CREATE TABLE booking_attempt (
    minute timestamptz NOT NULL,
    lane smallint NOT NULL,
    product integer NOT NULL,
    channel text NOT NULL,
    outcome text NOT NULL,
    attempts integer NOT NULL CHECK (attempts > 0),
    PRIMARY KEY (minute, product, channel, outcome, lane)
);

-- Books everything that waits in one process with one statement and one commit.
-- Slots are locked in the order of their ids, so that processes never wait for each other in a circle; the
-- caller sends no two requests with the same key, document or phone in one batch.
CREATE FUNCTION book_batch(
    p_now timestamptz, p_lane smallint, p_phone_limit integer, p_counted boolean,
    p_slots integer[],              -- distinct, ascending
    p_at integer[],                 -- per request: position of its slot in p_slots, from 1
    p_key uuid[], p_digest bytea[], p_code text[], p_party smallint[], p_channel text[], p_state text[], p_payment text[],
    p_total integer[], p_phone bytea[], p_phone_index bytea[], p_language text[], p_consent text[],
    p_guardian boolean[], p_sold_by integer[], p_hold timestamptz[],
    p_subject text[], p_address text[], p_request text[],
    t_request integer[], t_ordinal smallint[], t_category text[], t_price integer[], t_rule text[], t_proof text[],
    t_name bytea[], t_id_type text[], t_id bytea[], t_id_index bytea[], t_country text[]
) RETURNS TABLE (outcome text, order_code text, order_day date)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    n integer := cardinality(p_at);
    v_outcome text[] := array_fill('booked'::text, ARRAY[n]);
    v_code text[] := p_code;
    v_repeat_day date[] := array_fill(NULL::date, ARRAY[n]);
    v_day date[]; v_product integer[]; v_online integer[]; v_window integer[]; v_agency integer[];
    v_sold_online integer[]; v_sold_window integer[]; v_sold_agency integer[];
    v_left integer; s integer; r record;
    v_at timestamptz := clock_timestamp();
    v_audit_day date := (v_at AT TIME ZONE 'UTC')::date;
    v_us text := ((extract(epoch FROM v_at) * 1000000)::bigint)::text;
    v_seq bigint; v_head bytea; v_digests bytea; v_booked integer;
BEGIN
    PERFORM FROM slot WHERE id = ANY (p_slots) ORDER BY id FOR NO KEY UPDATE;
    SELECT array_agg(x.visit_day ORDER BY q.id), array_agg(x.product ORDER BY q.id),
           array_agg(CASE WHEN NOT x.closed AND NOT x.retired AND x.ends_at > p_now THEN slot_left_online(x) ELSE -1 END ORDER BY q.id),
           array_agg(CASE WHEN NOT x.closed AND NOT x.retired AND x.ends_at > p_now THEN slot_left_window(x) ELSE -1 END ORDER BY q.id),
           array_agg(CASE WHEN NOT x.closed AND NOT x.retired AND x.ends_at > p_now THEN slot_left_agency(x) ELSE -1 END ORDER BY q.id)
    INTO v_day, v_product, v_online, v_window, v_agency
    FROM unnest(p_slots) AS q(id) LEFT JOIN slot x ON x.id = q.id;
    v_sold_online := array_fill(0, ARRAY[cardinality(p_slots)]);
    v_sold_window := v_sold_online;
    v_sold_agency := v_sold_online;

    -- a repeated key answers with the first order; with another wish it is an error of the sender
    FOR r IN SELECT k.ord, b.order_code, b.visit_day, b.slot, b.digest FROM unnest(p_key) WITH ORDINALITY AS k(key, ord)
             JOIN booking_key b ON b.key = k.key LOOP
        v_outcome[r.ord] := CASE WHEN r.slot = p_slots[p_at[r.ord]] AND r.digest = p_digest[r.ord] THEN 'repeated' ELSE 'key-reused' END;
        v_code[r.ord] := r.order_code;
        v_repeat_day[r.ord] := r.visit_day;
    END LOOP;
    FOR r IN SELECT DISTINCT t.request FROM unnest(t_request, t_id_index) AS t(request, id_index)
             JOIN ticket x ON x.visit_day = v_day[p_at[t.request]] AND x.product = v_product[p_at[t.request]]
                 AND x.id_index = t.id_index AND x.state IN ('reserved', 'valid', 'used')
             WHERE v_outcome[t.request] = 'booked' LOOP
        v_outcome[r.request] := 'duplicate-document';
    END LOOP;
    FOR r IN SELECT q.request FROM (
                 SELECT request, id_index AS subject FROM unnest(t_request, t_id_index) AS t(request, id_index)
                 UNION ALL
                 SELECT ord::integer, i FROM unnest(p_phone_index) WITH ORDINALITY AS p(i, ord)) q
             JOIN booking_block b ON b.subject_index = q.subject AND b.lifted_at IS NULL
                 AND b.starts_at <= p_now AND b.ends_at > p_now
             WHERE v_outcome[q.request] = 'booked' LOOP
        v_outcome[r.request] := 'blocked';
    END LOOP;
    -- the limit of a phone holds over all slots of the day: whoever counts holds the phone's lock until the commit
    PERFORM pg_advisory_xact_lock(20045, q.phone) FROM (
        SELECT DISTINCT hashtext(encode(p.i, 'hex')) AS phone FROM unnest(p_phone_index) WITH ORDINALITY AS p(i, ord)
        WHERE p.i IS NOT NULL AND v_outcome[p.ord] = 'booked' AND p_channel[p.ord] = 'online' ORDER BY 1) q;
    FOR r IN SELECT p.ord FROM unnest(p_phone_index) WITH ORDINALITY AS p(i, ord)
             WHERE v_outcome[p.ord] = 'booked' AND p_channel[p.ord] = 'online' AND (
                 SELECT count(*) FROM booking_order o WHERE o.phone_index = p.i
                 AND o.visit_day = v_day[p_at[p.ord]] AND o.places > 0) >= p_phone_limit LOOP
        v_outcome[r.ord] := 'phone-limit';
    END LOOP;

    -- places, in the order of arrival; a smaller party may still fit where a larger one did not
    FOR i IN 1..n LOOP
        CONTINUE WHEN v_outcome[i] <> 'booked';
        s := p_at[i];
        v_left := CASE p_channel[i] WHEN 'online' THEN v_online[s] WHEN 'window' THEN v_window[s] ELSE v_agency[s] END;
        IF v_left < 0 THEN
            v_outcome[i] := 'slot-closed';
        ELSIF v_left < p_party[i] THEN
            v_outcome[i] := 'sold-out';
        ELSE
            CASE p_channel[i]
                WHEN 'online' THEN v_sold_online[s] := v_sold_online[s] + p_party[i];
                WHEN 'window' THEN v_sold_window[s] := v_sold_window[s] + p_party[i];
                ELSE v_sold_agency[s] := v_sold_agency[s] + p_party[i];
            END CASE;
            v_online[s] := v_online[s] - p_party[i];
            v_window[s] := v_window[s] - p_party[i];
            v_agency[s] := v_agency[s] - p_party[i];
        END IF;
    END LOOP;

    IF 'booked' = ANY (v_outcome) THEN
        UPDATE slot SET sold_online = sold_online + d.online, sold_window = sold_window + d.win,
            sold_agency = sold_agency + d.agency
        FROM unnest(p_slots, v_sold_online, v_sold_window, v_sold_agency) AS d(id, online, win, agency)
        WHERE slot.id = d.id AND d.online + d.win + d.agency > 0;
        INSERT INTO booking_key (key, digest, slot, visit_day, order_code, created_at)
        SELECT q.key, q.digest, p_slots[q.at], v_day[q.at], q.code, p_now
        FROM unnest(p_key, p_digest, p_at, p_code, v_outcome) AS q(key, digest, at, code, outcome)
        WHERE q.outcome = 'booked' ORDER BY q.key;
        INSERT INTO booking_order (visit_day, code, slot, product, channel, state, party, places, payment,
            total_fen, phone_sealed, phone_index, language, consent_version, guardian_consent, sold_by,
            created_at, hold_until, confirmed_at)
        SELECT v_day[q.at], q.code, p_slots[q.at], v_product[q.at], q.channel, q.state, q.party, q.party, q.payment,
            q.total, q.phone, q.phone_index, q.language, q.consent, q.guardian, q.sold_by,
            p_now, q.hold, CASE WHEN q.state = 'confirmed' THEN p_now END
        FROM unnest(p_at, p_code, p_channel, p_state, p_party, p_payment, p_total, p_phone, p_phone_index,
                p_language, p_consent, p_guardian, p_sold_by, p_hold, v_outcome)
            AS q(at, code, channel, state, party, payment, total, phone, phone_index, language, consent,
                guardian, sold_by, hold, outcome)
        WHERE q.outcome = 'booked';
        INSERT INTO ticket (visit_day, order_code, ordinal, slot, product, state, category, price_fen, price_rule,
            proof, name_sealed, id_type, id_sealed, id_index, country)
        SELECT v_day[q.at], q.code, t.ordinal, p_slots[q.at], v_product[q.at],
            CASE WHEN q.state = 'confirmed' THEN 'valid' ELSE 'reserved' END,
            t.category, t.price, t.rule, t.proof, t.name, t.id_type, t.id, t.id_index, t.country
        FROM unnest(t_request, t_ordinal, t_category, t_price, t_rule, t_proof, t_name, t_id_type, t_id,
                t_id_index, t_country)
            AS t(request, ordinal, category, price, rule, proof, name, id_type, id, id_index, country)
        JOIN unnest(p_at, p_code, p_state, v_outcome) WITH ORDINALITY
            AS q(at, code, state, outcome, ord) ON q.ord = t.request
        WHERE q.outcome = 'booked' ORDER BY t.id_index;

        -- the audit trail: one entry for each order, in this process's own chain (core/audit.py)
        INSERT INTO audit_chain (day, lane, head)
        VALUES (v_audit_day, p_lane, sha256(convert_to(v_audit_day || '/' || p_lane, 'UTF8')))
        ON CONFLICT DO NOTHING;
        SELECT length, head INTO v_seq, v_head FROM audit_chain
        WHERE day = v_audit_day AND lane = p_lane FOR UPDATE;
        WITH entry AS (
            SELECT row_number() OVER () + v_seq AS seq, q.subject, q.code, q.address, q.request,
                jsonb_build_object('slot', p_slots[q.at], 'party', q.party, 'fen', q.total,
                    'channel', q.channel) AS detail
            FROM unnest(p_at, p_code, p_party, p_total, p_channel, p_subject, p_address, p_request, v_outcome)
                AS q(at, code, party, total, channel, subject, address, request, outcome)
            WHERE q.outcome = 'booked'
        ), written AS (
            INSERT INTO audit_entry (day, lane, seq, at, subject, act, object_type, object_id, outcome, rule,
                address, request_id, detail, digest)
            SELECT v_audit_day, p_lane, seq, v_at, subject, 'booking:create', 'order', code, 'allowed', '',
                address, request, detail, audit_digest(v_audit_day, p_lane, seq, v_us, subject,
                    'booking:create', 'order', code, 'allowed', '', address, request, detail::text)
            FROM entry RETURNING seq, digest
        )
        SELECT count(*), string_agg(digest, ''::bytea ORDER BY seq) INTO v_booked, v_digests FROM written;
        PERFORM audit_close(v_audit_day, p_lane, v_seq + v_booked, sha256(v_head || v_digests));
        PERFORM pg_notify('slots', array_to_string(p_slots, ','));
    END IF;

    INSERT INTO booking_attempt AS a (minute, lane, product, channel, outcome, attempts)
    SELECT date_trunc('minute', p_now), p_lane, coalesce(v_product[q.at], 0), q.channel, q.outcome, count(*)
    FROM unnest(p_at, p_channel, v_outcome) AS q(at, channel, outcome)
    WHERE p_counted AND q.outcome NOT IN ('repeated', 'key-reused')
    GROUP BY 3, 4, 5 ORDER BY 3, 4, 5
    ON CONFLICT (minute, product, channel, outcome, lane) DO UPDATE SET attempts = a.attempts + excluded.attempts;

    RETURN QUERY SELECT q.outcome, q.code, coalesce(q.day, v_day[q.at])
    FROM unnest(v_outcome, v_code, v_repeat_day, p_at) WITH ORDINALITY AS q(outcome, code, day, at, ord) ORDER BY q.ord;
END $$;
"""


async def forwards():
    return sql_migration("booking", ID, DESCRIPTION, SQL)
