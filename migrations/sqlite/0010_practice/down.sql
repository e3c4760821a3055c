-- The version before knows no such games: they were for nothing, and become private ones.
ALTER TABLE games ADD COLUMN origins text NOT NULL DEFAULT 'matched'
    CHECK (origins IN ('matched', 'private', 'rematch', 'solo'));
UPDATE games SET origins = CASE origin WHEN 'practice' THEN 'private' ELSE origin END WHERE origin <> 'matched';
ALTER TABLE games DROP COLUMN origin;
ALTER TABLE games RENAME COLUMN origins TO origin;
