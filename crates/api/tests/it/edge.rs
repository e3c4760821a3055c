//! What every answer has: headers, limits, origins; and the addresses beside the API.

use serde_json::json;

use crate::app::Setup;
use crate::client::Answered as _;
use crate::players::guest;

const ME: &str = "/api/v1/players/me";

#[tokio::test]
async fn every_answer_has_the_headers_that_protect_and_none_that_tell() {
    let app = Setup::embedded().start().await;
    let ada = app.guest(0, "Ada").await;
    for path in ["/", "/health", "/metrics", "/api/openapi.json", "/api/docs/", "/sdk/shallweplay.js", ME, "/nothing"] {
        let answer = ada.api.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert!(answer.header("x-request-id").is_some(), "{path}");
        assert_eq!(answer.header("server"), None, "{path}");
        assert_eq!(answer.header("x-powered-by"), None, "{path}");
        if answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
            let policy = answer.header("content-security-policy").unwrap_or_else(|| panic!("{path} has no policy"));
            assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        }
        assert_eq!(answer.status, if path == "/nothing" { 404 } else { 200 }, "{path}");
    }
    let given = ada.api.with("x-request-id", "trace-7").get(ME).await;
    assert_eq!(given.header("x-request-id"), Some("trace-7"));
    let refused = app.client(0).with("x-request-id", "trace-8").get(ME).await;
    assert_eq!(refused.expect_problem(401, "auth.missing_token")["instance"], "trace-8");
    let odd = ada.api.with("x-request-id", &"x".repeat(300)).get(ME).await;
    assert!(odd.header("x-request-id").is_some_and(|id| id.len() < 129), "ours where the client's isn't presentable");
    let signed_in = app.client(0).post("/api/v1/auth/guest", json!({})).await;
    assert_eq!(signed_in.header("cache-control"), Some("no-store"));
    let ticket = ada.api.request("POST", "/api/v1/auth/ws-ticket", None).await;
    assert_eq!((ticket.status, ticket.header("cache-control")), (201, Some("no-store")));
}

#[tokio::test]
async fn health_and_metrics_tell_how_it_is() {
    let app = Setup::embedded().start().await;
    let ada = app.guest(0, "Ada").await;
    ada.api.get(&format!("/api/v1/players/{}", ada.id)).await.expect_status(200);
    let health = ada.api.get("/health").await.expect_status(200);
    assert_eq!((&health["status"], &health["mode"]), (&json!("ok"), &json!("embedded")));
    assert_eq!(health["dependencies"]["sqlite"]["status"], "up");
    assert!(health["version"].is_string());
    for path in ["/health/live", "/health/ready"] {
        ada.api.get(path).await.expect_status(200);
    }
    let metrics = ada.api.get("/metrics").await;
    let text = String::from_utf8_lossy(&metrics.body);
    for name in [
        "http_request_duration_seconds",
        "outbox_pending",
        "outbox_lag_seconds",
        "database_connections",
        "realtime_sockets",
    ] {
        assert!(text.contains(name), "{name} is missing");
    }
    assert!(text.contains("route=\"/api/v1/players/{id}\""), "by template");
    assert!(!text.contains(&ada.id), "no player is a label");
}

#[tokio::test]
async fn only_listed_origins_may_call() {
    let app = Setup::embedded().with("SWP__HTTP__ORIGINS", "https://play.example,http://localhost:5173").start().await;
    let api = app.client(0);
    for (origin, listed) in [
        ("https://play.example", true),
        ("http://localhost:5173", true),
        ("https://play.example.evil.example", false),
        ("http://play.example", false),
        ("https://play.example:8443", false),
        ("null", false),
    ] {
        let from = api.with("origin", origin);
        let preflight = from
            .with("access-control-request-method", "PATCH")
            .with("access-control-request-headers", "authorization, content-type, idempotency-key")
            .request("OPTIONS", ME, None)
            .await;
        let allowed = preflight.header("access-control-allow-origin");
        assert_eq!(allowed, listed.then_some(origin), "{origin}: {} {:?}", preflight.status, preflight.headers);
        // Problems must be readable by the page, too.
        let refused = from.get(ME).await;
        assert_eq!(refused.header("access-control-allow-origin"), listed.then_some(origin), "{origin}");
        let page = from.get("/api/v1/modes").await;
        assert_eq!(page.header("access-control-allow-origin"), listed.then_some(origin), "{origin}");
        assert_eq!(page.header("access-control-allow-credentials"), None);
    }
}

#[tokio::test]
async fn limits_say_how_much_is_left_and_when_to_come_back() {
    let app = Setup::embedded()
        .with("SWP__LIMITS__AUTH_PER_MINUTE", "4")
        .with("SWP__LIMITS__READ_PER_MINUTE", "5")
        .with("SWP__LIMITS__WRITE_PER_MINUTE", "3")
        .start()
        .await;
    let ada = guest(app.client(0), "Ada").await;
    let ben = guest(app.client(0), "Ben").await;
    let first = ada.api.get(ME).await;
    assert_eq!((first.status, first.header("ratelimit-limit")), (200, Some("5")));
    assert_eq!(first.header("ratelimit-remaining"), Some("4"));
    assert!(first.header("ratelimit-reset").is_some());
    for _ in 0..4 {
        ada.api.get(ME).await.expect_status(200);
    }
    let refused = ada.api.get(ME).await;
    refused.expect_problem(429, "rate_limited");
    assert_eq!(refused.header("ratelimit-remaining"), Some("0"));
    let wait = refused.header("retry-after").and_then(|value| value.parse::<u64>().ok());
    assert!(wait.is_some_and(|wait| (1..=60).contains(&wait)), "{wait:?}");
    ben.api.get(ME).await.expect_status(200);
    // Writes count apart; sign-in calls by address, whoever it is.
    for n in 0..3 {
        ada.api.patch(ME, json!({ "bio": n.to_string() })).await.expect_status(200);
    }
    ada.api.patch(ME, json!({ "bio": "4" })).await.expect_problem(429, "rate_limited");
    let api = app.client(0).with("x-forwarded-for", "203.0.113.7");
    for _ in 0..2 {
        api.post("/api/v1/auth/guest", json!({})).await.expect_status(201);
    }
    let refused = api.with("x-forwarded-for", "203.0.113.8").post("/api/v1/auth/guest", json!({})).await;
    refused.expect_problem(429, "rate_limited");
}

#[tokio::test]
async fn two_replicas_share_their_limits() {
    let app = Setup::networked(2).with("SWP__LIMITS__WRITE_PER_MINUTE", "6").start().await;
    let ada = app.guest(0, "Ada").await;
    let mut taken = 0;
    for n in 0..12 {
        let answer = ada.at(&app.client(n)).api.patch(ME, json!({ "bio": n.to_string() })).await;
        match answer.status {
            200 => taken += 1,
            _ => _ = answer.expect_problem(429, "rate_limited"),
        }
    }
    // Were they counted by each replica for itself, it would be twelve. A count that Redis is too slow to answer is the
    // replica's own, so on a loaded machine it may be a few more than six.
    assert!((6..=8).contains(&taken), "{taken}");
}
