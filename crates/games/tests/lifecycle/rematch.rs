//! Once more, by agreement.

use kernel::{Engagement, Refusal, StreamKey};
use serde_json::json;
use shallweplay_games::{Game, InviteState, OriginKind, PlayerStatus, Status};

use crate::world::{World, code, statuses, world};

async fn played(w: &World, mode: &str, players: &[kernel::PlayerId]) -> Game {
    let game = w.matched(mode, players, players.len()).await;
    for (player, score) in players.iter().zip(1..) {
        w.report(game.id, *player, score).await.expect("accepted");
    }
    w.load(game.id).await
}

#[tokio::test]
async fn the_second_to_ask_starts_it_and_begins_this_time() {
    let w = world();
    let [ann, ben] = w.players();
    let old = played(&w, "duel", &[ann, ben]).await;
    let next = w.games.rematch(ann, old.id, None).await.expect("asked");
    assert_eq!((next.status, next.origin.kind), (Status::Created, OriginKind::Rematch));
    assert_eq!((next.origin.rematch_of, next.origin.host), (Some(old.id), Some(ann)));
    assert_eq!(statuses(&next), [PlayerStatus::Invited, PlayerStatus::Ready]);
    assert_eq!(w.load(old.id).await.rematch, Some(next.id));
    assert_eq!((w.kernel.engagement(ann), w.kernel.engagement(ben)), (Engagement::Game(next.id), Engagement::Idle));
    let invited = w.kernel.events().into_iter().find(|event| event.kind == "game.invited").expect("told");
    assert_eq!((invited.audience, &invited.data["rematch_of"]), (vec![StreamKey::player(ben)], &json!(old.id)));
    assert_eq!(
        w.kernel.events().into_iter().rfind(|e| e.audience == [StreamKey::game(old.id)]).expect("told").data["rematch"],
        json!(next.id)
    );
    assert_eq!(w.games.rematch(ann, old.id, None).await.expect("a second click"), next);
    let started = w.games.rematch(ben, old.id, None).await.expect("agreed");
    assert_eq!((started.id, started.status), (next.id, Status::InProgress));
    assert_eq!(started.players.iter().map(|p| p.player_id).collect::<Vec<_>>(), [ben, ann], "another begins");
    assert!(started.players.iter().all(|player| player.secret.0.len() == 43));
    assert_eq!(w.games.rematch(ben, old.id, None).await.expect("a second click"), started);
    let kinds: Vec<_> = w.log(next.id).await.into_iter().map(|line| line.kind).collect();
    assert_eq!(kinds[..4], ["opened", "invited", "ready", "joined"]);
    assert_eq!(w.log(old.id).await.last().map(|line| line.kind.clone()).as_deref(), Some("rematch"));
}

#[tokio::test]
async fn two_first_callers_meet_in_one_game() {
    for seed in 0..3 {
        let w = world();
        let [ann, ben] = w.players();
        for _ in 0..seed {
            w.player();
        }
        let old = played(&w, "duel", &[ann, ben]).await;
        let (hers, his) = tokio::join!(w.games.rematch(ann, old.id, None), w.other.rematch(ben, old.id, None));
        assert_eq!(hers.expect("asked").id, his.expect("asked").id);
        let next = w.games.live_of(ann).await.expect("readable").expect("plays");
        assert_eq!((next.status, w.load(old.id).await.rematch), (Status::InProgress, Some(next.id)));
    }
}

#[tokio::test]
async fn what_came_to_nothing_can_be_asked_again() {
    let w = world();
    let [ann, ben] = w.players();
    let old = played(&w, "duel", &[ann, ben]).await;
    let first = w.games.rematch(ann, old.id, None).await.expect("asked");
    w.games.decline(ben, first.invites[0].id, Some("tired"), None).await.expect("declined");
    let over = w.load(first.id).await;
    assert_eq!((over.status, over.invites[0].state), (Status::Aborted, InviteState::Declined));
    assert_eq!(over.players.len(), 1, "the seat is given up");
    let second = w.games.rematch(ben, old.id, None).await.expect("changed his mind");
    assert_ne!(second.id, first.id);
    assert_eq!(w.load(old.id).await.rematch, Some(second.id));
    w.clock.advance_millis(60_000);
    // Its time is over, though nobody has swept: this is a new one.
    let third = w.games.rematch(ann, old.id, None).await.expect("asked");
    assert_eq!((w.load(second.id).await.status, third.status), (Status::Aborted, Status::Created));
    assert_eq!(w.games.abandon(ben, third.id, None).await.expect("is declined").status, Status::Aborted);
    assert_eq!(w.kernel.engagement(ann), Engagement::Idle);
}

#[tokio::test]
async fn only_what_was_played_is_repeated_and_by_its_players() {
    let w = world();
    let [ann, ben, eve] = w.players();
    let game = w.matched("duel", &[ann, ben], 1).await;
    let waiting = w.games.rematch(ann, game.id, None).await.expect_err("not over");
    assert_eq!((waiting.code(), waiting.extensions()), ("games.no_rematch", vec![("state", json!("waiting_ready"))]));
    w.games.abandon(ann, game.id, None).await.expect("leaves");
    assert_eq!(code(w.games.rematch(ann, game.id, None).await), "games.no_rematch");
    let old = played(&w, "duel", &[ann, ben]).await;
    assert_eq!(code(w.games.rematch(eve, old.id, None).await), "games.not_a_player");
    w.queue(ann).await;
    assert_eq!(code(w.games.rematch(ann, old.id, None).await), "games.busy");
    let next = w.games.rematch(ben, old.id, None).await.expect("asked");
    let started = w.games.rematch(ann, old.id, None).await.expect("out of the queue");
    assert_eq!((started.id, started.status), (next.id, Status::InProgress));
}

#[tokio::test]
async fn teams_stay_together_and_everybody_moves_on() {
    let w = world();
    let players = w.players::<4>();
    let old = played(&w, "pairs", &players).await;
    let teams = |game: &Game| {
        let of = |team| game.players.iter().filter(move |p| p.team == team).map(|p| p.player_id);
        let mut teams = [of(0).collect::<Vec<_>>(), of(1).collect()];
        teams.iter_mut().for_each(|team| team.sort_unstable());
        teams.sort();
        teams
    };
    let mut next = old.clone();
    for _ in 0..4 {
        let first = next.players[0].player_id;
        let before = next.id;
        for player in players {
            next = w.games.rematch(player, before, None).await.expect("agreed");
        }
        assert_eq!((next.status, teams(&next)), (Status::InProgress, teams(&old)));
        assert_ne!(next.players[0].player_id, first, "another begins");
        for player in players {
            w.report(next.id, player, 1).await.expect("accepted");
        }
    }
    // One of four in a mode that three may play: the others go on without the fourth.
    let old = played(&w, "four", &players).await;
    for player in &players[..3] {
        next = w.games.rematch(*player, old.id, None).await.expect("agreed");
    }
    assert_eq!(next.status, Status::Created);
    w.clock.advance_millis(60_000);
    w.sweep().await;
    let next = w.load(next.id).await;
    assert_eq!((next.status, next.players.len()), (Status::InProgress, 3));
}

#[tokio::test]
async fn a_run_alone_is_repeated_at_once() {
    let w = world();
    let ann = w.player();
    let run = w.create(ann, "solo", &[]).await.expect("made").game;
    w.report(run.id, ann, 5).await.expect("accepted");
    let next = w.games.rematch(ann, run.id, None).await.expect("again");
    assert_eq!((next.status, next.origin.rematch_of), (Status::InProgress, Some(run.id)));
}

#[tokio::test]
async fn a_rematch_that_is_voided_keeps_a_seat_for_nobody() {
    let w = world();
    let [ann, ben, admin] = w.players();
    let old = played(&w, "duel", &[ann, ben]).await;
    let next = w.games.rematch(ann, old.id, None).await.expect("asked");
    let voided = w.operators.void(admin, next.id, "Broken.", None).await.expect("voided");
    assert_eq!((voided.status, voided.invites[0].state), (Status::Voided, InviteState::Superseded));
    assert_eq!(voided.players.iter().map(|p| p.player_id).collect::<Vec<_>>(), [ann], "the seat is given up");
    assert_eq!(w.told(&StreamKey::player(ben)).last().map(String::as_str), Some("invite.updated"));
    assert_eq!(w.kernel.engagement(ann), Engagement::Idle);
}
