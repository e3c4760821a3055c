use std::collections::BTreeMap;
use std::pin::Pin;

use kernel::contract::{Pace, all_at_once};

use super::{BoardsFixture, Change, FAMILY, all, board, change, lines_of, load, players, ranked};
use crate::board::{BoardKey, BoardSpan, Metric, Place};

/// A writer and a reader that run at the same time.
type Either<'a> = Pin<Box<dyn Future<Output = bool> + Send + 'a>>;

/// A worker that comes late, and one that runs ahead, change nothing.
pub async fn only_a_change_from_the_right_place_is_carried_out(boards: &BoardsFixture, _: Pace) {
    let ids = players(2);
    let lines = lines_of(&ids, &[2.0, 1.0]);
    load(boards, FAMILY, &board(), &lines, 5).await;
    for from in [0, 4, 6, -5] {
        assert!(!boards.there.change(FAMILY, from, 9, &[change(ids[1], 8.0, 8)]).await, "from {from}");
    }
    assert_eq!(boards.here.complete_to(FAMILY).await, Some(5));
    assert_eq!(all(&*boards.here, FAMILY, &board()).await, Some(ranked(&lines)));
    // The other replica takes over, and hands back.
    assert!(boards.there.change(FAMILY, 5, 7, &[change(ids[1], 3.0, 3)]).await);
    assert!(!boards.here.change(FAMILY, 5, 7, &[change(ids[1], 8.0, 8)]).await, "the same place a second time");
    assert!(boards.here.change(FAMILY, 7, 8, &[]).await);
    assert_eq!(boards.there.complete_to(FAMILY).await, Some(8));
    let expected = ranked(&[lines[0], (ids[1], 3.0, 3)]);
    assert_eq!(all(&*boards.there, FAMILY, &board()).await, Some(expected));
}

/// Corrections change lines without moving on.
pub async fn a_change_may_stay_where_it_is(boards: &BoardsFixture, _: Pace) {
    let ids = players(1);
    load(boards, FAMILY, &board(), &lines_of(&ids, &[2.0]), 5).await;
    assert!(boards.here.change(FAMILY, 5, 5, &[change(ids[0], 7.0, 1)]).await);
    assert!(boards.there.change(FAMILY, 5, 5, &[change(ids[0], 6.0, 1)]).await);
    assert_eq!(boards.here.complete_to(FAMILY).await, Some(5));
    assert_eq!(all(&*boards.here, FAMILY, &board()).await, Some(ranked(&[(ids[0], 6.0, 1)])));
}

/// Two who both believe that they are the family's worker.
pub async fn of_concurrent_changes_one_is_carried_out(boards: &BoardsFixture, _: Pace) {
    let ids = players(8);
    load(boards, FAMILY, &board(), &[], 0).await;
    let changes: Vec<_> = ids.iter().map(|player| [change(*player, 1.0, 1)]).collect();
    let done = all_at_once(changes.iter().zip(1..).map(|(change, to)| {
        let copies = if to % 2 == 0 { &boards.here } else { &boards.there };
        copies.change(FAMILY, 0, to, change)
    }))
    .await;
    let winners: Vec<_> = (1..).zip(done).filter_map(|(to, done)| done.then_some(to)).collect();
    let [winner] = winners[..] else { panic!("one is carried out, not {winners:?}") };
    assert_eq!(boards.here.complete_to(FAMILY).await, Some(winner));
    let expected = ranked(&[(ids[winner as usize - 1], 1.0, 1)]);
    assert_eq!(all(&*boards.there, FAMILY, &board()).await, Some(expected));
}

/// All lines of a change are seen, or none.
pub async fn a_reader_never_sees_half_a_change(boards: &BoardsFixture, _: Pace) {
    let ids = players(40);
    load(boards, FAMILY, &board(), &lines_of(&ids, &[0.0; 40]), 0).await;
    for round in 0..20_i32 {
        let lines: Vec<_> = ids.iter().map(|player| change(*player, f64::from(round + 1), round)).collect();
        let from = i64::from(round);
        let (write, read) = (boards.here.change(FAMILY, from, from + 1, &lines), async {
            let seen = all(&*boards.there, FAMILY, &board()).await.expect("a small change hides nothing");
            assert_eq!(seen.len(), 40);
            assert!(seen.iter().all(|line| line.value == seen[0].value && line.rank == 1), "{seen:?}");
            true
        });
        let both: [Either<'_>; 2] = [Box::pin(write), Box::pin(read)];
        assert_eq!(all_at_once(both).await, [true, true]);
    }
}

/// A correction that moves everybody. Meanwhile a board may be silent, never half changed.
pub async fn a_change_of_thousands_is_whole(boards: &BoardsFixture, _: Pace) {
    let ids = players(6_000);
    load(boards, FAMILY, &board(), &lines_of(&ids, &vec![1.0; 6_000]), 1).await;
    let lines: Vec<_> = ids.iter().map(|player| change(*player, 2.0, 2)).collect();
    let (write, read) = (boards.here.change(FAMILY, 1, 2, &lines), async {
        for _ in 0..30 {
            let (first, last) = (ids[0], ids[5_999]);
            if let Some(page) = all(&*boards.there, FAMILY, &board()).await {
                assert!(page.iter().all(|line| line.value == page[0].value && line.tied), "{page:?}");
            }
            for player in [first, last] {
                let place = boards.there.place(FAMILY, &board(), player).await;
                assert!(place.is_none_or(|place| place.is_some_and(|place| place.line.rank == 1 && place.of == 6_000)));
            }
        }
        true
    });
    let both: [Either<'_>; 2] = [Box::pin(write), Box::pin(read)];
    assert_eq!(all_at_once(both).await, [true, true]);
    assert_eq!(boards.there.complete_to(FAMILY).await, Some(2));
    let place = boards.there.place(FAMILY, &board(), ids[5_999]).await.flatten().expect("it is on the board");
    assert_eq!((place.line.value, place.line.games, place.line.rank, place.of), (2.0, 2, 1, 6_000));
    // Late ones of that size change nothing either.
    assert!(!boards.there.change(FAMILY, 1, 2, &lines).await);
    assert_eq!(boards.here.complete_to(FAMILY).await, Some(2));
}

/// What a seeded generator says: no two runs differ.
struct Dice(u64);

impl Dice {
    /// A number below `sides`.
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// 5,000 lines in changes of all sizes over two boards: values that are often equal, players that come and go.
pub async fn random_changes_agree_with_a_sorted_list(boards: &BoardsFixture, _: Pace) {
    let ids = players(300);
    let keys = [board(), BoardKey { metric: Metric::Wins, ..board() }];
    boards.here.forget(FAMILY).await;
    assert!(boards.here.loaded(FAMILY, &keys, 0).await);
    let mut dice = Dice(0x5EED);
    let mut models = [BTreeMap::new(), BTreeMap::new()];
    let (mut changed, mut at) = (0, 0);
    while changed < 5_000 {
        let size = 1 + dice.roll(60);
        let mut lines: Vec<Change> = Vec::new();
        for _ in 0..size {
            let (board, player) = (dice.roll(2) as usize, ids[dice.roll(300) as usize]);
            let value = (dice.roll(4) > 0).then(|| dice.roll(80) as f64 / 4.0 - 10.0);
            let games = dice.roll(1_000) as i32;
            match value {
                Some(value) => models[board].insert(player, (value, games)),
                None => models[board].remove(&player),
            };
            lines.push((keys[board].clone(), player, value, games));
        }
        assert!(boards.here.change(FAMILY, at, at + size as i64, &lines).await);
        (changed, at) = (changed + size, at + size as i64);

        let which = dice.roll(2) as usize;
        let flat: Vec<_> = models[which].iter().map(|(player, &(value, games))| (*player, value, games)).collect();
        let expected = ranked(&flat);
        let player = ids[dice.roll(300) as usize];
        let found = expected.iter().position(|line| line.player_id == player);
        let place = boards.there.place(FAMILY, &keys[which], player).await.expect("it is loaded");
        assert_eq!(place, found.map(|at| Place { line: expected[at], of: expected.len() as i64 }));
        let around = boards.there.lines(FAMILY, &keys[which], BoardSpan::Around(player), 11).await;
        let window = found.map_or(0..0, |at| at.saturating_sub(5)..(at + 6).min(expected.len()));
        assert_eq!(around.as_deref(), Some(&expected[window]));
        // After a value and a player drawn at random: on the board or not.
        let (value, player) = (dice.roll(90) as f64 / 4.0 - 11.0, ids[dice.roll(300) as usize]);
        let next = expected.iter().filter(|line| (-line.value, line.player_id) > (-value, player)).take(7);
        let page = boards.there.lines(FAMILY, &keys[which], BoardSpan::After(Some((value, player))), 7).await;
        assert_eq!(page, Some(next.copied().collect()));
    }
    for (key, model) in keys.iter().zip(models) {
        let flat: Vec<_> = model.into_iter().map(|(player, (value, games))| (player, value, games)).collect();
        let whole = boards.there.lines(FAMILY, key, BoardSpan::After(None), 300).await;
        assert_eq!(whole, Some(ranked(&flat)));
    }
    assert_eq!(boards.there.complete_to(FAMILY).await, Some(at));
}
