//! Ready windows, grace, claims, and games everybody went from.

use kernel::{Connections, Engagement, Engagements, Refusal, StreamKey};
use serde_json::json;
use shallweplay_games::{Claim, Outcome, PlayerStatus, Seen, Status};

use crate::world::{code, statuses, world};

fn reason(game: &shallweplay_games::Game) -> Option<&str> {
    game.ended.as_ref().map(|ended| ended.reason.as_str())
}

#[tokio::test]
async fn a_quorum_starts_without_the_rest_and_only_those_cool_down() {
    let w = world();
    let players = w.players::<4>();
    let game = w.matched("four", &players, 3).await;
    assert_eq!(game.status, Status::WaitingReady);
    w.clock.advance_millis(20_000);
    assert_eq!(w.sweep().await, 1);
    let game = w.load(game.id).await;
    assert_eq!(game.status, Status::InProgress);
    assert_eq!(statuses(&game)[2..], [PlayerStatus::Playing, PlayerStatus::NoShow]);
    assert_eq!(w.kernel.engagement(players[3]), Engagement::Idle);
    assert_eq!(w.told(&StreamKey::player(players[0])), ["game.started"]);
    assert!(w.told(&StreamKey::player(players[3])).is_empty());
    let cooling = async || w.kernel.cooling(&players, w.now()).await.expect("readable");
    assert_eq!(cooling().await, [None, None, None, Some(w.now().plus_millis(30_000))]);
    assert_eq!(code(w.report(game.id, players[3], 9).await), "games.left");
    assert_eq!(code(w.games.abandon(players[3], game.id, None).await), "games.left");
    for (player, score) in [(players[0], 3), (players[1], 5), (players[2], 1)] {
        w.report(game.id, player, score).await.expect("accepted");
    }
    let over = w.load(game.id).await;
    let standings = over.result.as_ref().expect("settled").standings.clone();
    assert_eq!(
        standings.iter().map(|line| line.player_id).collect::<Vec<_>>(),
        players[..3],
        "who never came has no line"
    );
    assert_eq!(
        over.players.iter().map(|p| p.outcome).collect::<Vec<_>>(),
        [Some(Outcome::Loss), Some(Outcome::Win), Some(Outcome::Loss), None]
    );
}

#[tokio::test]
async fn too_few_are_no_game_and_nobody_ready_is_nobodys_fault() {
    let w = world();
    let players = w.players::<4>();
    for (ready, cooling) in [(2, 2), (0, 0)] {
        let game = w.matched("four", &players, ready).await;
        w.clock.advance_millis(20_000);
        w.sweep().await;
        let game = w.load(game.id).await;
        assert_eq!((game.status, reason(&game)), (Status::Aborted, Some("no_show")));
        let now = w.kernel.cooling(&players, w.now()).await.expect("readable");
        assert_eq!(now.iter().flatten().count(), cooling);
        for player in players {
            assert_eq!(w.kernel.engagement(player), Engagement::Idle);
        }
        w.clock.advance_millis(30_000);
    }
    // A quorum all in one team has nobody to play against.
    let game = w.matched("pairs", &players, 2).await;
    w.clock.advance_millis(20_000);
    w.sweep().await;
    assert_eq!(w.load(game.id).await.status, Status::Aborted);
}

#[tokio::test]
async fn a_no_show_may_come_late_while_the_mode_says_so() {
    let w = world();
    let players = w.players::<4>();
    let game = w.matched("four", &players, 3).await;
    w.clock.advance_millis(20_000);
    w.sweep().await;
    w.queue(players[3]).await;
    assert_eq!(code(w.games.ready(players[3], game.id, None).await), "games.busy");
    let elsewhere = w.kernel.engagement(players[3]);
    let back = kernel::Engage { player: players[3], from: elsewhere, to: Engagement::Idle };
    kernel::Commit::commit(&*w.kernel, kernel::Riders { engage: vec![back], ..kernel::Riders::default() })
        .await
        .expect("leaves the queue");
    w.clock.advance_millis(9_999);
    let late = w.games.ready(players[3], game.id, None).await.expect("in time");
    assert_eq!(statuses(&late), [PlayerStatus::Playing; 4]);
    assert_eq!(w.kernel.engagement(players[3]), Engagement::Game(game.id));
    assert_eq!(w.told(&StreamKey::player(players[3])), ["game.started"]);

    let others = w.players::<4>();
    let game = w.matched("four", &others, 3).await;
    w.clock.advance_millis(20_000);
    w.sweep().await;
    w.clock.advance_millis(10_000);
    assert_eq!(code(w.games.ready(others[3], game.id, None).await), "games.not_waiting");
}

#[tokio::test]
async fn who_goes_has_a_grace_and_any_command_shows_who_is_back() {
    let w = world();
    let [ann, ben] = w.players();
    let game = w.matched("tic_tac_toe", &[ann, ben], 2).await;
    w.clock.advance_millis(2_000);
    let at = w.now().plus_millis(-1_500);
    let gone = w.games.player_gone(ann, at, false).await.expect("readable").expect("plays");
    let claim_at = at.plus_millis(30_000);
    assert_eq!(gone.players[0].gone.map(|gone| gone.claim_at), Some(claim_at));
    assert_eq!(gone.snapshot(None).players[0].claim_at, Some(claim_at));
    let event = w.kernel.events().pop().expect("told");
    assert_eq!(event.audience, [StreamKey::game(game.id)]);
    assert_eq!(event.data["claim_in"], json!(28_500));
    let again = w.games.player_gone(ann, w.now(), true).await.expect("readable").expect("plays");
    assert_eq!(again, gone, "the first mark stands");

    // A refused move shows it too.
    assert_eq!(code(w.games.play(ann, game.id, &json!({ "cell": 99 }), 0, None).await), "games.illegal_move");
    assert_eq!(w.load(game.id).await.players[0].gone, None);
    w.games.player_gone(ann, w.now(), false).await.expect("readable");
    w.games.play(ann, game.id, &json!({ "cell": 4 }), 0, None).await.expect("legal");
    let told = w.told(&StreamKey::game(game.id));
    assert_eq!(
        told[2..],
        ["game.opponent_gone", "game.opponent_back", "game.opponent_gone", "game.opponent_back", "game.moved"]
    );
    w.games.player_gone(ben, w.now(), false).await.expect("readable");
    let back = w.games.player_back(ben).await.expect("readable").expect("plays");
    assert_eq!(back.players[1].gone, None);
    assert_eq!(w.games.player_back(ben).await.expect("readable"), Some(back), "again changes nothing");
    let kinds: Vec<_> = w.log(game.id).await.into_iter().map(|line| line.kind).collect();
    assert_eq!(kinds.iter().filter(|kind| *kind == "gone").count(), 3);
    assert_eq!(kinds.iter().filter(|kind| *kind == "back").count(), 3);

    // Nobody misses a player who isn't playing.
    let [cem, dan] = w.players();
    assert_eq!(w.games.player_gone(cem, w.now(), false).await.expect("readable"), None);
    let waiting = w.matched("duel", &[cem, dan], 1).await;
    assert_eq!(w.games.player_gone(cem, w.now(), false).await.expect("readable"), None);
    assert_eq!(w.load(waiting.id).await, waiting);
    let eve = w.player();
    let solo = w.create(eve, "solo", &[]).await.expect("made").game;
    let gone = w.games.player_gone(eve, w.now(), false).await.expect("readable").expect("plays");
    assert_eq!(gone, w.load(solo.id).await);
    assert_eq!(gone.players[0].gone, None, "alone nobody is waited for");
}

#[tokio::test]
async fn nothing_is_claimed_before_grace_and_then_win_or_draw() {
    let w = world();
    for (claim, outcomes) in
        [(Claim::Win, [Outcome::Win, Outcome::Loss]), (Claim::Draw, [Outcome::Draw, Outcome::Draw])]
    {
        let [ann, ben, eve] = w.players();
        let game = w.matched("duel", &[ann, ben], 2).await;
        w.kernel.report("a", &[ann, ben], &[]).await.expect("reported");
        w.clock.advance_millis(100_000);
        let there = w.games.claim(ann, game.id, claim, None).await.expect_err("he is there");
        assert_eq!((there.code(), there.extensions()), ("games.nothing_to_claim", vec![]));
        w.kernel.report("a", &[], &[ben]).await.expect("reported");
        w.games.player_gone(ben, w.now(), false).await.expect("readable");
        let claim_at = w.now().plus_millis(30_000);
        w.clock.advance_millis(29_999);
        let early = w.games.claim(ann, game.id, claim, None).await.expect_err("grace");
        assert_eq!((early.code(), early.retry_at()), ("games.nothing_to_claim", Some(claim_at)));
        assert_eq!(early.extensions(), [("claim_at", json!(claim_at))]);
        assert_eq!(code(w.games.claim(eve, game.id, claim, None).await), "games.not_found");
        w.clock.advance_millis(1);
        assert_eq!(w.sweep().await, 0, "nothing ends by itself while somebody is there");
        let over = w.games.claim(ann, game.id, claim, None).await.expect("after grace");
        assert_eq!(over.status, Status::Settled);
        assert_eq!(over.players.iter().map(|p| p.outcome).collect::<Vec<_>>(), outcomes.map(Some));
        let result = over.result.as_ref().expect("settled");
        assert_eq!((result.reason.as_str(), reason(&over)), ("claimed", Some("claimed")));
        assert_eq!(w.games.claim(ann, game.id, claim, None).await.expect("a second click"), over);
        let other = if claim == Claim::Win { Claim::Draw } else { Claim::Win };
        assert_eq!(code(w.games.claim(ann, game.id, other, None).await), "games.not_in_progress");
        assert_eq!(code(w.games.claim(ben, game.id, claim, None).await), "games.not_in_progress");
        assert!(w.log(game.id).await.iter().any(|line| line.kind == "claimed" && line.data["gone"] == json!([ben])));
    }
}

#[tokio::test]
async fn all_of_the_others_must_be_gone_and_none_have_reported() {
    let w = world();
    let players = w.players::<4>();
    let game = w.matched("four", &players, 4).await;
    w.kernel.report("a", &players, &[]).await.expect("reported");
    let go = async |player| {
        w.kernel.report("a", &[], &[player]).await.expect("reported");
        w.games.player_gone(player, w.now(), false).await.expect("readable");
    };
    go(players[1]).await;
    go(players[2]).await;
    w.clock.advance_millis(40_000);
    assert_eq!(code(w.games.claim(players[0], game.id, Claim::Win, None).await), "games.nothing_to_claim");
    w.games.abandon(players[3], game.id, None).await.expect("leaves for good");
    let over = w.games.claim(players[0], game.id, Claim::Draw, None).await.expect("nobody is left");
    assert_eq!(
        over.players.iter().map(|p| p.outcome).collect::<Vec<_>>(),
        [Some(Outcome::Draw), Some(Outcome::Draw), Some(Outcome::Draw), Some(Outcome::Loss)]
    );

    let [ann, ben] = w.players();
    let game = w.matched("duel", &[ann, ben], 2).await;
    w.report(game.id, ben, 5).await.expect("accepted");
    w.clock.advance_millis(50_000);
    assert_eq!(code(w.games.claim(ann, game.id, Claim::Win, None).await), "games.nothing_to_claim");
    assert_eq!(code(w.games.claim(ben, game.id, Claim::Win, None).await), "games.already_reported");
}

#[tokio::test]
async fn without_a_socket_a_player_is_there_who_calls() {
    let w = world();
    let [ann, ben] = w.players();
    let game = w.matched("duel", &[ann, ben], 2).await;
    let sign = |player| Seen { player, game: game.id, at: w.now() };
    w.clock.advance_millis(20_000);
    w.games.seen(&[sign(ann), sign(ben)]).await.expect("written");
    w.clock.advance_millis(29_999);
    w.games.seen(&[sign(ann)]).await.expect("written");
    assert!(w.games.mark_unseen(w.now(), 10).await.expect("readable").gone.is_empty());
    w.clock.advance_millis(2);
    let marked = w.games.mark_unseen(w.now(), 10).await.expect("readable");
    assert_eq!(marked.gone.iter().map(|absent| absent.player).collect::<Vec<_>>(), [ben]);
    assert!(marked.failed.is_empty());
    let game = w.load(game.id).await;
    assert_eq!(game.players[1].gone.map(|gone| gone.claim_at), Some(w.now()), "the grace is over already");
    assert!(w.games.mark_unseen(w.now(), 10).await.expect("readable").gone.is_empty(), "once");
    let over = w.games.claim(ann, game.id, Claim::Win, None).await.expect("grace is over");
    assert_eq!(over.players[0].outcome, Some(Outcome::Win));
}

#[tokio::test]
async fn a_lone_report_settles_when_the_silent_one_is_gone() {
    let w = world();
    for (goes, status) in [(true, Status::Settled), (false, Status::Disputed)] {
        let [ann, ben] = w.players();
        let game = w.matched("duel", &[ann, ben], 2).await;
        w.report(game.id, ann, 7).await.expect("accepted");
        if goes {
            w.games.player_gone(ben, w.now(), false).await.expect("readable");
        }
        w.games.player_gone(ann, w.now(), false).await.expect("who has reported may go");
        w.clock.advance_millis(59_999);
        assert_eq!(w.sweep().await, 0, "the window lasts");
        w.clock.advance_millis(1);
        w.sweep().await;
        let over = w.load(game.id).await;
        assert_eq!(over.status, status);
        assert_eq!(over.players[0].outcome, goes.then_some(Outcome::Win));
        assert!(over.players.iter().all(|player| player.gone.is_none()), "nobody is missed in a game that is over");
    }
}

#[tokio::test]
async fn a_game_all_went_from_is_voided_or_abandoned_by_how_they_went() {
    let w = world();
    for (apart, with_replica, status, why) in [
        (0, false, Status::Voided, "server_fault"),
        (5_000, false, Status::Voided, "server_fault"),
        (5_001, false, Status::Abandoned, "abandoned"),
        (20_000, false, Status::Abandoned, "abandoned"),
        (20_000, true, Status::Voided, "server_fault"),
    ] {
        let [ann, ben] = w.players();
        let game = w.matched("tic_tac_toe", &[ann, ben], 2).await;
        w.games.player_gone(ann, w.now(), with_replica).await.expect("readable");
        w.clock.advance_millis(apart);
        w.games.player_gone(ben, w.now(), with_replica).await.expect("readable");
        w.clock.advance_millis(29_999);
        assert_eq!(w.sweep().await, 0, "nothing ends before grace");
        w.clock.advance_millis(1);
        assert_eq!(w.sweep().await, 1);
        let over = w.load(game.id).await;
        assert_eq!((over.status, reason(&over), &over.result), (status, Some(why), &None), "{apart} ms apart");
        assert_eq!(w.kernel.cooling(&[ann, ben], w.now()).await.expect("readable"), [None, None], "no penalty");
        assert_eq!(w.kernel.engagement(ann), Engagement::Idle);
    }
    let [ann, ben] = w.players();
    let game = w.matched("tic_tac_toe", &[ann, ben], 2).await;
    for player in [ann, ben] {
        w.games.player_gone(player, w.now(), false).await.expect("readable");
    }
    w.clock.advance_millis(29_000);
    w.games.player_back(ben).await.expect("readable");
    w.clock.advance_millis(500_000);
    assert_eq!(w.sweep().await, 0, "somebody is back");
    w.games.abandon(ben, game.id, None).await.expect("leaves for good");
    let over = w.load(game.id).await;
    assert_eq!(over.players.iter().map(|p| p.outcome).collect::<Vec<_>>(), [Some(Outcome::Win), Some(Outcome::Loss)]);
}

#[tokio::test]
async fn who_lets_nobody_wait_is_not_in_the_way_of_those_who_do() {
    let w = world();
    let [ann, ben, cat, dan, eve] = w.players();
    for alone in [ann, ben] {
        w.create(alone, "solo", &[]).await.expect("made");
    }
    let reported = w.matched("four", &[cat, dan, eve, w.player()], 4).await;
    w.report(reported.id, cat, 1).await.expect("accepted");
    w.clock.advance_millis(1);
    let duel = w.matched("duel", &w.players::<2>(), 2).await;
    w.clock.advance_millis(30_001);
    let mut gone = Vec::new();
    for _ in 0..8 {
        let marked = w.games.mark_unseen(w.now(), 1).await.expect("readable");
        assert!(marked.failed.is_empty(), "{:?}", marked.failed);
        gone.extend(marked.gone.into_iter().map(|attendance| attendance.game));
    }
    assert_eq!(gone.iter().filter(|id| **id == reported.id).count(), 3, "but for the one who has reported");
    assert_eq!(gone.iter().filter(|id| **id == duel.id).count(), 2, "{gone:?}");
}
