//! The tables of migration `0002_players`.

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};
    use super::super::super::dialect::{Id, Instant};

    players (id) {
        id -> Id,
        handle -> Nullable<Text>,
        handle_key -> Nullable<Text>,
        display_name -> Text,
        avatar_url -> Nullable<Text>,
        bio -> Nullable<Text>,
        status_text -> Nullable<Text>,
        locale -> Nullable<Text>,
        time_zone -> Nullable<Text>,
        privacy_requests -> Text,
        privacy_invites -> Text,
        privacy_presence -> Text,
        privacy_history -> Text,
        guest -> Bool,
        role -> Text,
        suspended_until -> Nullable<Instant>,
        created_at -> Instant,
        version -> BigInt,
        erased_at -> Nullable<Instant>,
        device_hash -> Nullable<Binary>,
        password_hash -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Nullable, Text};
    use super::super::super::dialect::{Id, Instant};

    sessions (id) {
        id -> Id,
        player_id -> Id,
        created_at -> Instant,
        last_used_at -> Instant,
        expires_at -> Instant,
        refresh_hash -> Binary,
        rotated_at -> Nullable<Instant>,
        revoked_at -> Nullable<Instant>,
        user_agent -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Nullable};
    use super::super::super::dialect::{Id, Instant};

    used_refresh_tokens (token_hash) {
        token_hash -> Binary,
        session_id -> Id,
        used_at -> Instant,
        answered_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::Binary;
    use super::super::super::dialect::{Id, Instant};

    ws_tickets (secret_hash) {
        secret_hash -> Binary,
        player_id -> Id,
        session_id -> Id,
        expires_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{Integer, Text};
    use super::super::super::dialect::Instant;

    login_failures (handle_key) {
        handle_key -> Text,
        failures -> Integer,
        last_at -> Instant,
    }
}
