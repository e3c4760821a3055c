use kernel::contract::Pace;
use kernel::{GameId, PageLimit, PlayerId};

use super::GamesFixture;
use super::fixture::{at, mode};
use crate::decide;
use crate::store::{Attendance, CaseFilter, Seen};
use crate::words::Status;

/// Seat holders only, with the last sign of life that came, in whatever order, and whether a socket is there anywhere.
pub async fn attendance_tells_who_is_there(f: &GamesFixture, _: Pace) {
    let (ann, ben, stranger) = (f.player(), f.player(), f.player());
    let game = f.started("duel", [ann, ben], at(0)).await;
    f.started("duel", [stranger, f.player()], at(0)).await;
    let of_game = async || {
        let mut all = f.attendance.of_game(game.id).await.expect("readable");
        all.sort_by_key(|attendance| attendance.player);
        all
    };
    let expected = |ann_seen, ann_there, ben_seen| {
        let line = |player, connected, seen| Attendance { player, game: game.id, connected, seen_at: at(seen) };
        let mut both = vec![line(ann, ann_there, ann_seen), line(ben, false, ben_seen)];
        both.sort_by_key(|attendance| attendance.player);
        both
    };
    assert_eq!(of_game().await, expected(0, false, 0), "since its opening");
    let sign = |player, when| Seen { player, game: game.id, at: at(when) };
    f.attendance.seen(&[sign(ann, 5_000), sign(ben, 7_000), sign(ann, 9_000)]).await.expect("written");
    f.attendance.seen(&[sign(ann, 8_000), sign(stranger, 9_000)]).await.expect("an older one and a stranger's");
    f.attendance.seen(&[]).await.expect("nothing to write");
    assert_eq!(of_game().await, expected(9_000, false, 7_000));
    f.connections.report("a", &[ann, stranger], &[]).await.expect("reported");
    assert_eq!(of_game().await, expected(9_000, true, 7_000));

    f.carry_out(decide::abandon(&game, &mode("duel"), ann, at(10_000)), at(10_000)).await;
    assert_eq!(of_game().await, [], "it is over");
    assert_eq!(f.attendance.of_game(GameId::new(f.ids.uuid(at(0)))).await.expect("readable"), []);
}

/// In started games, without a socket, not marked already, and strictly before the time asked for.
pub async fn the_unseen_come_longest_unseen_first(f: &GamesFixture, _: Pace) {
    let (ann, ben, cem, dan) = (f.player(), f.player(), f.player(), f.player());
    let first = f.started("duel", [ann, ben], at(0)).await;
    let second = f.started("duel", [cem, dan], at(0)).await;
    let waiting = f.open(&f.spec("duel", &[f.player(), f.player()], at(0))).await;
    let sign = |player, game, when| Seen { player, game, at: at(when) };
    let signs = [
        sign(ann, first.id, 4_000),
        sign(ben, first.id, 2_000),
        sign(cem, second.id, 3_000),
        sign(dan, second.id, 1_000),
        sign(waiting.players[0].player_id, waiting.id, 500),
    ];
    f.attendance.seen(&signs).await.expect("written");
    f.connections.report("a", &[cem], &[]).await.expect("reported");
    let unseen = async |before, limit| -> Vec<PlayerId> {
        let all = f.attendance.unseen(at(before), limit).await.expect("readable");
        assert!(all.iter().all(|attendance| !attendance.connected && attendance.seen_at < at(before)));
        all.into_iter().map(|attendance| attendance.player).collect()
    };
    assert_eq!(unseen(4_000, 10).await, [dan, ben]);
    assert_eq!(unseen(4_001, 10).await, [dan, ben, ann]);
    assert_eq!(unseen(9_000, 1).await, [dan]);
    f.connections.report("a", &[], &[cem]).await.expect("reported");
    assert!(unseen(9_000, 10).await.contains(&cem), "the socket went");
    let duel = mode("duel");
    f.carry_out(decide::gone(&second, &duel, dan, at(1_000), false, at(40_000)), at(40_000)).await;
    assert!(!unseen(9_000, 10).await.contains(&dan), "marked");
    f.carry_out(decide::abandon(&first, &duel, ann, at(40_000)), at(40_000)).await;
    let left = unseen(9_000, 10).await;
    assert!(!left.contains(&ann) && !left.contains(&ben), "that game is over");
}

/// A game whose players are all gone is due when their grace is over, and comes back with what was marked.
pub async fn who_is_marked_gone_wakes_the_game(f: &GamesFixture, _: Pace) {
    let (ann, ben, duel) = (f.player(), f.player(), mode("duel"));
    let game = f.started("duel", [ann, ben], at(0)).await;
    let game = f.carry_out(decide::gone(&game, &duel, ann, at(1_000), true, at(1_000)), at(1_000)).await;
    assert_eq!(f.load(game.id).await, game);
    let due = async |now| f.store.due(now, 10).await.expect("readable");
    assert_eq!(due(at(40_000)).await, [], "somebody is there");
    let both = f.carry_out(decide::gone(&game, &duel, ben, at(2_000), true, at(2_000)), at(2_000)).await;
    assert_eq!((due(at(31_999)).await, due(at(32_000)).await), (vec![], vec![both.clone()]));
    let back = f.carry_out(decide::back(&both, ann, at(3_000)), at(3_000)).await;
    assert_eq!((f.load(game.id).await, due(at(40_000)).await), (back, vec![]));
}

/// For operators: by status, mode, player, and whether somebody should look; page by page.
pub async fn cases_are_listed_newest_first_and_narrowed(f: &GamesFixture, _: Pace) {
    let (ann, ben) = (f.player(), f.player());
    let mut games = Vec::new();
    for opened in [0, 10, 20] {
        let (one, other) = if opened == 10 { (ann, ben) } else { (f.player(), f.player()) };
        games.push(f.open(&f.spec("duel", &[one, other], at(opened))).await.id);
    }
    let board = f.open(&f.spec("tic_tac_toe", &[f.player(), f.player()], at(30))).await;
    let left = decide::abandon(&board, &mode("tic_tac_toe"), board.players[0].player_id, at(31));
    let mut left = left.expect("allowed").expect("a change");
    left.game.needs_review = true;
    f.write(&left, at(31)).await;
    let page = async |filter: &CaseFilter, after, limit| {
        let limit = PageLimit::new(limit).expect("within bounds");
        let page = f.cases.cases(filter, after, limit).await.expect("readable");
        (page.items.iter().map(|game| game.id).collect::<Vec<_>>(), page.next)
    };
    let all = CaseFilter::default();
    assert_eq!(page(&all, None, 10).await, (vec![board.id, games[2], games[1], games[0]], None));
    let (first, next) = page(&all, None, 3).await;
    assert_eq!((first.len(), next), (3, Some(games[1])));
    assert_eq!(page(&all, next, 3).await, (vec![games[0]], None));
    let waiting = CaseFilter { status: Some(Status::WaitingReady), ..CaseFilter::default() };
    assert_eq!(page(&waiting, None, 10).await.0, [games[2], games[1], games[0]]);
    let boards = CaseFilter { mode: Some(String::from("tic_tac_toe")), ..CaseFilter::default() };
    assert_eq!(page(&boards, None, 10).await.0, [board.id]);
    let of_ann = CaseFilter { player: Some(ann), ..CaseFilter::default() };
    assert_eq!(page(&of_ann, None, 10).await.0, [games[1]]);
    let doubted = CaseFilter { needs_review: true, ..CaseFilter::default() };
    assert_eq!(page(&doubted, None, 10).await.0, [board.id]);
    let none = CaseFilter { player: Some(ben), needs_review: true, ..CaseFilter::default() };
    assert_eq!(page(&none, None, 10).await.0, []);
}
