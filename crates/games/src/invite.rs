//! Invitations to a game: to a player, or by a link.

use std::fmt;

use kernel::{InviteId, PlayerId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::words::InviteState;

/// An invitation. It lives within its game and changes with it, so what happens to both happens in one commit.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invite {
    /// Its id.
    pub id: InviteId,
    /// Who made it.
    pub from: PlayerId,
    /// Whom it is for; none for a link.
    pub to: Option<PlayerId>,
    /// What a link is redeemed by; none for a player's invitation.
    pub code: Option<String>,
    /// Where it stands.
    pub state: InviteState,
    /// Why it ended, where there is more to say than its state.
    pub reason: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be answered.
    pub expires_at: Timestamp,
}

impl fmt::Debug for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the code: who has it gets in.
        f.debug_struct("Invite")
            .field("id", &self.id)
            .field("from", &self.from)
            .field("to", &self.to)
            .field("state", &self.state)
            .field("reason", &self.reason)
            .field("created_at", &self.created_at)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
