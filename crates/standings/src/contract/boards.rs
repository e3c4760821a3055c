//! The cases every [`BoardCopies`] must pass. An adapter's tests call [`board_copies_contract!`] with an async
//! expression that makes a [`BoardsFixture`]; its crate brings tokio and turns the feature `contract` on.

mod changes;
mod loads;

use std::any::Any;
use std::cmp::Ordering;
use std::sync::Arc;

use kernel::contract::Pace;
use kernel::{IdSource as _, PlayerId, SeededIds, Timestamp};

pub use changes::*;
pub use loads::*;

use crate::board::{BoardCopies, BoardKey, BoardLine, BoardSpan, Metric, Place};

/// One `#[tokio::test]` per case; `$make.await` gives a [`BoardsFixture`](crate::contract::BoardsFixture) without boards.
#[macro_export]
macro_rules! board_copies_contract {
    ($make:expr) => {
        $crate::board_copies_contract! { @ $make,
            boards_never_loaded_say_nothing
            equal_values_share_a_rank_and_stand_by_player
            pages_follow_one_another
            a_page_goes_on_where_nobody_stands_any_more
            around_shows_fewer_lines_at_the_ends
            a_place_is_rank_tie_and_size
            values_are_kept_to_the_last_bit
            a_line_without_a_value_leaves_its_board
            of_a_player_named_twice_the_last_line_counts
            only_a_change_from_the_right_place_is_carried_out
            a_change_may_stay_where_it_is
            of_concurrent_changes_one_is_carried_out
            a_reader_never_sees_half_a_change
            a_change_of_thousands_is_whole
            changes_of_boards_that_are_not_here_are_passed_over
            boards_without_lines_are_here_if_they_were_loaded
            a_board_that_was_not_loaded_to_the_end_is_not_here
            only_a_forgotten_family_is_loaded
            loading_anew_leaves_nothing_of_the_old
            families_are_kept_apart
            boards_are_kept_apart
            random_changes_agree_with_a_sorted_list
        }
    };
    (@ $make:expr, $($case:ident)+) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $case() {
            let pace = $crate::contract::Pace::new(|| {
                ::std::boxed::Box::pin(::tokio::time::sleep(::std::time::Duration::from_millis(3)))
            });
            let fixture: $crate::contract::BoardsFixture = $make.await;
            $crate::contract::$case(&fixture, pace).await;
        }
    )+};
}

/// Copies as two replicas see them.
pub struct BoardsFixture {
    /// The replica whose worker writes.
    pub here: Arc<dyn BoardCopies>,
    /// Another replica; the same object where the copies are in-process.
    pub there: Arc<dyn BoardCopies>,
    /// Kept until the case is over.
    pub keep: Box<dyn Any + Send + Sync>,
}

const FAMILY: &str = "duel";

type Change = (BoardKey, PlayerId, Option<f64>, i32);

fn board() -> BoardKey {
    BoardKey { mode: "duel".to_owned(), season: String::new(), metric: Metric::Rating }
}

/// That many players, in the order of their ids.
fn players(count: usize) -> Vec<PlayerId> {
    let ids = SeededIds::new(7);
    let mut players: Vec<_> = (0..count).map(|_| PlayerId::new(ids.uuid(Timestamp::from_millis(0)))).collect();
    players.sort_unstable();
    players
}

fn lines_of(players: &[PlayerId], values: &[f64]) -> Vec<(PlayerId, f64, i32)> {
    players.iter().zip(values).zip(1..).map(|((player, value), games)| (*player, *value, games)).collect()
}

/// The lines in their order, with ranks and ties; what an adapter must say.
fn ranked(lines: &[(PlayerId, f64, i32)]) -> Vec<BoardLine> {
    let mut sorted = lines.to_vec();
    sorted.sort_by(|one, two| two.1.partial_cmp(&one.1).unwrap_or(Ordering::Equal).then(one.0.cmp(&two.0)));
    let line = |&(player_id, value, games): &(PlayerId, f64, i32)| BoardLine {
        player_id,
        value,
        games,
        rank: 1 + sorted.iter().filter(|other| other.1 > value).count() as i64,
        tied: sorted.iter().filter(|other| other.1 == value).count() > 1,
    };
    sorted.iter().map(line).collect()
}

async fn load(boards: &BoardsFixture, family: &str, board: &BoardKey, lines: &[(PlayerId, f64, i32)], to: i64) {
    boards.here.forget(family).await;
    assert!(boards.here.load(family, board, lines).await);
    assert!(boards.here.loaded(family, std::slice::from_ref(board), to).await);
}

async fn all(copies: &dyn BoardCopies, family: &str, board: &BoardKey) -> Option<Vec<BoardLine>> {
    copies.lines(family, board, BoardSpan::After(None), 100).await
}

fn change(player: PlayerId, value: impl Into<Option<f64>>, games: i32) -> Change {
    (board(), player, value.into(), games)
}

/// Nothing is known, and so nothing can be changed.
pub async fn boards_never_loaded_say_nothing(boards: &BoardsFixture, _: Pace) {
    let player = players(1)[0];
    for copies in [&boards.here, &boards.there] {
        assert_eq!(copies.complete_to(FAMILY).await, None);
        assert_eq!(all(&**copies, FAMILY, &board()).await, None);
        assert_eq!(copies.lines(FAMILY, &board(), BoardSpan::Around(player), 5).await, None);
        assert_eq!(copies.place(FAMILY, &board(), player).await, None);
        assert!(!copies.change(FAMILY, 0, 1, &[change(player, 1.0, 1)]).await);
        assert_eq!(copies.complete_to(FAMILY).await, None);
        assert_eq!(all(&**copies, FAMILY, &board()).await, None);
    }
    boards.here.forget(FAMILY).await;
    assert_eq!(boards.there.complete_to(FAMILY).await, None);
}

/// 1, 2, 2, 4; and a page that is cut within a tie still knows of it.
pub async fn equal_values_share_a_rank_and_stand_by_player(boards: &BoardsFixture, _: Pace) {
    let ids = players(6);
    let lines = lines_of(&ids, &[1500.0, 1510.5, 1490.0, 1500.0, 1500.0, 1480.0]);
    // Handed over in any order.
    let shuffled: Vec<_> = [3, 0, 5, 1, 4, 2].map(|at| lines[at]).to_vec();
    load(boards, FAMILY, &board(), &shuffled, 4).await;
    let found = all(&*boards.there, FAMILY, &board()).await.expect("it is loaded");
    assert_eq!(found.iter().map(|line| line.rank).collect::<Vec<_>>(), [1, 2, 2, 2, 5, 6]);
    assert_eq!(found.iter().map(|line| line.tied).collect::<Vec<_>>(), [false, true, true, true, false, false]);
    assert_eq!(found.iter().map(|line| line.player_id).collect::<Vec<_>>(), [1, 0, 3, 4, 2, 5].map(|at| ids[at]));
    assert_eq!(found, ranked(&lines));
    for limit in 0..=7 {
        let top = boards.here.lines(FAMILY, &board(), BoardSpan::After(None), limit).await.expect("it is loaded");
        assert_eq!(top, ranked(&lines)[..limit.min(6) as usize], "the first {limit}");
    }
    assert_eq!(boards.there.lines(FAMILY, &board(), BoardSpan::After(None), -1).await, Some(Vec::new()));
}

/// Every page size leads through the whole board, each line once.
pub async fn pages_follow_one_another(boards: &BoardsFixture, _: Pace) {
    let ids = players(23);
    let values: Vec<_> = (0..23).map(|at| f64::from(at * 7 % 5) - 2.0).collect();
    let lines = lines_of(&ids, &values);
    load(boards, FAMILY, &board(), &lines, 1).await;
    for size in [1, 2, 5, 22, 23, 24] {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = boards.there.lines(FAMILY, &board(), BoardSpan::After(after), size).await.expect("it is loaded");
            let Some(last) = page.last() else { break };
            assert!(page.len() <= size as usize);
            after = Some((last.value, last.player_id));
            found.extend(page);
            assert!(found.len() <= lines.len(), "pages of {size} come back to where they were: {found:?}");
        }
        assert_eq!(found, ranked(&lines), "pages of {size}");
    }
}

/// The player a cursor names has left, or has another value by now; a value nobody has.
pub async fn a_page_goes_on_where_nobody_stands_any_more(boards: &BoardsFixture, _: Pace) {
    let ids = players(9);
    let lines = lines_of(&ids, &[5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 9.0, 1.0]);
    load(boards, FAMILY, &board(), &lines, 1).await;
    let after = async |value: f64, player| {
        let page = boards.there.lines(FAMILY, &board(), BoardSpan::After(Some((value, player))), 3).await;
        page.expect("it is loaded").into_iter().map(|line| line.player_id).collect::<Vec<_>>()
    };
    assert_eq!(after(5.0, ids[2]).await, ids[3..6]);
    assert!(boards.here.change(FAMILY, 1, 2, &[change(ids[2], None, 0), change(ids[4], 8.0, 9)]).await);
    assert_eq!(after(5.0, ids[2]).await, [ids[3], ids[5], ids[6]], "who left");
    assert_eq!(after(5.0, ids[4]).await, [ids[5], ids[6], ids[8]], "who rose");
    assert_eq!(after(5.0, ids[7]).await, [ids[8]], "who never had it, at its end");
    assert_eq!(after(7.0, ids[8]).await, [ids[0], ids[1], ids[3]], "a value nobody has");
    assert_eq!(after(1.0, ids[8]).await, [], "the last");
    assert_eq!(after(-7.5, ids[0]).await, [], "below all");
    assert_eq!(after(f64::MAX, ids[0]).await, [ids[7], ids[4], ids[0]], "above all");
    let page = boards.there.lines(FAMILY, &board(), BoardSpan::After(Some((5.0, ids[1]))), 1).await;
    assert!(page.is_some_and(|page| page[0].rank == 3 && page[0].tied), "ranks count the whole board");
}

/// The player in the middle; no line is made up, and nobody is around somebody who isn't there.
pub async fn around_shows_fewer_lines_at_the_ends(boards: &BoardsFixture, _: Pace) {
    let ids = players(9);
    let lines = lines_of(&ids, &[90.0, 80.0, 70.0, 70.0, 70.0, 40.0, 30.0, 20.0, 10.0]);
    load(boards, FAMILY, &board(), &lines, 1).await;
    let ranked = ranked(&lines);
    for (at, player) in ids.iter().enumerate() {
        for (limit, reach) in [(1, 0), (3, 1), (5, 2), (17, 8)] {
            let found = boards.there.lines(FAMILY, &board(), BoardSpan::Around(*player), limit).await;
            let expected = &ranked[at.saturating_sub(reach)..(at + reach + 1).min(9)];
            assert_eq!(found.as_deref(), Some(expected), "{limit} around {at}");
        }
    }
    let four = boards.there.lines(FAMILY, &board(), BoardSpan::Around(ids[4]), 4).await.expect("it is loaded");
    assert!(four.len() == 4 && four[1..3].iter().any(|line| line.player_id == ids[4]), "{four:?}");
    assert_eq!(boards.there.lines(FAMILY, &board(), BoardSpan::Around(ids[4]), 0).await, Some(Vec::new()));
    let nobody = players(10).into_iter().find(|player| !ids.contains(player)).expect("one more");
    assert_eq!(boards.there.lines(FAMILY, &board(), BoardSpan::Around(nobody), 5).await, Some(Vec::new()));
}

/// Rank, tie, games, and how many there are; or that the player isn't among them.
pub async fn a_place_is_rank_tie_and_size(boards: &BoardsFixture, _: Pace) {
    let ids = players(5);
    let lines = lines_of(&ids[..4], &[3.0, 1.0, 3.0, 2.5]);
    load(boards, FAMILY, &board(), &lines, 1).await;
    for line in ranked(&lines) {
        let place = boards.there.place(FAMILY, &board(), line.player_id).await;
        assert_eq!(place, Some(Some(Place { line, of: 4 })));
    }
    assert_eq!(boards.there.place(FAMILY, &board(), ids[4]).await, Some(None));
}

/// Below zero, fractions, whole numbers to 2^53, and zero, which has no sign here.
pub async fn values_are_kept_to_the_last_bit(boards: &BoardsFixture, _: Pace) {
    let big = 9_007_199_254_740_991.0;
    let third = 0.1 + 0.2;
    let values = [0.0, -0.0, -1.5, third, 0.3, big, big - 1.0, -big, 1500.1, f64::MAX, f64::MIN, f64::MIN_POSITIVE];
    let ids = players(values.len());
    let lines = lines_of(&ids, &values);
    load(boards, FAMILY, &board(), &lines[..6], 1).await;
    let rest: Vec<_> = lines[6..].iter().map(|(player, value, games)| change(*player, *value, *games)).collect();
    assert!(boards.here.change(FAMILY, 1, 2, &rest).await);
    let found = all(&*boards.there, FAMILY, &board()).await.expect("it is loaded");
    assert_eq!(found, ranked(&lines));
    assert!(found.iter().all(|line| line.value != 0.0 || line.tied), "both zeros are one value");
    for (player, value, _) in &lines {
        let place = boards.there.place(FAMILY, &board(), *player).await.flatten().expect("everybody has a place");
        assert_eq!(place.line.value, *value);
        assert!(place.line.value != 0.0 || place.line.value.is_sign_positive());
    }
}

/// Ranks and sizes follow at once; no number is no value, and who isn't there can't leave.
pub async fn a_line_without_a_value_leaves_its_board(boards: &BoardsFixture, _: Pace) {
    let ids = players(5);
    let lines = lines_of(&ids[..4], &[4.0, 3.0, 2.0, 1.0]);
    load(boards, FAMILY, &board(), &lines, 1).await;
    let gone = [change(ids[1], None, 7), change(ids[3], f64::NAN, 7), change(ids[4], None, 7)];
    assert!(boards.here.change(FAMILY, 1, 2, &gone).await);
    assert_eq!(all(&*boards.there, FAMILY, &board()).await, Some(ranked(&[lines[0], lines[2]])));
    assert_eq!(boards.there.place(FAMILY, &board(), ids[1]).await, Some(None));
    assert_eq!(boards.there.place(FAMILY, &board(), ids[2]).await.flatten().map(|place| place.of), Some(2));
    assert!(boards.here.change(FAMILY, 2, 3, &[change(ids[0], None, 1), change(ids[2], None, 1)]).await);
    assert_eq!(all(&*boards.there, FAMILY, &board()).await, Some(Vec::new()), "empty, and still here");
    assert!(boards.here.change(FAMILY, 3, 4, &[change(ids[1], 0.5, 8)]).await);
    assert_eq!(all(&*boards.there, FAMILY, &board()).await, Some(ranked(&[(ids[1], 0.5, 8)])));
}

/// A batch of facts hands a player over as often as the player played.
pub async fn of_a_player_named_twice_the_last_line_counts(boards: &BoardsFixture, _: Pace) {
    let ids = players(2);
    load(boards, FAMILY, &board(), &[], 0).await;
    let twice = [
        change(ids[0], 9.0, 1),
        change(ids[1], None, 1),
        change(ids[0], None, 2),
        change(ids[1], 2.0, 2),
        change(ids[0], 1.0, 3),
    ];
    assert!(boards.here.change(FAMILY, 0, 3, &twice).await);
    let expected = ranked(&[(ids[0], 1.0, 3), (ids[1], 2.0, 2)]);
    assert_eq!(all(&*boards.there, FAMILY, &board()).await, Some(expected));
}
