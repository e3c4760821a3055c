use games::{Game, Invite};
use kernel::{GameId, InviteId, PlayerId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::PlayerDto;
use crate::directory::Names;

/// A private game to start.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateGameDto {
    /// Key of a mode.
    pub(crate) mode: String,
    /// Players to invite.
    #[schema(value_type = Option<Vec<uuid::Uuid>>)]
    pub(crate) invite: Option<Vec<PlayerId>>,
    /// Whether to make a link for whoever has it.
    pub(crate) link: Option<bool>,
    /// Whether to play against a practice bot, at once and unrated, in modes that say `practice`. It takes the other seat,
    /// so nobody else can be invited.
    pub(crate) bot: Option<bool>,
}

/// Whom to invite: a player, or whoever has the link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InviteDto {
    #[schema(value_type = Option<uuid::Uuid>)]
    pub(crate) player_id: Option<PlayerId>,
    pub(crate) link: Option<bool>,
}

/// Why not, if you want to say.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeclineDto {
    /// At most 200 characters.
    pub(crate) reason: Option<String>,
}

/// A link to a game.
#[derive(Serialize, ToSchema)]
pub(crate) struct InviteLinkDto {
    /// The invitation's id, for taking it back.
    #[schema(value_type = uuid::Uuid)]
    id: InviteId,
    /// What it is redeemed by.
    code: String,
    /// A page that does.
    url: String,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl InviteLinkDto {
    /// Of a link; none if the invitation is a player's.
    pub(crate) fn of(invite: &Invite, base: &str) -> Option<Self> {
        let code = invite.code.clone()?;
        let url = format!("{base}/?join={code}");
        Some(Self { id: invite.id, url, code, expires_at: invite.expires_at })
    }
}

/// An invitation to a game.
#[derive(Serialize, ToSchema)]
pub(crate) struct GameInviteDto {
    #[schema(value_type = uuid::Uuid)]
    id: InviteId,
    #[schema(value_type = uuid::Uuid)]
    game_id: GameId,
    /// Key of the game's mode.
    mode: String,
    from: PlayerDto,
    /// Null for a link.
    to: Option<PlayerDto>,
    /// `created`, `delivered`, `stored`, `accepted`, `declined`, `cancelled`, `expired` or `superseded`.
    state: String,
    /// Why it ended, where there is more to say.
    reason: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// The game that would be repeated.
    #[schema(value_type = Option<uuid::Uuid>)]
    rematch_of: Option<GameId>,
}

impl GameInviteDto {
    /// With names.
    pub(crate) fn of(game: &Game, invite: &Invite, names: &Names) -> Self {
        Self {
            id: invite.id,
            game_id: game.id,
            mode: game.mode.clone(),
            from: names.get(invite.from),
            to: invite.to.map(|id| names.get(id)),
            state: invite.state.as_str().to_owned(),
            reason: invite.reason.clone(),
            created_at: invite.created_at,
            expires_at: invite.expires_at,
            rematch_of: game.origin.rematch_of,
        }
    }
}

/// What to claim.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClaimDto {
    /// `win` or `draw`.
    pub(crate) claim: String,
}

/// What is wrong with a result.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DisputeDto {
    /// In your words, 1–500 characters.
    pub(crate) reason: String,
    /// Anything your game wants to show for it.
    #[schema(value_type = Option<Object>)]
    pub(crate) evidence: Option<serde_json::Value>,
}
