-- Games against a practice bot. A column's CHECK can't be changed, so another column takes its place.
ALTER TABLE games ADD COLUMN origins text NOT NULL DEFAULT 'matched'
    CHECK (origins IN ('matched', 'private', 'rematch', 'solo', 'practice'));
UPDATE games SET origins = origin WHERE origin <> 'matched';
ALTER TABLE games DROP COLUMN origin;
ALTER TABLE games RENAME COLUMN origins TO origin;
