//! The service: load, decide, commit.

mod departures;
mod operators;
mod profile;
mod sessions;
mod sign_in;

pub use departures::{Export, MAX_SESSIONS};

pub use sessions::WS_TICKET_LIFE;
pub use sign_in::Registration;

use std::sync::Arc;

use kernel::{Clock, IdSource, SessionId};

use crate::{LoginGuard, PasswordHasher, Player, PlayerStore, Secret, SessionStore, WsTicketStore};

/// Everything the service stands on. All of it is shared; an adapter changes in one line.
#[derive(Clone)]
pub struct Ports {
    /// Players.
    pub players: Arc<dyn PlayerStore>,
    /// Sessions.
    pub sessions: Arc<dyn SessionStore>,
    /// WebSocket tickets.
    pub ws_tickets: Arc<dyn WsTicketStore>,
    /// Failed sign-ins.
    pub guard: Arc<dyn LoginGuard>,
    /// Passwords.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids and secrets.
    pub ids: Arc<dyn IdSource>,
}

/// Guests, accounts, sessions and profiles.
///
/// Methods answer [`Error::Store`](crate::Error::Store) for whatever the stores refuse; a change that loses a race is
/// decided anew up to three times. A command whose future is dropped happens whole or not at all.
#[derive(Clone)]
pub struct Players {
    ports: Ports,
}

/// Commits of one command, before its lost races are reported.
const ATTEMPTS: usize = 3;

/// Somebody signed in, with the secrets to hand out. Access tokens are made by whoever checks them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// Who.
    pub player: Player,
    /// The device's session, for the access token.
    pub session_id: SessionId,
    /// The one refresh token that is valid now.
    pub refresh_token: Secret,
    /// Only for a guest who has just been made: what to sign in with from now on.
    pub device_secret: Option<Secret>,
}

impl Players {
    /// A service over these ports.
    #[must_use]
    pub const fn new(ports: Ports) -> Self {
        Self { ports }
    }
}
