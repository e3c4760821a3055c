-- A ticket may stand for several players, ask something of the others, lose its players for a while, and get offers.
ALTER TABLE tickets ADD COLUMN party_id blob;
ALTER TABLE tickets ADD COLUMN size bigint NOT NULL DEFAULT 1;
ALTER TABLE tickets ADD COLUMN details text;
ALTER TABLE tickets ADD COLUMN detached_at bigint;
ALTER TABLE tickets ADD COLUMN offered_at bigint;
CREATE INDEX tickets_detached ON tickets (detached_at, id) WHERE status = 'searching' AND detached_at IS NOT NULL;
CREATE INDEX tickets_unoffered ON tickets (created_at, id) WHERE status = 'searching' AND offered_at IS NULL;

-- Whom a ticket stands for besides the one who queued.
CREATE TABLE ticket_members (
    player_id blob NOT NULL,
    created_at bigint NOT NULL,
    ticket_id blob NOT NULL,
    PRIMARY KEY (player_id, created_at, ticket_id)
) WITHOUT ROWID;

-- Ready checks: matches that wait for their players' consent.
CREATE TABLE proposals (
    id blob NOT NULL PRIMARY KEY,
    mode text NOT NULL,
    status text NOT NULL CHECK (status IN ('open', 'confirmed', 'failed')),
    seats text NOT NULL,
    game_id blob,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    ended_at bigint,
    version bigint NOT NULL,
    CHECK ((status = 'confirmed') = (game_id IS NOT NULL)),
    CHECK ((status = 'open') = (ended_at IS NULL))
) WITHOUT ROWID;
CREATE INDEX proposals_open ON proposals (expires_at, id) WHERE status = 'open';
CREATE INDEX proposals_ended ON proposals (ended_at, id) WHERE ended_at IS NOT NULL;

-- Parties: players who queue together.
CREATE TABLE parties (
    id blob NOT NULL PRIMARY KEY,
    leader_id blob NOT NULL,
    members text NOT NULL,
    invites text NOT NULL,
    queued text,
    waited text,
    created_at bigint NOT NULL,
    ended_at bigint,
    version bigint NOT NULL
) WITHOUT ROWID;
CREATE INDEX parties_ended ON parties (ended_at, id) WHERE ended_at IS NOT NULL;

-- A player is in one party at most: this key says so.
CREATE TABLE party_members (
    player_id blob NOT NULL PRIMARY KEY,
    party_id blob NOT NULL,
    absent_since bigint
) WITHOUT ROWID;
CREATE INDEX party_members_of ON party_members (party_id, player_id);
CREATE INDEX party_members_absent ON party_members (absent_since) WHERE absent_since IS NOT NULL;

CREATE TABLE party_invites (
    player_id blob NOT NULL,
    party_id blob NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    PRIMARY KEY (player_id, party_id)
) WITHOUT ROWID;
CREATE INDEX party_invites_of ON party_invites (party_id, player_id);
