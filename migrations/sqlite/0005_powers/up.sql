-- Players who let others wait, and until when they must wait themselves.
CREATE TABLE cool_downs (
    player_id blob NOT NULL PRIMARY KEY,
    until bigint NOT NULL
) WITHOUT ROWID;
CREATE INDEX cool_downs_by_end ON cool_downs (until);

-- What somebody with power did. Rows are never changed. `data` is text because it must come back as it was written.
CREATE TABLE audit (
    id blob NOT NULL PRIMARY KEY,
    actor blob,
    action text NOT NULL,
    subject text NOT NULL,
    reason text NOT NULL,
    data text NOT NULL,
    at bigint NOT NULL
) WITHOUT ROWID;
CREATE INDEX audit_by_subject ON audit (subject, id);

-- Replicas by when they were last heard of, and whose sockets they hold.
CREATE TABLE replicas (
    name text NOT NULL PRIMARY KEY,
    heard_at bigint NOT NULL
) WITHOUT ROWID;
CREATE TABLE connections (
    player_id blob NOT NULL,
    replica text NOT NULL,
    PRIMARY KEY (player_id, replica)
) WITHOUT ROWID;
CREATE INDEX connections_by_replica ON connections (replica, player_id);
