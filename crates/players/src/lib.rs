//! Players of shallweplay: guests, accounts, credentials, sessions and profiles.
//!
//! A **guest** is known by a device secret, an **account** by handle and password; a guest who registers keeps the id.
//! A **session** is a signed-in device: a family of refresh tokens of which one is valid at a time. Exchanging it has one
//! winner; presenting a token again after its exchange was answered ends the family.
//!
//! What always holds:
//! - Two players never have handles that look alike ([`HandleKey`]).
//! - Secrets are stored as hashes only, and nothing prints them ([`Secret`]).
//! - An unknown handle and a wrong password can't be told apart: same answer, same work, same lock-out.
//! - A session is revoked once, with one event, and never comes back.
//! - Events hold ids, never names.
//!
//! Not here: access tokens, rate limits by address (the edge's), and who may see whose profile (the interaction policy's).
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), shallweplay_players::Error> {
//! use shallweplay_players::{Players, memory};
//!
//! let players = Players::new(memory::ports(7));
//! let guest = players.sign_in_new_guest(None, Some("doctest")).await?;
//! assert!(guest.player.guest);
//!
//! let secret = guest.device_secret.expect("new guests get one");
//! let again = players.sign_in_device(&secret, None).await?;
//! assert_eq!(again.player, guest.player);
//! # Ok(())
//! # }
//! ```

mod change;
pub mod decide;
mod error;
mod event;
pub mod memory;
mod model;
mod name;
mod password;
mod profile;
mod secret;
mod service;
mod store;

#[cfg(feature = "contract")]
pub mod contract;

pub use change::{Departure, Exchange, Forget, PlayerChange, Rotation};
pub use error::Error;
pub use event::PlayerEvent;
pub use model::{
    Credentials, Failures, PasswordHash, Player, Privacy, RevokeReason, Role, SESSION_LIFE, Session, UnknownName,
    UsedToken, Visibility, WsTicket,
};
pub use name::{DisplayName, Handle, HandleKey};
pub use password::{Argon2Hasher, HasherError, PasswordHasher, check_password};
pub use profile::{PrivacyPatch, ProfilePatch};
pub use secret::{RefreshToken, Secret, SecretHash};
pub use service::{Export, MAX_SESSIONS, Players, Ports, Registration, SignedIn, WS_TICKET_LIFE};
pub use store::{LoginGuard, PlayerStore, SessionStore, WsTicketStore};
