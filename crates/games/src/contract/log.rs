use kernel::contract::Pace;
use kernel::{StoreError, Version};
use serde_json::json;

use super::GamesFixture;
use super::fixture::{at, mode};
use crate::decide;
use crate::log::LogLine;
use crate::model::Game;
use crate::verify::verify;

async fn whole(f: &GamesFixture, game: &Game) -> Vec<LogLine> {
    f.store.log(game.id, 0, 1_000).await.expect("readable")
}

/// Lines are numbered from 1 without a gap, each holds the hash of the one before, and they come back as they were
/// written: what is read can be verified.
pub async fn a_log_reads_back_as_the_chain_that_was_written(f: &GamesFixture, _: Pace) {
    let (ann, ben) = (f.player(), f.player());
    let opened = f.open(&f.spec("tic_tac_toe", &[ann, ben], at(0))).await;
    assert_eq!(whole(f, &opened).await, [], "a game somebody else opened has written nothing yet");
    let board = mode("tic_tac_toe");
    let mut game = f.carry_out(decide::ready(&opened, &board, ann, at(1)), at(1)).await;
    game = f.carry_out(decide::ready(&game, &board, ben, at(2)), at(2)).await;
    for (player, cell) in [(ann, 4), (ben, 0), (ann, 1), (ben, 2), (ann, 7)] {
        let played = decide::play(&game, &board, player, &json!({ "cell": cell }), game.sequence, at(3));
        game = f.carry_out(played, at(3)).await;
    }
    let log = whole(f, &game).await;
    let kinds: Vec<_> = log.iter().map(|line| line.kind.as_str()).collect();
    let moves = ["moved"; 5];
    assert_eq!(kinds, [&["opened", "ready", "ready", "started"][..], &moves, &["finished", "settled"]].concat());
    assert_eq!(log.iter().map(|line| line.n).collect::<Vec<_>>(), (1..=11).collect::<Vec<_>>());
    assert_eq!(log.last().map(|line| (line.n, &line.hash)), Some((game.log.n, &game.log.hash)));
    assert_eq!((log[1].at, log[10].at), (at(1), at(3)));
    assert_eq!(log[3].data["seed"], json!((i64::MAX - 7).to_string()));
    let verified = verify(log.iter().map(LogLine::to_json)).expect("nothing got lost on the way");
    assert_eq!(verified.replayed.map(|replayed| replayed.moves), Some(5));
}

/// After a line, so many, in order; past the end nothing.
pub async fn a_log_is_read_in_pages(f: &GamesFixture, _: Pace) {
    let game = f.won([f.player(), f.player()], at(10_000)).await;
    let log = whole(f, &game).await;
    let (mut paged, mut after) = (Vec::new(), 0);
    loop {
        let page = f.store.log(game.id, after, 3).await.expect("readable");
        assert!(page.len() <= 3);
        let Some(last) = page.last() else { break };
        after = last.n;
        paged.extend(page);
    }
    assert_eq!((paged.len() > 3, &paged), (true, &log));
    assert_eq!(f.store.log(game.id, i64::MAX, 3).await.expect("readable"), []);
    assert_eq!(f.store.log(game.id, 0, 0).await.expect("readable"), []);
}

/// Each game has its own, also where one change writes to two; a refused change writes to none.
pub async fn logs_of_two_games_stay_apart(f: &GamesFixture, _: Pace) {
    let duel = mode("duel");
    let (ann, ben) = (f.player(), f.player());
    let one = f.open(&f.spec("duel", &[ann, f.player()], at(0))).await;
    let two = f.open(&f.spec("duel", &[ben, f.player()], at(0))).await;
    let mut both = decide::ready(&one, &duel, ann, at(1)).expect("allowed").expect("a change");
    let other = decide::ready(&two, &duel, ben, at(1)).expect("allowed").expect("a change");
    both.also = Some(Box::new(other.clone()));
    let mut stale = both.clone();
    stale.also = stale.also.map(|mut also| {
        also.expect = Version(7);
        also
    });
    let answer = f.store.commit(stale.into_commit(&*f.ids, None, at(1))).await;
    assert!(matches!(answer, Err(StoreError::Stale)), "{answer:?}");
    assert_eq!((whole(f, &one).await, whole(f, &two).await), (vec![], vec![]));

    f.write(&both, at(1)).await;
    for (game, player) in [(&one, ann), (&two, ben)] {
        let (stands, log) = (f.load(game.id).await, whole(f, game).await);
        assert_eq!(log.iter().map(|line| line.n).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(log[1].data["player_id"], json!(player));
        assert_eq!((stands.log.n, &stands.log.hash), (2, &log[1].hash));
    }
}
