-- Guests and accounts, with what they sign in with.
CREATE TABLE players (
    id blob NOT NULL PRIMARY KEY,
    handle text,
    -- The handle with what people confuse folded away: this is what must be unique.
    handle_key text,
    display_name text NOT NULL,
    avatar_url text,
    bio text,
    status_text text,
    locale text,
    time_zone text,
    privacy_requests text NOT NULL CHECK (privacy_requests IN ('everyone', 'friends', 'nobody')),
    privacy_invites text NOT NULL CHECK (privacy_invites IN ('everyone', 'friends', 'nobody')),
    privacy_presence text NOT NULL CHECK (privacy_presence IN ('everyone', 'friends', 'nobody')),
    privacy_history text NOT NULL CHECK (privacy_history IN ('everyone', 'friends', 'nobody')),
    guest boolean NOT NULL,
    role text NOT NULL CHECK (role IN ('player', 'moderator', 'admin')),
    suspended_until bigint,
    created_at bigint NOT NULL,
    version bigint NOT NULL,
    -- SHA-256 of the secret of the device that came as a guest.
    device_hash blob,
    -- PHC string.
    password_hash text,
    CHECK ((handle IS NULL) = (handle_key IS NULL))
) WITHOUT ROWID;
-- Partial, since most players are guests and have no handle.
CREATE UNIQUE INDEX players_handle_key ON players (handle_key) WHERE handle_key IS NOT NULL;
CREATE UNIQUE INDEX players_device_hash ON players (device_hash) WHERE device_hash IS NOT NULL;

-- Signed-in devices. Ids are in the order of creation, which is how old ones are found; there is no index on their end.
CREATE TABLE sessions (
    id blob NOT NULL PRIMARY KEY,
    player_id blob NOT NULL REFERENCES players (id) ON DELETE CASCADE,
    created_at bigint NOT NULL,
    last_used_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    refresh_hash blob NOT NULL,
    rotated_at bigint,
    revoked_at bigint,
    user_agent text
) WITHOUT ROWID;
CREATE INDEX sessions_by_player ON sessions (player_id);
CREATE INDEX sessions_revoked ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;

-- Refresh tokens that were exchanged: presenting one again shows that it was copied.
CREATE TABLE used_refresh_tokens (
    token_hash blob NOT NULL PRIMARY KEY,
    session_id blob NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    used_at bigint NOT NULL,
    -- When the reply with the next token left; not known while that is under way.
    answered_at bigint
) WITHOUT ROWID;
CREATE INDEX used_refresh_tokens_by_session ON used_refresh_tokens (session_id);
CREATE INDEX used_refresh_tokens_by_age ON used_refresh_tokens (used_at);

-- One-time tickets for opening a WebSocket.
CREATE TABLE ws_tickets (
    secret_hash blob NOT NULL PRIMARY KEY,
    player_id blob NOT NULL,
    session_id blob NOT NULL,
    expires_at bigint NOT NULL
) WITHOUT ROWID;
CREATE INDEX ws_tickets_by_end ON ws_tickets (expires_at);

-- Failed sign-ins in a row, by handle key, whether a player has it or not.
CREATE TABLE login_failures (
    handle_key text NOT NULL PRIMARY KEY,
    failures integer NOT NULL,
    last_at bigint NOT NULL
) WITHOUT ROWID;
CREATE INDEX login_failures_by_age ON login_failures (last_at);
