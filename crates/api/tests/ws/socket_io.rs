//! Socket.IO's address under peers that stock clients are not: the transport is guarded as `/ws` is, whichever way it
//! is spoken.

use std::time::Duration;

use futures_util::future::join_all;
use testkit::http::{Answer, Connection};
use testkit::ws::raw::{Frame, Socket, opcode};
use tokio::time::{Instant, timeout};

use crate::world::{PATIENCE, World, text_of};

const WEBSOCKET: &str = "/socket.io/?EIO=4&transport=websocket";
const POLLING: &str = "/socket.io/?EIO=4&transport=polling";
/// What a server may grow by while somebody tries to make it grow, in KiB.
const GROWTH: usize = 16 * 1_024;
/// Less than the five seconds that a client has to sign in.
const SOON: Duration = Duration::from_secs(4);
/// Ten seconds for a frame to go out, five for the farewell, and some to notice.
const GONE: Duration = Duration::from_secs(30);

async fn raw(world: &World) -> Socket {
    let mut socket = Socket::connect(&world.authority(0), WEBSOCKET, &[]).await.expect("upgrades");
    let open = socket.read_frame(PATIENCE).await.expect("is greeted");
    assert!(text_of(&open).starts_with("0{"), "{open:?}");
    socket
}

/// One request with any body, over a connection of its own.
async fn call(world: &World, method: &str, path: &str, body: &[u8]) -> Answer {
    let host = world.authority(0);
    let mut connection = Connection::open(&host).await.expect("connects");
    let head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {}\r\n\r\n", body.len());
    connection.exchange(&[head.as_bytes(), body].concat()).await.expect("is answered")
}

/// A new polling session's address.
async fn polling(world: &World) -> String {
    let open = call(world, "GET", POLLING, b"").await;
    assert_eq!(open.status, 200);
    let packet: serde_json::Value = serde_json::from_slice(&open.body[1..]).expect("has the open packet");
    format!("{POLLING}&sid={}", packet["sid"].as_str().expect("has an id"))
}

#[tokio::test]
async fn wrong_frames_end_the_connection_and_take_no_memory() {
    let world = World::embedded(&[]).await;
    drop(raw(&world).await);
    let before = world.memory();
    let mut flood = Frame::text("").declaring(1 << 40).bytes();
    flood.extend(vec![b'x'; 1 << 20]);
    let mut dust = Frame::text("4").unfinished().bytes();
    dust.extend(Frame::new(opcode::CONTINUATION, *b"x").unfinished().bytes().repeat(20_000));
    let cases = [
        ("1 TiB declared", flood),
        ("dust", dust),
        ("over the limit", Frame::text(&"4".repeat(16 * 1_024 + 17)).bytes()),
        ("not masked", Frame { masked: false, ..Frame::text("4") }.bytes()),
        ("a reserved opcode", Frame::new(0x3, *b"").bytes()),
        ("not UTF-8", Frame::new(opcode::TEXT, vec![b'4', 0xff]).bytes()),
        ("no packet", Frame::text("x").bytes()),
        ("an empty packet", Frame::text("").bytes()),
        ("bytes that no packet announced", Frame::new(opcode::BINARY, *b"hi").bytes()),
        ("no Socket.IO packet", Frame::text("4x").bytes()),
        ("more attachments than are taken", Frame::text("4599-[\"game.relay\"]").bytes()),
    ];
    join_all(cases.iter().map(async |(case, bytes)| {
        let mut socket = raw(&world).await;
        _ = socket.write(bytes).await;
        // Sooner than for having said nothing.
        socket.read_close(SOON).await.unwrap_or_else(|error| panic!("{case}: {error}"));
        socket.read_end(PATIENCE).await.unwrap_or_else(|error| panic!("{case}: {error}"));
    }))
    .await;
    world.until_open(0.0, PATIENCE).await;
    let grown = world.memory().saturating_sub(before);
    assert!(grown < GROWTH, "{grown} KiB");
}

#[tokio::test]
async fn who_never_connects_is_gone_in_seconds() {
    let world = World::embedded(&[]).await;
    let begun = Instant::now();
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(raw(&world).await);
        polling(&world).await;
    }
    join_all(silent.iter_mut().map(|socket| socket.read_end(PATIENCE))).await;
    world.until_open(0.0, PATIENCE).await;
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn who_never_reads_is_cut_off_and_costs_little() {
    let world = World::embedded(&[("SWP__LIMITS__MESSAGES_PER_SECOND", "0")]).await;
    let player = world.guest().await;
    let mut socket = raw(&world).await;
    let connect = format!("40{{\"token\":\"{}\"}}", player.token);
    socket.write_frame(&Frame::text(&connect)).await.expect("writes");
    while !text_of(&socket.read_frame(PATIENCE).await.expect("is answered")).contains("session.ready") {}
    let before = world.memory();
    let burst = Frame::text("421[\"ping\",{}]").bytes().repeat(1_000);
    let end = timeout(GONE, async { while socket.write(&burst).await.is_ok() {} }).await;
    assert!(end.is_ok(), "the connection is still there");
    world.until_open(0.0, GONE).await;
    let grown = world.memory().saturating_sub(before);
    assert!(grown < 8 * 1_024, "{grown} KiB");
}

#[tokio::test]
async fn a_flood_of_messages_or_pings_is_ended() {
    let world = World::embedded(&[]).await;
    let player = world.guest().await;
    for grain in [Frame::text("42[\"ping\",{}]"), Frame::text("3"), Frame::new(opcode::PING, *b"x")] {
        let mut socket = raw(&world).await;
        let connect = format!("40{{\"token\":\"{}\"}}", player.token);
        socket.write_frame(&Frame::text(&connect)).await.expect("writes");
        _ = socket.write(&grain.bytes().repeat(5_000)).await;
        socket.read_end(PATIENCE).await.unwrap_or_else(|error| panic!("{grain:?}: {error}"));
    }
    world.until_open(0.0, PATIENCE).await;
}

#[tokio::test]
async fn wrong_requests_end_the_polling_session_and_nothing_else() {
    let world = World::embedded(&[]).await;
    let grains = "4x\u{1e}".repeat(8_000);
    let cases: [(&str, &[u8], u16); 6] = [
        ("no packet", b"x", 400),
        ("nothing", b"", 400),
        ("not UTF-8", b"4\xff", 400),
        ("too large", &[b'4'; 16 * 1_024 + 1], 413),
        ("too large, in grains", grains.as_bytes(), 413),
        ("bytes that aren't base64", b"b!!!", 400),
    ];
    for (case, body, status) in cases {
        let session = polling(&world).await;
        assert_eq!(call(&world, "POST", &session, body).await.status, status, "{case}");
        assert_eq!(call(&world, "GET", &session, b"").await.status, 400, "{case}: the session has ended");
    }
    let session = polling(&world).await;
    assert_eq!(call(&world, "POST", &session, b"40").await.status, 200, "others go on");
    world.until_open(0.0, PATIENCE).await;
}

#[tokio::test]
async fn half_a_body_is_waited_for_a_few_seconds_only() {
    let world = World::embedded(&[]).await;
    let session = polling(&world).await;
    let host = world.authority(0);
    let mut connection = Connection::open(&host).await.expect("connects");
    let half = format!("POST {session} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 100\r\n\r\n40");
    let begun = Instant::now();
    let answer = timeout(PATIENCE, connection.exchange(half.as_bytes())).await.expect("isn't waited for");
    assert!(answer.map_or(true, |answer| answer.status >= 400), "what never came is no request");
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    world.until_open(0.0, PATIENCE).await;
}
