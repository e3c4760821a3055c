DROP TABLE modes;
DROP TABLE game_log;
DROP TABLE game_invites;
ALTER TABLE game_players DROP COLUMN seen_at, DROP COLUMN gone, DROP COLUMN tags, DROP COLUMN duration_ms, DROP COLUMN rated;
DROP INDEX games_by_mode, games_unsettled, games_review;
ALTER TABLE games
    DROP COLUMN log_hash, DROP COLUMN log_n, DROP COLUMN needs_review, DROP COLUMN evidence, DROP COLUMN social,
    DROP COLUMN origin;
