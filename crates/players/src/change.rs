//! What a decision asks its store to do, all of it or nothing.

use kernel::{Riders, SessionId, Timestamp, Version};

use crate::{HandleKey, PasswordHash, Player, SecretHash, Session, UsedToken};

/// A decided change of one player.
#[derive(Debug, Clone, PartialEq)]
pub struct PlayerChange {
    /// The version it was decided on; [`Version::NEW`] creates the player.
    pub expect: Version,
    /// How the player shall stand; its `version` is the one after `expect`.
    pub player: Player,
    /// The device secret to know the player by from now on; `None` leaves what is there.
    pub device: Option<SecretHash>,
    /// The password from now on; `None` leaves what is there.
    pub password: Option<PasswordHash>,
    /// A session to start in the same transaction.
    pub start: Option<Session>,
    /// Receipt and events.
    pub riders: Riders,
}

/// A decided change after which none of the player's sessions goes on.
#[derive(Debug, Clone, PartialEq)]
pub struct Departure {
    /// The player's change. Its riders hold the events of the sessions' end.
    pub change: PlayerChange,
    /// All sessions of the player that aren't revoked: exactly these end, so that each ends with its one event.
    pub sessions: Vec<SessionId>,
    /// When.
    pub at: Timestamp,
    /// Whether what proves or names the player goes too: device, password, failed sign-ins of this handle, what devices
    /// called themselves.
    pub forget: Option<Forget>,
}

/// What an erasure leaves nothing of, besides the player's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forget {
    /// Under which failed sign-ins were counted; guests have none.
    pub handle: Option<HandleKey>,
}

/// A decided exchange of one refresh token for the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exchange {
    /// The family.
    pub session: SessionId,
    /// The token presented.
    pub old: SecretHash,
    /// The token to be valid instead.
    pub new: SecretHash,
    /// When this was decided.
    pub at: Timestamp,
    /// The family's new end.
    pub expires_at: Timestamp,
}

/// What came of an [`Exchange`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// Done; the session as it stands now.
    Rotated(Session),
    /// The token was the family's, but had been exchanged before; nothing changed.
    Lost {
        /// The family as it stands.
        session: Session,
        /// When the token was exchanged.
        used: UsedToken,
    },
    /// The token was or is the family's, but the family is revoked or expired; nothing changed.
    Ended,
    /// No such session, or the token was never one of its; nothing changed.
    Unknown,
}
