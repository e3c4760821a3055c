//! Who has sockets on which replica.

use super::MechanismsFixture;
use crate::contract::{Pace, all_at_once};
use crate::{PlayerId, Reach, StoreError};

impl MechanismsFixture {
    /// Reports, again where other reports were in the way.
    async fn report(&self, replica: &str, came: &[PlayerId], went: &[PlayerId]) -> Vec<PlayerId> {
        loop {
            match self.connections.report(replica, came, went).await {
                Err(StoreError::Stale) => {}
                told => return told.expect("reports"),
            }
        }
    }

    async fn connected(&self, players: &[PlayerId]) -> Vec<bool> {
        self.connections.connected(players).await.expect("readable")
    }

    async fn reach(&self, player: PlayerId) -> Reach {
        self.connections.reach(&[player]).await.expect("readable")[0]
    }

    async fn players_of(&self, replica: &str) -> Vec<PlayerId> {
        let mut players = self.connections.players_of(replica, 100).await.expect("readable");
        players.sort();
        players
    }
}

/// Wherever it is.
pub async fn a_player_is_connected_while_any_replica_has_a_socket(f: &MechanismsFixture, _: Pace) {
    let (ann, ben, cem) = (f.player(), f.player(), f.player());
    assert_eq!(f.connected(&[ann, ben]).await, [false, false]);
    assert_eq!(f.report("a", &[ann, ben], &[]).await, []);
    assert_eq!(f.report("b", &[ann], &[]).await, []);
    assert_eq!(f.connected(&[cem, ben, ann, ben]).await, [false, true, true, true]);
    assert!(f.connected(&[]).await.is_empty());
    let mut both = vec![ann, ben];
    both.sort();
    assert_eq!(f.players_of("a").await, both);
    assert_eq!(f.players_of("b").await, [ann]);
    assert_eq!(f.players_of("c").await, []);
    assert_eq!(f.connections.players_of("a", 1).await.expect("readable").len(), 1);
}

/// Who still has a socket elsewhere hasn't gone.
pub async fn only_the_last_replica_reports_the_end(f: &MechanismsFixture, _: Pace) {
    let (ann, ben) = (f.player(), f.player());
    f.report("a", &[ann, ben], &[]).await;
    f.report("b", &[ann], &[]).await;
    assert_eq!(f.report("a", &[], &[ann, ben]).await, [ben]);
    assert_eq!(f.connected(&[ann, ben]).await, [true, false]);
    assert_eq!(f.report("b", &[ben], &[ann]).await, [ann]);
    assert_eq!(f.connected(&[ann, ben]).await, [false, true]);
    assert_eq!(f.report("b", &[ann], &[ann, ben]).await.len(), 2, "who came and went has gone");
    assert_eq!(f.connected(&[ann, ben]).await, [false, false]);
}

/// Otherwise nobody would know that the player has gone.
pub async fn of_replicas_that_lose_a_player_at_once_one_is_told(f: &MechanismsFixture, _: Pace) {
    for _ in 0..8 {
        let players: Vec<_> = (0..3).map(|_| f.player()).collect();
        let backwards: Vec<_> = players.iter().rev().copied().collect();
        for replica in ["a", "b", "c"] {
            f.report(replica, &players, &[]).await;
        }
        let told = [("a", &players), ("b", &backwards), ("c", &players)];
        let told = all_at_once(told.map(|(replica, went)| f.report(replica, &[], went))).await;
        for player in &players {
            assert!(told.iter().flatten().any(|gone| gone == player), "{told:?}");
        }
        assert_eq!(f.connected(&players).await, [false; 3]);
    }
}

/// By the database's clock; further sockets change nothing, nor do reports sent again.
pub async fn it_is_known_since_when_somebody_is_there_or_gone(f: &MechanismsFixture, pace: Pace) {
    let (ann, ben) = (f.player(), f.player());
    assert_eq!(f.reach(ann).await, Reach::default(), "never here");
    let moment = async || {
        let before = f.clock.now();
        // Databases tell milliseconds apart: what comes falls into a later one.
        pace.until("a moment passes", async || f.clock.now() > before.plus_millis(2)).await;
    };
    f.report("a", &[ann], &[]).await;
    let came = f.reach(ann).await;
    assert!(came.online && !came.away && came.changed_at.is_some(), "{came:?}");
    moment().await;
    f.report("a", &[ann], &[]).await;
    f.report("b", &[ann], &[]).await;
    f.report("a", &[], &[ann]).await;
    assert_eq!(f.reach(ann).await, came, "still there");
    moment().await;
    f.report("b", &[], &[ann]).await;
    let gone = f.reach(ann).await;
    assert!(!gone.online && gone.changed_at > came.changed_at, "{gone:?} after {came:?}");
    moment().await;
    f.report("b", &[], &[ann]).await;
    assert_eq!(f.reach(ann).await, gone, "it was gone already");
    f.report("b", &[ann], &[]).await;
    let back = f.reach(ann).await;
    assert!(back.online && back.changed_at > gone.changed_at, "{back:?} after {gone:?}");
    let all = f.connections.reach(&[ben, ann, ben, ann]).await.expect("readable");
    assert_eq!(all, [Reach::default(), back, Reach::default(), back]);
    assert_eq!(f.connections.reach(&[]).await.expect("readable"), []);
}

/// A device that is looked at anywhere makes its player active.
pub async fn who_is_away_on_every_replica_is_away(f: &MechanismsFixture, _: Pace) {
    let (ann, ben) = (f.player(), f.player());
    let set = async |replica, away: &[PlayerId], active: &[PlayerId]| {
        f.connections.set_away(replica, away, active).await.expect("sets");
    };
    set("a", &[ann], &[]).await;
    assert_eq!(f.reach(ann).await, Reach::default(), "who isn't here isn't away");
    f.report("a", &[ann, ben], &[]).await;
    f.report("b", &[ann], &[]).await;
    let here = f.reach(ann).await;
    set("a", &[ann, ben], &[]).await;
    assert_eq!((f.reach(ann).await.away, f.reach(ben).await.away), (false, true));
    set("b", &[ann, ben], &[]).await;
    assert_eq!(f.reach(ann).await, Reach { away: true, ..here }, "away is no other time");
    set("b", &[ben], &[ann]).await;
    assert_eq!((f.reach(ann).await.away, f.reach(ben).await.away), (false, true));
    set("a", &[], &[ben]).await;
    assert!(!f.reach(ben).await.away);
    set("a", &[ben], &[]).await;
    f.report("a", &[ben], &[]).await;
    assert!(!f.reach(ben).await.away, "who comes is active");
    set("a", &[ben], &[]).await;
    f.report("a", &[], &[ben]).await;
    let gone = f.reach(ben).await;
    assert!(!gone.online && !gone.away, "{gone:?}");
    f.report("a", &[ben], &[]).await;
    assert!(!f.reach(ben).await.away, "who comes back is active");
}

/// A report whose answer was lost is sent again.
pub async fn reports_are_idempotent(f: &MechanismsFixture, _: Pace) {
    let (ann, ben) = (f.player(), f.player());
    for _ in 0..2 {
        assert_eq!(f.report("a", &[ann, ben, ann], &[]).await, []);
        assert_eq!(f.players_of("a").await.len(), 2);
    }
    for _ in 0..2 {
        assert_eq!(f.report("a", &[], &[ann]).await, [ann]);
        assert_eq!(f.players_of("a").await, [ben]);
    }
    assert_eq!(f.report("b", &[], &[ben]).await, [], "it wasn't there, but is elsewhere");
}

/// By the database's clock, the longest silent first.
pub async fn silent_replicas_are_known_by_their_beats(f: &MechanismsFixture, pace: Pace) {
    let silent = async |before| -> Vec<String> {
        let silent = f.connections.silent(before).await.expect("readable");
        assert!(silent.is_sorted_by_key(|replica| replica.heard_at), "{silent:?}");
        silent.into_iter().map(|replica| replica.replica).collect()
    };
    let beat = async |replica| {
        let before = f.clock.now();
        // Databases tell milliseconds apart: the next beat falls into a later one.
        pace.until("a moment passes", async || f.clock.now() > before.plus_millis(2)).await;
        f.connections.beat(replica).await.expect("beats");
    };
    for replica in ["a", "b", "a"] {
        beat(replica).await;
    }
    let now = f.clock.now();
    assert_eq!(silent(now.plus_millis(-60_000)).await, Vec::<String>::new());
    assert_eq!(silent(now.plus_millis(60_000)).await, ["b", "a"]);
    beat("b").await;
    assert_eq!(silent(now.plus_millis(60_000)).await, ["a", "b"]);
    f.connections.forget("a").await.expect("forgets");
    assert_eq!(silent(now.plus_millis(60_000)).await, ["b"]);
}

/// Others must be able to find whom it held.
pub async fn a_replica_with_players_is_not_forgotten(f: &MechanismsFixture, _: Pace) {
    let (ann, far) = (f.player(), f.clock.now().plus_millis(60_000));
    f.connections.beat("a").await.expect("beats");
    f.report("a", &[ann], &[]).await;
    f.connections.forget("a").await.expect("does nothing");
    assert_eq!(f.connections.silent(far).await.expect("readable").len(), 1);
    f.report("a", &[], &[ann]).await;
    f.connections.forget("a").await.expect("forgets");
    assert_eq!(f.connections.silent(far).await.expect("readable"), []);
}
