DROP TABLE friend_redemptions;
DROP TABLE friend_links;
DROP TABLE friend_counts;
DROP TABLE relations;
DROP TABLE blocks;
DROP TABLE reaches;
ALTER TABLE connections DROP COLUMN away;
DROP INDEX players_by_handle;
ALTER TABLE players DROP COLUMN erased_at;
