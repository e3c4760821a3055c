-- What each player is doing now: moved by compare-and-set, so nobody is in two queues or games.
CREATE TABLE engagements (
    player_id blob NOT NULL PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('idle', 'ticket', 'proposal', 'game')),
    subject blob,
    CHECK ((kind = 'idle') = (subject IS NULL))
) WITHOUT ROWID;

-- Proof that a command was carried out, and the reply that was sent.
CREATE TABLE receipts (
    player_id blob NOT NULL,
    route text NOT NULL,
    key text NOT NULL,
    body_hash blob NOT NULL,
    outcome text NOT NULL,
    at bigint NOT NULL,
    status integer,
    body text,
    PRIMARY KEY (player_id, route, key)
) WITHOUT ROWID;
CREATE INDEX receipts_by_age ON receipts (at);

-- Events written in the transaction of their cause, waiting for the relay.
CREATE TABLE outbox (
    seq integer PRIMARY KEY AUTOINCREMENT,
    event_id blob NOT NULL,
    aggregate text NOT NULL,
    kind text NOT NULL,
    audience text NOT NULL,
    data text NOT NULL,
    at bigint NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    claimed_until bigint,
    done_at bigint
);
CREATE INDEX outbox_waiting ON outbox (seq) WHERE done_at IS NULL;
CREATE INDEX outbox_waiting_by_aggregate ON outbox (aggregate, seq) WHERE done_at IS NULL;
CREATE INDEX outbox_done ON outbox (done_at) WHERE done_at IS NOT NULL;

-- What players must see, under gapless offsets.
CREATE TABLE stream_heads (
    stream text NOT NULL PRIMARY KEY,
    epoch blob NOT NULL,
    top bigint NOT NULL
) WITHOUT ROWID;
CREATE TABLE stream_events (
    stream text NOT NULL,
    position bigint NOT NULL,
    event_id blob NOT NULL,
    kind text NOT NULL,
    data text NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (stream, position)
) WITHOUT ROWID;
CREATE INDEX stream_events_by_age ON stream_events (at);

-- Who leads what, by this database's clock.
CREATE TABLE leases (
    name text NOT NULL PRIMARY KEY,
    holder text NOT NULL,
    fence bigint NOT NULL,
    expires_at bigint NOT NULL
) WITHOUT ROWID;
