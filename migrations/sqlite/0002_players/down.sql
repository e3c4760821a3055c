DROP TABLE login_failures;
DROP TABLE ws_tickets;
DROP TABLE used_refresh_tokens;
DROP TABLE sessions;
DROP TABLE players;
