//! Relations, their counts, and what rides with them.

use std::pin::pin;
use std::task::Poll;

use kernel::contract::{Pace, all_at_once};
use kernel::{BlockChange, GameId, Riders, StoreError, Version};

use super::fixture::{FriendsFixture, WIDE, alone, at, next};
use crate::change::{Caps, Committed, CountChange, FriendChange, Reached};
use crate::event::FriendEvent;
use crate::model::{Bond, Counts, Pair, Relation, Side};

/// Every bond, from either side, with every field of the sides.
pub async fn a_relation_comes_back_as_it_was_written(f: &FriendsFixture, _: Pace) {
    let pair = f.pair();
    assert_eq!(f.load(pair).await, None, "never stored");
    let game = GameId::new(f.ids.uuid(at(0)));
    let (low, high) = (pair.low(), pair.high());
    for (n, bond) in [
        Bond::Pending { from: low, at: at(1), expires_at: at(2) },
        Bond::Declined { from: low, at: at(1), until: at(3), expires_at: Some(at(2)) },
        Bond::Declined { from: high, at: at(1), until: at(3), expires_at: None },
        Bond::Pending { from: high, at: at(4), expires_at: at(5) },
        Bond::Friends { since: at(6), met_in: Some(game) },
        Bond::Friends { since: at(7), met_in: None },
        Bond::None,
    ]
    .into_iter()
    .enumerate()
    {
        let odd = n % 2 == 1;
        let full = Side {
            blocks_since: Some(at(8)),
            note: Some("kennt „Züge“ 🎲\nund 'Quotes' %_\\".to_owned()),
            updated_at: Some(at(9)),
        };
        let (low, high) = if odd { (full, Side::default()) } else { (Side::default(), full) };
        let relation = f.put(Relation { bond, low, high, ..Relation::new(pair) }).await;
        assert_eq!(relation.version, Version(i64::try_from(n).expect("few") + 1));
        assert_eq!(f.load(pair).await, Some(relation));
    }
}

/// With whomever it was asked for, each once; pairs never stored are left out.
pub async fn several_relations_come_in_one_read(f: &FriendsFixture, _: Pace) {
    let [ann, ben, cem, dea] = f.players();
    let with_ben = f.befriend(ann, ben, at(1)).await;
    let with_cem = f.pending(cem, ann, at(2)).await;
    f.befriend(ben, cem, at(3)).await;
    let mut found = f.relations.load_many(ann, &[cem, dea, ben, ann, cem]).await.expect("readable");
    found.sort_by_key(|relation| relation.pair);
    let mut expected = vec![with_ben, with_cem];
    expected.sort_by_key(|relation| relation.pair);
    assert_eq!(found, expected);
    assert_eq!(f.relations.load_many(ann, &[]).await.expect("readable"), []);
    assert_eq!(f.relations.load_many(dea, &[ann, ben, cem]).await.expect("readable"), []);
}

/// Also where it expected nothing to be there, or something that never was.
pub async fn a_change_decided_on_an_old_version_is_stale(f: &FriendsFixture, _: Pace) {
    let pair = f.pair();
    let stands = f.befriend(pair.low(), pair.high(), at(1)).await;
    for expect in [Version::NEW, Version(2), Version(7)] {
        let (change, mut after) = next(&stands, Relation { bond: Bond::None, ..stands.clone() });
        after.version = expect.next();
        let change = FriendChange { relation: Some((expect, after)), ..change };
        let answer = f.relations.commit(change).await;
        assert!(matches!(answer, Err(StoreError::Stale)), "{expect:?}: {answer:?}");
    }
    assert_eq!(f.load(pair).await, Some(stands));
    assert_eq!(f.counts(pair.low()).await, Counts { friends: 1, outgoing: 0 });
    let nothing = Relation::new(f.pair());
    let (change, mut after) = next(&nothing, nothing.clone());
    after.version = Version(2);
    let answer = f.relations.commit(FriendChange { relation: Some((Version(1), after)), ..change }).await;
    assert!(matches!(answer, Err(StoreError::Stale)), "{answer:?}");
}

/// Of a pair that was never stored, and of one that was; the others are told so and change no count.
pub async fn of_concurrent_changes_one_is_carried_out(f: &FriendsFixture, _: Pace) {
    let pair = f.pair();
    let mut before = Relation::new(pair);
    for round in 0..4 {
        let bond = if round % 2 == 0 {
            Bond::Pending { from: pair.low(), at: at(round), expires_at: at(100) }
        } else {
            Bond::Friends { since: at(round), met_in: None }
        };
        let (change, after) = next(&before, Relation { bond, ..before.clone() });
        let answers = all_at_once((0..6).map(|_| f.relations.commit(change.clone()))).await;
        let done = answers.iter().filter(|answer| matches!(answer, Ok(Committed::Done))).count();
        let stale = answers.iter().filter(|answer| matches!(answer, Err(StoreError::Stale))).count();
        assert_eq!((done, stale), (1, 5), "{answers:?}");
        let friends = i64::from(bond.is_friends());
        assert_eq!(f.counts(pair.low()).await, Counts { friends, outgoing: 1 - friends });
        assert_eq!(f.counts(pair.high()).await, Counts { friends, outgoing: 0 });
        before = after;
    }
}

/// It is told before whether the version stands: the first use moved it.
pub async fn a_used_key_changes_nothing(f: &FriendsFixture, _: Pace) {
    let pair = f.pair();
    let bond = Bond::Pending { from: pair.low(), at: at(1), expires_at: at(100) };
    let (change, after) = next(&Relation::new(pair), Relation { bond, ..Relation::new(pair) });
    let receipt = Some(f.receipt(pair.low(), "once"));
    let change = FriendChange { riders: Riders { receipt, ..Riders::default() }, ..change };
    assert_eq!(f.relations.commit(change.clone()).await.expect("the first use"), Committed::Done);
    let again = f.relations.commit(change).await;
    assert!(matches!(again, Err(StoreError::Replayed)), "{again:?}");
    assert_eq!(f.load(pair).await, Some(after));
    assert_eq!(f.counts(pair.low()).await.outgoing, 1);
}

/// A command that changed nothing takes its key all the same.
pub async fn riders_alone_are_committed(f: &FriendsFixture, _: Pace) {
    let receipt = f.receipt(f.player(), "nothing to do");
    let change = || alone(Riders { receipt: Some(receipt.clone()), ..Riders::default() });
    assert_eq!(f.relations.commit(change()).await.expect("the first use"), Committed::Done);
    let found = f.receipts.find(&receipt.key).await.expect("readable").expect("it was written");
    assert_eq!(found.receipt.outcome, receipt.outcome);
    let again = f.relations.commit(change()).await;
    assert!(matches!(again, Err(StoreError::Replayed)), "{again:?}");
}

/// All of it or nothing.
pub async fn events_and_blocks_come_with_their_change(f: &FriendsFixture, _: Pace) {
    let pair = f.pair();
    let (low, high) = (pair.low(), pair.high());
    let before = f.befriend(low, high, at(1)).await;
    let event = FriendEvent::BlockPlaced { blocker: low, blocked: high }.into_event(pair, &*f.ids, at(2));
    let blocks = vec![BlockChange { blocker: low, blocked: high, stands: true, at: at(2) }];
    let mut blocked = Relation { bond: Bond::None, ..before.clone() };
    blocked.low.blocks_since = Some(at(2));
    let (change, _) = next(&before, blocked);
    let riders = Riders { blocks, ..Riders::events(vec![event.clone()]) };
    let change = FriendChange { riders, ..change };
    assert_eq!(f.relations.commit(change.clone()).await.expect("nobody else is there"), Committed::Done);
    let again = f.relations.commit(change).await;
    assert!(matches!(again, Err(StoreError::Stale)), "{again:?}");
    let events = f.new_events().await;
    assert_eq!(events, [event]);
    let stands = f.blocks.between(high, &[low]).await.expect("readable");
    assert_eq!(stands.iter().map(|block| (block.blocker, block.at)).collect::<Vec<_>>(), [(low, at(2))]);
}

/// By what is asked, for either, and never below zero.
pub async fn counts_move_with_their_change(f: &FriendsFixture, _: Pace) {
    let [ann, ben] = f.players();
    assert_eq!(f.counts(ann).await, Counts::default());
    let by = |player, friends, outgoing| CountChange { player, friends, outgoing };
    for (counts, expected) in [
        (vec![by(ann, 2, 1), by(ben, 0, 3)], [(2, 1), (0, 3)]),
        (vec![by(ben, 1, -1)], [(2, 1), (1, 2)]),
        (vec![by(ben, -1, 0), by(ann, -1, -1)], [(1, 0), (0, 2)]),
        (vec![by(ann, -5, -5)], [(0, 0), (0, 2)]),
    ] {
        let change = FriendChange { counts, ..alone(Riders::default()) };
        assert_eq!(f.relations.commit(change).await.expect("counts alone commit"), Committed::Done);
        for (player, (friends, outgoing)) in [ann, ben].into_iter().zip(expected) {
            assert_eq!(f.counts(player).await, Counts { friends, outgoing });
        }
    }
}

/// Which side's is told in the order of ids, and friends before requests; a count that doesn't rise is never full.
pub async fn a_full_count_refuses_everything(f: &FriendsFixture, _: Pace) {
    let pair = f.pair();
    let (low, high) = (pair.low(), pair.high());
    let by = |player, friends, outgoing| CountChange { player, friends, outgoing };
    let full = vec![by(high, 2, 2), by(low, 2, 2)];
    f.relations.commit(FriendChange { counts: full, ..alone(Riders::default()) }).await.expect("counts commit");
    let caps = Caps { friends: 2, outgoing: 2, links: 2 };
    let bond = Bond::Friends { since: at(1), met_in: None };
    let (change, _) = next(&Relation::new(pair), Relation { bond, ..Relation::new(pair) });
    for (counts, reached) in [
        (vec![by(high, 1, 0), by(low, 1, 0)], Reached::Friends(low)),
        (vec![by(high, 1, 1), by(low, -1, 1)], Reached::Outgoing(low)),
        (vec![by(high, 1, 1)], Reached::Friends(high)),
        (vec![by(low, 0, -1), by(high, 0, 1)], Reached::Outgoing(high)),
    ] {
        let event = FriendEvent::Requested { from: low, to: high }.into_event(pair, &*f.ids, at(1));
        let receipt = Some(f.receipt(low, "full"));
        let riders = Riders { receipt, ..Riders::events(vec![event]) };
        let change = FriendChange { counts, caps, riders, ..change.clone() };
        assert_eq!(f.relations.commit(change).await.expect("an answer"), Committed::Full(reached));
    }
    assert_eq!(f.load(pair).await, None);
    assert_eq!(f.new_events().await, []);
    let used = f.receipts.find(&f.receipt(low, "full").key).await.expect("readable");
    assert_eq!(used, None, "a refused command leaves its key");
    for player in [low, high] {
        assert_eq!(f.counts(player).await, Counts { friends: 2, outgoing: 2 });
    }
    let lower = Caps { friends: 1, outgoing: 1, links: 1 };
    let change = FriendChange { counts: vec![by(low, -1, 0), by(high, 0, 0)], caps: lower, ..change };
    assert_eq!(f.relations.commit(change).await.expect("an answer"), Committed::Done);
}

/// Of many at once as many as may be.
pub async fn caps_hold_under_concurrency(f: &FriendsFixture, _: Pace) {
    let ann = f.player();
    let caps = Caps { friends: 3, ..WIDE };
    let attempt = async |other| {
        let pair = Pair::of(ann, other).expect("two players");
        let bond = Bond::Friends { since: at(1), met_in: None };
        let (change, _) = next(&Relation::new(pair), Relation { bond, ..Relation::new(pair) });
        loop {
            match f.relations.commit(FriendChange { caps, ..change.clone() }).await {
                Err(StoreError::Stale) => assert_eq!(f.load(pair).await, None),
                answer => return answer.expect("an answer"),
            }
        }
    };
    let others: Vec<_> = (0..10).map(|_| f.player()).collect();
    let answers = all_at_once(others.iter().map(|other| attempt(*other))).await;
    let done = answers.iter().filter(|answer| **answer == Committed::Done).count();
    let full = answers.iter().filter(|answer| **answer == Committed::Full(Reached::Friends(ann))).count();
    assert_eq!((done, full), (3, 7), "{answers:?}");
    assert_eq!(f.counts(ann).await.friends, 3);
    let mut theirs = 0;
    for other in others {
        theirs += f.counts(other).await.friends;
    }
    assert_eq!(theirs, 3, "who was refused has no friend either");
}

/// Bonds and blocks, from either side; of a pair that has parted nothing stands.
pub async fn everything_that_stands_is_found(f: &FriendsFixture, _: Pace) {
    let ann = f.player();
    let mut expected = vec![
        f.befriend(ann, f.player(), at(1)).await,
        f.pending(ann, f.player(), at(1)).await,
        f.pending(f.player(), ann, at(1)).await,
    ];
    for side in [true, false] {
        let other = f.player();
        let mut relation = Relation::new(Pair::of(ann, other).expect("two players"));
        relation.side_mut(if side { ann } else { other }).blocks_since = Some(at(2));
        expected.push(f.put(relation).await);
    }
    let parted = f.befriend(ann, f.player(), at(1)).await;
    f.put(Relation { bond: Bond::None, ..parted }).await;
    f.befriend(f.player(), f.player(), at(1)).await;
    expected.sort_by_key(|relation| relation.pair);
    assert_eq!(f.relations.all_of(ann, 100).await.expect("readable"), expected);
    assert_eq!(f.relations.all_of(ann, 2).await.expect("readable"), expected[..2]);
}

/// What lapses at a moment has lapsed by then.
pub async fn what_lapsed_is_found_earliest_first(f: &FriendsFixture, _: Pace) {
    let mut stored = Vec::new();
    for (n, of) in [3, 1, 2, 5].into_iter().enumerate() {
        let pair = f.pair();
        let (from, asked) = (pair.low(), at(0));
        let bond = match n {
            0 => Bond::Pending { from, at: asked, expires_at: at(of) },
            1 => Bond::Declined { from, at: asked, until: at(99), expires_at: Some(at(of)) },
            2 => Bond::Declined { from, at: asked, until: at(of), expires_at: None },
            _ => Bond::Pending { from, at: asked, expires_at: at(of) },
        };
        stored.push(f.put(Relation { bond, ..Relation::new(pair) }).await);
    }
    f.befriend(f.player(), f.player(), at(0)).await;
    let lapsed = async |now, limit| f.relations.lapsed(at(now), limit).await.expect("readable");
    let [third, first, second, _] = &stored[..] else { unreachable!("four were stored") };
    assert_eq!(lapsed(0, 100).await, []);
    assert_eq!(lapsed(3, 100).await, [first, second, third].map(Clone::clone));
    assert_eq!(lapsed(3, 2).await, [first, second].map(Clone::clone));
    f.put(Relation { bond: Bond::None, ..first.clone() }).await;
    assert_eq!(lapsed(3, 2).await, [second, third].map(Clone::clone));
}

/// A caller may vanish at any await point: the change lands whole or not at all, and the store stays usable.
pub async fn survives_a_dropped_commit(f: &FriendsFixture, pace: Pace) {
    for polls in 1..10 {
        let pair = f.pair();
        let event = FriendEvent::Requested { from: pair.low(), to: pair.high() }.into_event(pair, &*f.ids, at(1));
        let bond = Bond::Pending { from: pair.low(), at: at(1), expires_at: at(9) };
        let (change, after) = next(&Relation::new(pair), Relation { bond, ..Relation::new(pair) });
        let change = FriendChange { riders: Riders::events(vec![event]), ..change };
        {
            let mut commit = pin!(f.relations.commit(change));
            let mut polled = 0;
            std::future::poll_fn(|context| {
                polled += 1;
                let ready = commit.as_mut().poll(context).is_ready() || polled == polls;
                if ready { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        }
        pace.until("the change has landed", async || f.load(pair).await.as_ref() == Some(&after)).await;
        assert_eq!(f.counts(pair.low()).await.outgoing, 1);
    }
    assert_eq!(f.new_events().await.len(), 9);
    f.befriend(f.player(), f.player(), at(2)).await;
}
