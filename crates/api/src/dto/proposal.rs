use kernel::{GameId, ProposalId, Timestamp};
use matchmaking::{Answer, MatchProposed, Proposal};
use serde::Serialize;
use utoipa::ToSchema;

use super::PlayerDto;
use crate::directory::Names;

/// A ready check.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProposalDto {
    /// UUIDv7.
    #[schema(value_type = uuid::Uuid)]
    id: ProposalId,
    mode: String,
    /// `open`, `confirmed` or `failed`.
    status: &'static str,
    /// From then on silence is a no.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    players: Vec<ProposedPlayerDto>,
    /// The game it became.
    #[schema(value_type = Option<uuid::Uuid>)]
    game_id: Option<GameId>,
}

/// One of a ready check.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProposedPlayerDto {
    player: PlayerDto,
    /// Team number from 0.
    team: u8,
    /// `accepted`, or null: who declined isn't told from who hasn't answered.
    #[schema(value_type = Option<String>)]
    answer: Option<Answer>,
}

impl ProposalDto {
    pub(crate) fn of(proposal: &Proposal, names: &Names) -> Self {
        let MatchProposed { proposal_id, mode, status, expires_at, players, game_id, .. } =
            MatchProposed::of(proposal, None);
        let player = |player: &matchmaking::ProposedPlayer| ProposedPlayerDto {
            player: names.get(player.player_id),
            team: player.team,
            answer: player.answer,
        };
        let players = players.iter().map(player).collect();
        Self { id: proposal_id, mode, status: status.as_str(), expires_at, players, game_id }
    }
}
