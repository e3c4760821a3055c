-- What each player is doing now: moved by compare-and-set, so nobody is in two queues or games.
CREATE TABLE engagements (
    player_id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('idle', 'ticket', 'proposal', 'game')),
    subject uuid,
    CHECK ((kind = 'idle') = (subject IS NULL))
);

-- Proof that a command was carried out, and the reply that was sent.
CREATE TABLE receipts (
    player_id uuid NOT NULL,
    route text NOT NULL,
    key text NOT NULL,
    body_hash bytea NOT NULL,
    outcome jsonb NOT NULL,
    at timestamptz NOT NULL,
    status integer,
    body text,
    PRIMARY KEY (player_id, route, key)
);
CREATE INDEX receipts_by_age ON receipts (at);

-- Events written in the transaction of their cause, waiting for the relay.
CREATE TABLE outbox (
    seq bigserial PRIMARY KEY,
    event_id uuid NOT NULL,
    aggregate text NOT NULL,
    kind text NOT NULL,
    audience jsonb NOT NULL,
    data jsonb NOT NULL,
    at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    claimed_until timestamptz,
    done_at timestamptz
) WITH (fillfactor = 70);
CREATE INDEX outbox_waiting ON outbox (seq) WHERE done_at IS NULL;
CREATE INDEX outbox_waiting_by_aggregate ON outbox (aggregate, seq) WHERE done_at IS NULL;
CREATE INDEX outbox_done ON outbox (done_at) WHERE done_at IS NOT NULL;

-- What players must see, under gapless offsets.
CREATE TABLE stream_heads (
    stream text PRIMARY KEY,
    epoch uuid NOT NULL,
    top bigint NOT NULL
);
CREATE TABLE stream_events (
    stream text NOT NULL,
    position bigint NOT NULL,
    event_id uuid NOT NULL,
    kind text NOT NULL,
    data jsonb NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (stream, position)
);
CREATE INDEX stream_events_by_age ON stream_events (at);

-- Who leads what, by this database's clock.
CREATE TABLE leases (
    name text PRIMARY KEY,
    holder text NOT NULL,
    fence bigint NOT NULL,
    expires_at timestamptz NOT NULL
);
