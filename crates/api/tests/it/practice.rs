//! Against a practice bot: at once, without anybody, and for nothing.

use futures_util::future::join_all;
use serde_json::{Value, json};
use testkit::http::Answer;

use crate::app::{Setup, TestApp};
use crate::client::Answered as _;
use crate::played;
use crate::players::{Match, Player};
use crate::sockets::Socket;
use crate::wait::{seconds, until, until_true};

in_both_worlds!(
    a_whole_game_by_calls_leaves_nothing_but_itself,
    a_socket_sees_the_moves_of_both_in_order,
    whoever_waits_in_a_queue_leaves_it_by_that,
    one_game_at_a_time_and_one_for_each_key,
    once_more_starts_at_once_and_the_bot_begins,
    nobody_can_do_anything_with_the_bot,
    who_does_not_come_back_is_let_go["SWP__GAMES__GRACE_MS" = "700"],
);

/// Its id everywhere.
pub(crate) const BOT: &str = "00000000-0000-7000-8000-0000000000b0";

async fn practise(player: &Player, mode: &str) -> Value {
    player.api.post("/api/v1/games", json!({ "mode": mode, "bot": true })).await.expect_status(201)
}

fn id(game: &Value) -> String {
    game["id"].as_str().expect("has an id").to_owned()
}

/// Plays tic-tac-toe to its end: always the first free cell.
async fn play_out(player: &Player, game: &str) -> Value {
    loop {
        let seen = player.game(game).await;
        if seen["status"] != "in_progress" {
            return seen;
        }
        assert_eq!(seen["turn"], player.line(&seen)["seat"], "the bot has moved already: {seen}");
        let cells = seen["state"]["cells"].as_array().expect("is a list");
        let free = cells.iter().position(Value::is_null).expect("is not full");
        let sequence = seen["sequence"].as_i64().expect("is a number");
        let moved = player.mark(game, u8::try_from(free).expect("is small"), sequence).await.expect_status(200);
        let played = moved["sequence"].as_i64().expect("is a number") - sequence;
        assert!((1..=2).contains(&played), "{moved}");
    }
}

fn assert_bot(line: &Value) {
    assert_eq!((&line["player"]["id"], &line["player"]["bot"]), (&json!(BOT), &json!(true)), "{line}");
    assert_eq!(line["player"]["display_name"], "Practice bot", "{line}");
    assert_eq!((&line["player"]["handle"], &line["player"]["guest"]), (&Value::Null, &json!(false)), "{line}");
}

async fn a_whole_game_by_calls_leaves_nothing_but_itself(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let modes = ada.api.get("/api/v1/modes").await.expect_status(200);
    for mode in modes["items"].as_array().expect("is a list") {
        assert_eq!(mode["practice"], mode["rules"] != "relay", "{mode}");
    }
    let game = practise(&ada, "tic_tac_toe").await;
    assert_eq!((&game["status"], &game["origin"]), (&json!("in_progress"), &json!("practice")), "{game}");
    assert_eq!((&game["rated"], &game["turn"], &game["you"]["seat"]), (&json!(false), &json!(0), &json!(0)), "{game}");
    assert_bot(&game["players"][1]);
    assert_eq!(game["players"][0]["player"].get("bot"), None, "people are none");
    let over = play_out(&ada, &id(&game)).await;
    assert_eq!((&over["status"], &over["tags"]), (&json!("settled"), &json!(["practice"])), "{over}");
    assert!(ada.line(&over)["outcome"].is_string(), "{over}");
    // It stands in the own history, labelled, for anybody who may look.
    for reader in [&ada, &ben] {
        let path = format!("/api/v1/players/{}/games?rated=false&mode=tic_tac_toe", ada.id);
        let page = reader.api.get(&path).await.expect_status(200);
        assert_eq!(page["items"][0]["id"], over["id"], "{page}");
        assert_bot(&page["items"][0]["players"][1]);
    }
    assert_eq!(ada.history("?rated=true").await["items"], json!([]));
    assert_eq!(ada.history("?tag=practice").await["items"].as_array().map(Vec::len), Some(1));
    let replay = ada.api.get(&format!("/api/v1/games/{}/replay", id(&game))).await;
    assert_eq!(replay.status, 200);

    // What comes after it in the same family counts, and alone: the practice game has left nothing.
    let board = played::private("tic_tac_toe", &ada, &ben).await;
    Match { game: board, seats: [ada.clone(), ben.clone()] }.play_to_a_win(0).await;
    ada.rated_after("tic_tac_toe", 1).await;
    let stats = ada.page("stats").await.expect_status(200);
    assert_eq!(
        (&stats["games"], &stats["wins"], &stats["streak"]["current"]),
        (&json!(1), &json!(1), &json!(1)),
        "{stats}"
    );
    let board = until("both are on the board", seconds(10), || async {
        let board = ben.board("tic_tac_toe", "?metric=wins").await;
        (board["total"] == 2).then_some(board)
    })
    .await;
    assert!(!board.to_string().contains(BOT), "{board}");
    let met = ada.api.get(&format!("/api/v1/players/{}/head-to-head/{}", ada.id, ben.id)).await.expect_status(200);
    assert_eq!(met["games"], 1, "{met}");
    for asked in [format!("{}/head-to-head/{BOT}", ada.id), format!("{BOT}/head-to-head/{}", ada.id)] {
        ada.api.get(&format!("/api/v1/players/{asked}")).await.expect_problem(404, "players.not_found");
    }
}

async fn a_socket_sees_the_moves_of_both_in_order(app: TestApp) {
    let ada = app.guest(0, "Ada").await;
    let mut socket = Socket::open(&ada).await;
    // Called at another replica than the one the socket is at.
    let there = ada.at(&app.client(1));
    let game = id(&practise(&there, "rock_paper_scissors").await);
    let started = socket.event("game.started").await;
    assert_bot(&started["data"]["game"]["players"][1]);
    assert!(started["data"]["session_secret"].is_string(), "{started}");
    let seen = socket.join(&game).await;
    assert_bot(&seen["players"][1]);
    let mut rounds = 0;
    while ada.game(&game).await["status"] == "in_progress" {
        let moved = json!({ "game_id": game, "move": { "throw": "rock" }, "expected_sequence": rounds });
        let reply = socket.ok("game.move", moved).await;
        assert_eq!(reply["sequence"], rounds + 1, "{reply}");
        let [own, its] = [socket.event("game.moved").await, socket.event("game.moved").await];
        assert_eq!((&own["data"]["seat"], &own["data"]["move"]), (&json!(0), &Value::Null), "sealed: {own}");
        assert_eq!((&its["data"]["seat"], &its["data"]["sequence"]), (&json!(1), &json!(rounds + 1)), "{its}");
        assert_eq!(its["data"]["move"]["throws"][0], "rock", "{its}");
        rounds += 1;
    }
    let ending: Vec<_> = socket.all_until("game.settled").await.iter().map(|event| event["type"].clone()).collect();
    assert_eq!(ending.last(), Some(&json!("game.settled")), "{ending:?}");
    assert!(ada.live().await.is_empty());
}

async fn whoever_waits_in_a_queue_leaves_it_by_that(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let ticket = ada.join("connect_four").await;
    let game = id(&practise(&ada, "tic_tac_toe").await);
    assert_eq!(ada.live().await[0]["id"], *game);
    let ended = until("the ticket has ended", seconds(5), || async {
        let ticket = ada.ticket(&ticket).await;
        (ticket["status"] == "cancelled").then_some(ticket)
    })
    .await;
    assert_eq!((&ended["ended"]["reason"], &ended["game_id"]), (&json!("superseded"), &Value::Null), "{ended}");
    // Nobody is matched with somebody who practises.
    let his = ben.join("connect_four").await;
    ada.command(&game, "abandon").await.expect_status(200);
    assert_eq!(ben.ticket(&his).await["status"], "searching");
    // A party that is queued loses its place with the one who left, and the others are free.
    let party = ada.api.post("/api/v1/parties", json!({})).await.expect_status(201);
    let party = id(&party);
    let cleo = app.guest(0, "Cleo").await;
    let command = async |player: &Player, what: &str, body: Value| {
        player.api.post(&format!("/api/v1/parties/{party}/{what}"), body).await.expect_status(200)
    };
    command(&ada, "invites", json!({ "player_id": cleo.id })).await;
    command(&cleo, "join", json!({})).await;
    command(&cleo, "ready", json!({})).await;
    let queued = ada.api.post("/api/v1/matchmaking/tickets", json!({ "mode": "squads", "party_id": party })).await;
    let queued = id(&queued.expect_status(201));
    practise(&cleo, "tic_tac_toe").await;
    until_true("their ticket has ended", seconds(5), || async { ada.ticket(&queued).await["status"] == "cancelled" })
        .await;
    practise(&ada, "tic_tac_toe").await;
}

async fn one_game_at_a_time_and_one_for_each_key(app: TestApp) {
    let ada = app.guest(0, "Ada").await;
    let wanted = json!({ "mode": "connect_four", "bot": true });
    let answers: Vec<Answer> = join_all((0..6).map(|n| {
        let api = ada.api.at(&app.client(n)).with("idempotency-key", "once");
        let wanted = wanted.clone();
        async move { api.post("/api/v1/games", wanted).await }
    }))
    .await;
    let first = answers[0].expect_status(201);
    assert!(answers.iter().all(|answer| answer.expect_status(201)["id"] == first["id"]));
    assert_eq!(ada.live().await.len(), 1);
    let busy = ada.api.post("/api/v1/games", wanted.clone()).await.expect_problem(409, "games.busy");
    assert_eq!(busy["game_id"], first["id"], "{busy}");
    ada.api
        .post("/api/v1/matchmaking/tickets", json!({ "mode": "duel" }))
        .await
        .expect_problem(409, "matchmaking.in_game");
    ada.command(&id(&first), "abandon").await.expect_status(200);

    for (more, pointer) in [(json!({ "invite": [BOT] }), "/invite"), (json!({ "link": true }), "/link")] {
        let mut wanted = wanted.clone();
        wanted.as_object_mut().expect("is an object").extend(more.as_object().expect("is an object").clone());
        let problem = ada.api.post("/api/v1/games", wanted).await.expect_problem(422, "games.bad_invitees");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    for (mode, status, code) in
        [("duel", 422, "games.no_bot"), ("score_attack", 422, "games.no_bot"), ("chess", 404, "games.unknown_mode")]
    {
        let problem = ada.api.post("/api/v1/games", json!({ "mode": mode, "bot": true })).await;
        let problem = problem.expect_problem(status, code);
        assert!(status == 404 || problem["errors"][0]["pointer"] == "/bot", "{problem}");
    }
    assert!(ada.live().await.is_empty());
}

async fn once_more_starts_at_once_and_the_bot_begins(app: TestApp) {
    let ada = app.guest(0, "Ada").await;
    let game = id(&practise(&ada, "tic_tac_toe").await);
    play_out(&ada, &game).await;
    let replicas = [ada.clone(), ada.at(&app.client(1))];
    let asked = join_all(replicas.iter().map(|player| player.command(&game, "rematch"))).await;
    let next = asked[0].expect_status(200);
    assert_eq!(asked[1].expect_status(200)["id"], next["id"], "a second click");
    assert_eq!((&next["status"], &next["origin"]), (&json!("in_progress"), &json!("practice")), "{next}");
    assert_eq!((&next["sequence"], &next["turn"], &next["you"]["seat"]), (&json!(1), &json!(1), &json!(1)), "{next}");
    assert_bot(&next["players"][0]);
    assert_eq!(ada.game(&game).await["rematch_game_id"], next["id"]);
    let over = play_out(&ada, &id(&next)).await;
    assert_eq!(over["status"], "settled", "{over}");
    assert_eq!(ada.history("").await["items"].as_array().map(Vec::len), Some(2));
}

async fn nobody_can_do_anything_with_the_bot(app: TestApp) {
    let ada = app.guest(0, "Ada").await;
    let over = id(&practise(&ada, "tic_tac_toe").await);
    ada.command(&over, "abandon").await.expect_status(200);
    for path in ["", "/games", "/stats", "/ratings"] {
        ada.api.get(&format!("/api/v1/players/{BOT}{path}")).await.expect_problem(404, "players.not_found");
    }
    let request = json!({ "player_id": BOT });
    ada.api.post("/api/v1/friends/requests", request.clone()).await.expect_problem(404, "friends.not_found");
    let block = ada.api.request("PUT", &format!("/api/v1/blocks/{BOT}"), None).await;
    assert_eq!(block.status, 404, "{}", block.json());
    let invited = json!({ "mode": "tic_tac_toe", "invite": [BOT] });
    ada.api.post("/api/v1/games", invited).await.expect_problem(404, "players.not_found");
    let party = id(&ada.api.post("/api/v1/parties", json!({})).await.expect_status(201));
    let asked = ada.api.post(&format!("/api/v1/parties/{party}/invites"), request).await;
    assert_eq!(asked.status, 404, "{}", asked.json());
    let found = ada.api.get("/api/v1/players?q=Practice").await;
    assert!(!String::from_utf8_lossy(&found.body).contains(BOT), "{}", found.json());
    let seen = ada.api.get(&format!("/api/v1/presence?ids={BOT}")).await.expect_status(200);
    assert_eq!(seen["items"][0]["status"], "offline", "{seen}");
}

async fn who_does_not_come_back_is_let_go(app: TestApp) {
    let ada = app.guest(0, "Ada").await;
    let mut socket = Socket::open(&ada).await;
    socket.event("session.ready").await;
    let game = id(&practise(&ada, "connect_four").await);
    socket.event("game.started").await;
    socket.cut();
    let over = ada.sees(&game, "abandoned").await;
    assert_eq!(over["result"], Value::Null, "{over}");
    practise(&ada, "connect_four").await;
}

/// The replica that opened the game is gone: the other one plays on, bot included.
#[tokio::test]
async fn a_game_goes_on_when_its_replica_dies() {
    let app = Setup::networked(2).start().await;
    let ada = app.guest(0, "Ada").await;
    let game = id(&practise(&ada, "tic_tac_toe").await);
    let first = ada.mark(&game, 4, 0).await.expect_status(200);
    assert_eq!(first["sequence"], 2, "{first}");
    app.replica(0).kill9();
    let there = ada.at(&app.client(1));
    let over = play_out(&there, &game).await;
    assert_eq!(over["status"], "settled", "{over}");
    assert_bot(&over["players"][1]);
}
