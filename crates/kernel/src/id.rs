use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Defines ids that can't be mistaken for one another: UUIDv7 inside, the hyphenated text outside.
macro_rules! typed_id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID; fresh ones come from [`IdSource::uuid`](crate::IdSource::uuid).
            #[must_use]
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID inside.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            /// Only the hyphenated form: one resource has one address.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let id: Uuid = text.parse()?;
                if text.len() == 36 { Ok(Self(id)) } else { Uuid::parse_str("").map(Self) }
            }
        }
    )+ };
}
pub(crate) use typed_id;

typed_id! {
    /// A player, guest or account.
    PlayerId,
    /// A signed-in device: the family of its refresh tokens.
    SessionId,
    /// A matchmaking ticket.
    TicketId,
    /// A matchmaking proposal (ready check).
    ProposalId,
    /// A party: players who queue together.
    PartyId,
    /// A game, live or finished.
    GameId,
    /// An invitation to a game.
    InviteId,
}

impl PlayerId {
    /// The practice bot. It sits in games like a player and is none: no row anywhere has it, nothing is told to it, and
    /// it may sit in any number of games at once. Its time part is 1970, so no fresh id is ever the same.
    pub const BOT: Self = Self(Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_00b0));

    /// Whether this is the practice bot.
    #[must_use]
    pub fn is_bot(self) -> bool {
        self == Self::BOT
    }
}
