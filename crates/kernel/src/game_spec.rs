use serde::{Deserialize, Serialize};

use crate::{GameId, PlayerId, Timestamp};

/// A player's secret for one game; score reports must carry it. 43 characters of base64url; its debug form hides it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SessionSecret(pub String);

impl SessionSecret {
    /// Compares in a time that doesn't depend on where the two differ.
    #[must_use]
    pub fn matches(&self, given: &str) -> bool {
        let (ours, theirs) = (self.0.as_bytes(), given.as_bytes());
        ours.len() == theirs.len() && ours.iter().zip(theirs).fold(0, |acc, (a, b)| acc | (a ^ b)) == 0
    }
}

impl std::fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionSecret(***)")
    }
}

/// One seat of a game to open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterSeat {
    /// Who sits there.
    pub player_id: PlayerId,
    /// Team number from 0.
    pub team: u8,
    /// Seat number from 0, unique in the game; seat 0 begins.
    pub seat: u8,
    /// Never serialised: events that everybody sees carry the roster.
    #[serde(skip)]
    pub secret: SessionSecret,
}

/// A game to open in the transaction of somebody else's change, such as a matchmaking claim. It begins in
/// `waiting_ready`, with nobody ready or, after a ready check, with everybody; the players' engagements ride in the same
/// change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GameSpec {
    /// The new game's id.
    pub id: GameId,
    /// Key of its mode: `duel`.
    pub mode: String,
    /// Whether its result counts for ratings.
    pub rated: bool,
    /// Seed for the rules module and the clients; never negative.
    pub seed: i64,
    /// Players by seat.
    pub roster: Vec<RosterSeat>,
    /// Until when all must be ready.
    pub ready_due_at: Timestamp,
    /// Whether all have said already that they are: then the game is due to start as soon as it is open.
    #[serde(skip)]
    pub ready: bool,
    /// When it was opened.
    pub created_at: Timestamp,
}
