-- Every column has a default, so that a replica of the version before goes on opening and playing games beside us.
-- `social` holds the host, invitations, rematch and flags; it is null for most games. `evidence` stands apart because no
-- list shows it. Both are text because what clients say must come back exactly. `due_at` is from now on when the game
-- has to be looked at; where that is before its own deadline, `setup` has the deadline.
ALTER TABLE games
    ADD COLUMN origin text NOT NULL DEFAULT 'matched' CHECK (origin IN ('matched', 'private', 'rematch', 'solo')),
    ADD COLUMN social text,
    ADD COLUMN evidence text,
    ADD COLUMN needs_review boolean NOT NULL DEFAULT false,
    ADD COLUMN log_n bigint NOT NULL DEFAULT 0,
    ADD COLUMN log_hash text;
-- For operators: what waits for them, and the few games of any other status than the usual one.
CREATE INDEX games_review ON games (id) WHERE needs_review;
CREATE INDEX games_unsettled ON games (status, id) WHERE status <> 'settled';
CREATE INDEX games_by_mode ON games (mode, id);

-- What histories are narrowed by, and when the player was last there. `seen_at` is in no index: it changes often, and
-- those who are looked for by it are the few that are held.
ALTER TABLE game_players
    ADD COLUMN rated boolean NOT NULL DEFAULT true,
    ADD COLUMN duration_ms bigint,
    ADD COLUMN tags text,
    ADD COLUMN gone boolean NOT NULL DEFAULT false,
    ADD COLUMN seen_at timestamptz NOT NULL DEFAULT now();
UPDATE game_players p
SET rated = g.rated,
    seen_at = g.created_at,
    duration_ms = floor(extract(epoch FROM g.finished_at - g.started_at) * 1000),
    tags = CASE WHEN p.ended_at IS NULL THEN NULL ELSE
        CASE WHEN g.conclusion #>> '{ended,reason}' = 'abandoned' OR g.conclusion #>> '{result,reason}' = 'abandoned'
             THEN ' abandoned' ELSE '' END
        || CASE WHEN g.status = 'disputed' THEN ' disputed' ELSE '' END
        || ' matched'
        || CASE WHEN g.status = 'voided' THEN ' voided' ELSE '' END || ' ' END
FROM games g WHERE g.id = p.game_id;

-- Invitations as their games hold them, for those who look for one by itself.
CREATE TABLE game_invites (
    id uuid PRIMARY KEY,
    game_id uuid NOT NULL REFERENCES games (id),
    from_id uuid NOT NULL,
    to_id uuid,
    code text UNIQUE,
    state text NOT NULL CHECK (state IN ('created', 'delivered', 'stored', 'accepted', 'declined', 'cancelled',
                                         'expired', 'superseded')),
    expires_at timestamptz NOT NULL
);
CREATE INDEX game_invites_to ON game_invites (to_id, game_id) WHERE state IN ('created', 'delivered', 'stored');
CREATE INDEX game_invites_from ON game_invites (from_id, game_id) WHERE state IN ('created', 'delivered', 'stored');

-- Logs of games, each line with the hash of the one before. Rows are never changed. `data` is text, for its bytes are
-- hashed; there is no foreign key, which would cost every move a look.
CREATE TABLE game_log (
    game_id uuid NOT NULL,
    n bigint NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    data text NOT NULL,
    prev text NOT NULL,
    hash text NOT NULL,
    PRIMARY KEY (game_id, n)
);

-- Every version of every mode that was published here, as it was written down.
CREATE TABLE modes (
    key text NOT NULL,
    version integer NOT NULL,
    written text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (key, version)
);
