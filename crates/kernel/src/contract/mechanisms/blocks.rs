//! Blocks, and who isn't brought together across one.

use std::collections::BTreeSet;
use std::pin::Pin;

use super::MechanismsFixture;
use crate::contract::{Pace, all_at_once};
use crate::{Block, BlockChange, Engage, Engagement, PageLimit, PlayerId, Riders, StoreError, Timestamp};

impl MechanismsFixture {
    async fn block(&self, blocker: PlayerId, blocked: PlayerId, stands: bool, at: Timestamp) {
        let blocks = vec![BlockChange { blocker, blocked, stands, at }];
        self.commit.commit(Riders { blocks, ..Riders::default() }).await.expect("blocks alone commit");
    }

    async fn between(&self, player: PlayerId, others: &[PlayerId]) -> BTreeSet<(PlayerId, PlayerId)> {
        let blocks = self.blocks.between(player, others).await.expect("readable");
        let sides: BTreeSet<_> = blocks.iter().map(|block| (block.blocker, block.blocked)).collect();
        assert_eq!(sides.len(), blocks.len(), "each block once: {blocks:?}");
        sides
    }

    async fn around(&self, players: &[PlayerId], limit: i64) -> BTreeSet<(PlayerId, PlayerId)> {
        let blocks = self.blocks.around(players, limit).await.expect("readable");
        let sides: BTreeSet<_> = blocks.iter().map(|block| (block.blocker, block.blocked)).collect();
        assert_eq!(sides.len(), blocks.len(), "each block once: {blocks:?}");
        sides
    }

    async fn bring(&self, together: &[PlayerId], engage: Vec<Engage>) -> Result<(), StoreError> {
        self.commit.commit(Riders { together: vec![together.to_vec()], engage, ..Riders::default() }).await
    }
}

/// Whoever asks, and about whomever else.
pub async fn blocks_are_read_from_both_sides(f: &MechanismsFixture, _: Pace) {
    let (ann, ben, cem, dea, now) = (f.player(), f.player(), f.player(), f.player(), f.clock.now());
    f.block(ann, ben, true, now).await;
    f.block(cem, ann, true, now).await;
    f.block(ben, cem, true, now).await;
    f.block(cem, ben, true, now).await;
    assert_eq!(f.between(ann, &[ben, cem, dea, ann, ben]).await, [(ann, ben), (cem, ann)].into());
    assert_eq!(f.between(ben, &[ann]).await, [(ann, ben)].into());
    assert_eq!(f.between(ben, &[cem, dea]).await, [(ben, cem), (cem, ben)].into());
    assert_eq!(f.between(dea, &[ann, ben, cem]).await, [].into());
    assert_eq!(f.between(ann, &[]).await, [].into());
    let all = [(ann, ben), (cem, ann), (ben, cem), (cem, ben)].into();
    assert_eq!(f.around(&[ann, ben], 100).await, all);
    assert_eq!(f.around(&[ann, dea], 100).await, [(ann, ben), (cem, ann)].into());
    assert_eq!(f.around(&[dea], 100).await, [].into());
    assert_eq!(f.around(&[], 100).await, [].into());
    assert_eq!(f.around(&[cem], 2).await.len(), 2, "no more than asked for");
}

/// A second time changes nothing, in either direction.
pub async fn a_standing_block_keeps_its_time_until_it_is_lifted(f: &MechanismsFixture, _: Pace) {
    let (ann, ben, now) = (f.player(), f.player(), f.clock.now());
    let later = now.plus_millis(5_000);
    f.block(ann, ben, false, now).await;
    f.block(ann, ben, true, now).await;
    f.block(ann, ben, true, later).await;
    f.block(ben, ann, false, later).await;
    let stands = f.blocks.between(ben, &[ann]).await.expect("readable");
    assert_eq!(stands, [Block { blocker: ann, blocked: ben, at: now }]);
    f.block(ann, ben, false, later).await;
    assert_eq!(f.between(ann, &[ben]).await, [].into());
    f.block(ann, ben, true, later).await;
    let stands = f.blocks.between(ann, &[ben]).await.expect("readable");
    assert_eq!(stands, [Block { blocker: ann, blocked: ben, at: later }]);
}

/// Not if the change is refused.
pub async fn a_block_is_written_with_its_change(f: &MechanismsFixture, _: Pace) {
    let (ann, ben, now) = (f.player(), f.player(), f.clock.now());
    let blocks = vec![BlockChange { blocker: ann, blocked: ben, stands: true, at: now }];
    let engage = vec![Engage { player: ann, from: f.game(), to: Engagement::Idle }];
    let refused = f.commit.commit(Riders { engage, blocks, ..Riders::default() }).await;
    assert!(matches!(refused, Err(StoreError::Engaged { .. })), "{refused:?}");
    assert_eq!(f.between(ann, &[ben]).await, [].into());
}

/// One's own only; ids break ties.
pub async fn own_blocks_are_read_newest_first_in_pages(f: &MechanismsFixture, _: Pace) {
    let (ann, ben, now) = (f.player(), f.player(), f.clock.now());
    let mut expected = Vec::new();
    for n in 0..7 {
        let (blocked, at) = (f.player(), now.plus_millis(n / 2 * 1_000));
        f.block(ann, blocked, true, at).await;
        f.block(blocked, ann, true, at).await;
        f.block(ben, blocked, true, at).await;
        expected.push(Block { blocker: ann, blocked, at });
    }
    expected.sort_by_key(|block| std::cmp::Reverse((block.at, block.blocked)));
    for size in [1, 3, 7, 100] {
        let (limit, mut after, mut read) = (PageLimit::new(size).expect("in range"), None, Vec::new());
        loop {
            let page = f.blocks.page(ann, after, limit).await.expect("readable");
            assert!(page.items.len() <= usize::from(size));
            read.extend(page.items);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(read, expected, "in pages of {size}");
    }
}

/// Whichever side blocks, wherever they stand in the list, and nothing of the change is carried out.
pub async fn who_is_apart_is_not_brought_together(f: &MechanismsFixture, _: Pace) {
    let (ann, ben, cem, now) = (f.player(), f.player(), f.player(), f.clock.now());
    f.block(ben, ann, true, now).await;
    for together in [[ann, cem, ben], [ben, ann, cem], [cem, ben, ann]] {
        let game = f.game();
        let engage = together.map(|player| Engage { player, from: Engagement::Idle, to: game }).to_vec();
        match f.bring(&together, engage).await {
            Err(StoreError::Apart { player, other }) => {
                assert_eq!(BTreeSet::from([player, other]), BTreeSet::from([ann, ben]));
            }
            answer => panic!("ann and ben were brought together: {answer:?}"),
        }
    }
    assert_eq!(f.engagements.current(&[ann, ben, cem]).await.expect("readable"), [Engagement::Idle; 3]);
    for together in [vec![ann, cem], vec![cem, ben], vec![ann], vec![], vec![ann, ann]] {
        f.bring(&together, Vec::new()).await.expect("these don't keep apart");
    }
    f.block(ben, ann, false, now).await;
    f.bring(&[ann, ben, cem], Vec::new()).await.expect("the block is lifted");
}

/// Players of different groups aren't brought together; of several groups any may be the one.
pub async fn each_group_is_together_by_itself(f: &MechanismsFixture, _: Pace) {
    let (ann, ben, cem, dea, now) = (f.player(), f.player(), f.player(), f.player(), f.clock.now());
    f.block(ben, ann, true, now).await;
    let bring = |groups: [[PlayerId; 2]; 2]| {
        let together = groups.map(|group| group.to_vec()).to_vec();
        f.commit.commit(Riders { together, ..Riders::default() })
    };
    for groups in [[[ann, cem], [ben, dea]], [[ann, cem], [cem, ben]]] {
        bring(groups).await.expect("ann and ben are in two groups");
    }
    for groups in [[[ann, ben], [cem, dea]], [[cem, dea], [ben, ann]]] {
        match bring(groups).await {
            Err(StoreError::Apart { player, other }) => {
                assert_eq!(BTreeSet::from([player, other]), BTreeSet::from([ann, ben]));
            }
            answer => panic!("ann and ben were brought together: {answer:?}"),
        }
    }
}

/// Both at once, many times: what a block didn't find when it was acknowledged doesn't come later, however long ago it
/// began. So whoever clears up after a block clears up everything.
pub async fn an_acknowledged_block_has_found_whatever_is_together(f: &MechanismsFixture, _: Pace) {
    type Answer<'a> = Pin<Box<dyn Future<Output = Result<Engagement, StoreError>> + Send + 'a>>;
    for round in 0..24 {
        let (ann, ben, game, now) = (f.player(), f.player(), f.game(), f.clock.now());
        let engage = [ann, ben].map(|player| Engage { player, from: Engagement::Idle, to: game }).to_vec();
        // Many, so that it takes a while.
        let events = (0..200).map(|n| f.event("test", &[], n)).collect();
        let riders = Riders { together: vec![vec![ann, ben]], engage, events, ..Riders::default() };
        let brought: Answer<'_> = Box::pin(async { f.commit.commit(riders).await.map(|()| game) });
        let blocked: Answer<'_> = Box::pin(async {
            f.block(ben, ann, true, now).await;
            Ok(f.engagements.current(&[ann]).await?[0])
        });
        let both = if round % 2 == 0 { [brought, blocked] } else { [blocked, brought] };
        let mut answers = all_at_once(both).await;
        if round % 2 == 1 {
            answers.reverse();
        }
        let found = answers[1].as_ref().expect("readable");
        match &answers[0] {
            Ok(_) => assert_eq!(*found, game, "they came together after the block was acknowledged"),
            Err(StoreError::Apart { .. }) => assert_eq!(*found, Engagement::Idle),
            answer => panic!("a change against a block was answered {answer:?}"),
        }
    }
}

/// A command that both places a block and is sent again must be told apart from one that lost to it.
pub async fn a_used_key_is_told_before_who_is_apart(f: &MechanismsFixture, _: Pace) {
    let (ann, ben, now) = (f.player(), f.player(), f.clock.now());
    let riders =
        || Riders { receipt: Some(f.receipt(ann, "together")), together: vec![vec![ann, ben]], ..Riders::default() };
    f.commit.commit(riders()).await.expect("nothing stands between them yet");
    f.block(ann, ben, true, now).await;
    let again = f.commit.commit(riders()).await;
    assert!(matches!(again, Err(StoreError::Replayed)), "{again:?}");
}
