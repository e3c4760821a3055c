-- The version before knows no such games: they were for nothing, and become private ones.
UPDATE games SET origin = 'private' WHERE origin = 'practice';
ALTER TABLE games DROP CONSTRAINT games_origin_check;
ALTER TABLE games ADD CONSTRAINT games_origin_check CHECK (origin IN ('matched', 'private', 'rematch', 'solo'));
