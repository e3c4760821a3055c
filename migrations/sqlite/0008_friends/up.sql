-- Erased players keep their id; nothing names them any more.
ALTER TABLE players ADD COLUMN erased_at bigint;
CREATE INDEX players_erased ON players (erased_at) WHERE erased_at IS NOT NULL;
CREATE INDEX players_by_handle ON players (handle) WHERE handle IS NOT NULL;

-- Whether somebody looks at a device, and when a player was first or last seen anywhere.
ALTER TABLE connections ADD COLUMN away integer NOT NULL DEFAULT 0;
CREATE TABLE reaches (
    player_id blob NOT NULL PRIMARY KEY,
    changed_at bigint NOT NULL
) WITHOUT ROWID;
INSERT INTO reaches (player_id, changed_at) SELECT DISTINCT player_id, CAST(unixepoch('subsec') * 1000000 AS INTEGER) FROM connections;

-- Who wants nothing to do with whom.
CREATE TABLE blocks (
    blocker_id blob NOT NULL,
    blocked_id blob NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (blocker_id, blocked_id),
    CHECK (blocker_id <> blocked_id)
) WITHOUT ROWID;
CREATE INDEX blocks_by_blocked ON blocks (blocked_id, blocker_id);
CREATE INDEX blocks_newest ON blocks (blocker_id, at DESC, blocked_id DESC);

-- Everything that stands between two players, the lower id first.
CREATE TABLE relations (
    low_id blob NOT NULL,
    high_id blob NOT NULL,
    bond text NOT NULL CHECK (bond IN ('none', 'pending', 'declined', 'friends')),
    from_id blob,
    at bigint,
    until bigint,
    expires_at bigint,
    met_in blob,
    lapses_at bigint,
    low_blocks_since bigint,
    low_note text,
    low_updated_at bigint,
    high_blocks_since bigint,
    high_note text,
    high_updated_at bigint,
    version bigint NOT NULL,
    PRIMARY KEY (low_id, high_id),
    CHECK (low_id < high_id)
) WITHOUT ROWID;
CREATE INDEX relations_of_high ON relations (high_id, low_id);
CREATE INDEX relations_lapsing ON relations (lapses_at, low_id, high_id) WHERE lapses_at IS NOT NULL;

-- What keeps the caps: locked by every change that moves it.
CREATE TABLE friend_counts (
    player_id blob NOT NULL PRIMARY KEY,
    friends bigint NOT NULL CHECK (friends >= 0),
    outgoing bigint NOT NULL CHECK (outgoing >= 0)
) WITHOUT ROWID;

CREATE TABLE friend_links (
    code text NOT NULL PRIMARY KEY,
    owner_id blob NOT NULL,
    auto_accept integer NOT NULL,
    max_uses bigint,
    uses bigint NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    revoked_at bigint
) WITHOUT ROWID;
CREATE INDEX friend_links_of_owner ON friend_links (owner_id, created_at DESC, code DESC);
CREATE INDEX friend_links_by_end ON friend_links (expires_at);
CREATE TABLE friend_redemptions (
    code text NOT NULL REFERENCES friend_links (code) ON DELETE CASCADE,
    player_id blob NOT NULL,
    PRIMARY KEY (code, player_id)
) WITHOUT ROWID;
