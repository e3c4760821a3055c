//! The tables of migration `0009_parties` that diesel writes.

diesel::table! {
    use super::super::super::dialect::{Id, Instant};

    ticket_members (player_id, created_at, ticket_id) {
        player_id -> Id,
        created_at -> Instant,
        ticket_id -> Id,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use super::super::super::dialect::{Id, Instant, Json};

    proposals (id) {
        id -> Id,
        mode -> Text,
        status -> Text,
        seats -> Json,
        game_id -> Nullable<Id>,
        created_at -> Instant,
        expires_at -> Instant,
        ended_at -> Nullable<Instant>,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable};
    use super::super::super::dialect::{Id, Instant, Json};

    parties (id) {
        id -> Id,
        leader_id -> Id,
        members -> Json,
        invites -> Json,
        queued -> Nullable<Json>,
        waited -> Nullable<Json>,
        created_at -> Instant,
        ended_at -> Nullable<Instant>,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::Nullable;
    use super::super::super::dialect::{Id, Instant};

    party_members (player_id) {
        player_id -> Id,
        party_id -> Id,
        absent_since -> Nullable<Instant>,
    }
}

diesel::table! {
    use super::super::super::dialect::{Id, Instant};

    party_invites (player_id, party_id) {
        player_id -> Id,
        party_id -> Id,
        created_at -> Instant,
        expires_at -> Instant,
    }
}

diesel::allow_tables_to_appear_in_same_query!(parties, party_members, party_invites);
