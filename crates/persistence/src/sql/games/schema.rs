//! Tables of the games domain, as both databases have them.

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};
    use super::super::super::dialect::{Id, Instant, Json};

    games (id) {
        id -> Id,
        mode -> Text,
        status -> Text,
        rated -> Bool,
        setup -> Json,
        players -> Json,
        sequence -> BigInt,
        turn -> Nullable<Integer>,
        state -> Nullable<Json>,
        reports -> Text,
        conclusion -> Nullable<Json>,
        created_at -> Instant,
        started_at -> Nullable<Instant>,
        finished_at -> Nullable<Instant>,
        due_at -> Nullable<Instant>,
        version -> BigInt,
        origin -> Text,
        social -> Nullable<Text>,
        evidence -> Nullable<Text>,
        needs_review -> Bool,
        log_n -> BigInt,
        log_hash -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};
    use super::super::super::dialect::{Id, Instant};

    game_players (player_id, game_id) {
        player_id -> Id,
        game_id -> Id,
        mode -> Text,
        held -> Bool,
        ended_at -> Nullable<Instant>,
        outcome -> Nullable<Text>,
        rated -> Bool,
        duration_ms -> Nullable<BigInt>,
        tags -> Nullable<Text>,
        gone -> Bool,
        seen_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use super::super::super::dialect::{Id, Instant};

    game_invites (id) {
        id -> Id,
        game_id -> Id,
        from_id -> Id,
        to_id -> Nullable<Id>,
        code -> Nullable<Text>,
        state -> Text,
        expires_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use super::super::super::dialect::{Id, Instant};

    game_log (game_id, n) {
        game_id -> Id,
        n -> BigInt,
        at -> Instant,
        kind -> Text,
        data -> Text,
        prev -> Text,
        hash -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};

    ledger_heads (family) {
        family -> Text,
        top -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::{Integer, Text};

    modes (key, version) {
        key -> Text,
        version -> Integer,
        written -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Integer, Text};
    use super::super::super::dialect::{Id, Instant, Json};

    ledger (family, sequence) {
        family -> Text,
        sequence -> BigInt,
        game_id -> Id,
        version -> Integer,
        mode -> Text,
        rated -> Bool,
        status -> Text,
        reason -> Text,
        provenance -> Json,
        standings -> Json,
        at -> Instant,
    }
}

diesel::joinable!(game_players -> games (game_id));
diesel::allow_tables_to_appear_in_same_query!(game_players, games);
