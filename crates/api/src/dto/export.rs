use friends::{Bond, Relation};
use kernel::{GameId, PlayerId, TicketId, Timestamp};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{FriendLinkDto, OwnPlayerDto, RatingDto, SessionDto, StatsDto};

/// Everything that is kept about a player. `games` follows: every game of the history, with what the player said about
/// it under `yours`.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExportDto {
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) exported_at: Timestamp,
    pub(crate) player: OwnPlayerDto,
    /// Devices signed in.
    pub(crate) sessions: Vec<SessionDto>,
    /// Friends, requests and blocks.
    pub(crate) relations: Vec<ExportedRelationDto>,
    /// Links that make friends.
    pub(crate) friend_links: Vec<FriendLinkDto>,
    pub(crate) ratings: Vec<RatingDto>,
    pub(crate) stats: StatsDto,
    /// The queue the player waits in.
    #[schema(value_type = Option<uuid::Uuid>)]
    pub(crate) ticket_id: Option<TicketId>,
    /// Invitations to games that can still be answered.
    #[schema(value_type = Vec<Object>)]
    pub(crate) game_invites: Vec<Value>,
}

/// What stands between the player and another one, as the player knows it.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExportedRelationDto {
    /// The other.
    #[schema(value_type = uuid::Uuid)]
    player_id: PlayerId,
    /// `none`, `pending`, `declined` or `friends`.
    state: &'static str,
    /// Since when they are friends, or when it was asked.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// The game they met in.
    #[schema(value_type = Option<uuid::Uuid>)]
    met_in: Option<GameId>,
    note: Option<String>,
    /// Since when the player blocks the other.
    #[schema(value_type = Option<String>, format = DateTime)]
    blocked_since: Option<Timestamp>,
}

impl ExportedRelationDto {
    pub(crate) fn of(relation: &Relation, player: PlayerId, now: Timestamp) -> Self {
        let (since, met_in) = match relation.bond.at(now) {
            Bond::None => (None, None),
            Bond::Pending { at, .. } | Bond::Declined { at, .. } => (Some(at), None),
            Bond::Friends { since, met_in } => (Some(since), met_in),
        };
        let side = relation.side(player);
        Self {
            player_id: relation.pair.other(player),
            state: relation.standing(player, now).name(),
            since,
            met_in,
            note: side.note.clone(),
            blocked_since: side.blocks_since,
        }
    }
}
