//! Every operation of the OpenAPI document against whom the asker may not know of: somebody who blocks them, whom they
//! block, who was erased, who was never there; and against what belongs to others. Hidden and absent are the same, byte
//! for byte.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use testkit::http::Answer;

use crate::app::{Setup, TestApp};
use crate::client::Answered as _;
use crate::players::Player;
use crate::practice::BOT;
use crate::wait::{seconds, until, until_true};

/// An id, and a code, of nothing.
const NOBODY: &str = "0192f0c1-2345-7abc-8def-0123456789ab";
const NO_CODE: &str = "zzzzzzzzzz";

/// What an operation names, and so what it could give away.
#[derive(Clone, Copy)]
enum Names {
    /// Nobody: what it answers is the asker's own, or everybody's.
    Nobody,
    /// Operators ask; `operations_of_operators_are_for_them_only` sweeps them.
    Operators,
    /// A player in the path, with such a body.
    Player(Body),
    /// A player in this query; `me` in a path is the asker.
    Query(&'static str),
    /// A player beside the asker, in both orders.
    Two,
    /// Something of somebody's.
    Thing(Thing, Body),
}

/// What belongs to somebody.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    Game,
    Ticket,
    GameInvite,
    GameLink,
    FriendLink,
    Session,
    Proposal,
    Party,
}

/// A body that would be fine, given whom it is about.
type Body = fn(&str) -> Option<Value>;

const NONE: Body = |_| None;

/// Every operation by its id. One that isn't here fails the test, so that nobody adds a route without having thought about
/// whom it shows.
const OPERATIONS: &[(&str, Names)] = &[
    ("admin_amend_game", Names::Operators),
    ("admin_get_mode", Names::Operators),
    ("admin_list_audit", Names::Operators),
    ("admin_list_disputes", Names::Operators),
    ("admin_list_games", Names::Operators),
    ("admin_list_modes", Names::Operators),
    ("admin_patch_player", Names::Operators),
    ("admin_put_mode", Names::Operators),
    ("admin_resolve_dispute", Names::Operators),
    ("admin_void_game", Names::Operators),
    ("sign_in_guest", Names::Nobody),
    ("login", Names::Nobody),
    ("logout", Names::Nobody),
    ("refresh", Names::Nobody),
    ("register", Names::Nobody),
    ("issue_ws_ticket", Names::Nobody),
    ("list_sessions", Names::Nobody),
    ("end_session", Names::Thing(Thing::Session, NONE)),
    ("list_blocks", Names::Nobody),
    ("block_player", Names::Player(NONE)),
    ("unblock_player", Names::Player(NONE)),
    ("list_friends", Names::Nobody),
    ("unfriend", Names::Player(NONE)),
    ("note_friend", Names::Player(|_| Some(json!({ "note": "x" })))),
    ("list_mutual_friends", Names::Player(NONE)),
    ("list_friend_requests", Names::Nobody),
    ("request_friend", Names::Player(|id| Some(json!({ "player_id": id })))),
    ("cancel_friend_request", Names::Player(NONE)),
    ("accept_friend_request", Names::Player(NONE)),
    ("decline_friend_request", Names::Player(NONE)),
    ("list_friend_links", Names::Nobody),
    ("create_friend_link", Names::Nobody),
    ("revoke_friend_link", Names::Thing(Thing::FriendLink, NONE)),
    ("redeem_friend_link", Names::Thing(Thing::FriendLink, NONE)),
    ("list_game_invites", Names::Nobody),
    ("accept_game_invite", Names::Thing(Thing::GameInvite, NONE)),
    ("decline_game_invite", Names::Thing(Thing::GameInvite, NONE)),
    ("cancel_game_invite", Names::Thing(Thing::GameInvite, NONE)),
    ("redeem_game_invite_link", Names::Thing(Thing::GameLink, NONE)),
    ("list_live_games", Names::Nobody),
    ("create_game", Names::Player(|id| Some(json!({ "mode": "duel", "invite": [id] })))),
    ("get_game", Names::Thing(Thing::Game, NONE)),
    ("abandon", Names::Thing(Thing::Game, NONE)),
    ("claim", Names::Thing(Thing::Game, |_| Some(json!({ "claim": "win" })))),
    ("dispute", Names::Thing(Thing::Game, |_| Some(json!({ "reason": "no" })))),
    ("invite_to_game", Names::Thing(Thing::Game, |_| Some(json!({ "link": true })))),
    ("play_move", Names::Thing(Thing::Game, |_| Some(json!({ "move": { "cell": 0 }, "expected_sequence": 0 })))),
    ("join_game", Names::Thing(Thing::Game, NONE)),
    ("ready", Names::Thing(Thing::Game, NONE)),
    ("rematch", Names::Thing(Thing::Game, NONE)),
    ("get_replay", Names::Thing(Thing::Game, NONE)),
    ("report_score", Names::Thing(Thing::Game, |_| Some(json!({ "session_secret": "x", "score": 1 })))),
    ("list_leaderboards", Names::Nobody),
    ("get_leaderboard", Names::Nobody),
    ("list_queues", Names::Nobody),
    ("list_my_tickets", Names::Nobody),
    ("join_queue", Names::Nobody),
    ("get_ticket", Names::Thing(Thing::Ticket, NONE)),
    ("cancel_ticket", Names::Thing(Thing::Ticket, NONE)),
    ("explain_wait", Names::Thing(Thing::Ticket, NONE)),
    ("get_proposal", Names::Thing(Thing::Proposal, NONE)),
    ("accept_proposal", Names::Thing(Thing::Proposal, NONE)),
    ("decline_proposal", Names::Thing(Thing::Proposal, NONE)),
    ("create_party", Names::Nobody),
    ("get_my_party", Names::Nobody),
    ("list_party_invites", Names::Nobody),
    ("get_party", Names::Thing(Thing::Party, NONE)),
    ("invite_to_party", Names::Thing(Thing::Party, |_| Some(json!({ "player_id": NOBODY })))),
    ("withdraw_party_invite", Names::Thing(Thing::Party, NONE)),
    ("join_party", Names::Thing(Thing::Party, NONE)),
    ("leave_party", Names::Thing(Thing::Party, NONE)),
    ("ready_in_party", Names::Thing(Thing::Party, |_| Some(json!({ "ready": true })))),
    ("kick_from_party", Names::Thing(Thing::Party, |_| Some(json!({ "player_id": NOBODY })))),
    ("promote_in_party", Names::Thing(Thing::Party, |_| Some(json!({ "player_id": NOBODY })))),
    ("list_modes", Names::Nobody),
    ("get_mode", Names::Nobody),
    ("search_players", Names::Query("handle_prefix")),
    ("get_me", Names::Nobody),
    ("update_me", Names::Nobody),
    ("erase_me", Names::Nobody),
    ("export_me", Names::Nobody),
    ("get_player", Names::Player(NONE)),
    ("list_history", Names::Player(NONE)),
    ("get_head_to_head", Names::Two),
    ("list_ratings", Names::Player(NONE)),
    ("get_stats", Names::Player(NONE)),
    ("get_presence", Names::Query("ids")),
];

/// Method and path of each operation.
async fn document(app: &TestApp) -> BTreeMap<String, (String, String)> {
    let document = app.client(0).get("/api/openapi.json").await.expect_status(200);
    let mut all = BTreeMap::new();
    for (path, item) in document["paths"].as_object().expect("there are paths") {
        for (method, value) in item.as_object().expect("is an object") {
            if let Some(id) = value["operationId"].as_str() {
                all.insert(id.to_owned(), (method.to_uppercase(), path.clone()));
            }
        }
    }
    all
}

/// An answer with all that may differ between two of the same taken out: request id, time, what is left of a limit, and
/// the id that was asked about.
fn face(answer: &Answer, asked: &str) -> String {
    let text = String::from_utf8_lossy(&answer.body).replace(asked, "ASKED");
    let text = match serde_json::from_str::<Value>(&text) {
        Ok(body) => match body["instance"].as_str() {
            Some(instance) => text.replace(instance, "INSTANCE"),
            None => text,
        },
        Err(_) => text,
    };
    let differs =
        ["x-request-id", "date", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "content-length"];
    let headers: BTreeSet<(&str, &str)> = answer
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .filter(|(name, _)| !differs.contains(name))
        .collect();
    format!("{} {headers:?}\n{text}", answer.status)
}

struct Sweep {
    me: Player,
    document: BTreeMap<String, (String, String)>,
}

impl Sweep {
    async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.me.api.request(method, path, body).await
    }

    /// Asks about this player, in every way the operation has.
    async fn about(&self, operation: &str, names: Names, id: &str, handle: &str) -> Vec<(u16, String)> {
        let (method, path) = &self.document[operation];
        let mut asked = Vec::new();
        match names {
            Names::Player(body) => asked.push((path.replace("{id}", id), body(id))),
            Names::Two => {
                asked.push((path.replace("{id}", id).replace("{other}", &self.me.id), None));
                asked.push((path.replace("{id}", &self.me.id).replace("{other}", id), None));
            }
            Names::Query("handle_prefix") => asked.push((format!("{path}?handle_prefix={handle}"), None)),
            Names::Query(name) => asked.push((format!("{path}?{name}={id}"), None)),
            Names::Nobody | Names::Operators | Names::Thing(..) => {}
        }
        if operation == "request_friend" {
            asked.push((path.clone(), Some(json!({ "handle": handle }))));
        }
        if operation == "list_history" {
            asked.push((format!("/api/v1/players/{}/games?opponent={id}", self.me.id), None));
        }
        let mut faces = Vec::new();
        for (path, body) in asked {
            let answer = self.ask(method, &path, body.as_ref()).await;
            assert!(answer.status < 500, "{operation}: {answer:?}");
            faces.push((answer.status, face(&answer, id)));
        }
        faces
    }
}

async fn account(app: &TestApp, handle: &str) -> Player {
    let api = app.client(0);
    let account = json!({ "handle": handle, "password": "a long enough one" });
    Player::signed_in(&api, &api.post("/api/v1/auth/register", account).await.expect_status(201))
}

#[tokio::test]
async fn every_operation_is_thought_about() {
    let app = Setup::embedded().start().await;
    let listed: BTreeSet<String> = document(&app).await.into_keys().collect();
    let expected: BTreeSet<String> = OPERATIONS.iter().map(|(operation, _)| (*operation).to_owned()).collect();
    assert_eq!(listed, expected, "the document and OPERATIONS disagree");
    assert_eq!(OPERATIONS.len(), expected.len(), "one stands here twice");
}

#[tokio::test]
async fn hidden_players_look_like_absent_ones() {
    let app = Setup::embedded().start().await;
    let me = account(&app, "asker_asks").await;
    let blocker = account(&app, "hider_blocks").await;
    let blocked = account(&app, "hider_is_blocked").await;
    let erased = account(&app, "hider_erased").await;
    let foreign = account(&app, "foreign_one").await;
    blocker.block(&me).await;
    me.block(&blocked).await;
    // Whom one has played with one still can't ask for anything, if it is a bot.
    let practice = me.api.post("/api/v1/games", json!({ "mode": "tic_tac_toe", "bot": true })).await.expect_status(201);
    let game = practice["id"].as_str().expect("has an id");
    assert_eq!(practice["players"][1]["player"]["id"], *BOT, "{practice}");
    me.command(game, "abandon").await.expect_status(200);
    erased.api.delete("/api/v1/players/me").await;
    let sweep = Sweep { me, document: document(&app).await };
    let mut seen = 0;
    for (operation, names) in OPERATIONS {
        let absent = sweep.about(operation, *names, NOBODY, "hider_nobody").await;
        for (who, id, handle) in [
            ("blocker", &*blocker.id, "hider_blocks"),
            ("blocked", &*blocked.id, "hider_is_blocked"),
            ("erased", &*erased.id, "hider_erased"),
            ("practice bot", BOT, "practice_bot"),
        ] {
            // Whoever blocks must find the way to lift it, and may do so twice.
            if who == "blocked" && matches!(*operation, "get_player" | "block_player" | "unblock_player") {
                continue;
            }
            let hidden = sweep.about(operation, *names, id, handle).await;
            assert_eq!(hidden, absent, "{operation}, {who}");
            seen += hidden.len();
        }
        // What was compared above is an answer about nobody, and not about everybody.
        let known = sweep.about(operation, *names, &foreign.id, "foreign_one").await;
        let alike = ["unblock_player", "get_presence"];
        assert!(known != absent || known.is_empty() || alike.contains(operation), "{operation}: {known:?}");
    }
    assert!(seen >= 40, "{seen}");
}

/// Somebody's things, each still there.
async fn things(app: &TestApp, owner: &Player, guest: &Player) -> BTreeMap<Thing, String> {
    let text = |value: &Value| value.as_str().expect("is text").to_owned();
    let mut things = BTreeMap::new();
    let wanted = json!({ "mode": "free_for_all", "invite": [guest.id], "link": true });
    let game = owner.api.post("/api/v1/games", wanted).await.expect_status(201);
    things.insert(Thing::Game, text(&game["id"]));
    things.insert(Thing::GameInvite, text(&game["invites"][0]["id"]));
    things.insert(Thing::GameLink, text(&game["invite_link"]["code"]));
    let link = owner.api.post("/api/v1/friends/invite-links", json!({})).await.expect_status(201);
    things.insert(Thing::FriendLink, text(&link["code"]));
    let sessions = owner.api.get("/api/v1/auth/sessions").await.expect_status(200);
    things.insert(Thing::Session, text(&sessions["items"][0]["id"]));
    let waiting = app.guest(0, "Waiting").await;
    things.insert(Thing::Ticket, waiting.join("connect_four").await);
    let party = owner.api.post("/api/v1/parties", json!({})).await.expect_status(201);
    things.insert(Thing::Party, text(&party["id"]));
    things.insert(Thing::Proposal, proposal(app).await);
    things
}

/// A ready check of four others.
async fn proposal(app: &TestApp) -> String {
    let mut four = Vec::new();
    for _ in 0..4 {
        let player = app.guest(0, "Asked").await;
        let ticket = player.join("squads").await;
        four.push((player, ticket));
    }
    let (player, ticket) = &four[0];
    until("they are asked", seconds(10), || async {
        player.ticket(ticket).await["proposal_id"].as_str().map(str::to_owned)
    })
    .await
}

#[tokio::test]
async fn things_of_others_look_like_absent_ones() {
    let app = Setup::embedded().start().await;
    let me = app.guest(0, "Me").await;
    let (foreign, blocker, blocked) =
        (app.guest(0, "Foreign").await, app.guest(0, "Blocker").await, app.guest(0, "Blocked").await);
    let mut all = Vec::new();
    for owner in [&foreign, &blocker, &blocked] {
        let guest = app.guest(0, "Invited").await;
        all.push((owner, things(&app, owner, &guest).await));
    }
    blocker.block(&me).await;
    me.block(&blocked).await;
    let sweep = Sweep { me, document: document(&app).await };
    for (operation, names) in OPERATIONS {
        let Names::Thing(kind, body) = names else { continue };
        let (method, path) = &sweep.document[*operation];
        let ask = async |id: &str| {
            let path = path.replace("{id}", id).replace("{code}", id).replace("{player_id}", NOBODY);
            let answer = sweep.ask(method, &path, body(id).as_ref()).await;
            assert!(answer.status < 500, "{operation}: {answer:?}");
            face(&answer, id)
        };
        let nothing = if matches!(kind, Thing::GameLink | Thing::FriendLink) { NO_CODE } else { NOBODY };
        let absent = ask(nothing).await;
        assert!(absent.starts_with("404"), "{operation}: {absent}");
        for (owner, things) in &all {
            // A link is for whoever has it, unless one of the two blocks the other.
            let open = matches!(*operation, "redeem_friend_link" | "redeem_game_invite_link");
            if open && owner.id == foreign.id {
                continue;
            }
            assert_eq!(ask(&things[kind]).await, absent, "{operation} of {}", owner.id);
        }
    }
    until_true("everything is still there", seconds(5), || async { foreign.live().await.len() == 1 }).await;
}
