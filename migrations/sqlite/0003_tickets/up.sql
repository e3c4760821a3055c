-- Places in queues. A ticket waits exactly while its row is searching and its player's engagement names it.
CREATE TABLE tickets (
    id blob NOT NULL PRIMARY KEY,
    mode text NOT NULL,
    player_id blob NOT NULL,
    rating real NOT NULL,
    deviation real NOT NULL,
    status text NOT NULL CHECK (status IN ('searching', 'proposed', 'matched', 'cancelled', 'expired', 'failed')),
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    ended_at bigint,
    ended text,
    game_id blob,
    proposal_id blob,
    wait_low bigint NOT NULL,
    wait_high bigint NOT NULL,
    version bigint NOT NULL,
    CHECK (status <> 'matched' OR game_id IS NOT NULL),
    CHECK ((ended_at IS NULL) = (status IN ('searching', 'proposed')))
) WITHOUT ROWID;
-- What a shard's leader reads, and what the sweep does: both only ever see the few that wait.
CREATE INDEX tickets_waiting ON tickets (mode, created_at, id) WHERE status = 'searching';
CREATE INDEX tickets_due ON tickets (expires_at, id) WHERE status = 'searching';
CREATE INDEX tickets_of_player ON tickets (player_id, created_at, id);
-- How long others waited, for estimates.
CREATE INDEX tickets_recent ON tickets (mode, ended_at) WHERE status IN ('matched', 'expired');
