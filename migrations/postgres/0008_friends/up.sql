-- Erased players keep their id; nothing names them any more.
ALTER TABLE players ADD COLUMN erased_at timestamptz;
CREATE INDEX players_erased ON players (erased_at) WHERE erased_at IS NOT NULL;
CREATE INDEX players_by_handle ON players (handle COLLATE "C") WHERE handle IS NOT NULL;

-- Whether somebody looks at a device, and when a player was first or last seen anywhere.
ALTER TABLE connections ADD COLUMN away boolean NOT NULL DEFAULT false;
CREATE TABLE reaches (
    player_id uuid PRIMARY KEY,
    changed_at timestamptz NOT NULL
);
INSERT INTO reaches (player_id, changed_at) SELECT DISTINCT player_id, clock_timestamp() FROM connections;

-- Who wants nothing to do with whom.
CREATE TABLE blocks (
    blocker_id uuid NOT NULL,
    blocked_id uuid NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (blocker_id, blocked_id),
    CHECK (blocker_id <> blocked_id)
);
CREATE INDEX blocks_by_blocked ON blocks (blocked_id, blocker_id);
CREATE INDEX blocks_newest ON blocks (blocker_id, at DESC, blocked_id DESC);

-- Everything that stands between two players, the lower id first.
CREATE TABLE relations (
    low_id uuid NOT NULL,
    high_id uuid NOT NULL,
    bond text NOT NULL CHECK (bond IN ('none', 'pending', 'declined', 'friends')),
    from_id uuid,
    at timestamptz,
    until timestamptz,
    expires_at timestamptz,
    met_in uuid,
    lapses_at timestamptz,
    low_blocks_since timestamptz,
    low_note text,
    low_updated_at timestamptz,
    high_blocks_since timestamptz,
    high_note text,
    high_updated_at timestamptz,
    version bigint NOT NULL,
    PRIMARY KEY (low_id, high_id),
    CHECK (low_id < high_id)
);
CREATE INDEX relations_of_high ON relations (high_id, low_id);
CREATE INDEX relations_lapsing ON relations (lapses_at, low_id, high_id) WHERE lapses_at IS NOT NULL;

-- What keeps the caps: locked by every change that moves it.
CREATE TABLE friend_counts (
    player_id uuid PRIMARY KEY,
    friends bigint NOT NULL CHECK (friends >= 0),
    outgoing bigint NOT NULL CHECK (outgoing >= 0)
);

CREATE TABLE friend_links (
    code text PRIMARY KEY,
    owner_id uuid NOT NULL,
    auto_accept boolean NOT NULL,
    max_uses bigint,
    uses bigint NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX friend_links_of_owner ON friend_links (owner_id, created_at DESC, code DESC);
CREATE INDEX friend_links_by_end ON friend_links (expires_at);
CREATE TABLE friend_redemptions (
    code text NOT NULL REFERENCES friend_links (code) ON DELETE CASCADE,
    player_id uuid NOT NULL,
    PRIMARY KEY (code, player_id)
);
