//! The tables of migration `0008_friends`, blocks aside.

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use super::super::super::dialect::{Id, Instant};

    relations (low_id, high_id) {
        low_id -> Id,
        high_id -> Id,
        bond -> Text,
        from_id -> Nullable<Id>,
        at -> Nullable<Instant>,
        until -> Nullable<Instant>,
        expires_at -> Nullable<Instant>,
        met_in -> Nullable<Id>,
        lapses_at -> Nullable<Instant>,
        low_blocks_since -> Nullable<Instant>,
        low_note -> Nullable<Text>,
        low_updated_at -> Nullable<Instant>,
        high_blocks_since -> Nullable<Instant>,
        high_note -> Nullable<Text>,
        high_updated_at -> Nullable<Instant>,
        version -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::BigInt;
    use super::super::super::dialect::Id;

    friend_counts (player_id) {
        player_id -> Id,
        friends -> BigInt,
        outgoing -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};
    use super::super::super::dialect::{Id, Instant};

    friend_links (code) {
        code -> Text,
        owner_id -> Id,
        auto_accept -> Bool,
        max_uses -> Nullable<BigInt>,
        uses -> BigInt,
        created_at -> Instant,
        expires_at -> Instant,
        revoked_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use super::super::super::dialect::Id;

    friend_redemptions (code, player_id) {
        code -> Text,
        player_id -> Id,
    }
}
