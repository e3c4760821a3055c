use std::time::Duration;

use crate::change::Caps;

/// Limits; the defaults are what the service promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How many friends a player may have.
    pub friends: u32,
    /// How many outgoing requests.
    pub outgoing: u32,
    /// How many invite links that work.
    pub links: u32,
    /// How long a request waits for its answer.
    pub request_life: Duration,
    /// How long a decline holds.
    pub decline_holds: Duration,
    /// How long a link works unless its owner says.
    pub link_life: Duration,
    /// The longest that its owner may say.
    pub longest_link_life: Duration,
    /// How long links that ended are kept, so that who redeemed one twice is told why it doesn't work.
    pub links_kept: Duration,
    /// How many characters a note may have.
    pub note_length: usize,
}

const DAY: Duration = Duration::from_secs(86_400);

impl Default for Settings {
    fn default() -> Self {
        Self {
            friends: 1_000,
            outgoing: 100,
            links: 20,
            request_life: DAY.saturating_mul(30),
            decline_holds: DAY.saturating_mul(7),
            link_life: DAY.saturating_mul(7),
            longest_link_life: DAY.saturating_mul(30),
            links_kept: DAY.saturating_mul(7),
            note_length: 500,
        }
    }
}

impl Settings {
    /// The caps as stores take them.
    #[must_use]
    pub fn caps(&self) -> Caps {
        Caps { friends: self.friends.into(), outgoing: self.outgoing.into(), links: self.links.into() }
    }
}
