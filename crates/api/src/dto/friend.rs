use friends::{FriendLine, InviteLink, NewLink, RequestLine};
use kernel::{Block, GameId, PlayerId, Timestamp};
use serde::{Deserialize, Serialize};
use social::{Facts, GRACE, Presence, Sight, compose};
use std::time::Duration;
use utoipa::ToSchema;

use super::PlayerDto;
use crate::directory::Names;

/// Whether somebody is there, as you may know it.
#[derive(Serialize, ToSchema)]
pub(crate) struct PresenceDto {
    /// `online`, `in_queue`, `in_game`, `away` or `offline`.
    #[schema(value_type = String)]
    status: social::Status,
    /// The game they are in, if you may know it.
    #[schema(value_type = Option<uuid::Uuid>)]
    game_id: Option<GameId>,
    /// Whether that game waits for one more, and friends may join it: `POST /games/{id}/join`.
    joinable: bool,
    /// `now`, `hour`, `day`, `week` or `long`; null for somebody who was never there.
    #[schema(value_type = Option<String>)]
    last_seen: Option<social::LastSeen>,
}

impl From<Presence> for PresenceDto {
    fn from(presence: Presence) -> Self {
        let Presence { status, game_id, joinable, last_seen } = presence;
        Self { status, game_id, joinable, last_seen }
    }
}

/// Presence of one player.
#[derive(Serialize, ToSchema)]
pub(crate) struct PresenceOfDto {
    #[schema(value_type = uuid::Uuid)]
    player_id: PlayerId,
    #[serde(flatten)]
    presence: PresenceDto,
}

impl PresenceOfDto {
    pub(crate) fn of(player_id: PlayerId, presence: Presence) -> Self {
        Self { player_id, presence: presence.into() }
    }
}

/// A friend.
#[derive(Serialize, ToSchema)]
pub(crate) struct FriendDto {
    player: PlayerDto,
    /// Since when you are friends.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// The game you met in, if you had played before.
    #[schema(value_type = Option<uuid::Uuid>)]
    met_in: Option<GameId>,
    presence: PresenceDto,
    /// Yours alone.
    note: Option<String>,
    /// Games that you played against each other.
    games_together: i64,
}

impl FriendDto {
    pub(crate) fn of(line: &FriendLine, names: &Names, now: Timestamp) -> Self {
        let facts = Facts { reach: line.reach, engagement: line.engagement, open_seat: line.open_seat };
        Self {
            player: names.get(line.player),
            since: line.since,
            met_in: line.met_in,
            presence: compose(&facts, Sight::Friend, now, GRACE).into(),
            note: line.note.clone(),
            games_together: line.games_together,
        }
    }
}

/// Friends, or what changed among them.
#[derive(Serialize, ToSchema)]
pub(crate) struct FriendsDto {
    pub(crate) items: Vec<FriendDto>,
    /// Who isn't a friend any more, where `updated_since` was asked.
    #[schema(value_type = Vec<uuid::Uuid>)]
    pub(crate) removed: Vec<PlayerId>,
    /// Send it as `cursor` for the next page; null on the last one.
    pub(crate) next_cursor: Option<String>,
    /// Send it as `updated_since` next time, to hear of what changed since. A change of just before is told again.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) as_of: Timestamp,
}

/// Whom to ask: by id or by handle.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskFriendDto {
    #[schema(value_type = Option<uuid::Uuid>)]
    pub(crate) player_id: Option<PlayerId>,
    pub(crate) handle: Option<String>,
}

/// A note of yours about a friend; null for none.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoteDto {
    pub(crate) note: Option<String>,
}

/// How two players stand.
#[derive(Serialize, ToSchema)]
pub(crate) struct StandingOfDto {
    #[schema(value_type = uuid::Uuid)]
    player_id: PlayerId,
    /// `none`, `pending`, `declined` or `friends`.
    state: String,
}

impl StandingOfDto {
    /// By the word for it, which is also what receipts keep.
    pub(crate) fn told(player_id: PlayerId, state: &str) -> Self {
        Self { player_id, state: state.to_owned() }
    }
}

/// A request that waits for its answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct FriendRequestDto {
    /// The other side.
    player: PlayerDto,
    #[schema(value_type = String, format = DateTime)]
    requested_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl FriendRequestDto {
    pub(crate) fn of(line: &RequestLine, names: &Names) -> Self {
        Self { player: names.get(line.player), requested_at: line.at, expires_at: line.expires_at }
    }
}

/// Somebody you block.
#[derive(Serialize, ToSchema)]
pub(crate) struct BlockDto {
    player: PlayerDto,
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
}

impl BlockDto {
    pub(crate) fn of(block: &Block, names: &Names) -> Self {
        Self { player: names.get(block.blocked), since: block.at }
    }
}

/// A link to make.
#[derive(Deserialize, Default, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewFriendLinkDto {
    /// How often it may be redeemed; without limit unless told.
    max_uses: Option<u32>,
    /// For how many seconds it works; a week unless told.
    expires_in: Option<u64>,
    /// Whether redeeming it makes friends at once, which it does unless told otherwise; else it makes a request.
    auto_accept: Option<bool>,
}

impl From<NewFriendLinkDto> for NewLink {
    fn from(wanted: NewFriendLinkDto) -> Self {
        Self {
            max_uses: wanted.max_uses,
            expires_in: wanted.expires_in.map(Duration::from_secs),
            auto_accept: wanted.auto_accept.unwrap_or(true),
        }
    }
}

/// A link that makes friends.
#[derive(Serialize, ToSchema)]
pub(crate) struct FriendLinkDto {
    /// What it is redeemed by.
    code: String,
    /// A page that does.
    url: String,
    auto_accept: bool,
    /// Null: without limit.
    max_uses: Option<u32>,
    uses: u32,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl FriendLinkDto {
    pub(crate) fn of(link: &InviteLink, base: &str) -> Self {
        Self {
            code: link.code.clone(),
            url: format!("{base}/?friend={}", link.code),
            auto_accept: link.auto_accept,
            max_uses: link.max_uses,
            uses: link.uses,
            created_at: link.created_at,
            expires_at: link.expires_at,
        }
    }
}
