-- Games from their opening on. What only one game's reader needs stands in documents; `reports` is text because its
-- payloads must come back exactly as they were sent, and jsonb rewrites numbers.
CREATE TABLE games (
    id uuid PRIMARY KEY,
    mode text NOT NULL,
    status text NOT NULL CHECK (status IN ('created', 'waiting_ready', 'in_progress', 'finished', 'disputed', 'settled',
                                           'aborted', 'abandoned', 'voided')),
    rated boolean NOT NULL,
    setup jsonb NOT NULL,
    players jsonb NOT NULL,
    sequence bigint NOT NULL,
    turn integer,
    state jsonb,
    reports text NOT NULL,
    conclusion jsonb,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    due_at timestamptz,
    version bigint NOT NULL,
    -- Nothing is awaited once a game is over.
    CHECK (due_at IS NULL OR status NOT IN ('settled', 'aborted', 'abandoned', 'voided'))
);
CREATE INDEX games_due ON games (due_at, id) WHERE due_at IS NOT NULL;

-- Who is and was in which game: finds live games by player, and is what histories are read from.
CREATE TABLE game_players (
    player_id uuid NOT NULL,
    game_id uuid NOT NULL REFERENCES games (id),
    mode text NOT NULL,
    held boolean NOT NULL,
    ended_at timestamptz,
    outcome text CHECK (outcome IN ('win', 'loss', 'draw')),
    PRIMARY KEY (player_id, game_id)
);
CREATE INDEX game_players_held ON game_players (player_id) WHERE held;
CREATE INDEX game_players_history ON game_players (player_id, ended_at DESC, game_id DESC) WHERE ended_at IS NOT NULL;

-- How far each rating family's ledger is numbered; its row is the lock under which an entry is.
CREATE TABLE ledger_heads (
    family text PRIMARY KEY,
    top bigint NOT NULL
);

-- Result versions. Rows are never changed and never deleted.
CREATE TABLE ledger (
    family text NOT NULL,
    sequence bigint NOT NULL,
    game_id uuid NOT NULL REFERENCES games (id),
    version integer NOT NULL,
    mode text NOT NULL,
    rated boolean NOT NULL,
    status text NOT NULL CHECK (status IN ('settled', 'voided')),
    reason text NOT NULL,
    provenance jsonb NOT NULL,
    standings jsonb NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (family, sequence),
    UNIQUE (game_id, version)
);
