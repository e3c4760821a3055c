-- Everything here is derived from the ledger and can be rebuilt from it. Nothing refers to other tables: a rebuild may
-- run ahead of them, and erased players stay in it as ids. Keys are compared by their bytes, as the code compares them.

-- How far each family's ledger was applied; its row is the lock under which it is.
CREATE TABLE standing_heads (
    family text COLLATE "C" PRIMARY KEY,
    applied bigint NOT NULL,
    redo_from bigint
);

-- What each game meant for each of its players, at the game's place in its family.
CREATE TABLE results (
    family text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL,
    player_id uuid NOT NULL,
    game_id uuid NOT NULL,
    version integer NOT NULL,
    mode text COLLATE "C" NOT NULL,
    season text COLLATE "C" NOT NULL,
    team integer NOT NULL,
    outcome text CHECK (outcome IN ('win', 'loss', 'draw')),
    score bigint,
    counts boolean NOT NULL,
    rated boolean NOT NULL,
    weight double precision NOT NULL,
    rating_before double precision,
    deviation_before double precision,
    volatility_before double precision,
    games_before integer,
    peak_before double precision,
    last_at_before timestamptz,
    rating_after double precision,
    deviation_after double precision,
    volatility_after double precision,
    games_after integer,
    peak_after double precision,
    last_at_after timestamptz,
    at timestamptz NOT NULL,
    PRIMARY KEY (family, sequence, player_id),
    -- A rating is there as a whole or not at all.
    CHECK (num_nulls(rating_before, deviation_before, volatility_before, games_before) IN (0, 4)),
    CHECK (num_nulls(rating_after, deviation_after, volatility_after, games_after) IN (0, 4))
);
CREATE INDEX results_game ON results (game_id);
CREATE INDEX results_player ON results (player_id, mode, sequence);
CREATE INDEX results_rated ON results (player_id, family, sequence) WHERE rating_after IS NOT NULL;

-- Room in the pages: these rows change with every game, and no index of theirs with them.
CREATE TABLE ratings (
    family text COLLATE "C" NOT NULL,
    player_id uuid NOT NULL,
    rating double precision NOT NULL,
    deviation double precision NOT NULL,
    volatility double precision NOT NULL,
    games integer NOT NULL,
    peak double precision,
    last_at timestamptz,
    PRIMARY KEY (family, player_id)
) WITH (fillfactor = 80);
CREATE INDEX ratings_player ON ratings (player_id);

-- Stats of a mode in a season; an empty season is all time. The `board_` columns are the player's values on the boards,
-- computed where boards are defined: order and ties are the same everywhere. Null: not on that board.
CREATE TABLE player_stats (
    mode text COLLATE "C" NOT NULL,
    season text COLLATE "C" NOT NULL,
    player_id uuid NOT NULL,
    games integer NOT NULL,
    wins integer NOT NULL,
    losses integer NOT NULL,
    draws integer NOT NULL,
    streak integer NOT NULL,
    best_streak integer NOT NULL,
    form text NOT NULL,
    best_score bigint,
    total_score bigint NOT NULL,
    rating double precision,
    last_sequence bigint NOT NULL,
    last_at timestamptz,
    board_rating double precision,
    board_wins double precision,
    board_best_score double precision,
    board_streak double precision,
    board_sum double precision,
    PRIMARY KEY (mode, season, player_id),
    CHECK (games > 0 OR coalesce(board_rating, board_wins, board_best_score, board_streak, board_sum) IS NULL)
) WITH (fillfactor = 80);
CREATE INDEX player_stats_player ON player_stats (player_id, season);
CREATE INDEX player_stats_by_rating ON player_stats (mode, season, board_rating DESC, player_id)
    WHERE board_rating IS NOT NULL;
CREATE INDEX player_stats_by_wins ON player_stats (mode, season, board_wins DESC, player_id)
    WHERE board_wins IS NOT NULL;
CREATE INDEX player_stats_by_best_score ON player_stats (mode, season, board_best_score DESC, player_id)
    WHERE board_best_score IS NOT NULL;
CREATE INDEX player_stats_by_streak ON player_stats (mode, season, board_streak DESC, player_id)
    WHERE board_streak IS NOT NULL;
CREATE INDEX player_stats_by_sum ON player_stats (mode, season, board_sum DESC, player_id)
    WHERE board_sum IS NOT NULL;

-- What a player did against another, one row from either side. `recent`: when their latest rated games were decided, in
-- microseconds.
CREATE TABLE pairings (
    mode text COLLATE "C" NOT NULL,
    player_id uuid NOT NULL,
    opponent_id uuid NOT NULL,
    games integer NOT NULL,
    wins integer NOT NULL,
    losses integer NOT NULL,
    draws integer NOT NULL,
    streak integer NOT NULL,
    last_game uuid,
    last_sequence bigint NOT NULL,
    recent jsonb NOT NULL,
    PRIMARY KEY (mode, player_id, opponent_id)
) WITH (fillfactor = 80);
CREATE INDEX pairings_pair ON pairings (player_id, opponent_id);

-- Seasons that were played, from their first game on. Revision 0: never closed. `due`: to be closed, for the first time
-- or anew.
CREATE TABLE season_closes (
    mode text COLLATE "C" NOT NULL,
    season text COLLATE "C" NOT NULL,
    revision integer NOT NULL,
    closed_at timestamptz,
    due boolean NOT NULL,
    PRIMARY KEY (mode, season),
    CHECK (revision = 0 OR closed_at IS NOT NULL)
);
CREATE INDEX season_closes_due ON season_closes (season, mode) WHERE due;

-- Final places of closed seasons, as the latest closing has them.
CREATE TABLE season_finals (
    mode text COLLATE "C" NOT NULL,
    season text COLLATE "C" NOT NULL,
    metric text NOT NULL,
    rank bigint NOT NULL,
    player_id uuid NOT NULL,
    value double precision NOT NULL,
    PRIMARY KEY (mode, season, metric, rank, player_id)
);
