-- Games from their opening on. What only one game's reader needs stands in documents.
CREATE TABLE games (
    id blob NOT NULL PRIMARY KEY,
    mode text NOT NULL,
    status text NOT NULL CHECK (status IN ('created', 'waiting_ready', 'in_progress', 'finished', 'disputed', 'settled',
                                           'aborted', 'abandoned', 'voided')),
    rated boolean NOT NULL,
    setup text NOT NULL,
    players text NOT NULL,
    sequence bigint NOT NULL,
    turn integer,
    state text,
    reports text NOT NULL,
    conclusion text,
    created_at bigint NOT NULL,
    started_at bigint,
    finished_at bigint,
    due_at bigint,
    version bigint NOT NULL,
    -- Nothing is awaited once a game is over.
    CHECK (due_at IS NULL OR status NOT IN ('settled', 'aborted', 'abandoned', 'voided'))
);
CREATE INDEX games_due ON games (due_at, id) WHERE due_at IS NOT NULL;

-- Who is and was in which game: finds live games by player, and is what histories are read from.
CREATE TABLE game_players (
    player_id blob NOT NULL,
    game_id blob NOT NULL REFERENCES games (id),
    mode text NOT NULL,
    held boolean NOT NULL,
    ended_at bigint,
    outcome text CHECK (outcome IN ('win', 'loss', 'draw')),
    PRIMARY KEY (player_id, game_id)
) WITHOUT ROWID;
CREATE INDEX game_players_held ON game_players (player_id) WHERE held;
CREATE INDEX game_players_history ON game_players (player_id, ended_at DESC, game_id DESC) WHERE ended_at IS NOT NULL;

-- How far each rating family's ledger is numbered; its row is the lock under which an entry is.
CREATE TABLE ledger_heads (
    family text NOT NULL PRIMARY KEY,
    top bigint NOT NULL
) WITHOUT ROWID;

-- Result versions. Rows are never changed and never deleted.
CREATE TABLE ledger (
    family text NOT NULL,
    sequence bigint NOT NULL,
    game_id blob NOT NULL REFERENCES games (id),
    version integer NOT NULL,
    mode text NOT NULL,
    rated boolean NOT NULL,
    status text NOT NULL CHECK (status IN ('settled', 'voided')),
    reason text NOT NULL,
    provenance text NOT NULL,
    standings text NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (family, sequence),
    UNIQUE (game_id, version)
) WITHOUT ROWID;
