//! The tables, as both databases have them. `migrations/` is the truth; a test compares.

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use super::super::dialect::Id;

    engagements (player_id) {
        player_id -> Id,
        kind -> Text,
        subject -> Nullable<Id>,
    }
}

diesel::table! {
    use super::super::dialect::{Id, Instant};

    cool_downs (player_id) {
        player_id -> Id,
        until -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use super::super::dialect::{Id, Instant};

    audit (id) {
        id -> Id,
        actor -> Nullable<Id>,
        action -> Text,
        subject -> Text,
        reason -> Text,
        data -> Text,
        at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use super::super::dialect::Instant;

    replicas (name) {
        name -> Text,
        heard_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{Bool, Text};
    use super::super::dialect::Id;

    connections (player_id, replica) {
        player_id -> Id,
        replica -> Text,
        away -> Bool,
    }
}

diesel::table! {
    use super::super::dialect::{Id, Instant};

    reaches (player_id) {
        player_id -> Id,
        changed_at -> Instant,
    }
}

diesel::table! {
    use super::super::dialect::{Id, Instant};

    blocks (blocker_id, blocked_id) {
        blocker_id -> Id,
        blocked_id -> Id,
        at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Integer, Nullable, Text};
    use super::super::dialect::{Id, Instant, Json};

    receipts (player_id, route, key) {
        player_id -> Id,
        route -> Text,
        key -> Text,
        body_hash -> Binary,
        outcome -> Json,
        at -> Instant,
        status -> Nullable<Integer>,
        body -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Integer, Nullable, Text};
    use super::super::dialect::{Id, Instant, Json};

    outbox (seq) {
        seq -> BigInt,
        event_id -> Id,
        aggregate -> Text,
        kind -> Text,
        audience -> Json,
        data -> Json,
        at -> Instant,
        attempts -> Integer,
        claimed_until -> Nullable<Instant>,
        done_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use super::super::dialect::Id;

    stream_heads (stream) {
        stream -> Text,
        epoch -> Id,
        top -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use super::super::dialect::{Id, Instant, Json};

    stream_events (stream, position) {
        stream -> Text,
        position -> BigInt,
        event_id -> Id,
        kind -> Text,
        data -> Json,
        at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use super::super::dialect::Instant;

    leases (name) {
        name -> Text,
        holder -> Text,
        fence -> BigInt,
        expires_at -> Instant,
    }
}

diesel::allow_tables_to_appear_in_same_query!(stream_heads, stream_events);
diesel::allow_tables_to_appear_in_same_query!(replicas, connections);
diesel::allow_tables_to_appear_in_same_query!(reaches, connections);
