//! Frames that should not be, and right ones that are odd. Everything here comes before any sign-in.

use futures_util::future::join_all;
use testkit::ws::raw::{Frame, Socket, opcode};

use crate::world::{PATIENCE, World, json_of};

/// What a server may grow by while somebody tries to make it grow, in KiB.
const GROWTH: usize = 16 * 1_024;

/// A request that is refused with a reply, since nobody has signed in.
fn request(id: &str) -> String {
    format!(r#"{{"id":"{id}","type":"ping"}}"#)
}

async fn refused(socket: &mut Socket, id: &str) {
    let frame = socket.read_frame(PATIENCE).await.expect("is answered");
    let reply = json_of(&frame);
    assert_eq!((&reply["re"], &reply["error"]["code"]), (&id.into(), &"session.not_signed_in".into()), "{reply}");
}

/// Writes these bytes: the close code that comes of it, after which the connection ends.
async fn fate(world: &World, bytes: &[u8]) -> Option<u16> {
    let mut socket = world.raw().await;
    // The server may have closed before it has read all.
    _ = socket.write(bytes).await;
    let code = socket.read_close(PATIENCE).await.expect("is closed");
    socket.read_end(PATIENCE).await.expect("the connection ends, though this side doesn't end it");
    code
}

#[tokio::test]
async fn every_wrong_frame_has_its_close_code() {
    let world = World::embedded(&[]).await;
    let unmasked = Frame { masked: false, ..Frame::text("{}") };
    let reserved = Frame { reserved: 4, ..Frame::text("{}") };
    let cases = [
        ("binary", Frame::new(opcode::BINARY, *b"hi"), 1003),
        ("not UTF-8", Frame::new(opcode::TEXT, vec![0xff]), 1007),
        ("over 16 KiB", Frame::text(&"x".repeat(16 * 1_024 + 1)), 1009),
        ("1 TiB declared", Frame::text("x").declaring(1 << 40), 1009),
        ("not masked", unmasked, 1002),
        ("a reserved bit", reserved, 1002),
        ("a reserved opcode", Frame::new(0x3, *b""), 1002),
        ("a long ping", Frame::new(opcode::PING, vec![0; 126]), 1002),
        ("a ping in pieces", Frame::new(opcode::PING, *b"").unfinished(), 1002),
        ("a continuation of nothing", Frame::new(opcode::CONTINUATION, *b"x"), 1002),
        ("a close code that means nothing", Frame::new(opcode::CLOSE, 1005_u16.to_be_bytes()), 1002),
        ("half a close code", Frame::new(opcode::CLOSE, [3]), 1002),
        ("no JSON", Frame::text("hello?"), 4504),
        ("no object", Frame::text("[]"), 4504),
        ("no type", Frame::text("{}"), 4504),
    ];
    // Together, since each connection lingers for a peer that doesn't end it.
    join_all(cases.iter().map(async |(case, frame, code)| {
        assert_eq!(fate(&world, &frame.bytes()).await, Some(*code), "{case}");
    }))
    .await;
    world.until_open(0.0, PATIENCE).await;
}

#[tokio::test]
async fn a_declared_tebibyte_takes_no_memory() {
    let world = World::embedded(&[]).await;
    fate(&world, &Frame::text("warm").bytes()).await;
    let before = world.memory();
    let mut flood = Frame::text("").declaring(1 << 40).bytes();
    flood.extend(vec![b'x'; 1 << 20]);
    for _ in 0..64 {
        let mut socket = world.raw().await;
        // Cut off somewhere in between.
        _ = socket.write(&flood).await;
    }
    world.until_open(0.0, PATIENCE).await;
    let grown = world.memory().saturating_sub(before);
    assert!(grown < GROWTH, "{grown} KiB");
}

#[tokio::test]
async fn declared_but_unsent_messages_take_no_memory() {
    let world = World::embedded(&[]).await;
    let mut waiting = Vec::new();
    for _ in 0..100 {
        let mut socket = world.raw().await;
        socket.write(&Frame::text("x").declaring(16 * 1_024).bytes()).await.expect("writes");
        waiting.push(socket);
    }
    world.until_open(100.0, PATIENCE).await;
    let before = world.memory();
    for socket in &mut waiting {
        socket.write(b"y").await.expect("writes");
    }
    let grown = world.memory().saturating_sub(before);
    assert!(grown < 2_048, "{grown} KiB");
}

#[tokio::test]
async fn dust_is_refused_before_it_costs_anything() {
    let world = World::embedded(&[]).await;
    fate(&world, &Frame::text("warm").bytes()).await;
    let before = world.memory();
    for grain in ["", "x"] {
        let mut dust = Frame::text(grain).unfinished().bytes();
        let more = Frame::new(opcode::CONTINUATION, grain).unfinished().bytes();
        for _ in 0..20_000 {
            dust.extend(&more);
        }
        let fates = join_all((0..10).map(|_| fate(&world, &dust))).await;
        assert!(fates.iter().all(|code| *code == Some(1009)), "{fates:?}");
    }
    let grown = world.memory().saturating_sub(before);
    assert!(grown < GROWTH, "{grown} KiB");
}

#[tokio::test]
async fn a_fault_never_overtakes_what_was_said_before_it_and_costs_no_time_after() {
    let world = World::embedded(&[]).await;
    for (broken, code) in [
        (Frame::new(opcode::TEXT, vec![0xff]), 1007),
        (Frame::text("").declaring(1 << 40), 1009),
        (Frame { masked: false, ..Frame::text("{}") }, 1002),
        (Frame::new(opcode::BINARY, *b""), 1003),
    ] {
        let mut socket = world.raw().await;
        let before = world.cpu();
        let mut bytes = Frame::text(&request("a")).bytes();
        bytes.extend(Frame::text(&request("b")).bytes());
        bytes.extend(broken.bytes());
        bytes.extend(Frame::text(&request("c")).bytes());
        socket.write(&bytes).await.expect("writes");
        refused(&mut socket, "a").await;
        refused(&mut socket, "b").await;
        let next = socket.read_frame(PATIENCE).await.expect("is closed");
        assert_eq!(next.close_code(), Some(code), "{next:?}");
        socket.read_end(PATIENCE).await.expect("ends");
        let used = world.cpu() - before;
        assert!(used < 50, "{used}0 ms of CPU");
    }
}

#[tokio::test]
async fn a_message_may_come_in_pieces_with_pings_between_them() {
    let world = World::embedded(&[]).await;
    let mut socket = world.raw().await;
    let text = r#"{"id":"€","type":"ping"}"#;
    let bytes = text.as_bytes();
    // Cut within the euro sign.
    let (one, rest) = bytes.split_at(8);
    let (two, three) = rest.split_at(1);
    let pieces = [
        Frame::new(opcode::TEXT, one).unfinished(),
        Frame::new(opcode::PING, *b"hi"),
        Frame::new(opcode::CONTINUATION, two).unfinished(),
        Frame::new(opcode::CONTINUATION, three),
    ];
    // Byte by byte, so that no header or payload comes whole.
    for byte in pieces.iter().flat_map(Frame::bytes) {
        socket.write(&[byte]).await.expect("writes");
    }
    let pong = socket.read_frame(PATIENCE).await.expect("the ping is answered");
    assert_eq!((pong.opcode, pong.payload.as_slice()), (opcode::PONG, &b"hi"[..]));
    let error = json_of(&socket.read_frame(PATIENCE).await.expect("is answered"));
    assert_eq!((&error["type"], &error["data"]["code"]), (&"error".into(), &"request.malformed".into()), "{error}");
    socket.write_frame(&Frame::text(&request("still-there"))).await.expect("writes");
    refused(&mut socket, "still-there").await;
}

#[tokio::test]
async fn a_closing_peer_gets_its_code_back() {
    let world = World::embedded(&[]).await;
    for (payload, code) in [(3_000_u16.to_be_bytes().to_vec(), Some(3_000)), (Vec::new(), None)] {
        let close = Frame::new(opcode::CLOSE, payload);
        assert_eq!(fate(&world, &close.bytes()).await, code);
    }
}

#[tokio::test]
async fn a_peer_that_just_goes_leaves_nothing_behind() {
    let world = World::embedded(&[]).await;
    let sockets = [world.raw().await, world.raw().await, world.raw().await];
    world.until_open(3.0, PATIENCE).await;
    drop(sockets);
    world.until_open(0.0, PATIENCE).await;
}
