//! Games by invitation: to a player, by a link, and once more.

use futures_util::future::join;
use serde_json::{Value, json};
use testkit::http::Answer;

use crate::app::{Setup, TestApp};
use crate::client::Answered as _;
use crate::players::{Match, Player};
use crate::sockets::Socket;
use crate::wait::{seconds, until, until_true};

in_both_worlds!(
    an_invited_player_accepts_and_both_play,
    a_refusal_ends_a_game_that_waits_for_nobody_else,
    an_invitation_can_be_taken_back_by_who_made_it,
    an_invitation_nobody_answers_expires ["SWP__GAMES__INVITE_MS" = "700", "SWP__GAMES__INVITE_LINK_MS" = "900"],
    a_link_seats_whoever_comes_first,
    two_who_invite_each_other_meet_in_one_game,
    accepting_takes_a_player_out_of_the_queue,
    a_rematch_starts_with_the_second_who_asks,
    a_rematch_can_be_declined_and_asked_for_again,
    invitations_that_make_no_sense_are_refused,
    a_run_alone_starts_at_once,
);

async fn create(player: &Player, wanted: Value) -> Answer {
    player.api.post("/api/v1/games", wanted).await
}

/// Opens a game of this mode for one other player; its id and the invitation's as the other one sees it.
async fn invite(host: &Player, guest: &Player, mode: &str) -> (String, Value) {
    let game = create(host, json!({ "mode": mode, "invite": [guest.id] })).await.expect_status(201);
    assert_ne!(game["invites"][0]["to"]["display_name"], "Former player", "{game}");
    let id = text(&game["id"]);
    (id.clone(), invited_to(guest, &id).await)
}

/// The invitation to this game among the player's open ones.
async fn invited_to(player: &Player, game: &str) -> Value {
    until("the invitation is there", seconds(5), || async {
        open_invites(player).await.into_iter().find(|invite| invite["game_id"] == game)
    })
    .await
}

async fn open_invites(player: &Player) -> Vec<Value> {
    let list = player.api.get("/api/v1/game-invites").await.expect_status(200);
    list["items"].as_array().expect("is a list").clone()
}

/// `accept` or `decline`, without a body.
async fn answer(player: &Player, invite: &Value, what: &str) -> Answer {
    let path = format!("/api/v1/game-invites/{}/{what}", text(&invite["id"]));
    player.api.request("POST", &path, None).await
}

async fn redeem(player: &Player, code: &str) -> Answer {
    player.api.request("POST", &format!("/api/v1/game-invites/links/{code}/redeem"), None).await
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

async fn an_invited_player_accepts_and_both_play(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let cleo = app.guest(1, "Cleo").await;
    let (game, invite) = invite(&ada, &ben, "tic_tac_toe").await;
    assert_eq!((&invite["from"]["id"], &invite["to"]["id"]), (&json!(ada.id), &json!(ben.id)), "{invite}");
    assert_eq!((&invite["mode"], &invite["state"]), (&json!("tic_tac_toe"), &json!("stored")), "{invite}");
    let seen = ada.game(&game).await;
    assert_eq!((&seen["status"], &seen["origin"]), (&json!("created"), &json!("private")), "{seen}");
    assert_eq!(seen["invites"][0]["to"]["id"], *ben.id, "{seen}");
    // It is between the two of them.
    for stranger in [&cleo, &ada] {
        answer(stranger, &invite, "accept").await.expect_problem(404, "games.invite_not_found");
        answer(stranger, &invite, "decline").await.expect_problem(404, "games.invite_not_found");
    }
    cleo.api.get(&format!("/api/v1/games/{game}")).await.expect_problem(404, "games.not_found");
    assert!(open_invites(&cleo).await.is_empty());
    // The maker sits in it, and in no other game or queue.
    let busy = create(&ada, json!({ "mode": "duel", "link": true })).await.expect_problem(409, "games.busy");
    assert_eq!(busy["game_id"], *game, "{busy}");
    let queued = ada.api.post("/api/v1/matchmaking/tickets", json!({ "mode": "duel" })).await;
    queued.expect_problem(409, "matchmaking.in_game");

    for _ in 0..2 {
        let accepted = answer(&ben, &invite, "accept").await.expect_status(200);
        assert_eq!((&accepted["id"], &accepted["status"]), (&json!(game), &json!("waiting_ready")), "{accepted}");
        assert_eq!(accepted["players"].as_array().map(Vec::len), Some(2), "{accepted}");
    }
    let refused = answer(&ben, &invite, "decline").await.expect_problem(409, "games.invite_not_open");
    assert_eq!(refused["state"], "accepted");
    let more = ada.api.post(&format!("/api/v1/games/{game}/invites"), json!({ "player_id": cleo.id })).await;
    more.expect_problem(409, "games.full");
    for player in [&ada, &ben] {
        player.command(&game, "ready").await.expect_status(200);
    }
    ada.sees(&game, "in_progress").await;
    let board = Match { game: game.clone(), seats: [ada.clone(), ben.clone()] };
    board.play_to_a_win(0).await;
    let over = cleo.sees(&game, "settled").await;
    assert!(over["tags"].as_array().is_some_and(|tags| tags.contains(&json!("private"))), "{over}");
    assert_eq!(ada.line(&over)["outcome"], "win");
}

async fn a_refusal_ends_a_game_that_waits_for_nobody_else(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let mut socket = Socket::open(&ada).await;
    socket.event("session.ready").await;
    let (game, invite) = invite(&ada, &ben, "duel").await;
    let path = format!("/api/v1/game-invites/{}/decline", text(&invite["id"]));
    for _ in 0..2 {
        let declined = ben.api.post(&path, json!({ "reason": "dinner" })).await.expect_status(200);
        assert_eq!((&declined["state"], &declined["reason"]), (&json!("declined"), &json!("dinner")), "{declined}");
    }
    let told = socket.event("invite.updated").await;
    assert_eq!((&told["data"]["invite_id"], &told["data"]["state"]), (&invite["id"], &json!("declined")), "{told}");
    assert_eq!(told["data"]["reason"], "dinner");
    let refused = answer(&ben, &invite, "accept").await.expect_problem(409, "games.invite_not_open");
    assert_eq!(refused["state"], "declined", "{refused}");
    let over = ada.sees(&game, "aborted").await;
    assert_eq!(over["ended"], json!({ "reason": "declined", "by": ben.id }));
    assert_eq!(ada.live().await.len(), 0);
    ada.command(&game, "rematch").await.expect_problem(409, "games.no_rematch");
    // Both are free, and nobody is punished for saying no. Of two invited one may say no.
    let both = create(&ada, json!({ "mode": "free_for_all", "invite": [ben.id], "link": true })).await;
    let both = both.expect_status(201);
    let second = invited_to(&ben, &text(&both["id"])).await;
    assert_eq!(answer(&ben, &second, "decline").await.expect_status(200)["reason"], Value::Null);
    assert_eq!(ada.game(&text(&both["id"])).await["status"], "created", "the link is still open");
    ben.join("duel").await;
}

#[tokio::test]
async fn a_link_has_the_scheme_a_trusted_proxy_was_asked_by() {
    let wanted = json!({ "mode": "duel", "link": true });
    for (hops, proto, start) in [("1", "https", "https://"), ("1", "gopher", "http://"), ("0", "https", "http://")] {
        let app = Setup::embedded().with("SWP__HTTP__TRUSTED_HOPS", hops).start().await;
        let ada = app.guest(0, "Ada").await;
        let behind = ada.api.with("x-forwarded-proto", proto);
        let game = behind.post("/api/v1/games", wanted.clone()).await.expect_status(201);
        let url = text(&game["invite_link"]["url"]);
        assert!(url.starts_with(start), "{hops} {proto}: {url}");
    }
}

async fn an_invitation_can_be_taken_back_by_who_made_it(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let (game, invite) = invite(&ada, &ben, "duel").await;
    let path = format!("/api/v1/game-invites/{}", text(&invite["id"]));
    ben.api.delete(&path).await.expect_problem(404, "games.invite_not_found");
    for _ in 0..2 {
        assert_eq!(ada.api.delete(&path).await.expect_status(200)["state"], "cancelled");
    }
    let refused = answer(&ben, &invite, "accept").await.expect_problem(409, "games.invite_not_open");
    assert_eq!(refused["state"], "cancelled");
    assert!(open_invites(&ben).await.is_empty());
    let over = ada.sees(&game, "aborted").await;
    assert_eq!(over["ended"], json!({ "reason": "cancelled", "by": ada.id }));
    ada.join("duel").await;
}

async fn an_invitation_nobody_answers_expires(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let wanted = json!({ "mode": "duel", "invite": [ben.id], "link": true });
    let game = create(&ada, wanted).await.expect_status(201);
    let code = text(&game["invite_link"]["code"]);
    let over = ada.sees(&text(&game["id"]), "aborted").await;
    assert_eq!(over["ended"], json!({ "reason": "expired", "by": "system" }));
    let late = redeem(&ben, &code).await.expect_problem(409, "games.invite_not_open");
    assert_eq!(late["state"], "expired", "{late}");
    assert!(open_invites(&ben).await.is_empty() && open_invites(&ada).await.is_empty());
    ada.join("duel").await;
}

async fn a_link_seats_whoever_comes_first(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let cleo = app.guest(0, "Cleo").await;
    let game = create(&ada, json!({ "mode": "duel", "link": true })).await.expect_status(201);
    let link = game["invite_link"].clone();
    let (id, code) = (text(&game["id"]), text(&link["code"]));
    assert!(text(&link["url"]).ends_with(&code) && link["expires_at"].is_string(), "{link}");
    assert_eq!(ada.game(&id).await["invite_link"], Value::Null, "the code stands in no other answer");
    // Asked for once more while it is open it is the same.
    let again = ada.api.post(&format!("/api/v1/games/{id}/invites"), json!({ "link": true })).await.expect_status(201);
    assert_eq!(again["code"], *code);
    for (wanted, code) in [
        (json!({}), "validation.failed"),
        (json!({ "link": true, "player_id": ben.id }), "validation.failed"),
        (json!({ "player_id": ada.id }), "games.bad_invitees"),
    ] {
        ada.api.post(&format!("/api/v1/games/{id}/invites"), wanted).await.expect_problem(422, code);
    }
    let stranger = ben.api.post(&format!("/api/v1/games/{id}/invites"), json!({ "link": true })).await;
    stranger.expect_problem(404, "games.not_found");
    redeem(&ben, "nonsense").await.expect_problem(404, "games.invite_not_found");
    let mine = redeem(&ada, &code).await.expect_status(200);
    assert_eq!(mine["status"], "created", "who sits in it gains nothing by it");

    // Both at once: one has the seat.
    let (bens, cleos) = join(redeem(&ben, &code), redeem(&cleo, &code)).await;
    let (won, lost, winner) = if bens.status == 200 { (bens, cleos, &ben) } else { (cleos, bens, &cleo) };
    assert_eq!(won.expect_status(200)["status"], "waiting_ready");
    lost.expect_problem(409, "games.full");
    assert_eq!(redeem(winner, &code).await.expect_status(200)["id"], *id, "a second click");
    let seats = winner.game(&id).await["players"].as_array().map(Vec::len);
    assert_eq!(seats, Some(2));
}

async fn two_who_invite_each_other_meet_in_one_game(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let (one, two) = join(
        create(&ada, json!({ "mode": "duel", "invite": [ben.id] })),
        create(&ben, json!({ "mode": "duel", "invite": [ada.id] })),
    )
    .await;
    let (one, two) = (one.expect_status(201), two.expect_status(201));
    let game = until("both are in one game", seconds(5), || async {
        let [ours, theirs] = [ada.live().await, ben.live().await];
        assert!(ours.len() <= 1 && theirs.len() <= 1, "nobody is in two games");
        let same = ours.first().zip(theirs.first()).is_some_and(|(a, b)| a["id"] == b["id"]);
        same.then(|| ours[0].clone())
    })
    .await;
    assert!([&one["id"], &two["id"]].contains(&&game["id"]), "{game}");
    assert_eq!(game["status"], "waiting_ready", "{game}");
    assert!(open_invites(&ada).await.is_empty() && open_invites(&ben).await.is_empty());
}

async fn accepting_takes_a_player_out_of_the_queue(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let ticket = ben.join("connect_four").await;
    let (game, invite) = invite(&ada, &ben, "duel").await;
    answer(&ben, &invite, "accept").await.expect_status(200);
    assert_eq!(ben.live().await[0]["id"], *game);
    until_true("the ticket has ended", seconds(5), || async { ben.ticket(&ticket).await["status"] == "cancelled" })
        .await;
    let ended = ben.ticket(&ticket).await;
    assert_eq!(ended["game_id"], Value::Null, "{ended}");
    // Whoever plays already doesn't accept another: the game he is in is named.
    let cleo = app.guest(0, "Cleo").await;
    let (_, second) = self::invite(&cleo, &ben, "duel").await;
    let busy = answer(&ben, &second, "accept").await.expect_problem(409, "games.busy");
    assert_eq!(busy["game_id"], *game, "{busy}");
}

async fn a_rematch_starts_with_the_second_who_asks(app: TestApp) {
    let played = Match::running("tic_tac_toe", app.two_guests().await).await;
    let [first, second] = &played.seats;
    let stranger = app.guest(0, "Cleo").await;
    let early = first.command(&played.game, "rematch").await.expect_problem(409, "games.no_rematch");
    assert_eq!(early["state"], "in_progress", "{early}");
    stranger.command(&played.game, "rematch").await.expect_problem(404, "games.not_found");
    played.play_to_a_win(0).await;
    stranger.command(&played.game, "rematch").await.expect_problem(403, "games.not_a_player");

    let next = first.command(&played.game, "rematch").await.expect_status(200);
    let id = text(&next["id"]);
    assert_eq!((&next["status"], &next["origin"]), (&json!("created"), &json!("rematch")), "{next}");
    assert_eq!(first.command(&played.game, "rematch").await.expect_status(200)["id"], *id, "a second click");
    assert_eq!(second.game(&played.game).await["rematch_game_id"], *id);
    assert_eq!(invited_to(second, &id).await["rematch_of"], *played.game);
    let agreed = second.command(&played.game, "rematch").await.expect_status(200);
    assert_eq!((&agreed["id"], &agreed["status"]), (&json!(id), &json!("in_progress")), "{agreed}");
    assert_eq!(second.line(&agreed)["seat"], 0, "the other one begins now");
    let board = Match { game: id.clone(), seats: [second.clone(), first.clone()] };
    board.play_to_a_win(0).await;
    first.sees(&id, "settled").await;

    // Both at the same moment: still one game.
    let (one, two) = join(first.command(&id, "rematch"), second.command(&id, "rematch")).await;
    let (one, two) = (one.expect_status(200), two.expect_status(200));
    assert_eq!(one["id"], two["id"]);
    first.sees(&text(&one["id"]), "in_progress").await;
}

async fn a_rematch_can_be_declined_and_asked_for_again(app: TestApp) {
    let played = Match::running("tic_tac_toe", app.two_guests().await).await;
    played.play_to_a_win(0).await;
    let [first, second] = &played.seats;
    let next = text(&first.command(&played.game, "rematch").await.expect_status(200)["id"]);
    let invite = invited_to(second, &next).await;
    answer(second, &invite, "decline").await.expect_status(200);
    first.sees(&next, "aborted").await;
    let another = second.command(&played.game, "rematch").await.expect_status(200);
    assert_ne!(another["id"], *next, "what came to nothing makes room");
    let agreed = first.command(&played.game, "rematch").await.expect_status(200);
    assert_eq!((&agreed["id"], &agreed["status"]), (&another["id"], &json!("in_progress")), "{agreed}");
}

async fn invitations_that_make_no_sense_are_refused(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let cleo = app.guest(0, "Cleo").await;
    for (wanted, pointer) in [
        (json!({ "mode": "duel", "invite": [ada.id] }), "/invite/0"),
        (json!({ "mode": "free_for_all", "invite": [ben.id, ben.id] }), "/invite/1"),
        (json!({ "mode": "duel", "invite": [ben.id, cleo.id] }), "/invite/1"),
        (json!({ "mode": "score_attack", "invite": [ben.id] }), "/invite/0"),
        (json!({ "mode": "score_attack", "link": true }), "/link"),
    ] {
        let problem = create(&ada, wanted.clone()).await.expect_problem(422, "games.bad_invitees");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{wanted}: {problem}");
    }
    let many: Vec<_> = (0..2_000).map(|_| ben.id.clone()).collect();
    assert_eq!(create(&ada, json!({ "mode": "duel", "invite": many })).await.status, 413);
    let nobody = json!({ "mode": "duel", "invite": ["0192f0c1-2345-7abc-8def-0123456789ab"] });
    create(&ada, nobody).await.expect_problem(404, "players.not_found");
    create(&ada, json!({ "mode": "chess" })).await.expect_problem(404, "games.unknown_mode");
    create(&ada, json!({ "mode": "duel", "invite": ["x"] })).await.expect_problem(422, "validation.failed");
    create(&ada, json!({ "mode": "duel", "rated": true })).await.expect_problem(422, "validation.failed");
    create(&ada, json!({ "mode": "duel", "bot": true })).await.expect_problem(422, "games.no_bot");
    assert_eq!(ada.live().await.len(), 0, "nothing came of any of them");
}

async fn a_run_alone_starts_at_once(app: TestApp) {
    let ada = app.guest(0, "Ada").await.at(&app.client(1));
    let run = create(&ada, json!({ "mode": "score_attack" })).await.expect_status(201);
    assert_eq!((&run["status"], &run["origin"]), (&json!("in_progress"), &json!("solo")), "{run}");
    let game = text(&run["id"]);
    let reported = ada.report(&game, json!({ "score": 4_321 })).await.expect_status(200);
    assert_eq!(reported["result"], json!({ "status": "settled", "version": 1 }));
    let over = ada.sees(&game, "settled").await;
    let line = ada.line(&over);
    assert_eq!((&line["score"], &line["outcome"]), (&json!(4_321), &Value::Null), "{line}");
    assert_eq!(over["rated"], false);
    create(&ada, json!({ "mode": "score_attack" })).await.expect_status(201);
}
