use kernel::contract::{Pace, all_at_once};
use kernel::{Engagement, StoreError, Version};
use serde_json::json;

use super::GamesFixture;
use super::fixture::{at, mode};
use crate::decide::{self, Guest, Joining};
use crate::model::Game;
use crate::words::{OriginKind, Status};

/// A game that players make is inserted by its first change; whoever tries that again is stale.
pub async fn a_made_game_is_there_once(f: &GamesFixture, _: Pace) {
    let (ann, ben) = (f.player(), f.player());
    let change = f.making("duel", ann, &[Guest::Player { id: ben, present: false }], at(0));
    assert_eq!(change.expect, Version::NEW);
    let game = f.write(&change, at(0)).await.0;
    assert_eq!((game.status, game.version, game.origin.kind), (Status::Created, Version(1), OriginKind::Private));
    assert_eq!((f.load(game.id).await, f.engaged(ann).await), (game.clone(), Engagement::Game(game.id)));
    let mut again = change.into_commit(&*f.ids, None, at(1));
    again.riders.engage.clear();
    let answer = f.store.commit(again).await;
    assert!(matches!(answer, Err(StoreError::Stale)), "{answer:?}");
    assert_eq!(f.load(game.id).await, game);

    let other = f.making("duel", f.player(), &[], at(2)).into_commit(&*f.ids, None, at(2));
    let other = crate::GameChange { riders: kernel::Riders::default(), ..other };
    let answers = all_at_once((0..6).map(|_| f.store.commit(other.clone()))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|answer| matches!(answer, Ok(_) | Err(StoreError::Stale))), "{answers:?}");
}

/// Whoever leaves an own game for another one changes both, in one step: if either has changed since, neither does.
pub async fn two_games_change_together_or_not_at_all(f: &GamesFixture, _: Pace) {
    let (ann, ben, duel) = (f.player(), f.player(), mode("duel"));
    let to = |id| [Guest::Player { id, present: true }];
    let hers = f.write(&f.making("duel", ann, &to(ben), at(0)), at(0)).await.0;
    let his = f.write(&f.making("duel", ben, &to(ann), at(0)), at(0)).await.0;
    let crossing = |game: &Game, own: &Game, by| {
        let joining = Joining { secret: f.secret(), doing: Engagement::Game(own.id), own: Some(own) };
        decide::accept(game, &duel, by, game.invites[0].id, &joining, at(1)).expect("allowed").expect("a change")
    };
    let change = crossing(&his, &hers, ann);
    let later = crossing(&hers, &his, ben);

    let mut old = change.clone().into_commit(&*f.ids, None, at(1));
    old.also.as_mut().expect("both").0 = Version(7);
    let answer = f.store.commit(old).await;
    assert!(matches!(answer, Err(StoreError::Stale)), "{answer:?}");
    assert_eq!((f.load(hers.id).await, f.load(his.id).await), (hers.clone(), his.clone()), "nothing changed");
    assert_eq!(f.engaged(ann).await, Engagement::Game(hers.id));

    // One step a player: a database carries them out one after the other, and each must find what it expects.
    let mut steps = change.clone().into_commit(&*f.ids, None, at(1)).riders.engage;
    assert_eq!((steps.len(), steps.pop().map(|step| step.player)), (1, Some(ann)));
    let commits = [&change, &later].map(|change| change.clone().into_commit(&*f.ids, None, at(1)));
    let answers = all_at_once(commits.map(|commit| f.store.commit(commit))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
    let (hers, his) = (f.load(hers.id).await, f.load(his.id).await);
    let (over, goes_on) = if hers.status == Status::Aborted { (hers, his) } else { (his, hers) };
    assert_eq!((over.status, goes_on.status), (Status::Aborted, Status::WaitingReady));
    assert_eq!(over.ended.as_ref().map(|ended| ended.reason.as_str()), Some("superseded"));
    for player in [ann, ben] {
        assert_eq!(f.engaged(player).await, Engagement::Game(goes_on.id));
        assert_eq!(f.store.live_of(player).await.expect("readable"), vec![goes_on.clone()]);
    }
    for game in [&over, &goes_on] {
        let lines = f.store.log(game.id, 0, 100).await.expect("readable");
        assert_eq!(lines.last().map(|line| (line.n, line.hash.clone())), Some((game.log.n, game.log.hash.clone())));
    }
    assert!(f.claim().await.iter().any(|row| row.event.data["ended"]["reason"] == json!("superseded")));
}
