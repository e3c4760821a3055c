//! The plain words of states and outcomes, as they are stored and as clients see them.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Defines a fieldless enum whose variants are words: stored, sent and read back as just these.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? })+) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant),+
        }

        impl $name {
            /// Every variant.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }

            /// The variant of this word, if it is one.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|variant| variant.as_str() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = String::deserialize(deserializer)?;
                Self::parse(&word).ok_or_else(|| {
                    serde::de::Error::unknown_variant(&word, &[$($word),+])
                })
            }
        }
    )+ };
}

words! {
    /// Where a game stands.
    Status {
        /// Made, its seats not all taken.
        Created = "created",
        /// Everybody is seated; all must be ready before the deadline.
        WaitingReady = "waiting_ready",
        /// Being played, or waiting for the rest of the reports.
        InProgress = "in_progress",
        /// Over, its result not yet decided: a held report waits for review. Others pass through it within one change.
        Finished = "finished",
        /// Over, and the reports contradict each other.
        Disputed = "disputed",
        /// Over, and its result stands in the ledger.
        Settled = "settled",
        /// Never started.
        Aborted = "aborted",
        /// Everybody left; nobody won.
        Abandoned = "abandoned",
        /// Counts for nothing.
        Voided = "voided",
    }

    /// Where a player stands in one game.
    PlayerStatus {
        /// Asked to join, has not answered.
        Invited = "invited",
        /// Seated, not ready yet.
        Joined = "joined",
        /// Ready for the start.
        Ready = "ready",
        /// Playing.
        Playing = "playing",
        /// Left by his own decision.
        Abandoned = "abandoned",
        /// Was not ready in time while others were.
        NoShow = "no_show",
        /// Done: has reported, or the game is over.
        Finished = "finished",
    }

    /// How a game ended for one player.
    Outcome {
        /// Won.
        Win = "win",
        /// Lost.
        Loss = "loss",
        /// Neither.
        Draw = "draw",
    }

    /// Where an invitation stands.
    InviteState {
        /// Written, not yet told.
        Created = "created",
        /// Shown to a player who was there.
        Delivered = "delivered",
        /// Kept for a player who wasn't there, or a link.
        Stored = "stored",
        /// Its player joined; a link once its last seat is taken.
        Accepted = "accepted",
        /// Its player said no.
        Declined = "declined",
        /// Taken back by who made it.
        Cancelled = "cancelled",
        /// Nobody answered in time.
        Expired = "expired",
        /// The game began, ended or filled without it.
        Superseded = "superseded",
    }

    /// How a game came to be.
    OriginKind {
        /// By matchmaking.
        Matched = "matched",
        /// By a player, for those invited.
        Private = "private",
        /// By agreement of the players of an earlier one.
        Rematch = "rematch",
        /// By a player alone.
        Solo = "solo",
        /// By a player, against a practice bot.
        Practice = "practice",
    }

    /// What a player may claim of opponents who are gone.
    Claim {
        /// That they lost.
        Win = "win",
        /// That nobody did.
        Draw = "draw",
    }

    /// What a result version says.
    ResultStatus {
        /// The standings count.
        Settled = "settled",
        /// An earlier version was taken back.
        Voided = "voided",
    }
}

impl Status {
    /// Whether the game can still be played: its players are engaged in it.
    #[must_use]
    pub const fn live(self) -> bool {
        matches!(self, Self::Created | Self::WaitingReady | Self::InProgress)
    }

    /// Whether nothing can follow, but an operator's decision.
    #[must_use]
    pub const fn terminal(self) -> bool {
        matches!(self, Self::Settled | Self::Aborted | Self::Abandoned | Self::Voided)
    }

    /// The arrows: whether a game may go from here to `next` in one change. A change that keeps the status is allowed
    /// wherever the game isn't over; `finished` is passed through within a change.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Created => {
                matches!(next, Self::Created | Self::WaitingReady | Self::InProgress | Self::Aborted | Self::Voided)
            }
            Self::WaitingReady => matches!(next, Self::WaitingReady | Self::InProgress | Self::Aborted | Self::Voided),
            Self::InProgress => matches!(
                next,
                Self::InProgress | Self::Finished | Self::Disputed | Self::Settled | Self::Abandoned | Self::Voided
            ),
            Self::Finished => matches!(next, Self::Finished | Self::Disputed | Self::Settled | Self::Voided),
            Self::Disputed => matches!(next, Self::Disputed | Self::Settled | Self::Voided),
            // Only with the next result version, by an operator: the fact itself is kept.
            Self::Settled | Self::Voided => matches!(next, Self::Settled | Self::Voided),
            Self::Aborted | Self::Abandoned => false,
        }
    }
}

impl InviteState {
    /// Whether it can still be answered.
    #[must_use]
    pub const fn open(self) -> bool {
        matches!(self, Self::Created | Self::Delivered | Self::Stored)
    }
}

impl PlayerStatus {
    /// Whether a player of this status is held by the game while it is live.
    #[must_use]
    pub const fn engaged(self) -> bool {
        matches!(self, Self::Joined | Self::Ready | Self::Playing | Self::Finished)
    }
}
