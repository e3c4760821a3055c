DROP TABLE ledger;
DROP TABLE ledger_heads;
DROP TABLE game_players;
DROP TABLE games;
