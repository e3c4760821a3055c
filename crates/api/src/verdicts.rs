//! What the interaction policy said last, for the time when its database doesn't answer.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use friends::{Surface, Verdict};
use kernel::PlayerId;

type Asked = (PlayerId, PlayerId, Surface);

/// Verdicts of this replica that nothing is known to have changed since. Cached documents go on being shown while the
/// database is down, to those to whom they were shown before.
#[derive(Default)]
pub(crate) struct Verdicts(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    recent: HashMap<Asked, Verdict>,
    older: HashMap<Asked, Verdict>,
}

impl Verdicts {
    /// How many a generation holds; two are kept, so memory is bounded without a clock.
    const GENERATION: usize = 8_192;

    fn lock(&self) -> MutexGuard<'_, Generations> {
        // Every critical section leaves the maps whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers what was said.
    pub(crate) fn said(&self, viewer: PlayerId, other: PlayerId, surface: Surface, verdict: Verdict) {
        let mut said = self.lock();
        if said.recent.len() >= Self::GENERATION {
            said.older = std::mem::take(&mut said.recent);
        }
        said.recent.insert((viewer, other, surface), verdict);
    }

    /// What was said last.
    pub(crate) fn last(&self, viewer: PlayerId, other: PlayerId, surface: Surface) -> Option<Verdict> {
        let said = self.lock();
        let asked = (viewer, other, surface);
        said.recent.get(&asked).or_else(|| said.older.get(&asked)).copied()
    }

    /// Forgets what was said of and to these players: something between them, or their choice, has changed.
    pub(crate) fn changed(&self, player: PlayerId) {
        let mut said = self.lock();
        let stays = |(viewer, other, _): &Asked, _: &mut Verdict| *viewer != player && *other != player;
        said.recent.retain(stays);
        said.older.retain(stays);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_was_said_is_kept_until_it_may_be_another_within_bounded_memory() {
        let (verdicts, player) = (Verdicts::default(), |n| PlayerId::new(Uuid::from_u128(n)));
        let last = |viewer, other| verdicts.last(player(viewer), player(other), Surface::Profile);
        assert_eq!(last(1, 2), None);
        verdicts.said(player(1), player(2), Surface::Profile, Verdict::Allow);
        verdicts.said(player(1), player(3), Surface::Profile, Verdict::Hidden);
        assert_eq!((last(1, 2), last(1, 3), last(2, 1)), (Some(Verdict::Allow), Some(Verdict::Hidden), None));
        verdicts.changed(player(2));
        assert_eq!((last(1, 2), last(1, 3)), (None, Some(Verdict::Hidden)));
        for n in 0..3 * Verdicts::GENERATION as u128 {
            verdicts.said(player(9), player(10_000 + n), Surface::Profile, Verdict::Allow);
        }
        let said = verdicts.lock();
        assert!(said.recent.len() + said.older.len() <= 2 * Verdicts::GENERATION);
    }
}
