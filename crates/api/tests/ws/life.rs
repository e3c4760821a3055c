//! From hello to close.

use serde_json::{Value, json};
use testkit::ws::raw::Frame;

use crate::tokens::{claims, signed};
use crate::world::{KEY, PATIENCE, World, until};

#[tokio::test]
async fn hello_says_all_a_client_needs() {
    let world = World::embedded(&[]).await;
    let player = world.guest().await;
    let (mut client, hello) = world.sign_in(0, &player, json!({})).await;
    assert_eq!(hello["player"]["id"], player.id.as_str());
    assert_eq!(hello["player"]["privacy"]["requests"], "everyone", "one's own profile");
    let nothing = json!({ "ticket_id": null, "proposal_id": null, "game_id": null, "party_id": null });
    assert_eq!(hello["live"], nothing);
    assert_eq!(hello["heartbeat_ms"], 25_000);
    assert_eq!(hello["streams"]["player"]["offset"], 0);
    for field in ["session_id", "server_time"] {
        assert!(hello[field].is_string(), "{field}: {hello}");
    }
    client.recv_type("session.ready", PATIENCE).await.expect("becomes ready");
    let pong = client.request("ping", json!({}), PATIENCE).await.expect("is answered");
    assert!(pong["data"]["server_time"].is_string(), "{pong}");
    let unknown = client.request("chat.shout", json!({}), PATIENCE).await.expect("is answered");
    assert_eq!(unknown["error"]["code"], "session.unknown_type", "{unknown}");
    let strict = client.request("matchmaking.join", json!({ "mode": "duel", "rating": 3_000 }), PATIENCE).await;
    let strict = strict.expect("is answered");
    assert_eq!(strict["error"]["code"], "validation.failed", "{strict}");
    assert_eq!(strict["error"]["errors"][0]["pointer"], "/rating");
    assert!(strict["error"]["instance"].as_str().is_some_and(|id| !id.is_empty()), "{strict}");
    assert_eq!(client.close(PATIENCE).await, Ok(None), "as it was asked");
}

#[tokio::test]
async fn tokens_are_good_or_the_client_learns_what_to_do() {
    let world = World::embedded(&[]).await;
    let player = world.guest().await;
    let mut expired = claims(&player.token);
    expired["exp"] = json!(expired["iat"].as_i64().expect("is a number") - 1);
    let forged = signed(KEY.0, "another secret, as long as ours is!", &claims(&player.token));
    for (token, code) in [("nonsense".to_owned(), 4501), (forged, 4501), (signed(KEY.0, KEY.1, &expired), 4106)] {
        let mut client = world.connect(0).await;
        let hello = client.request("session.hello", json!({ "token": token }), PATIENCE).await.expect("is answered");
        assert_eq!(hello["error"]["code"], "auth.bad_token", "{hello}");
        assert_eq!(client.close_code(PATIENCE).await, Ok(Some(code)));
    }
    let mut client = world.connect(0).await;
    let hello = client.request("session.hello", json!({}), PATIENCE).await.expect("is answered");
    assert_eq!(hello["error"]["code"], "auth.missing_token", "{hello}");
    assert_eq!(client.close_code(PATIENCE).await, Ok(Some(4501)));
}

#[tokio::test]
async fn a_token_expires_under_a_socket_unless_it_is_refreshed() {
    let world = World::embedded(&[]).await;
    let player = world.guest().await;
    let mut short = claims(&player.token);
    let now = short["iat"].as_i64().expect("is a number");
    short["exp"] = json!(now + 3);
    let short = crate::world::Player { token: signed(KEY.0, KEY.1, &short), ..player.clone() };
    let (mut kept, mut left) = (world.ready(0, &short).await, world.ready(0, &short).await);
    let fresh = kept.request("session.refresh", json!({ "token": player.token }), PATIENCE).await.expect("is answered");
    assert_eq!(fresh["ok"], true, "{fresh}");
    let other = world.guest().await.token;
    let foreign = kept.request("session.refresh", json!({ "token": other }), PATIENCE).await.expect("is answered");
    assert_eq!(foreign["error"]["code"], "session.other_player", "{foreign}");
    assert_eq!(left.close_code(PATIENCE * 2).await, Ok(Some(4106)));
    assert_eq!(kept.request("ping", json!({}), PATIENCE).await.expect("is answered")["ok"], true);
}

#[tokio::test]
async fn who_says_nothing_is_closed() {
    let world = World::embedded(&[]).await;
    let mut client = world.connect(0).await;
    assert_eq!(client.close_code(PATIENCE).await, Ok(Some(4505)));
}

#[tokio::test]
async fn two_silent_heartbeats_close() {
    let world = World::embedded(&[("SWP__REALTIME__HEARTBEAT_MS", "200")]).await;
    let player = world.guest().await;
    let (mut silent, mut polite) = (world.ready(0, &player).await, world.ready(0, &player).await);
    silent.ignore_heartbeats();
    silent.recv_type("ping", PATIENCE).await.expect("is asked");
    let (silent, polite) = tokio::join!(silent.close_code(PATIENCE), polite.recv_type("never", PATIENCE / 5));
    assert_eq!(silent, Ok(Some(4101)));
    assert!(matches!(polite, Err(testkit::ws::RecvError::TimedOut { .. })), "who answers stays: {polite:?}");
}

#[tokio::test]
async fn a_flood_is_refused_then_closed() {
    let world = World::embedded(&[]).await;
    let player = world.guest().await;
    let mut socket = world.raw_signed_in(&player).await;
    let flood = Frame::text(r#"{"type":"ping"}"#).bytes().repeat(1_000);
    // The server may have closed before it has read all.
    _ = socket.write(&flood).await;
    assert_eq!(socket.read_close(PATIENCE).await.expect("is closed"), Some(4105));
    let mut socket = world.raw_signed_in(&player).await;
    let flood = Frame::new(testkit::ws::raw::opcode::PING, *b"").bytes().repeat(1_000);
    _ = socket.write(&flood).await;
    assert_eq!(socket.read_close(PATIENCE).await.expect("is closed"), Some(4105), "protocol pings count as well");
}

#[tokio::test]
async fn the_eleventh_socket_of_a_player_replaces_the_first() {
    let world = World::embedded(&[]).await;
    let player = world.guest().await;
    let mut first = world.ready(0, &player).await;
    let mut others = Vec::new();
    for _ in 0..10 {
        others.push(world.ready(0, &player).await);
    }
    assert_eq!(first.close_code(PATIENCE).await, Ok(Some(4503)));
    assert_eq!(others[0].request("ping", json!({}), PATIENCE).await.expect("is answered")["ok"], true);
}

#[tokio::test]
async fn signing_out_closes_the_devices_sockets_and_keeps_them_closed() {
    let world = World::embedded(&[]).await;
    let (player, other) = (world.guest().await, world.guest().await);
    let (mut client, mut bystander) = (world.ready(0, &player).await, world.ready(0, &other).await);
    let body = json!({ "refresh_token": player.refresh_token });
    assert_eq!(world.request("POST", "/api/v1/auth/logout", None, Some(&body)).await.status, 204);
    assert_eq!(client.close_code(PATIENCE).await, Ok(Some(4506)));
    let mut client = world.connect(0).await;
    let hello = client.request("session.hello", json!({ "token": player.token }), PATIENCE).await.expect("is answered");
    assert_eq!(hello["error"]["code"], "auth.session_ended", "{hello}");
    assert_eq!(client.close_code(PATIENCE).await, Ok(Some(4506)));
    assert_eq!(bystander.request("ping", json!({}), PATIENCE).await.expect("is answered")["ok"], true);
    until("closes are counted", PATIENCE, || async { world.metric("realtime_closes_total").await > 0.0 }).await;
}

#[tokio::test]
async fn a_message_without_id_gets_no_reply_but_its_refusal() {
    let world = World::embedded(&[]).await;
    let player = world.guest().await;
    let mut client = world.ready(0, &player).await;
    client.send_json(&json!({ "type": "no.such.thing" })).await;
    let error: Value = client.recv_type("error", PATIENCE).await.expect("is told");
    assert_eq!(error["data"]["code"], "session.unknown_type", "{error}");
}
