//! Two replicas at once, over a store that lets others go first at every step.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use kernel::{PlayerId, StoreError, Timestamp};
use shallweplay_friends::{
    Bond, Committed, Counts, Error, FriendChange, FriendStore, Friends, FriendsPorts, NewLink, Pair, Relation,
    Settings, Standing,
};

use crate::world::Here;

/// Yields a seeded number of times before and after each call.
struct Yielding {
    inner: Arc<dyn FriendStore>,
    seed: AtomicU64,
}

impl Yielding {
    async fn pause(&self) {
        let n = self.seed.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        for _ in 0..(n ^ (n >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 62 {
            tokio::task::yield_now().await;
        }
    }
}

#[async_trait]
impl FriendStore for Yielding {
    async fn load(&self, pair: Pair) -> Result<Option<Relation>, StoreError> {
        self.pause().await;
        let found = self.inner.load(pair).await;
        self.pause().await;
        found
    }

    async fn load_many(&self, player: PlayerId, others: &[PlayerId]) -> Result<Vec<Relation>, StoreError> {
        self.inner.load_many(player, others).await
    }

    async fn commit(&self, change: FriendChange) -> Result<Committed, StoreError> {
        self.pause().await;
        self.inner.commit(change).await
    }

    async fn counts(&self, player: PlayerId) -> Result<Counts, StoreError> {
        self.inner.counts(player).await
    }

    async fn all_of(&self, player: PlayerId, limit: i64) -> Result<Vec<Relation>, StoreError> {
        let found = self.inner.all_of(player, limit).await;
        self.pause().await;
        found
    }

    async fn lapsed(&self, now: Timestamp, limit: i64) -> Result<Vec<Relation>, StoreError> {
        let found = self.inner.lapsed(now, limit).await;
        self.pause().await;
        found
    }
}

/// A replica whose steps are interleaved with others'.
fn replica(here: &Here, settings: Settings, seed: u64) -> Friends {
    let ports = here.world.ports();
    let relations = Arc::new(Yielding { inner: ports.relations.clone(), seed: AtomicU64::new(seed) });
    Friends::new(FriendsPorts { relations, ..ports }, settings)
}

const SEEDS: u64 = 60;

#[tokio::test]
async fn two_requests_that_cross_make_friends_once() {
    let mut raced = 0;
    for seed in 0..SEEDS {
        let here = Here::default();
        let [ann, ben] = here.players();
        let (one, two) = (replica(&here, Settings::default(), seed), replica(&here, Settings::default(), !seed));
        let (a, b) = tokio::join!(one.request(ann, ben, None), two.request(ben, ann, None));
        let states = [a.expect("may ask").state, b.expect("may ask").state];
        assert!(states == [Standing::Pending, Standing::Friends] || states == [Standing::Friends, Standing::Pending]);
        raced += u64::from(states[0] == Standing::Friends);
        assert_eq!(here.kinds(), ["friend.requested", "friend.added"]);
        assert_eq!((here.counts(ann).await, here.counts(ben).await), ((1, 0), (1, 0)));
    }
    assert!((1..SEEDS).contains(&raced), "either was first at times: {raced}");
}

#[tokio::test]
async fn an_answer_and_what_races_it_have_one_winner() {
    let (mut wins, mut losses, mut told) = (0, 0, 0);
    for seed in 0..4 * SEEDS {
        let here = Here::default();
        let [ann, ben] = here.players();
        let (one, two) = (replica(&here, Settings::default(), seed), replica(&here, Settings::default(), !seed));
        here.friends.request(ann, ben, None).await.expect("may be asked");
        here.events();
        let rival = async {
            match seed % 4 {
                0 => two.cancel(ann, ben, None).await,
                1 => two.decline(ben, ann, None).await,
                2 => two.block(ann, ben, None).await,
                _ => two.accept(ben, ann, None).await,
            }
        };
        let (accepted, other) = tokio::join!(one.accept(ben, ann, None), rival);
        let events = here.kinds();
        let friends = here.relation(ann, ben).await.bond.is_friends();
        match (seed % 4, accepted.map(|answer| answer.state), other.map(|answer| answer.state)) {
            (0, Ok(Standing::Friends), Err(Error::StateChanged(Standing::Friends))) => assert!(friends),
            (0, Err(Error::StateChanged(Standing::None)), Ok(Standing::None)) => assert!(!friends),
            // Who said no may still say yes; who said yes is told so.
            (1, Ok(Standing::Friends), Ok(Standing::Declined)) => assert!(friends),
            (1, Ok(Standing::Friends), Err(Error::StateChanged(Standing::Friends))) => assert!(friends),
            // A block in the end stands alone, whoever was first.
            (2, Ok(Standing::Friends), Ok(Standing::None)) => {
                assert_eq!(events, ["friend.added", "friend.removed", "block.placed"]);
                wins += 1;
            }
            // Whose command found the request there is told that it has gone; who came later finds nobody.
            (2, Err(refused @ (Error::StateChanged(Standing::None) | Error::NotFound)), Ok(Standing::None)) => {
                assert_eq!(events, ["friend.removed", "block.placed"]);
                losses += 1;
                told += u32::from(matches!(refused, Error::StateChanged(_)));
            }
            (3, Ok(Standing::Friends), Ok(Standing::Friends)) => assert_eq!(events, ["friend.added"]),
            other => panic!("no such answers: {other:?}"),
        }
        if seed % 4 == 2 {
            let relation = here.relation(ann, ben).await;
            assert_eq!((relation.bond, relation.is_apart()), (Bond::None, true));
        }
        let expected = i64::from(friends);
        let outgoing = i64::from(here.relation(ann, ben).await.bond.outgoing_of() == Some(ann));
        assert_eq!((here.counts(ann).await, here.counts(ben).await), ((expected, outgoing), (expected, 0)));
    }
    assert!(wins > 0 && losses > told && told > 0, "all of it at times: {wins}, {losses}, {told}");
}

#[tokio::test]
async fn two_hundred_requests_at_once_tell_once() {
    let here = Here::default();
    let [ann, ben] = here.players();
    let replicas = [replica(&here, Settings::default(), 1), replica(&here, Settings::default(), 2)];
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..200 {
        let friends = replicas[n % 2].clone();
        tasks.spawn(async move { friends.request(ann, ben, None).await.map(|answer| (answer.state, answer.made)) });
    }
    let answers = tasks.join_all().await;
    let made = answers.iter().filter(|answer| matches!(answer, Ok((_, true)))).count();
    assert!(answers.iter().all(|answer| matches!(answer, Ok((Standing::Pending, _)))), "{answers:?}");
    assert_eq!((made, here.kinds()), (1, vec!["friend.requested".to_owned()]));
    assert_eq!(here.counts(ann).await, (0, 1));
}

#[tokio::test]
async fn both_caps_reached_at_once_hold() {
    let settings = Settings { friends: 1, ..Settings::default() };
    for seed in 0..SEEDS {
        let here = Here::new(settings);
        let [ann, ben, cem] = here.players();
        for (from, to) in [(ann, ben), (ben, cem), (cem, ann)] {
            here.friends.request(from, to, None).await.expect("may be asked");
        }
        let replicas = [seed, !seed, seed << 7].map(|seed| replica(&here, settings, seed));
        let answers = tokio::join!(
            replicas[0].accept(ben, ann, None),
            replicas[1].accept(cem, ben, None),
            replicas[2].accept(ann, cem, None),
        );
        let answers = [answers.0, answers.1, answers.2];
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
        assert_eq!(answers.iter().filter(|answer| matches!(answer, Err(Error::Limit { .. }))).count(), 2);
        let mut friends = 0;
        for player in [ann, ben, cem] {
            friends += here.counts(player).await.0;
        }
        assert_eq!(friends, 2);
    }
}

#[tokio::test]
async fn a_link_at_its_limit_lets_in_as_many_as_it_may() {
    for seed in 0..SEEDS {
        let here = Here::default();
        let ann = here.world.newcomer();
        let wanted = NewLink { max_uses: Some(3), auto_accept: seed % 2 == 0, expires_in: None };
        let link = here.friends.create_link(ann, wanted, None).await.expect("a link");
        let replicas = [seed, !seed].map(|seed| replica(&here, Settings::default(), seed));
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..8 {
            let (friends, code, player) = (replicas[n % 2].clone(), link.code.clone(), here.world.newcomer());
            tasks.spawn(async move { friends.redeem(player, &code, None).await.map(|redeemed| redeemed.counted) });
        }
        let answers = tasks.join_all().await;
        assert_eq!(answers.iter().filter(|answer| matches!(answer, Ok(true))).count(), 3, "{answers:?}");
        assert_eq!(answers.iter().filter(|answer| matches!(answer, Err(Error::LinkUsedUp))).count(), 5);
        assert_eq!(here.kinds().len(), 3);
        assert_eq!(here.friends.own_link(ann, &link.code).await.expect("it is kept").uses, 3);
    }
}

#[tokio::test]
async fn an_erasure_ends_while_others_are_at_it() {
    for seed in 0..SEEDS {
        let here = Here::default();
        let [ann, ben, cem] = here.players();
        here.befriend(ann, ben).await;
        here.friends.request(cem, ann, None).await.expect("may be asked");
        let replicas = [seed, !seed, seed << 3].map(|seed| replica(&here, Settings::default(), seed));
        here.world.store.erase_person(ann);
        let (one, two, noted) =
            tokio::join!(replicas[0].forget(ann), replicas[1].forget(ann), replicas[2].note(ben, ann, Some("?"), None));
        assert_eq!(one.expect("forgets") + two.expect("forgets"), 2, "each pair once");
        assert!(
            matches!(noted, Ok(_) | Err(Error::NotFound | Error::NotFriends | Error::StateChanged(_))),
            "{noted:?}"
        );
        assert_eq!(here.friends.everything_of(ann).await.expect("readable").relations, []);
        assert_eq!(here.kinds().iter().filter(|kind| *kind == "friend.removed").count(), 2);
    }
}
