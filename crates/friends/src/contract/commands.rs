//! Commands of several replicas over one store.

use std::collections::HashMap;

use kernel::contract::{Pace, all_at_once};
use kernel::{PlayerId, StoreError};

use super::fixture::FriendsFixture;
use crate::decide::NewLink;
use crate::error::{Error, LimitOf};
use crate::event::FriendEvent;
use crate::model::{Bond, Counts, Pair, Standing};
use crate::service::{Answer, Friends};
use crate::settings::Settings;

impl FriendsFixture {
    /// Two replicas.
    fn replicas(&self) -> [Friends; 2] {
        [self.service(Settings::default()), self.service(Settings::default())]
    }

    async fn kinds(&self) -> Vec<String> {
        self.new_events().await.into_iter().map(|event| event.kind.into_owned()).collect()
    }
}

fn state(answer: Result<Answer, Error>) -> Standing {
    answer.expect("nothing is in the way").state
}

/// One event, whichever of the two was first.
pub async fn crossing_requests_make_friends_once(f: &FriendsFixture, _: Pace) {
    let [here, there] = f.replicas();
    for _ in 0..6 {
        let (ann, ben) = (f.player(), f.player());
        let asked = [(&here, ann, ben), (&there, ben, ann)];
        let answers = all_at_once(asked.map(|(friends, by, to)| friends.request(by, to, None))).await;
        let states: Vec<_> = answers.into_iter().map(state).collect();
        assert!(states.contains(&Standing::Friends), "{states:?}");
        assert_eq!(f.kinds().await, [FriendEvent::REQUESTED, FriendEvent::ADDED]);
        for player in [ann, ben] {
            assert_eq!(f.counts(player).await, Counts { friends: 1, outgoing: 0 });
        }
    }
}

/// Which of them is the other's to be told.
pub async fn an_accept_and_a_cancel_have_one_winner(f: &FriendsFixture, _: Pace) {
    let [here, there] = f.replicas();
    for round in 0..8 {
        let (ann, ben) = (f.player(), f.player());
        state(here.request(ann, ben, None).await);
        // Whoever is polled first has a head start; it is each one's turn.
        let order = if round % 2 == 0 { [true, false] } else { [false, true] };
        let race =
            order.map(
                async |accept| {
                    if accept { here.accept(ben, ann, None).await } else { there.cancel(ann, ben, None).await }
                },
            );
        let mut answers = all_at_once(race).await;
        let (second, first) = (answers.pop().expect("two answers"), answers.pop().expect("two answers"));
        let (accepted, cancelled) = if order[0] { (first, second) } else { (second, first) };
        let friends = match (accepted, cancelled) {
            (Ok(answer), Err(Error::StateChanged(Standing::Friends))) => {
                assert_eq!(answer.state, Standing::Friends);
                1
            }
            (Err(Error::StateChanged(Standing::None)), Ok(answer)) => {
                assert_eq!(answer.state, Standing::None);
                0
            }
            other => panic!("one of the two must win: {other:?}"),
        };
        assert_eq!(f.kinds().await.len(), 2, "the request, and what came of it");
        for player in [ann, ben] {
            assert_eq!(f.counts(player).await, Counts { friends, outgoing: 0 });
        }
    }
}

/// Whoever is first, in the end the block stands alone.
pub async fn an_accept_and_a_block_leave_no_friendship(f: &FriendsFixture, _: Pace) {
    let [here, there] = f.replicas();
    for _ in 0..8 {
        let (ann, ben) = (f.player(), f.player());
        state(here.request(ann, ben, None).await);
        let race = [true, false].map(async |accept| {
            if accept { here.accept(ben, ann, None).await } else { there.block(ann, ben, None).await }
        });
        let mut both = all_at_once(race).await;
        state(both.pop().expect("two answers"));
        match both.pop().expect("two answers") {
            Ok(answer) => assert_eq!(answer.state, Standing::Friends, "the accept was first"),
            Err(Error::StateChanged(Standing::None) | Error::NotFound) => {}
            Err(other) => panic!("no answer to a lost race: {other:?}"),
        }
        let relation = f.load(Pair::of(ann, ben).expect("two players")).await.expect("stored");
        assert_eq!((relation.bond, relation.is_apart()), (Bond::None, true));
        assert_eq!(f.blocks.between(ben, &[ann]).await.expect("readable").len(), 1);
        for player in [ann, ben] {
            assert_eq!(f.counts(player).await, Counts::default());
        }
    }
}

/// The second finds nobody there.
pub async fn blocks_that_cross_leave_one(f: &FriendsFixture, _: Pace) {
    let [here, there] = f.replicas();
    for _ in 0..4 {
        let (ann, ben) = (f.player(), f.player());
        let race = [(&here, ann, ben), (&there, ben, ann)];
        let answers = all_at_once(race.map(|(friends, by, other)| friends.block(by, other, None))).await;
        let refused = answers.iter().filter(|answer| matches!(answer, Err(Error::NotFound))).count();
        assert_eq!((answers.iter().filter(|answer| answer.is_ok()).count(), refused), (1, 1), "{answers:?}");
        assert_eq!(f.blocks.between(ann, &[ben]).await.expect("readable").len(), 1);
        assert_eq!(f.kinds().await, [FriendEvent::BLOCK_PLACED]);
    }
}

/// Each has room for one more and several to accept, also from one another.
pub async fn caps_reached_by_both_at_once_hold(f: &FriendsFixture, _: Pace) {
    let settings = Settings { friends: 2, outgoing: 4, ..Settings::default() };
    let [here, there] = [f.service(settings), f.service(settings)];
    let players: [PlayerId; 4] = f.players();
    for (n, from) in players.iter().enumerate() {
        for to in &players[n + 1..] {
            state(here.request(*from, *to, None).await);
        }
    }
    let pairs = players.iter().enumerate().flat_map(|(n, from)| players[n + 1..].iter().map(move |to| (*from, *to)));
    let accept = async |(n, (from, to)): (usize, (PlayerId, PlayerId))| {
        let friends = [&here, &there][n % 2];
        loop {
            match friends.accept(to, from, None).await {
                // Many at once on the same rows: the client tries again.
                Err(Error::Store { source: StoreError::Stale, .. }) => {}
                answer => return answer,
            }
        }
    };
    let answers = all_at_once(pairs.enumerate().map(accept)).await;
    let made = answers.iter().filter(|answer| answer.is_ok()).count();
    assert!((3..=4).contains(&made), "two friends for everybody, or as near as it gets: {answers:?}");
    for answer in answers {
        assert!(matches!(answer, Ok(_) | Err(Error::Limit { what: LimitOf::Friends, .. })), "{answer:?}");
    }
    let mut friends = 0;
    for player in players {
        let counts = f.counts(player).await;
        assert!(counts.friends <= 2, "{counts:?}");
        friends += counts.friends;
    }
    assert_eq!(friends, 2 * i64::try_from(made).expect("few"));
    // And of requests.
    let asker = f.player();
    let ask = async |n: usize| {
        let (to, friends) = (f.player(), [&here, &there][n % 2]);
        loop {
            match friends.request(asker, to, None).await {
                Err(Error::Store { source: StoreError::Stale, .. }) => {}
                answer => return answer,
            }
        }
    };
    let answers = all_at_once((0..8).map(ask)).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 4, "{answers:?}");
    let limit =
        |answer: &&Result<_, Error>| matches!(answer, Err(Error::Limit { theirs: false, what: LimitOf::Requests }));
    assert_eq!(answers.iter().filter(limit).count(), 4, "{answers:?}");
}

/// However many redeem it at once, and each only once.
pub async fn a_link_makes_as_many_friends_as_it_may(f: &FriendsFixture, _: Pace) {
    let [here, there] = f.replicas();
    let owner = f.player();
    let wanted = NewLink { max_uses: Some(4), auto_accept: true, expires_in: None };
    let link = here.create_link(owner, wanted, None).await.expect("a link");
    let players: Vec<_> = (0..8).map(|_| f.player()).collect();
    let redeem = async |(n, player): (usize, PlayerId)| {
        let friends = [&here, &there][n % 2];
        loop {
            match friends.redeem(player, &link.code, None).await {
                Err(Error::Store { source: StoreError::Stale, .. }) => {}
                answer => return answer.map(|redeemed| redeemed.answer.state),
            }
        }
    };
    let twice = players.iter().chain(&players).copied().enumerate();
    let answers = all_at_once(twice.map(redeem)).await;
    let made = answers.iter().filter(|answer| matches!(answer, Ok(Standing::Friends))).count();
    assert_eq!(made, 4, "{answers:?}");
    let refused = |answer: &&Result<_, Error>| matches!(answer, Err(Error::LinkUsedUp | Error::AlreadyFriends));
    assert_eq!(answers.iter().filter(refused).count(), 12, "{answers:?}");
    assert_eq!(f.counts(owner).await.friends, 4);
    assert_eq!(here.own_link(owner, &link.code).await.expect("it is kept").uses, 4);
    assert_eq!(f.kinds().await, [FriendEvent::ADDED; 4]);
}

/// However often, on whichever replica.
pub async fn a_repeated_request_tells_once(f: &FriendsFixture, _: Pace) {
    let replicas = f.replicas();
    let (ann, ben) = (f.player(), f.player());
    for _ in 0..3 {
        let answers = all_at_once((0..10).map(|n| replicas[n % 2].request(ann, ben, None))).await;
        for answer in answers {
            assert_eq!(state(answer), Standing::Pending);
        }
    }
    state(replicas[0].decline(ben, ann, None).await);
    for answer in all_at_once((0..10).map(|n| replicas[n % 2].request(ann, ben, None))).await {
        assert_eq!(state(answer), Standing::Pending, "declined silently");
    }
    assert_eq!(f.kinds().await, [FriendEvent::REQUESTED, FriendEvent::REMOVED], "the decliner's devices are told");
    assert_eq!(f.counts(ann).await.outgoing, 1);
}

/// After whatever commands, of several at once.
pub async fn counts_equal_what_the_relations_say(f: &FriendsFixture, _: Pace) {
    let settings = Settings { friends: 3, outgoing: 2, ..Settings::default() };
    let replicas = [f.service(settings), f.service(settings)];
    let players: [PlayerId; 5] = f.players();
    for round in 0..40 {
        let command = async |n: usize| {
            let mut random = [0; 4];
            f.ids.fill(&mut random);
            let by = players[usize::from(random[0]) % players.len()];
            let other = players[usize::from(random[1]) % players.len()];
            let friends = &replicas[n % 2];
            let answer = match random[2] % 12 {
                0..4 => friends.request(by, other, None).await,
                4..7 => friends.accept(by, other, None).await,
                7 => friends.decline(by, other, None).await,
                8 => friends.cancel(by, other, None).await,
                9 => friends.unfriend(by, other, None).await,
                10 => friends.block(by, other, None).await,
                _ => friends.unblock(by, other, None).await,
            };
            if let Err(Error::Store { step, source }) = answer {
                assert!(matches!(source, StoreError::Stale), "{step}: {source:?}");
            }
        };
        all_at_once((0..5).map(command)).await;
        let mut fold: HashMap<PlayerId, Counts> = HashMap::new();
        for player in players {
            for relation in f.relations.all_of(player, 100).await.expect("readable") {
                assert!(!relation.is_apart() || relation.bond == Bond::None, "{relation:?}");
                let counts = fold.entry(player).or_default();
                counts.friends += i64::from(relation.bond.is_friends());
                counts.outgoing += i64::from(relation.bond.outgoing_of() == Some(player));
                let between = f.blocks.between(player, &[relation.pair.other(player)]).await.expect("readable");
                assert_eq!(!between.is_empty(), relation.is_apart(), "both say the same: {relation:?}");
            }
            let counts = f.counts(player).await;
            assert_eq!(counts, fold.get(&player).copied().unwrap_or_default(), "in round {round}");
            assert!(counts.friends <= 3 && counts.outgoing <= 2, "{counts:?}");
        }
    }
}
