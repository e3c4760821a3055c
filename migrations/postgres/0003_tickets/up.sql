-- Places in queues. A ticket waits exactly while its row is searching and its player's engagement names it.
CREATE TABLE tickets (
    id uuid PRIMARY KEY,
    mode text NOT NULL,
    player_id uuid NOT NULL,
    rating double precision NOT NULL,
    deviation double precision NOT NULL,
    status text NOT NULL CHECK (status IN ('searching', 'proposed', 'matched', 'cancelled', 'expired', 'failed')),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended jsonb,
    game_id uuid,
    proposal_id uuid,
    wait_low bigint NOT NULL,
    wait_high bigint NOT NULL,
    version bigint NOT NULL,
    CHECK (status <> 'matched' OR game_id IS NOT NULL),
    CHECK ((ended_at IS NULL) = (status IN ('searching', 'proposed')))
);
-- What a shard's leader reads, and what the sweep does: both only ever see the few that wait.
CREATE INDEX tickets_waiting ON tickets (mode, created_at, id) WHERE status = 'searching';
CREATE INDEX tickets_due ON tickets (expires_at, id) WHERE status = 'searching';
CREATE INDEX tickets_of_player ON tickets (player_id, created_at, id);
-- How long others waited, for estimates.
CREATE INDEX tickets_recent ON tickets (mode, ended_at) WHERE status IN ('matched', 'expired');
