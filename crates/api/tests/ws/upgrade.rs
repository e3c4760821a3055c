//! Who gets a socket at all.

use serde_json::json;
use testkit::ws::{Client, ConnectError};

use crate::world::{PATIENCE, World};

async fn attempt(world: &World, query: &str, protocol: Option<&str>, headers: &[(&str, &str)]) -> Result<Client, u16> {
    let url = format!("{}/ws{query}", world.replicas[0].base_url());
    Client::connect(&url, protocol, headers).await.map_err(|error| match error {
        ConnectError::Refused { status, .. } => status,
        ConnectError::Failed(why) => panic!("{why}"),
    })
}

#[tokio::test]
async fn only_pages_of_listed_origins_may_connect() {
    let world = World::embedded(&[("SWP__HTTP__ORIGINS", "https://game.example")]).await;
    let own = world.replicas[0].base_url();
    for (origin, status) in [
        ("https://game.example", None),
        (own.as_str(), None),
        ("https://evil.example", Some(403)),
        ("https://game.example.evil.example", Some(403)),
        ("http://game.example", Some(403)),
        ("null", Some(403)),
    ] {
        let answer = attempt(&world, "", None, &[("origin", origin)]).await;
        assert_eq!(answer.err(), status, "{origin}");
    }
    assert!(attempt(&world, "", None, &[]).await.is_ok(), "native clients have no origin");
}

#[tokio::test]
async fn the_protocol_is_negotiated() {
    let world = World::embedded(&[]).await;
    let client = attempt(&world, "", Some("chat, shallweplay.v1"), &[]).await.expect("connects");
    assert_eq!(client.protocol(), Some("shallweplay.v1"));
    let client = attempt(&world, "", None, &[]).await.expect("connects");
    assert_eq!(client.protocol(), None);
    let mut socket =
        testkit::ws::raw::Socket::connect(&world.authority(0), "/ws", &[("sec-websocket-protocol", "shallweplay.v2")])
            .await
            .expect("upgrades");
    assert_eq!(socket.read_close(PATIENCE).await.expect("is closed"), Some(4500));
}

#[tokio::test]
async fn what_is_no_upgrade_is_told_so() {
    let world = World::embedded(&[]).await;
    let answer = world.request("GET", "/ws", None, None).await;
    assert_eq!((answer.status, &answer.json()["code"]), (400, &"request.malformed".into()));
}

#[tokio::test]
async fn a_full_replica_says_when_to_come_back() {
    let world = World::embedded(&[("SWP__REALTIME__MAX_SOCKETS", "2")]).await;
    let first = world.raw().await;
    let _second = world.raw().await;
    let full = testkit::ws::raw::Socket::connect(&world.authority(0), "/ws", &[]).await;
    let head = full.expect_err("is refused").to_string().to_lowercase();
    assert!(head.starts_with("http/1.1 503") && head.contains("retry-after:"), "{head}");
    drop(first);
    world.until_open(1.0, PATIENCE).await;
    assert!(attempt(&world, "", None, &[]).await.is_ok(), "there is room again");
}

#[tokio::test]
async fn a_ticket_opens_one_socket_and_no_token_is_read_from_the_address() {
    let world = World::embedded(&[]).await;
    let player = world.guest().await;
    let answer = world.request("POST", "/api/v1/auth/ws-ticket", Some(&player.token), None).await;
    assert_eq!(answer.status, 201);
    let query = format!("?ticket={}", answer.json()["ticket"].as_str().expect("is text"));
    let mut client = attempt(&world, &query, None, &[]).await.expect("connects");
    let hello = client.request("session.hello", json!({}), PATIENCE).await.expect("is answered");
    assert_eq!(hello["data"]["player"]["id"], player.id.as_str(), "{hello}");
    assert_eq!(attempt(&world, &query, None, &[]).await.err(), Some(401), "a second time");
    assert_eq!(attempt(&world, "?ticket=nonsense", None, &[]).await.err(), Some(401));
    let token = format!("?token={}", player.token);
    let mut client = attempt(&world, &token, None, &[]).await.expect("connects, as nobody");
    let hello = client.request("session.hello", json!({}), PATIENCE).await.expect("is answered");
    assert_eq!(hello["error"]["code"], "auth.missing_token", "{hello}");
    assert_eq!(client.close_code(PATIENCE).await, Ok(Some(4501)));
}

#[tokio::test]
async fn a_bearer_at_the_upgrade_signs_in() {
    let world = World::embedded(&[]).await;
    let player = world.guest().await;
    let bearer = format!("Bearer {}", player.token);
    let mut client = attempt(&world, "", None, &[("authorization", &bearer)]).await.expect("connects");
    let hello = client.request("session.hello", json!({}), PATIENCE).await.expect("is answered");
    assert_eq!(hello["data"]["player"]["id"], player.id.as_str(), "{hello}");
    for bad in ["Bearer nonsense", "Basic YTpi", "Bearer"] {
        assert_eq!(attempt(&world, "", None, &[("authorization", bad)]).await.err(), Some(401), "{bad}");
    }
}
