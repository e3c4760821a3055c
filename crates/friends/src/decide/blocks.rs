//! Blocks, and the end of everything with a player who goes.

use kernel::{BlockChange, PlayerId, Timestamp};

use super::{Decided, part};
use crate::error::Error;
use crate::event::FriendEvent;
use crate::model::{Bond, Relation};

/// `by` wants nothing to do with the other any more: bond, notes and requests end with it. The other hears of it only
/// what unfriending or taking a request back would tell, and of the own request's end nothing.
///
/// # Errors
/// [`Error::NotFound`] where the other blocks `by`: to them there is no such player.
pub fn block(before: &Relation, by: PlayerId, now: Timestamp) -> Result<Decided, Error> {
    let (pair, other) = (before.pair, before.pair.other(by));
    if before.side(by).blocks_since.is_some() {
        return Ok(Decided::kept(before));
    }
    if before.side(other).blocks_since.is_some() {
        return Err(Error::NotFound);
    }
    let told = match before.bond.at(now) {
        Bond::Friends { .. } => vec![pair.low(), pair.high()],
        Bond::Pending { from, .. } if from == by => vec![pair.low(), pair.high()],
        Bond::Pending { .. } | Bond::Declined { expires_at: Some(_), .. } => vec![by],
        Bond::None | Bond::Declined { expires_at: None, .. } => Vec::new(),
    };
    let mut relation = part(before, now);
    relation.side_mut(by).blocks_since = Some(now);
    let blocks = vec![BlockChange { blocker: by, blocked: other, stands: true, at: now }];
    let mut decided = Decided { relation, blocks, ..Decided::kept(before) };
    if !told.is_empty() {
        decided = decided.telling(FriendEvent::Removed { pair, told });
    }
    Ok(decided.telling(FriendEvent::BlockPlaced { blocker: by, blocked: other }))
}

/// `by` lifts the block, which brings nothing back. Where none stands nothing changes, whoever the other is.
#[must_use]
pub fn unblock(before: &Relation, by: PlayerId, now: Timestamp) -> Decided {
    let mut decided = Decided::kept(before);
    if decided.relation.side_mut(by).blocks_since.take().is_none() {
        return decided;
    }
    let blocked = before.pair.other(by);
    decided.blocks.push(BlockChange { blocker: by, blocked, stands: false, at: now });
    decided.telling(FriendEvent::BlockLifted { blocker: by, blocked })
}

/// `gone` was erased: nothing stands between the two any more, blocks included.
#[must_use]
pub fn forget(before: &Relation, gone: PlayerId, now: Timestamp) -> Decided {
    let other = before.pair.other(gone);
    let seen = match before.bond.at(now) {
        Bond::None | Bond::Declined { expires_at: None, .. } => false,
        Bond::Declined { from, .. } => from == other,
        Bond::Pending { .. } | Bond::Friends { .. } => true,
    };
    let mut decided = Decided { relation: part(before, now), ..Decided::kept(before) };
    if seen {
        decided = decided.telling(FriendEvent::Removed { pair: before.pair, told: vec![other] });
    }
    for (blocker, blocked) in [(gone, other), (other, gone)] {
        if decided.relation.side_mut(blocker).blocks_since.take().is_some() {
            decided.blocks.push(BlockChange { blocker, blocked, stands: false, at: now });
            decided = decided.telling(FriendEvent::BlockLifted { blocker, blocked });
        }
    }
    decided
}
