use kernel::contract::Pace;

use super::{BoardsFixture, FAMILY, all, board, change, lines_of, load, players, ranked};
use crate::board::{BoardKey, Metric};

fn wins() -> BoardKey {
    BoardKey { metric: Metric::Wins, ..board() }
}

/// A copy is complete or says nothing: of a board that begins with a change nobody knows what it lacks.
pub async fn changes_of_boards_that_are_not_here_are_passed_over(boards: &BoardsFixture, _: Pace) {
    let ids = players(2);
    load(boards, FAMILY, &board(), &lines_of(&ids, &[2.0, 1.0]), 0).await;
    let both = [(wins(), ids[0], Some(5.0), 5), change(ids[1], 3.0, 3)];
    assert!(boards.here.change(FAMILY, 0, 1, &both).await);
    assert_eq!(all(&*boards.there, FAMILY, &wins()).await, None);
    assert_eq!(boards.there.place(FAMILY, &wins(), ids[0]).await, None);
    let expected = ranked(&[(ids[0], 2.0, 1), (ids[1], 3.0, 3)]);
    assert_eq!(all(&*boards.there, FAMILY, &board()).await, Some(expected));
}

/// A season that has just begun.
pub async fn boards_without_lines_are_here_if_they_were_loaded(boards: &BoardsFixture, _: Pace) {
    let player = players(1)[0];
    boards.here.forget(FAMILY).await;
    assert!(boards.here.load(FAMILY, &board(), &[]).await);
    assert!(boards.here.loaded(FAMILY, &[board(), wins()], 3).await);
    for key in [board(), wins()] {
        assert_eq!(all(&*boards.there, FAMILY, &key).await, Some(Vec::new()));
        assert_eq!(boards.there.place(FAMILY, &key, player).await, Some(None));
    }
    assert!(boards.here.change(FAMILY, 3, 4, &[(wins(), player, Some(1.0), 1)]).await);
    assert_eq!(all(&*boards.there, FAMILY, &wins()).await, Some(ranked(&[(player, 1.0, 1)])));
}

/// Boards that [`loaded`](crate::BoardCopies::loaded) doesn't name stay with the database.
pub async fn a_board_that_was_not_loaded_to_the_end_is_not_here(boards: &BoardsFixture, _: Pace) {
    let ids = players(2);
    boards.here.forget(FAMILY).await;
    for key in [board(), wins()] {
        assert!(boards.here.load(FAMILY, &key, &lines_of(&ids, &[2.0, 1.0])).await);
    }
    assert!(boards.here.loaded(FAMILY, &[board()], 1).await);
    assert!(boards.here.change(FAMILY, 1, 2, &[(wins(), ids[1], Some(5.0), 5)]).await);
    assert_eq!(all(&*boards.there, FAMILY, &wins()).await, None);
    assert!(all(&*boards.there, FAMILY, &board()).await.is_some());
}

/// Neither an unknown family nor one that is complete takes lines; and nothing is said before it is complete.
pub async fn only_a_forgotten_family_is_loaded(boards: &BoardsFixture, _: Pace) {
    let ids = players(3);
    let lines = lines_of(&ids, &[3.0, 2.0, 1.0]);
    assert!(!boards.here.load(FAMILY, &board(), &lines).await);
    assert!(!boards.here.loaded(FAMILY, &[board()], 1).await);
    boards.here.forget(FAMILY).await;
    assert!(boards.here.load(FAMILY, &board(), &lines[..1]).await);
    assert_eq!(boards.there.complete_to(FAMILY).await, None);
    assert_eq!(all(&*boards.there, FAMILY, &board()).await, None);
    assert_eq!(boards.there.place(FAMILY, &board(), ids[0]).await, None);
    assert!(!boards.here.change(FAMILY, 0, 1, &[change(ids[0], 9.0, 9)]).await, "it has no place to move from");
    // A page that is handed over a second time does no harm.
    assert!(boards.here.load(FAMILY, &board(), &lines[..2]).await);
    assert!(boards.here.load(FAMILY, &board(), &lines[2..]).await);
    assert!(boards.here.loaded(FAMILY, &[board()], 4).await);
    assert_eq!(all(&*boards.there, FAMILY, &board()).await, Some(ranked(&lines)));
    assert!(!boards.here.load(FAMILY, &board(), &[(ids[0], 9.0, 9)]).await);
    assert!(!boards.here.loaded(FAMILY, &[board()], 9).await);
    assert_eq!(boards.there.complete_to(FAMILY).await, Some(4));
    assert_eq!(all(&*boards.there, FAMILY, &board()).await, Some(ranked(&lines)));
}

/// Whether the old was complete, or a load that was given up.
pub async fn loading_anew_leaves_nothing_of_the_old(boards: &BoardsFixture, _: Pace) {
    let ids = players(4);
    load(boards, FAMILY, &board(), &lines_of(&ids, &[4.0, 3.0, 2.0, 1.0]), 7).await;
    boards.here.forget(FAMILY).await;
    assert_eq!(boards.there.complete_to(FAMILY).await, None);
    assert_eq!(all(&*boards.there, FAMILY, &board()).await, None);
    assert!(!boards.here.change(FAMILY, 7, 8, &[change(ids[0], 9.0, 9)]).await);
    assert!(boards.here.load(FAMILY, &board(), &[(ids[1], 30.0, 30)]).await);
    load(boards, FAMILY, &board(), &[(ids[2], 20.0, 20)], 6).await;
    assert_eq!(boards.there.complete_to(FAMILY).await, Some(6));
    assert_eq!(all(&*boards.there, FAMILY, &board()).await, Some(ranked(&[(ids[2], 20.0, 20)])));
    assert_eq!(boards.there.place(FAMILY, &board(), ids[0]).await, Some(None));
}

/// The same board of two families is two; each has its own place.
pub async fn families_are_kept_apart(boards: &BoardsFixture, _: Pace) {
    let ids = players(2);
    let lines = lines_of(&ids, &[2.0, 1.0]);
    let families = ["duel", "", "d", "duel:", "4:duel", "a b", "a\r\nb", "{a}", "ünï ☃", &"x".repeat(300)];
    for (family, at) in families.iter().zip(1_i32..) {
        load(boards, family, &board(), &[(ids[0], f64::from(at), at)], i64::from(at)).await;
    }
    for (family, at) in families.iter().zip(1_i32..) {
        assert_eq!(boards.there.complete_to(family).await, Some(i64::from(at)), "{family:?}");
        let expected = ranked(&[(ids[0], f64::from(at), at)]);
        assert_eq!(all(&*boards.there, family, &board()).await, Some(expected), "{family:?}");
    }
    load(boards, "squads", &board(), &lines, 9).await;
    assert!(boards.here.change("duel", 1, 2, &[change(ids[1], 8.0, 8)]).await);
    boards.here.forget("d").await;
    assert_eq!(boards.there.complete_to("squads").await, Some(9));
    assert_eq!(all(&*boards.there, "squads", &board()).await, Some(ranked(&lines)));
    assert_eq!(boards.there.complete_to("d").await, None);
    assert_eq!(boards.there.complete_to("duel").await, Some(2));
}

/// By mode, season and metric, whatever is in their names.
pub async fn boards_are_kept_apart(boards: &BoardsFixture, _: Pace) {
    let player = players(1)[0];
    let names = ["", "a", "a:b", "2026-11", "b:2026-11", ":", "1:a", "ünï ☃"];
    let mut keys = Vec::new();
    for (mode, season) in names.iter().flat_map(|mode| names.iter().map(move |season| (mode, season))) {
        keys.extend(Metric::ALL.map(|metric| BoardKey { mode: (*mode).into(), season: (*season).into(), metric }));
    }
    boards.here.forget(FAMILY).await;
    assert!(boards.here.loaded(FAMILY, &keys, 0).await);
    let value = |at: usize| at as f64;
    let lines: Vec<_> = keys.iter().enumerate().map(|(at, key)| (key.clone(), player, Some(value(at)), 1)).collect();
    assert!(boards.here.change(FAMILY, 0, 1, &lines).await);
    for (at, key) in keys.iter().enumerate() {
        assert_eq!(all(&*boards.there, FAMILY, key).await, Some(ranked(&[(player, value(at), 1)])), "{key:?}");
    }
}
