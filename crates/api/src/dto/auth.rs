use kernel::{SessionId, Timestamp};
use players::{Session, SignedIn};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::OwnPlayerDto;
use crate::app::App;
use crate::tokens::LIFE_SECONDS;

/// Sign in as a guest: a new one, or the one this device's secret belongs to.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GuestDto {
    /// For a new guest; one is made up where it is absent.
    pub(crate) display_name: Option<String>,
    /// What an earlier sign-in answered.
    pub(crate) device_secret: Option<String>,
}

/// Make an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegisterDto {
    /// 3–24 of `a-z 0-9 _`, a letter first.
    pub(crate) handle: String,
    /// 8–128 characters.
    pub(crate) password: String,
    /// What to be called; the handle (or the guest's name) where it is absent.
    pub(crate) display_name: Option<String>,
}

/// Sign in to an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginDto {
    pub(crate) handle: String,
    pub(crate) password: String,
}

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshDto {
    pub(crate) refresh_token: String,
}

/// Somebody signed in.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignedInDto {
    player: OwnPlayerDto,
    /// Send it as `Authorization: Bearer …`.
    access_token: String,
    /// Good for one refresh.
    refresh_token: String,
    /// Life of the access token, in seconds.
    expires_in: i64,
    /// Only for a new guest: keep it, it is the way back in.
    #[serde(skip_serializing_if = "Option::is_none")]
    device_secret: Option<String>,
}

impl SignedInDto {
    pub(crate) fn of(app: &App, signed_in: &SignedIn) -> Self {
        Self {
            player: (&signed_in.player).into(),
            access_token: app.tokens.issue(signed_in.player.id, signed_in.session_id),
            refresh_token: signed_in.refresh_token.expose().to_owned(),
            expires_in: LIFE_SECONDS,
            device_secret: signed_in.device_secret.as_ref().map(|secret| secret.expose().to_owned()),
        }
    }
}

/// A ticket that opens one WebSocket.
#[derive(Serialize, ToSchema)]
pub(crate) struct WsTicketDto {
    /// For `/ws?ticket=`.
    pub(crate) ticket: String,
    /// Seconds.
    pub(crate) expires_in: u64,
}

/// A device that is signed in.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionDto {
    #[schema(value_type = uuid::Uuid)]
    id: SessionId,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    last_used_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// What the device called itself.
    user_agent: Option<String>,
    /// Whether it is the one that asks.
    current: bool,
}

impl SessionDto {
    pub(crate) fn of(session: &Session, asking: SessionId) -> Self {
        Self {
            id: session.id,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            expires_at: session.expires_at,
            user_agent: session.user_agent.clone(),
            current: session.id == asking,
        }
    }
}
