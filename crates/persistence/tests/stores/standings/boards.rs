//! Boards, compared with those of the memory store.

use std::sync::Arc;

use kernel::memory::MemoryKernel;
use kernel::{FakeClock, PlayerId, Riders, SeededIds, Timestamp};
use standings::memory::MemoryStandingsStore;
use standings::{
    BoardKey, BoardSpan, Head, Metric, PlayerStats, StandingsChange, StandingsReads, StandingsStore, StatsKey, Working,
};

use crate::worlds::World;

/// Numbers that differ enough: splitmix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    fn small(&mut self, sides: u64) -> i32 {
        i32::try_from(self.below(sides)).expect("small")
    }
}

/// Stats with many equal values, some without a place on some boards, some on none.
fn random_stats(dice: &mut Dice) -> PlayerStats {
    let best_score = (dice.below(4) > 0).then(|| i64::from(dice.small(5)) - 2);
    PlayerStats {
        games: dice.small(7),
        wins: dice.small(3),
        best_streak: dice.small(4),
        best_score,
        // Beyond 53 bits, where neighbours are one value on a board.
        total_score: (1 << 53) + i64::from(dice.small(4)),
        rating: (dice.below(5) > 0).then(|| 1_499.92 + f64::from(dice.small(30)) / 100.0),
        ..PlayerStats::default()
    }
}

fn change(applied: i64, working: Working) -> StandingsChange {
    let head = |applied| Head { family: "duel".to_owned(), applied, redo_from: None };
    StandingsChange {
        expect: head(applied),
        head: head(applied + 1),
        results: Vec::new(),
        working,
        reopened: Vec::new(),
        riders: Riders::default(),
    }
}

fn spans(dice: &mut Dice, players: &[PlayerId]) -> Vec<BoardSpan> {
    let somebody = |dice: &mut Dice| players[usize::try_from(dice.below(players.len() as u64)).expect("small")];
    let values = [1_500.0, 1_500.1, 0.0, 1.0, 2.0, -1.0, -9.0, 9_007_199_254_740_992.0, f64::MAX, f64::NAN];
    let mut spans = vec![BoardSpan::After(None)];
    spans.extend(values.map(|value| BoardSpan::After(Some((value, somebody(dice))))));
    spans.extend((0..8).map(|_| BoardSpan::Around(somebody(dice))));
    spans
}

/// Every metric, every kind of span and size; before and after players' values change.
pub(super) async fn random_boards_are_those_of_the_memory_store(world: World) {
    let ids = Arc::new(SeededIds::new(1));
    let kernel = MemoryKernel::new(Arc::new(FakeClock::default()), ids);
    let model = MemoryStandingsStore::new(kernel);
    let (store, reads) = (&world.stores.standings, &world.stores.standing_reads);
    let mut dice = Dice(42);
    let mut players: Vec<_> = (0..40).map(|_| PlayerId::new(world.ids.uuid(Timestamp::from_micros(0)))).collect();
    let stranger = players.pop().expect("forty");
    for round in 0..4 {
        let mut working = Working::default();
        for season in ["", "2026-01"] {
            for player in players.iter().filter(|_| round == 0 || dice.below(3) == 0).copied().collect::<Vec<_>>() {
                let key = StatsKey { mode: "duel".to_owned(), season: season.to_owned(), player_id: player };
                working.stats.insert(key, random_stats(&mut dice));
            }
        }
        model.commit(change(round, working.clone())).await.expect("carried out");
        store.commit(change(round, working)).await.expect("carried out");
        for metric in Metric::ALL {
            let season = if dice.below(2) == 0 { "" } else { "2026-01" };
            let board = BoardKey { mode: "duel".to_owned(), season: season.to_owned(), metric };
            let mut asked = spans(&mut dice, &players);
            asked.push(BoardSpan::Around(stranger));
            for span in asked {
                for limit in [i64::MIN, 0, 1, 2, 3, 4, 7, 39, i64::MAX] {
                    let expected = model.board(&board, span, limit).await.expect("readable");
                    let found = reads.board(&board, span, limit).await.expect("readable");
                    assert_eq!(found, expected, "{limit} of {span:?} of {board:?}");
                }
            }
            let some: Vec<_> = players.iter().copied().filter(|_| dice.below(4) == 0).chain([stranger]).collect();
            let twice = [some.clone(), some].concat();
            let expected = model.board_of(&board, &twice).await.expect("readable");
            assert_eq!(reads.board_of(&board, &twice).await.expect("readable"), expected, "{board:?}");
            assert_eq!(reads.board_of(&board, &[]).await.expect("readable"), []);
            for player in players.iter().chain([&stranger]) {
                let expected = model.place(&board, *player).await.expect("readable");
                assert_eq!(reads.place(&board, *player).await.expect("readable"), expected, "{board:?}");
            }
        }
    }
}
