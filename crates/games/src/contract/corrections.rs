use kernel::contract::{Pace, all_at_once};
use kernel::{AuditEntry, IdSource, PlayerId, Riders, StoreError};
use serde_json::Value;

use super::GamesFixture;
use super::fixture::{at, mode};
use crate::change::Change;
use crate::decide;
use crate::model::Game;
use crate::words::{ResultStatus, Status};

fn deed(ids: &dyn IdSource, game: &Game, millis: i64) -> AuditEntry {
    AuditEntry {
        id: ids.uuid(at(millis)),
        actor: Some(PlayerId::new(ids.uuid(at(millis)))),
        action: String::from("game.void"),
        subject: format!("game:{}", game.id),
        reason: String::from("Both players asked for it."),
        data: Value::Null,
        at: at(millis),
    }
}

fn void(f: &GamesFixture, game: &Game, millis: i64) -> Change {
    decide::void(game, Some(&mode("duel")), deed(&*f.ids, game, millis)).expect("allowed").expect("a change")
}

/// A second version is entered under the next sequence of its family, beside the first, which stays as it was; so is a
/// third.
pub async fn a_correction_is_entered_under_the_next_sequence(f: &GamesFixture, _: Pace) {
    let game = f.won([f.player(), f.player()], at(10_000)).await;
    let other = f.won([f.player(), f.player()], at(11_000)).await;
    let first = f.store.ledger("duel", 0, 10).await.expect("readable");
    let voided = void(f, &game, 12_000);
    assert_eq!(f.settle(&voided, at(12_000)).await, Some(3));
    let voided = f.written(&voided, at(12_000));
    assert_eq!(f.load(game.id).await, voided);
    assert_eq!((voided.status, voided.result_line()), (Status::Voided, Some(("voided", 2))));

    let scores = game.players.iter().zip([1.0, 2.0]).map(|(player, score)| (player.player_id, score)).collect();
    let amended = decide::amend(&voided, &mode("duel"), &scores, deed(&*f.ids, &game, 13_000));
    let amended = amended.expect("allowed").expect("a change");
    assert_eq!(f.settle(&amended, at(13_000)).await, Some(4));
    let amended = f.written(&amended, at(13_000));
    assert_eq!(f.load(game.id).await, amended);
    assert_eq!(f.load(other.id).await, other);

    let entries = f.store.ledger("duel", 0, 10).await.expect("readable");
    assert_eq!(entries[..2], first, "what was entered stays");
    let said: Vec<_> = entries[2..].iter().map(|entry| (entry.game_id, entry.version, entry.status)).collect();
    assert_eq!(said, [(game.id, 2, ResultStatus::Voided), (game.id, 3, ResultStatus::Settled)]);
    assert_eq!(entries[2].provenance["supersedes"], 1);
    assert_eq!(Some(&entries[3].standings), amended.result.as_ref().map(|result| &result.standings));
    assert_eq!(f.store.ledger("duel", 2, 10).await.expect("readable"), entries[2..], "a reader who goes on sees both");
}

/// However many try, and whatever version of the game they claim to know, a result version is entered once.
pub async fn a_result_version_is_entered_once(f: &GamesFixture, _: Pace) {
    let game = f.won([f.player(), f.player()], at(10_000)).await;
    let changes: Vec<_> = (0..5).map(|n| void(f, &game, 12_000 + n)).collect();
    let commits = changes.iter().map(|change| change.clone().into_commit(&*f.ids, None, at(12_010)));
    let answers = all_at_once(commits.map(|commit| f.store.commit(commit))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|answer| matches!(answer, Ok(_) | Err(StoreError::Stale))), "{answers:?}");

    let stands = f.load(game.id).await;
    let mut again = changes[0].clone().into_commit(&*f.ids, None, at(12_020));
    (again.expect, again.game.version) = (stands.version, stands.version.next());
    (again.log, again.riders) = (Vec::new(), Riders::default());
    let answer = f.store.commit(again).await;
    assert!(matches!(answer, Err(StoreError::Stale)), "the same (game, version): {answer:?}");
    assert_eq!(f.load(game.id).await, stands, "nothing changed");
    let versions: Vec<_> = f.store.ledger("duel", 0, 10).await.expect("readable").iter().map(|e| e.version).collect();
    assert_eq!(versions, [1, 2]);
}

/// A voided game keeps its place in its players' histories.
pub async fn a_corrected_game_keeps_its_place_in_history(f: &GamesFixture, _: Pace) {
    let (ann, ben) = (f.player(), f.player());
    let older = f.won([ann, ben], at(10_000)).await;
    let newer = f.won([ann, ben], at(20_000)).await;
    let voided = void(f, &older, 30_000);
    f.settle(&voided, at(30_000)).await;
    let query = crate::store::HistoryQuery {
        player: ann,
        filter: crate::store::HistoryFilter::default(),
        after: None,
        limit: kernel::PageLimit::default(),
    };
    let page = f.store.history(&query).await.expect("readable").items;
    let seen: Vec<_> = page.iter().map(|game| (game.id, game.status)).collect();
    assert_eq!(seen, [(newer.id, Status::Settled), (older.id, Status::Voided)]);
}
