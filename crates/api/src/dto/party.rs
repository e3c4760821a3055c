use kernel::{PartyId, PlayerId, TicketId, Timestamp};
use matchmaking::{PartyInvite, PartySnapshot};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::PlayerDto;
use crate::directory::Names;

/// Players who queue together.
#[derive(Serialize, ToSchema)]
pub(crate) struct PartyDto {
    /// UUIDv7.
    #[schema(value_type = uuid::Uuid)]
    id: PartyId,
    /// Who invites, queues, and may put others out.
    #[schema(value_type = uuid::Uuid)]
    leader_id: PlayerId,
    /// Longest first.
    members: Vec<PartyMemberDto>,
    /// Who may come in.
    invited: Vec<PlayerDto>,
    /// `open`, `queued`, `in_game` or `ended`.
    state: &'static str,
    /// Key of the mode it is queued for.
    mode: Option<String>,
    /// The ticket it waits with.
    #[schema(value_type = Option<uuid::Uuid>)]
    ticket_id: Option<TicketId>,
}

/// One of a party.
#[derive(Serialize, ToSchema)]
pub(crate) struct PartyMemberDto {
    player: PlayerDto,
    /// Whether the player has said "ready". The leader says so by queueing.
    ready: bool,
}

impl PartyDto {
    pub(crate) fn of(party: PartySnapshot, names: &Names) -> Self {
        let PartySnapshot { id, leader_id, members, invited, state, mode, ticket_id } = party;
        let member = |member: matchmaking::PartyMemberSnapshot| PartyMemberDto {
            player: names.get(member.player_id),
            ready: member.ready,
        };
        Self {
            id,
            leader_id,
            members: members.into_iter().map(member).collect(),
            invited: invited.into_iter().map(|player| names.get(player)).collect(),
            state: state.as_str(),
            mode,
            ticket_id,
        }
    }
}

/// A party you are invited to.
#[derive(Serialize, ToSchema)]
pub(crate) struct PartyInviteDto {
    /// Where to.
    #[schema(value_type = uuid::Uuid)]
    party_id: PartyId,
    /// By whom.
    from: PlayerDto,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl PartyInviteDto {
    pub(crate) fn of(party_id: PartyId, invite: &PartyInvite, names: &Names) -> Self {
        let PartyInvite { from, created_at, expires_at, .. } = *invite;
        Self { party_id, from: names.get(from), created_at, expires_at }
    }
}

/// Whom it is about.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartyPlayerDto {
    #[schema(value_type = uuid::Uuid)]
    pub(crate) player_id: PlayerId,
}

/// Whether you are ready.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartyReadyDto {
    /// `true` unless said otherwise.
    #[serde(default = "yes")]
    pub(crate) ready: bool,
}

const fn yes() -> bool {
    true
}
