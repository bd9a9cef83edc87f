from portal.core.migrate import sql_migration

ID = "2026-11-24T09:40:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "payments, notices, refunds"

SQL = """
CREATE TABLE payment (
    id uuid PRIMARY KEY,
    reference text NOT NULL,
    provider text NOT NULL,
    provider_reference text,
    amount_fen integer NOT NULL CHECK (amount_fen > 0),
    state text NOT NULL CHECK (state IN ('open', 'paid', 'closed')),
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    paid_at timestamptz,
    CHECK ((state = 'paid') = (paid_at IS NOT NULL)),
    UNIQUE (provider, provider_reference)
);
CREATE INDEX payment_by_reference ON payment (reference);
CREATE INDEX payment_unpaid ON payment (expires_at) WHERE state <> 'paid';
-- One open payment for a reference: two clicks on "pay" lead to the same payment.
CREATE UNIQUE INDEX payment_one_open ON payment (reference) WHERE state = 'open';

-- A provider repeats its notices for a day; each counts once.
CREATE TABLE payment_notice (
    provider text NOT NULL,
    notice_id text NOT NULL,
    payment uuid NOT NULL REFERENCES payment (id),
    received_at timestamptz NOT NULL,
    PRIMARY KEY (provider, notice_id)
);

CREATE TABLE refund (
    id uuid PRIMARY KEY,
    payment uuid NOT NULL REFERENCES payment (id),
    reference text NOT NULL,
    key text NOT NULL UNIQUE,
    amount_fen integer NOT NULL CHECK (amount_fen > 0),
    reason text NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'done', 'failed')),
    created_at timestamptz NOT NULL,
    done_at timestamptz,
    CHECK ((state = 'done') = (done_at IS NOT NULL))
);
CREATE INDEX refund_by_payment ON refund (payment);
CREATE INDEX refund_open ON refund (created_at) WHERE state <> 'done';

-- Never more back than came in, whatever asks for it. A refund that failed is still owed, so it counts.
CREATE FUNCTION refund_within_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM payment WHERE id = NEW.payment FOR UPDATE;
    IF (SELECT coalesce(sum(amount_fen), 0) FROM refund WHERE payment = NEW.payment)
        > (SELECT amount_fen FROM payment WHERE id = NEW.payment AND state = 'paid') THEN
        RAISE EXCEPTION 'refunds exceed the payment' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER within_payment AFTER INSERT OR UPDATE ON refund
    FOR EACH ROW EXECUTE FUNCTION refund_within_payment();
"""


async def forwards():
    return sql_migration("payments", ID, DESCRIPTION, SQL)
