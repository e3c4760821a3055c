//! Values and aggregates.

use kernel::{Engagement, GameId, PlayerId, Reach, Timestamp, Version};

/// An unordered pair of different players: the lower id first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair {
    low: PlayerId,
    high: PlayerId,
}

impl Pair {
    /// The pair of these two; `None` for one player twice.
    #[must_use]
    pub fn of(a: PlayerId, b: PlayerId) -> Option<Self> {
        match a.cmp(&b) {
            std::cmp::Ordering::Less => Some(Self { low: a, high: b }),
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => Some(Self { low: b, high: a }),
        }
    }

    /// The player with the lower id.
    #[must_use]
    pub const fn low(self) -> PlayerId {
        self.low
    }

    /// The player with the higher id.
    #[must_use]
    pub const fn high(self) -> PlayerId {
        self.high
    }

    /// Whether this player is one of the two.
    #[must_use]
    pub fn has(self, player: PlayerId) -> bool {
        player == self.low || player == self.high
    }

    /// The other one of the two.
    #[must_use]
    pub fn other(self, player: PlayerId) -> PlayerId {
        if player == self.low { self.high } else { self.low }
    }
}

/// How two players stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bond {
    /// Not at all.
    None,
    /// One asked, the other has not answered.
    Pending {
        /// Who asked.
        from: PlayerId,
        /// When.
        at: Timestamp,
        /// From then on it counts as never asked.
        expires_at: Timestamp,
    },
    /// The one asked said no, silently: to the asker it goes on looking like [`Bond::Pending`] until it expires.
    Declined {
        /// Who had asked.
        from: PlayerId,
        /// When they had.
        at: Timestamp,
        /// Until when asking again tells nobody. The other side may ask any time, which makes them friends.
        until: Timestamp,
        /// Until when the asker sees it outgoing; `None` once they took it back.
        expires_at: Option<Timestamp>,
    },
    /// Friends.
    Friends {
        /// Since when.
        since: Timestamp,
        /// The game they met in, where they had played before they became friends.
        met_in: Option<GameId>,
    },
}

impl Bond {
    /// From when on it counts as something else without anybody's doing; see [`Bond::at`].
    #[must_use]
    pub const fn lapses_at(&self) -> Option<Timestamp> {
        match self {
            Self::Pending { expires_at, .. } => Some(*expires_at),
            Self::Declined { expires_at: Some(expires_at), .. } => Some(*expires_at),
            Self::Declined { until, expires_at: None, .. } => Some(*until),
            Self::None | Self::Friends { .. } => None,
        }
    }

    /// What it counts as at `now`: nothing once its time is over. What is stored catches up with the next change of the
    /// pair or by the sweep.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        match self {
            Self::Pending { expires_at, .. } if expires_at <= now => Self::None,
            Self::Declined { from, at, until, expires_at } => {
                let expires_at = expires_at.filter(|expires_at| *expires_at > now);
                if expires_at.is_none() && until <= now {
                    Self::None
                } else {
                    Self::Declined { from, at, until, expires_at }
                }
            }
            other => other,
        }
    }

    /// Whose outgoing requests it counts among.
    #[must_use]
    pub const fn outgoing_of(&self) -> Option<PlayerId> {
        match self {
            Self::Pending { from, .. } | Self::Declined { from, expires_at: Some(_), .. } => Some(*from),
            _ => None,
        }
    }

    /// Whether it is friendship.
    #[must_use]
    pub const fn is_friends(&self) -> bool {
        matches!(self, Self::Friends { .. })
    }
}

/// What one of the two has put into a [`Relation`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Side {
    /// Since when this side blocks the other, if so. The kernel's [`Blocks`](kernel::Blocks) say the same: both are
    /// written by one commit.
    pub blocks_since: Option<Timestamp>,
    /// What this side noted about the other. Nobody else sees it; it ends with the friendship.
    pub note: Option<String>,
    /// When this side's list of friends last changed by the other: what `updated_since` goes by. `None` for who never
    /// were friends.
    pub updated_at: Option<Timestamp>,
}

/// Everything that stands between two players, in one row with one version, so that of a request, an accept, a cancel
/// and a block that race exactly one is decided on what the others left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// Who.
    pub pair: Pair,
    /// Friendship or the way to it, as stored; see [`Bond::at`].
    pub bond: Bond,
    /// The lower id's side.
    pub low: Side,
    /// The higher id's side.
    pub high: Side,
    /// Rises with every change; [`Version::NEW`] for a pair that was never stored.
    pub version: Version,
}

impl Relation {
    /// The relation of two who have nothing to do with each other.
    #[must_use]
    pub fn new(pair: Pair) -> Self {
        Self { pair, bond: Bond::None, low: Side::default(), high: Side::default(), version: Version::NEW }
    }

    /// The side of `player`.
    #[must_use]
    pub fn side(&self, player: PlayerId) -> &Side {
        if player == self.pair.low() { &self.low } else { &self.high }
    }

    /// The side of `player`, to write to.
    pub fn side_mut(&mut self, player: PlayerId) -> &mut Side {
        if player == self.pair.low() { &mut self.low } else { &mut self.high }
    }

    /// Whether a block stands, whosever.
    #[must_use]
    pub const fn is_apart(&self) -> bool {
        self.low.blocks_since.is_some() || self.high.blocks_since.is_some()
    }

    /// Whether anything stands: a bond or a block.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bond == Bond::None && !self.is_apart()
    }

    /// How they stand, as `viewer` may know it at `now`.
    #[must_use]
    pub fn standing(&self, viewer: PlayerId, now: Timestamp) -> Standing {
        match self.bond.at(now) {
            Bond::None => Standing::None,
            Bond::Pending { from, .. } if from != viewer => Standing::Asked,
            Bond::Declined { from, .. } if from != viewer => Standing::Declined,
            Bond::Declined { expires_at: None, .. } => Standing::None,
            Bond::Pending { .. } | Bond::Declined { .. } => Standing::Pending,
            Bond::Friends { .. } => Standing::Friends,
        }
    }
}

/// How two players stand, to one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Not at all.
    None,
    /// One's own request waits, or was silently declined.
    Pending,
    /// The other's request waits for an answer.
    Asked,
    /// One has declined the other's request.
    Declined,
    /// Friends.
    Friends,
}

impl Standing {
    /// The word clients see. A request is pending from both sides: who asked whom is told by where it is listed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pending | Self::Asked => "pending",
            Self::Declined => "declined",
            Self::Friends => "friends",
        }
    }
}

/// A friend in one's list, with what one query knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FriendLine {
    /// Who.
    pub player: PlayerId,
    /// Since when.
    pub since: Timestamp,
    /// The game they met in.
    pub met_in: Option<GameId>,
    /// One's own note.
    pub note: Option<String>,
    /// Games they played in together, on whichever sides.
    pub games_together: i64,
    /// Whether the friend is there.
    pub reach: Reach,
    /// What the friend is doing.
    pub engagement: Engagement,
    /// Whether the friend waits in a game of their own with an open link, so that one more could take a seat. Only stores
    /// that hold games, too, know.
    pub open_seat: bool,
    /// When this line last changed, presence and games together aside.
    pub updated_at: Timestamp,
}

impl FriendLine {
    /// Whether the friend was online at `as_of`, as far as the last change tells.
    #[must_use]
    pub fn was_online_at(&self, as_of: Timestamp) -> bool {
        // Before the last change it was the other way around.
        self.reach.online != self.reach.changed_at.is_some_and(|changed_at| changed_at > as_of)
    }
}

/// A change of one's list of friends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListChange {
    /// A friend who came, or whose line changed.
    Line(FriendLine),
    /// Somebody who isn't a friend any more.
    Removed {
        /// Who.
        player: PlayerId,
        /// Since when.
        at: Timestamp,
    },
}

impl ListChange {
    /// Its place among the changes.
    #[must_use]
    pub const fn place(&self) -> (Timestamp, PlayerId) {
        match self {
            Self::Line(line) => (line.updated_at, line.player),
            Self::Removed { player, at } => (*at, *player),
        }
    }
}

/// A request as one of its sides sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLine {
    /// The other side.
    pub player: PlayerId,
    /// When it was made.
    pub at: Timestamp,
    /// When it lapses.
    pub expires_at: Timestamp,
}

/// A link that makes friends of its owner and whoever redeems it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InviteLink {
    /// What it is redeemed by: enough random characters that nobody guesses one.
    pub code: String,
    /// Whose.
    pub owner: PlayerId,
    /// Whether redeeming makes friends at once; else it makes a request.
    pub auto_accept: bool,
    /// How often it may be redeemed; `None`: without limit.
    pub max_uses: Option<u32>,
    /// How often it was.
    pub uses: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it works.
    pub expires_at: Timestamp,
    /// When its owner took it back, if so.
    pub revoked_at: Option<Timestamp>,
}

impl InviteLink {
    /// Whether it has been redeemed as often as may be.
    #[must_use]
    pub fn is_used_up(&self) -> bool {
        self.max_uses.is_some_and(|most| self.uses >= most)
    }

    /// Whether somebody new can redeem it at `now`.
    #[must_use]
    pub fn works_at(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at > now && !self.is_used_up()
    }
}

/// How many of what a player has, as the rows that keep the caps count it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Friends.
    pub friends: i64,
    /// Requests that the player sees outgoing, silently declined ones included.
    pub outgoing: i64,
}
