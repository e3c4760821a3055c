//! What a command decided, and what a store is asked to commit.

use kernel::{PlayerId, Riders, Timestamp, Version};

use crate::model::{InviteLink, Relation};

/// How a player's [`Counts`](crate::Counts) move: an intent, applied under the lock of the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountChange {
    /// Whose.
    pub player: PlayerId,
    /// By how much the number of friends changes.
    pub friends: i64,
    /// By how much the number of outgoing requests changes.
    pub outgoing: i64,
}

/// The most that a player may have; see `Settings`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Friends.
    pub friends: i64,
    /// Outgoing requests.
    pub outgoing: i64,
    /// Links that [work](InviteLink::works_at).
    pub links: i64,
}

/// What happens to a link: an intent, applied under the lock of its row, so that many may redeem one at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkChange {
    /// It is made, unless its owner has [`Caps::links`] that work at its `created_at`; counted under the lock of the
    /// owner's count row.
    Make(InviteLink),
    /// Its owner takes it back. A second time changes nothing.
    Revoke {
        /// Which.
        code: String,
        /// When.
        at: Timestamp,
    },
    /// One more use, unless it doesn't [work](InviteLink::works_at) any more; the store remembers by whom.
    Redeem {
        /// Which.
        code: String,
        /// By whom.
        player: PlayerId,
        /// When.
        at: Timestamp,
    },
}

/// One commit: all of it or nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct FriendChange {
    /// The relation as it will be, with its next version, and the version that must stand; a pair that was never stored
    /// is at [`Version::NEW`]. `None` for a change of links alone, and of riders alone.
    pub relation: Option<(Version, Relation)>,
    /// Counts that move, at most one line per player. Stores lock the rows in player order. A count never goes below 0
    /// (rebuilt counts may be ahead of a release that forgot one).
    pub counts: Vec<CountChange>,
    /// What no count that rises may exceed.
    pub caps: Caps,
    /// A link that is made or changes; its row is locked after the counts.
    pub link: Option<LinkChange>,
    /// Receipt, blocks and events.
    pub riders: Riders,
}

/// How the counts of two players move with their relation.
#[must_use]
pub fn counts_between(before: &Relation, after: &Relation) -> Vec<CountChange> {
    let pair = after.pair;
    let friends = i64::from(after.bond.is_friends()) - i64::from(before.bond.is_friends());
    let outgoing = |relation: &Relation, player| i64::from(relation.bond.outgoing_of() == Some(player));
    let change = |player| CountChange { player, friends, outgoing: outgoing(after, player) - outgoing(before, player) };
    let moves = |change: &CountChange| change.friends != 0 || change.outgoing != 0;
    [pair.low(), pair.high()].into_iter().map(change).filter(moves).collect()
}

/// Whose cap was reached, and which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// This player has as many friends as may be.
    Friends(PlayerId),
    /// This player has as many outgoing requests as may be.
    Outgoing(PlayerId),
    /// This player has as many links as may be.
    Links(PlayerId),
}

/// What came of a commit that no [`StoreError`](kernel::StoreError) stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// All of it.
    Done,
    /// Nothing: a count would have exceeded its cap. The lower id's is told where both would, of friends before that of
    /// requests.
    Full(Reached),
    /// Nothing: the link to be redeemed doesn't work any more, or there is none of this code.
    Spent,
}
