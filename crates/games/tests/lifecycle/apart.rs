//! Blocks and erasures, as far as games go.

use kernel::{BlockChange, Commit, Engagement, PlayerId, Riders};
use serde_json::json;
use shallweplay_games::{InviteState, ScoreReport, Status};

use crate::world::{World, code, world};

async fn block(w: &World, blocker: PlayerId, blocked: PlayerId) {
    let blocks = vec![BlockChange { blocker, blocked, stands: true, at: w.now() }];
    Commit::commit(&*w.kernel, Riders { blocks, ..Riders::default() }).await.expect("a block is always taken up");
}

#[tokio::test]
async fn nobody_is_seated_or_invited_across_a_block() {
    let w = world();
    let [ann, ben, cem] = w.players();
    let game = w.create(ann, "four", &[ben, cem]).await.expect("made").game;
    block(&w, cem, ben).await;
    w.games.accept(ben, game.invites[0].id, None).await.expect("nothing stands between the two");
    assert_eq!(code(w.games.accept(cem, game.invites[1].id, None).await), "games.invite_not_found");
    assert_eq!(w.kernel.engagement(cem), Engagement::Idle);
    assert_eq!(code(w.create(cem, "duel", &[ben]).await), "players.not_found");
    let link = w.create_link(cem, "duel").await.link.expect("has one");
    let redeemed = w.other.redeem(ann, link.code.as_deref().unwrap_or_default(), None).await;
    assert_eq!(code(redeemed), "games.busy", "she sits elsewhere, and nothing else is wrong");
}

#[tokio::test]
async fn a_rematch_across_a_block_finds_nobody() {
    let w = world();
    let [ann, ben] = w.players();
    let game = w.matched("duel", &[ann, ben], 2).await;
    w.games.abandon(ann, game.id, None).await.expect("may leave");
    block(&w, ben, ann).await;
    for player in [ann, ben] {
        assert_eq!(code(w.games.rematch(player, game.id, None).await), "players.not_found");
    }
    assert_eq!(w.load(game.id).await.rematch, None);
}

#[tokio::test]
async fn a_block_lets_open_invitations_between_the_two_run_out() {
    let w = world();
    let [ann, ben, cem] = w.players();
    let only = w.create(ann, "duel", &[ben]).await.expect("made").game;
    let with_others = w.create(ben, "four", &[ann, cem]).await.expect("made").game;
    w.games.part(ben, ann).await.expect("the store answers");
    w.other.part(ben, ann).await.expect("doing it again does no harm");
    let over = w.load(only.id).await;
    assert_eq!((over.status, over.invites[0].state), (Status::Aborted, InviteState::Expired));
    assert_eq!(over.ended.map(|ended| ended.reason), Some(String::from("expired")), "as if nobody had answered");
    let going_on = w.load(with_others.id).await;
    assert_eq!(going_on.status, Status::Created);
    assert_eq!(going_on.invites.iter().map(|invite| invite.state.open()).collect::<Vec<_>>(), [false, true]);
    assert_eq!(w.kernel.engagement(ann), Engagement::Idle);
}

#[tokio::test]
async fn an_erased_player_leaves_and_their_words_go() {
    let w = world();
    let [ann, ben, cem] = w.players();
    let invited = w.create(cem, "duel", &[ann]).await.expect("made").game;
    w.games.decline(ann, invited.invites[0].id, Some("my own words"), None).await.expect("may decline");
    let reported = w.matched("duel", &[ann, ben], 2).await;
    let secret = w.load(reported.id).await.player(ann).map(|seat| seat.secret.0.clone()).unwrap_or_default();
    let payload = Some(json!({ "said": "my own words" }));
    let given = ScoreReport { session_secret: secret, score: Some(9.0), payload, ..ScoreReport::default() };
    w.games.report(ann, reported.id, &given, None).await.expect("accepted");
    let settled = w.report(reported.id, ben, 3).await.expect("agrees");
    assert_eq!(settled.status, Status::Settled);
    let waiting = w.create_link(ann, "duel").await.game;

    assert!(!w.games.forget(ann).await.expect("the store answers"), "nothing waits for a review");
    assert_eq!(w.load(waiting.id).await.status, Status::Aborted);
    assert_eq!(w.kernel.engagement(ann), Engagement::Idle);
    let (declined, reported) = (w.load(invited.id).await, w.load(reported.id).await);
    assert_eq!(declined.invites[0].reason, None);
    assert_eq!(reported.report_of(ann).and_then(|report| report.payload.clone()), None);
    assert_eq!(reported.result, settled.result, "the result stays");
    let before = w.kernel.events().len();
    w.other.forget(ann).await.expect("doing it again does no harm");
    assert_eq!(w.kernel.events().len(), before);
}

#[tokio::test]
async fn words_under_review_stay_until_it_is_over() {
    let w = world();
    let [ann, ben] = w.players();
    let game = w.matched("duel", &[ann, ben], 2).await;
    w.report(game.id, ann, 9).await.expect("accepted");
    w.report(game.id, ben, 3).await.expect("agrees");
    w.games.dispute(ann, game.id, "that was me", None, None).await.expect("may be doubted");
    assert!(w.games.forget(ann).await.expect("the store answers"), "an operator looks at it");
    assert_eq!(w.load(game.id).await.evidence[0].reason, "that was me");
    w.operators.void(ben, game.id, "a mistake", None).await.expect("the gate agrees");
    assert!(!w.games.forget(ann).await.expect("the store answers"));
    assert_eq!(w.load(game.id).await.evidence[0].reason, "");
}
