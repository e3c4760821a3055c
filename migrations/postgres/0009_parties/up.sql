-- A ticket may stand for several players, ask something of the others, lose its players for a while, and get offers.
ALTER TABLE tickets ADD COLUMN party_id uuid;
ALTER TABLE tickets ADD COLUMN size bigint NOT NULL DEFAULT 1;
ALTER TABLE tickets ADD COLUMN details jsonb;
ALTER TABLE tickets ADD COLUMN detached_at timestamptz;
ALTER TABLE tickets ADD COLUMN offered_at timestamptz;
CREATE INDEX tickets_detached ON tickets (detached_at, id) WHERE status = 'searching' AND detached_at IS NOT NULL;
CREATE INDEX tickets_unoffered ON tickets (created_at, id) WHERE status = 'searching' AND offered_at IS NULL;

-- Whom a ticket stands for besides the one who queued.
CREATE TABLE ticket_members (
    player_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    ticket_id uuid NOT NULL,
    PRIMARY KEY (player_id, created_at, ticket_id)
);

-- Ready checks: matches that wait for their players' consent.
CREATE TABLE proposals (
    id uuid PRIMARY KEY,
    mode text NOT NULL,
    status text NOT NULL CHECK (status IN ('open', 'confirmed', 'failed')),
    seats jsonb NOT NULL,
    game_id uuid,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    version bigint NOT NULL,
    CHECK ((status = 'confirmed') = (game_id IS NOT NULL)),
    CHECK ((status = 'open') = (ended_at IS NULL))
);
CREATE INDEX proposals_open ON proposals (expires_at, id) WHERE status = 'open';
CREATE INDEX proposals_ended ON proposals (ended_at, id) WHERE ended_at IS NOT NULL;

-- Parties: players who queue together.
CREATE TABLE parties (
    id uuid PRIMARY KEY,
    leader_id uuid NOT NULL,
    members jsonb NOT NULL,
    invites jsonb NOT NULL,
    queued jsonb,
    waited jsonb,
    created_at timestamptz NOT NULL,
    ended_at timestamptz,
    version bigint NOT NULL
);
CREATE INDEX parties_ended ON parties (ended_at, id) WHERE ended_at IS NOT NULL;

-- A player is in one party at most: this key says so.
CREATE TABLE party_members (
    player_id uuid PRIMARY KEY,
    party_id uuid NOT NULL,
    absent_since timestamptz
);
CREATE INDEX party_members_of ON party_members (party_id, player_id);
CREATE INDEX party_members_absent ON party_members (absent_since) WHERE absent_since IS NOT NULL;

CREATE TABLE party_invites (
    player_id uuid NOT NULL,
    party_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (player_id, party_id)
);
CREATE INDEX party_invites_of ON party_invites (party_id, player_id);
