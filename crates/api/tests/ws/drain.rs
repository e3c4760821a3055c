//! A replica that goes away.

use serde_json::Value;
use tokio::time::Instant;

use crate::world::{PATIENCE, World};

#[tokio::test]
async fn sockets_are_told_when_to_go_and_go_then() {
    let world = World::embedded(&[("SWP__REALTIME__DRAIN_MS", "1500")]).await;
    let player = world.guest().await;
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(world.ready(0, &player).await);
    }
    let begun = Instant::now();
    world.replicas[0].sigterm();
    let mut hints: Vec<u64> = Vec::new();
    for client in &mut clients {
        let event: Value = client.recv_type("session.going_away", PATIENCE).await.expect("is told");
        hints.push(event["data"]["reconnect_in_ms"].as_u64().expect("is a number"));
    }
    let mut spread = hints.clone();
    spread.sort_unstable();
    assert_eq!(spread, [500, 1_000, 1_500]);
    for (client, hint) in clients.iter_mut().zip(&hints) {
        assert_eq!(client.close_code(PATIENCE).await, Ok(Some(4100)));
        assert!(begun.elapsed().as_millis() >= u128::from(*hint), "it was not cut before its time");
    }
    let ended = world.replicas[0].wait_exit(PATIENCE * 2).await.expect("ends");
    assert!(ended.success(), "{ended}");
}
