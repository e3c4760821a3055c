DROP TABLE season_finals;
DROP TABLE season_closes;
DROP TABLE pairings;
DROP TABLE player_stats;
DROP TABLE ratings;
DROP TABLE results;
DROP TABLE standing_heads;
