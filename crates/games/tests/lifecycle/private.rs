//! Games players make: seats, invitations, links, and how they come to a start or to nothing.

use kernel::{Connections, Engagement, Receipt, ReceiptKey, Receipts, Refusal, StreamKey};
use serde_json::json;
use shallweplay_games::{CreateGame, GameStore, InviteState, OriginKind, PlayerStatus, Status};

use crate::world::{code, statuses, world};

#[tokio::test]
async fn a_mode_for_one_is_in_progress_at_once() {
    let w = world();
    let ann = w.player();
    let game = w.create(ann, "solo", &[]).await.expect("made").game;
    assert_eq!((game.status, game.origin.kind, game.rated), (Status::InProgress, OriginKind::Solo, false));
    assert_eq!(w.kernel.engagement(ann), Engagement::Game(game.id));
    assert_eq!(w.told(&StreamKey::player(ann)), ["game.started"]);
    assert_eq!(w.log(game.id).await[0].kind, "opened");
    let over = w.report(game.id, ann, 40).await.expect("accepted");
    assert_eq!((over.status, w.kernel.engagement(ann)), (Status::Settled, Engagement::Idle));
}

#[tokio::test]
async fn what_cant_be_made_is_refused_with_its_place() {
    let w = world();
    let [ann, ben, cem] = w.players();
    let places = async |mode: &str, invite: &[_]| -> Vec<(String, &'static str)> {
        let refused = w.create(ann, mode, invite).await.expect_err("refused");
        assert_eq!(refused.code(), "games.bad_invitees");
        refused.fields().into_iter().map(|field| (field.pointer, field.code)).collect()
    };
    assert_eq!(code(w.create(ann, "chess", &[ben]).await), "games.unknown_mode");
    assert_eq!(code(w.create(ann, "off", &[ben]).await), "games.mode_disabled");
    assert_eq!(places("duel", &[ann]).await, [(String::from("/invite/0"), "self")]);
    assert_eq!(places("duel", &[ben, cem]).await, [(String::from("/invite/1"), "too_many")]);
    assert_eq!(
        places("four", &[ben, ben, ann]).await,
        [(String::from("/invite/1"), "twice"), (String::from("/invite/2"), "self")]
    );
    assert_eq!(places("solo", &[ben]).await, [(String::from("/invite/0"), "too_many")]);
    let wanted = |mode: &str, link, bot| CreateGame { mode: mode.to_owned(), link, bot, ..CreateGame::default() };
    let solo = w.games.create(ann, wanted("solo", true, false), None).await.expect_err("refused");
    assert_eq!(solo.fields()[0].pointer, "/link");
    assert_eq!(code(w.games.create(ann, wanted("duel", false, true), None).await), "games.no_bot");
    assert_eq!(w.kernel.events(), [], "nothing happened");

    let ticket = w.queue(ann).await;
    let busy = w.create(ann, "duel", &[ben]).await.expect_err("in a queue");
    assert_eq!((busy.code(), busy.extensions()), ("games.busy", vec![("ticket_id", json!(ticket))]));
    let game = w.create(cem, "duel", &[ben]).await.expect("made").game;
    let busy = w.create(cem, "solo", &[]).await.expect_err("in a game");
    assert_eq!((busy.code(), busy.extensions()), ("games.busy", vec![("game_id", json!(game.id))]));
}

#[tokio::test]
async fn an_accepted_invitation_seats_the_player_and_takes_it_out_of_the_queue() {
    let w = world();
    let [ann, ben, eve] = w.players();
    w.kernel.report("a", &[ben], &[]).await.expect("reported");
    let game = w.create(ann, "duel", &[ben]).await.expect("made").game;
    let invite = game.invites[0].clone();
    assert_eq!((game.status, statuses(&game)), (Status::Created, vec![PlayerStatus::Joined]));
    assert_eq!((invite.state, invite.expires_at), (InviteState::Delivered, w.now().plus_millis(60_000)));
    assert_eq!(game.due_at, Some(invite.expires_at));
    assert_eq!(w.told(&StreamKey::player(ben)), ["game.invited"]);
    assert_eq!(w.games.invites_of(ben).await.expect("readable")[0].1.id, invite.id);
    assert_eq!(w.games.invites_of(ann).await.expect("readable").len(), 1, "outgoing");
    assert_eq!(code(w.games.accept(eve, invite.id, None).await), "games.invite_not_found");
    assert_eq!(code(w.games.accept(ann, invite.id, None).await), "games.invite_not_found");

    w.queue(ben).await;
    let joined = w.games.accept(ben, invite.id, None).await.expect("accepted");
    assert_eq!((joined.status, joined.invites[0].state), (Status::WaitingReady, InviteState::Accepted));
    assert_eq!(joined.due_at, Some(w.now().plus_millis(20_000)));
    assert_eq!(joined.players.iter().map(|p| (p.team, p.seat)).collect::<Vec<_>>(), [(0, 0), (1, 1)]);
    assert_eq!(w.kernel.engagement(ben), Engagement::Game(game.id), "out of the queue in the same step");
    assert_eq!(w.told(&StreamKey::player(ann)), ["invite.updated"]);
    let again = w.games.accept(ben, invite.id, None).await.expect("a second click");
    assert_eq!(again, joined);
    assert_eq!(code(w.games.decline(ben, invite.id, None, None).await), "games.invite_not_open");
    w.games.ready(ann, game.id, None).await.expect("ready");
    let started = w.games.ready(ben, game.id, None).await.expect("ready");
    assert_eq!((started.status, started.rated), (Status::InProgress, true));
    assert!(started.players[1].secret.matches(&joined.players[1].secret.0));
    let kinds: Vec<_> = w.log(game.id).await.into_iter().map(|line| line.kind).collect();
    assert_eq!(kinds[..5], ["opened", "invited", "joined", "ready", "ready"]);
}

#[tokio::test]
async fn who_is_ready_early_starts_with_the_last_one_seated() {
    let w = world();
    let [ann, ben] = w.players();
    let game = w.create(ann, "duel", &[ben]).await.expect("made").game;
    let early = w.games.ready(ann, game.id, None).await.expect("ready");
    assert_eq!((early.status, statuses(&early)), (Status::Created, vec![PlayerStatus::Ready]));
    assert_eq!(w.games.ready(ann, game.id, None).await.expect("again"), early);
    let joined = w.games.accept(ben, game.invites[0].id, None).await.expect("accepted");
    assert_eq!(joined.status, Status::WaitingReady, "the other one isn't");
    assert_eq!(w.games.ready(ben, game.id, None).await.expect("ready").status, Status::InProgress);
}

#[tokio::test]
async fn the_last_invitation_that_ends_without_a_player_ends_the_game() {
    let w = world();
    let [ann, ben] = w.players();
    for (how, reason) in [("decline", "declined"), ("cancel", "cancelled"), ("expire", "expired")] {
        let game = w.create(ann, "duel", &[ben]).await.expect("made").game;
        let id = game.invites[0].id;
        match how {
            "decline" => drop(w.games.decline(ben, id, Some(&"x".repeat(300)), None).await.expect("declined")),
            "cancel" => drop(w.games.cancel(ann, id, None).await.expect("cancelled")),
            _ => {
                w.clock.advance_millis(60_000);
                let late = w.games.accept(ben, id, None).await.expect_err("too late");
                assert_eq!(
                    (late.code(), late.extensions()),
                    ("games.invite_not_open", vec![("state", json!("expired"))])
                );
            }
        }
        let over = w.load(game.id).await;
        assert_eq!((over.status, over.ended.as_ref().map(|e| e.reason.as_str())), (Status::Aborted, Some(reason)));
        assert_eq!(w.kernel.engagement(ann), Engagement::Idle, "the host is free: {how}");
        assert_eq!(over.invites[0].state.as_str(), reason);
        assert_eq!(
            over.invites[0].reason.as_ref().map_or(0, |text| text.chars().count()),
            if how == "decline" { 200 } else { 0 }
        );
        assert_eq!(w.games.invites_of(ben).await.expect("readable"), []);
        let told = w.told(&StreamKey::game(game.id));
        assert_eq!(told, ["game.updated", "game.updated"], "made and over");
        let again = match how {
            "decline" => w.games.decline(ben, id, None, None).await,
            "cancel" => w.games.cancel(ann, id, None).await,
            _ => continue,
        };
        assert_eq!(again.expect("a second click").0, over);
        assert_eq!(code(w.games.accept(ben, id, None).await), "games.invite_not_open");
    }
}

#[tokio::test]
async fn a_game_nobody_is_invited_to_waits_ten_minutes() {
    let w = world();
    let ann = w.player();
    let game = w.create(ann, "duel", &[]).await.expect("made").game;
    w.clock.advance_millis(599_999);
    assert_eq!(w.sweep().await, 0);
    w.clock.advance_millis(1);
    assert_eq!(w.sweep().await, 1);
    let over = w.load(game.id).await;
    assert_eq!((over.status, over.ended.map(|ended| ended.reason)), (Status::Aborted, Some(String::from("expired"))));
    assert_eq!(w.kernel.engagement(ann), Engagement::Idle);
}

#[tokio::test]
async fn a_link_seats_as_many_as_there_is_room_for() {
    let w = world();
    let [ann, ben, cem, dan, eve] = w.players();
    let made = w.create_link(ann, "four").await;
    let link = made.link.expect("asked for");
    let code_of = link.code.clone().expect("a link has one");
    assert_eq!((code_of.len(), link.expires_at), (10, w.now().plus_millis(24 * 3_600_000)));
    let (_, same) = w.games.invite_link(ann, made.game.id, None).await.expect("again");
    assert_eq!(same, link, "one link at a time");
    assert_eq!(code(w.games.redeem(ben, "nosuchcode", None).await), "games.invite_not_found");
    assert_eq!(code(w.games.invite_link(eve, made.game.id, None).await), "games.not_found");
    for (player, seats) in [(ben, 2), (cem, 3), (ben, 3)] {
        let game = w.games.redeem(player, &code_of, None).await.expect("seated");
        assert_eq!((game.players.len(), game.status), (seats, Status::Created));
    }
    let left = w.games.abandon(ben, made.game.id, None).await.expect("leaves");
    assert_eq!((left.status, left.players.len(), w.kernel.engagement(ben)), (Status::Created, 2, Engagement::Idle));
    let (_, invite) = w.games.invite_player(cem, made.game.id, eve, None).await.expect("any player may");
    assert_eq!(code(w.games.invite_player(cem, made.game.id, ann, None).await), "games.bad_invitees");
    for player in [dan, ben] {
        w.games.redeem(player, &code_of, None).await.expect("seated");
    }
    let full = w.load(made.game.id).await;
    assert_eq!(full.players.iter().map(|p| p.player_id).collect::<Vec<_>>(), [ann, dan, cem, ben], "free seats first");
    assert_eq!((full.status, full.invites[0].state), (Status::WaitingReady, InviteState::Accepted));
    assert_eq!(full.invites[1].state, InviteState::Superseded);
    assert_eq!(code(w.games.redeem(eve, &code_of, None).await), "games.full");
    assert_eq!(code(w.games.accept(eve, invite.id, None).await), "games.invite_not_open");
    assert_eq!(w.games.redeem(dan, &code_of, None).await.expect("a second click").id, full.id);
    let log = serde_json::to_string(&w.log(full.id).await.into_iter().map(|line| line.data).collect::<Vec<_>>());
    let log = log.expect("JSON");
    assert!(!log.contains(&code_of), "whoever reads the log can't come in by it");
    assert!(full.players.iter().all(|player| !log.contains(&player.secret.0)));
}

#[tokio::test]
async fn enough_players_start_when_nobody_else_is_awaited() {
    let w = world();
    let [ann, ben, cem, dan] = w.players();
    let made = w.create_link(ann, "four").await;
    let (id, link) = (made.game.id, made.link.expect("asked for"));
    for player in [ben, cem] {
        w.games.redeem(player, link.code.as_deref().expect("a code"), None).await.expect("seated");
    }
    for player in [ann, ben, cem] {
        let game = w.games.ready(player, id, None).await.expect("ready");
        assert_eq!(game.status, Status::Created, "the link is open");
    }
    let (started, _) = w.games.cancel(ann, link.id, None).await.expect("taken back");
    assert_eq!((started.status, started.players.len()), (Status::InProgress, 3));

    // Below full a seat may still be taken, for as long as the mode says.
    assert_eq!(code(w.games.invite_link(dan, id, None).await), "games.not_found");
    let (_, late) = w.games.invite_link(cem, id, None).await.expect("there is a seat");
    assert_eq!(late.expires_at, w.now().plus_millis(10_000));
    w.clock.advance_millis(9_999);
    let game = w.games.redeem(dan, late.code.as_deref().expect("a code"), None).await.expect("late, but in time");
    assert_eq!((game.status, statuses(&game)), (Status::InProgress, vec![PlayerStatus::Playing; 4]));
    assert_eq!(w.told(&StreamKey::player(dan)), ["game.started"]);
    assert_eq!(game.invites[1].state, InviteState::Accepted);
}

#[tokio::test]
async fn late_invitations_run_out_with_the_time_for_them() {
    let w = world();
    let [ann, ben, cem, dan] = w.players();
    let game = w.create(ann, "four", &[ben, cem]).await.expect("made").game;
    for (player, n) in [(ben, 0), (cem, 1)] {
        w.games.accept(player, game.invites[n].id, None).await.expect("accepted");
    }
    for player in [ann, ben, cem] {
        w.games.ready(player, game.id, None).await.expect("ready");
    }
    let (game, late) = w.games.invite_player(ben, game.id, dan, None).await.expect("there is a seat");
    assert_eq!(game.status, Status::InProgress);
    w.clock.advance_millis(10_000);
    assert_eq!(w.sweep().await, 1, "nothing but the invitation is over");
    let game = w.load(game.id).await;
    assert_eq!((game.status, game.invites[2].state), (Status::InProgress, InviteState::Expired));
    assert_eq!(code(w.games.accept(dan, late.id, None).await), "games.invite_not_open");
    assert_eq!(code(w.games.invite_link(ann, game.id, None).await), "games.not_waiting");
    assert_eq!(w.kernel.engagement(dan), Engagement::Idle);
}

#[tokio::test]
async fn uneven_teams_wait_for_another_player() {
    let w = world();
    let [ann, ben, cem, dan] = w.players();
    let game = w.create(ann, "pairs", &[ben, cem]).await.expect("made").game;
    w.games.accept(ben, game.invites[0].id, None).await.expect("accepted");
    let three = w.games.accept(cem, game.invites[1].id, None).await.expect("accepted");
    assert_eq!(three.players.iter().map(|p| p.team).collect::<Vec<_>>(), [0, 1, 0]);
    assert_eq!((three.status, three.due_at), (Status::Created, Some(w.now().plus_millis(600_000))));
    let (_, invite) = w.games.invite_player(ben, game.id, dan, None).await.expect("one more");
    assert_eq!(w.games.accept(dan, invite.id, None).await.expect("accepted").status, Status::WaitingReady);
}

#[tokio::test]
async fn the_host_who_leaves_takes_the_game_along() {
    let w = world();
    let [ann, ben, cem] = w.players();
    let game = w.create(ann, "four", &[ben, cem]).await.expect("made").game;
    w.games.accept(ben, game.invites[0].id, None).await.expect("accepted");
    let over = w.games.abandon(ann, game.id, None).await.expect("leaves");
    assert_eq!((over.status, over.invites[1].state), (Status::Aborted, InviteState::Superseded));
    let kept = over.ended.as_ref().expect("ended");
    assert_eq!(json!(kept), json!({ "reason": "cancelled", "by": ann }));
    for player in [ann, ben] {
        assert_eq!(w.kernel.engagement(player), Engagement::Idle);
    }
    assert_eq!(w.games.abandon(ann, game.id, None).await.expect("a second click"), over);
    assert_eq!(code(w.games.accept(cem, game.invites[1].id, None).await), "games.invite_not_open");
}

#[tokio::test]
async fn two_who_invite_each_other_meet_in_one_game() {
    let w = world();
    let [ann, ben] = w.players();
    let hers = w.create(ann, "duel", &[ben]).await.expect("made").game;
    let met = w.create(ben, "duel", &[ann]).await.expect("accepts instead").game;
    assert_eq!((met.id, met.status), (hers.id, Status::WaitingReady));

    // Another mode is another wish.
    let [cem, dan] = w.players();
    let board = w.create(cem, "tic_tac_toe", &[dan]).await.expect("made").game;
    let duel = w.create(dan, "duel", &[cem]).await.expect("made").game;
    assert_ne!(board.id, duel.id);
    // Whoever then accepts leaves the own game, in which nobody else sits, in the same step.
    let met = w.games.accept(cem, duel.invites[0].id, None).await.expect("accepted");
    assert_eq!(met.status, Status::WaitingReady);
    let left = w.load(board.id).await;
    assert_eq!((left.status, left.invites[0].state), (Status::Aborted, InviteState::Superseded));
    for player in [cem, dan] {
        assert_eq!(w.kernel.engagement(player), Engagement::Game(duel.id));
        assert_eq!(w.store.live_of(player).await.expect("readable").len(), 1);
    }
}

#[tokio::test]
async fn two_who_invite_each_other_at_the_same_instant_meet_all_the_same() {
    let w = world();
    let [ann, ben] = w.players();
    let wanted = |to| CreateGame { mode: String::from("duel"), invite: vec![to], ..CreateGame::default() };
    let (hers, his) = tokio::join!(w.games.create(ann, wanted(ben), None), w.other.create(ben, wanted(ann), None));
    hers.expect("made");
    his.expect("made");
    let game = w.games.live_of(ann).await.expect("readable").expect("plays");
    assert_eq!((game.status, game.players.len()), (Status::WaitingReady, 2));
    assert_eq!(w.games.live_of(ben).await.expect("readable"), Some(game));
}

#[tokio::test]
async fn a_player_in_another_game_stays_there() {
    let w = world();
    let [ann, ben, cem] = w.players();
    let other = w.matched("duel", &[ben, cem], 2).await;
    let game = w.create(ann, "duel", &[ben]).await.expect("made").game;
    let busy = w.games.accept(ben, game.invites[0].id, None).await.expect_err("in a game");
    assert_eq!((busy.code(), busy.extensions()), ("games.busy", vec![("game_id", json!(other.id))]));
    assert_eq!(w.load(game.id).await, game, "the invitation stays open");
    w.games.abandon(ben, other.id, None).await.expect("leaves");
    w.games.accept(ben, game.invites[0].id, None).await.expect("free now");
}

#[tokio::test]
async fn receipts_name_the_game_or_the_invitation() {
    let w = world();
    let [ann, ben] = w.players();
    let receipt = |player, key: &str| {
        let key = ReceiptKey { player, route: String::from("POST /games"), key: key.to_owned() };
        Some(Receipt { key, body_hash: [1; 32], outcome: json!(null), at: w.now() })
    };
    let outcome = async |receipt: Option<Receipt>| {
        w.kernel.find(&receipt.expect("given").key).await.expect("readable").expect("written").receipt.outcome
    };
    let (made, linked, accepted) = (receipt(ann, "made"), receipt(ann, "linked"), receipt(ben, "accepted"));
    let wanted = CreateGame { mode: String::from("duel"), invite: vec![ben], ..CreateGame::default() };
    let game = w.games.create(ann, wanted, made.clone()).await.expect("made").game;
    let (_, link) = w.games.invite_link(ann, game.id, linked.clone()).await.expect("made");
    w.games.accept(ben, game.invites[0].id, accepted.clone()).await.expect("accepted");
    assert_eq!(outcome(made).await, json!({ "game": game.id, "as": "game" }));
    assert_eq!(outcome(linked).await, json!({ "game": game.id, "as": "invite", "invite": link.id }));
    assert_eq!(outcome(accepted).await, json!({ "game": game.id, "as": "game" }));
}
