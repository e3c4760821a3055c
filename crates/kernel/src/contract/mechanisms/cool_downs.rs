//! Players who must wait before they queue again.

use super::MechanismsFixture;
use crate::contract::Pace;
use crate::{CoolDown, Engage, Engagement, PlayerId, Riders, StoreError, Timestamp};

impl MechanismsFixture {
    async fn cool_down(&self, cool_downs: &[(PlayerId, Timestamp)]) {
        let cool_downs = cool_downs.iter().map(|(player, until)| CoolDown { player: *player, until: *until }).collect();
        self.commit.commit(Riders { cool_downs, ..Riders::default() }).await.expect("cool-downs alone commit");
    }

    async fn cooling(&self, players: &[PlayerId], now: Timestamp) -> Vec<Option<Timestamp>> {
        self.engagements.cooling(players, now).await.expect("readable")
    }
}

/// Whether they come one after the other or in one change; it is over at its end, not after it.
pub async fn of_several_cool_downs_the_latest_end_counts(f: &MechanismsFixture, _: Pace) {
    let (ann, ben, cem, now) = (f.player(), f.player(), f.player(), f.clock.now());
    let [soon, later, last] = [10, 20, 30].map(|seconds| now.plus_millis(seconds * 1_000));
    f.cool_down(&[(ann, later), (ben, soon)]).await;
    f.cool_down(&[(ann, soon), (ben, soon), (ben, last), (ben, later)]).await;
    assert_eq!(f.cooling(&[cem, ben, ann], now).await, [None, Some(last), Some(later)]);
    assert_eq!(f.cooling(&[ann, ben], later).await, [None, Some(last)]);
    f.cool_down(&[(ann, last)]).await;
    assert_eq!(f.cooling(&[ann, ann], later).await, [Some(last); 2]);
    assert_eq!(f.cooling(&[], now).await, []);
}

/// Not if the change is refused.
pub async fn a_cool_down_is_written_with_its_change(f: &MechanismsFixture, _: Pace) {
    let (player, now) = (f.player(), f.clock.now());
    let cool_downs = vec![CoolDown { player, until: now.plus_millis(10_000) }];
    let engage = vec![Engage { player, from: f.game(), to: Engagement::Idle }];
    let refused = f.commit.commit(Riders { engage, cool_downs, ..Riders::default() }).await;
    assert!(matches!(refused, Err(StoreError::Engaged { .. })), "{refused:?}");
    assert_eq!(f.cooling(&[player], now).await, [None]);
}

/// Only those that are over, and no more at once than asked for.
pub async fn old_cool_downs_are_purged(f: &MechanismsFixture, _: Pace) {
    let (players, now) = ([f.player(), f.player(), f.player(), f.player()], f.clock.now());
    let ends = [1, 2, 3, 9].map(|seconds| now.plus_millis(seconds * 1_000));
    f.cool_down(&players.into_iter().zip(ends).collect::<Vec<_>>()).await;
    let purge = async |limit| f.engagements.purge_cooled(now.plus_millis(5_000), limit).await.expect("purges");
    assert_eq!((purge(2).await, purge(2).await, purge(2).await), (2, 1, 0));
    assert_eq!(f.cooling(&players, now).await, [None, None, None, Some(ends[3])]);
}
