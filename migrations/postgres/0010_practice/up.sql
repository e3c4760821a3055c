-- Games against a practice bot. What is there was held to less, so that it need not be looked at again.
ALTER TABLE games DROP CONSTRAINT games_origin_check;
ALTER TABLE games ADD CONSTRAINT games_origin_check
    CHECK (origin IN ('matched', 'private', 'rematch', 'solo', 'practice')) NOT VALID;
