//! Peers that take nothing, or hardly anything.

use std::time::Duration;

use testkit::ws::raw::Frame;
use tokio::time::timeout;

use crate::world::World;

/// Ten seconds for a frame to go out, five for the farewell, and some to notice.
const GONE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_peer_that_never_reads_is_cut_off_and_costs_little() {
    let world = World::embedded(&[("SWP__LIMITS__MESSAGES_PER_SECOND", "0")]).await;
    let player = world.guest().await;
    let mut socket = world.raw_signed_in(&player).await;
    let before = world.memory();
    let asking =
        Frame::text(r#"{"id":"0123456789012345678901234567890123456789012345678901234567890123","type":"ping"}"#);
    let burst = asking.bytes().repeat(1_000);
    // Until the server listens no more, too; and then until it has cut the connection.
    let end = timeout(GONE, async { while socket.write(&burst).await.is_ok() {} }).await;
    assert!(end.is_ok(), "the connection is still there");
    world.until_open(0.0, GONE).await;
    let grown = world.memory().saturating_sub(before);
    assert!(grown < 8 * 1_024, "{grown} KiB");
}

#[tokio::test]
async fn a_peer_that_reads_a_byte_now_and_then_is_no_better() {
    let world = World::embedded(&[("SWP__LIMITS__MESSAGES_PER_SECOND", "0")]).await;
    let player = world.guest().await;
    let mut socket = world.raw_signed_in(&player).await;
    let burst = Frame::text(r#"{"id":"x","type":"ping"}"#).bytes().repeat(1_000);
    let trickle = async {
        loop {
            if timeout(Duration::from_millis(100), socket.write(&burst)).await.is_ok_and(|wrote| wrote.is_err()) {
                return;
            }
            // One small frame each time round, far slower than they are asked for.
            _ = socket.read_frame(Duration::from_millis(10)).await;
        }
    };
    timeout(GONE, trickle).await.expect("the connection is still there");
    world.until_open(0.0, GONE).await;
}
