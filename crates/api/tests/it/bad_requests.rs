//! Requests that are wrong as HTTP: addresses, methods, sizes, and clients that are slow on purpose.

use serde_json::json;

use crate::app::Setup;
use crate::client::Answered as _;
use crate::wait::seconds;

const GUEST: &str = "/api/v1/auth/guest";

#[tokio::test]
async fn addresses_and_methods() {
    let app = Setup::embedded().start().await;
    let ada = app.guest(0, "Ada").await;
    for path in ["/api/v1/nothing", "/api/v1", "/nothing", "/api/v2/players/me", "/api/v1/players/me/", "/.git/config"]
    {
        ada.api.get(path).await.expect_problem(404, "request.not_found");
    }
    for path in ["/api/v1/players/%00", "/api/v1/players/..%2f..%2fetc", "/api/v1/players/7"] {
        ada.api.get(path).await.expect_problem(404, "players.not_found");
    }
    ada.api.get("/api/v1/modes/chess").await.expect_problem(404, "games.unknown_mode");
    for (method, path, allow) in [
        ("POST", "/api/v1/players/me", "GET, PATCH"),
        ("DELETE", "/api/v1/modes", "GET"),
        ("GET", GUEST, "POST"),
        ("PUT", "/api/v1/matchmaking/tickets", "GET, POST"),
    ] {
        let answer = ada.api.request(method, path, None).await;
        answer.expect_problem(405, "request.method_not_allowed");
        let allowed = answer.header("allow").expect("says what is allowed");
        for one in allow.split(", ") {
            assert!(allowed.contains(one), "{method} {path}: {allowed}");
        }
    }
    let ignored = ada.api.request("TRACE", "/api/v1/players/me", None).await;
    assert!(matches!(ignored.status, 404 | 405), "{}", ignored.status);
}

#[tokio::test]
async fn queries() {
    let app = Setup::embedded().start().await;
    let ada = app.guest(0, "Ada").await;
    let history = format!("/api/v1/players/{}/games", ada.id);
    for (query, code) in [
        ("limit=0", "validation.failed"),
        ("limit=101", "validation.failed"),
        ("limit=-1", "validation.failed"),
        ("limit=ten", "validation.failed"),
        ("limit=99999999999999999999", "validation.failed"),
        ("result=victory", "validation.failed"),
        ("opponent=me", "validation.failed"),
        ("unknown=1", "validation.failed"),
        ("cursor=", "request.bad_cursor"),
        ("cursor=garbage", "request.bad_cursor"),
        ("cursor=%ff%fe", "request.bad_cursor"),
        ("mode=a%00b", "request.control_character"),
    ] {
        let answer = ada.api.get(&format!("{history}?{query}")).await;
        assert_eq!((answer.status, &answer.json()["code"]), (422, &json!(code)), "{query}: {}", answer.json());
    }
    ada.api.get("/api/v1/games?status=over").await.expect_problem(422, "validation.failed");
    ada.api.get(&format!("{history}?limit=100")).await.expect_status(200);
}

#[tokio::test]
async fn bodies_that_are_too_large() {
    let app = Setup::embedded().start().await;
    let api = app.client(0);
    let fits = json!({ "display_name": "Ada" }).to_string();
    let padded = |size: usize| format!("{fits}{}", " ".repeat(size - fits.len()));
    api.post_bytes(GUEST, "application/json", padded(64 * 1024).as_bytes()).await.expect_status(201);
    let over = api.post_bytes(GUEST, "application/json", padded(64 * 1024 + 1).as_bytes()).await;
    over.expect_problem(413, "request.too_large");
    // Declared and never sent; declared small and sent in chunks without an end.
    let declared =
        api.with("content-type", "application/json").with("content-length", "999999999999").head("POST", GUEST);
    api.raw(&declared).await.expect_problem(413, "request.too_large");
    let mut chunked =
        api.with("content-type", "application/json").with("transfer-encoding", "chunked").head("POST", GUEST);
    for _ in 0..9 {
        chunked.extend_from_slice(format!("2000\r\n{}\r\n", " ".repeat(0x2000)).as_bytes());
    }
    api.raw(&chunked).await.expect_problem(413, "request.too_large");
    let huge = app.client(0).with("x-padding", &"x".repeat(200_000)).try_request("GET", "/health", None).await;
    assert!(huge.is_err() || huge.is_ok_and(|answer| matches!(answer.status, 400 | 413 | 431)));
    api.get("/health").await.expect_status(200);
}

#[tokio::test]
async fn a_slow_body_is_given_up_after_five_seconds() {
    let app = Setup::embedded().start().await;
    let api = app.client(0).with("content-type", "application/json").with("content-length", "20");
    let mut request = api.head("POST", GUEST);
    request.push(b'{');
    let (answer, took) = api.stall(&request, seconds(12)).await;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("request.body_timeout"), "{answer}");
    assert!((seconds(4)..seconds(8)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn slow_headers_are_given_up_after_five_seconds() {
    let app = Setup::embedded().start().await;
    let api = app.client(0);
    let (answer, took) = api.stall(b"GET /health HTTP/1.1\r\nhost: x\r\nx-slow: ", seconds(12)).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!((seconds(3)..seconds(9)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn what_is_not_http_is_refused_and_others_are_served() {
    let app = Setup::embedded().start().await;
    let api = app.client(0);
    for nonsense in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /api/v1/auth/guest HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{}",
        b"POST /api/v1/auth/guest HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST /api/v1/auth/guest HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{} ",
    ] {
        let (answer, _) = api.stall(nonsense, seconds(12)).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    api.get("/health").await.expect_status(200);
}
