//! The WebSocket clients, against a small server of this test.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use shallweplay_testkit::ws::raw::{Frame, Socket, opcode};
use shallweplay_testkit::ws::{Client, ConnectError, RecvError};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

const PATIENCE: Duration = Duration::from_secs(5);
const SHORT: Duration = Duration::from_millis(50);

/// Sends `greeting`, then echoes text; `"bye"` makes it close with 4100.
async fn server(greeting: &'static [&'static str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let host = listener.local_addr().expect("its address").to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut socket = tokio_tungstenite::accept_async(stream).await.expect("a handshake");
            for text in greeting {
                socket.send(Message::text(*text)).await.expect("a greeting");
            }
            while let Some(Ok(message)) = socket.next().await {
                match message {
                    Message::Text(text) if text.contains("bye") => {
                        let frame = CloseFrame { code: 4100.into(), reason: "drain".into() };
                        socket.close(Some(frame)).await.expect("a close");
                    }
                    Message::Text(text) => socket.send(Message::Text(text)).await.expect("an echo"),
                    _ => {}
                }
            }
        }
    });
    host
}

#[tokio::test]
async fn messages_that_were_not_wanted_keep_their_order() {
    let host = server(&[r#"{"type":"a","n":1}"#, r#"{"type":"b"}"#, r#"{"type":"a","n":2}"#]).await;
    let mut client = Client::connect(&format!("http://{host}/ws"), None, &[]).await.expect("a socket");
    client.recv_type("b", PATIENCE).await.expect("the second");
    assert_eq!(client.recv_json(PATIENCE).await.expect("the first")["n"], 1);
    assert_eq!(client.recv_json(PATIENCE).await.expect("the third")["n"], 2);
    let none = client.recv_json(SHORT).await.expect_err("no more");
    assert_eq!(none, RecvError::TimedOut { waiting: vec![] });
}

#[tokio::test]
async fn heartbeats_are_answered_unseen() {
    let host = server(&[r#"{"type":"ping"}"#]).await;
    let mut client = Client::connect(&format!("ws://{host}"), None, &[]).await.expect("a socket");
    assert_eq!(client.recv_json(PATIENCE).await.expect("the echo of our pong"), json!({ "type": "pong" }));
}

#[tokio::test]
async fn a_close_code_is_told_again_and_again() {
    let host = server(&[]).await;
    let mut client = Client::connect(&format!("ws://{host}"), None, &[]).await.expect("a socket");
    client.send_json(&json!({ "type": "bye" })).await;
    assert_eq!(client.close_code(PATIENCE).await.expect("its code"), Some(4100));
    let closed = RecvError::Closed { code: Some(4100), reason: "drain".to_owned() };
    assert_eq!(client.recv_json(PATIENCE).await.expect_err("closed"), closed);
}

#[tokio::test]
async fn a_refused_upgrade_says_its_status() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let host = listener.local_addr().expect("its address").to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno";
            let mut request = [0; 4096];
            let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut request).await;
            let _ = stream.write_all(answer).await;
        }
    });
    let refused = Client::connect(&format!("ws://{host}"), Some("shallweplay.v1"), &[]).await;
    assert!(matches!(refused, Err(ConnectError::Refused { status: 403, .. })), "{refused:?}");
    let why = Socket::connect(&host, "/ws", &[]).await.expect_err("refused");
    assert!(why.to_string().starts_with("HTTP/1.1 403"), "{why}");
}

#[tokio::test]
async fn the_raw_socket_writes_fragments_and_nonsense() {
    let host = server(&[]).await;
    let mut socket = Socket::connect(&host, "/", &[]).await.expect("a socket");
    socket.write_frame(&Frame::text("hel").unfinished()).await.expect("a fragment");
    socket.write_frame(&Frame::new(opcode::CONTINUATION, "lo")).await.expect("its end");
    let echo = socket.read_frame(PATIENCE).await.expect("an echo");
    assert_eq!((echo.opcode, echo.payload), (opcode::TEXT, b"hello".to_vec()));
    socket.write_frame(&Frame { reserved: 7, ..Frame::text("no") }).await.expect("nonsense");
    socket.read_end(PATIENCE).await.expect("a server that gives up");
}

#[tokio::test]
async fn the_raw_socket_reads_the_close_code() {
    let host = server(&[]).await;
    let mut socket = Socket::connect(&host, "/", &[]).await.expect("a socket");
    socket.write_frame(&Frame::text("bye")).await.expect("a request");
    assert_eq!(socket.read_close(PATIENCE).await.expect("a close frame"), Some(4100));
}
