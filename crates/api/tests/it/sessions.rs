//! Signing in and out: tokens that are refused, tokens that rotate, passwords that are guessed.

use std::time::Instant;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::app::{KEYS, Setup, TestApp};
use crate::client::{Answered as _, Begun, Client};
use crate::players::Player;
use crate::tokens::{claims, signed};
use crate::wait::{seconds, until_true};

in_both_worlds!(
    every_sort_of_bad_token_is_refused["SWP__AUTH__KEYS" = super::KEYS],
    a_refresh_token_works_once_and_reuse_ends_the_session,
    of_concurrent_refreshes_one_wins_and_the_session_lives,
    signing_out_is_known_on_every_replica,
    guessing_passwords_locks_the_account,
);

const ME: &str = "/api/v1/players/me";

async fn refresh(api: &Client, token: &str) -> testkit::http::Answer {
    api.post("/api/v1/auth/refresh", json!({ "refresh_token": token })).await
}

async fn every_sort_of_bad_token_is_refused(app: TestApp) {
    let ada = app.guest(0, "Ada").await;
    let api = app.client(1);
    let missing = api.get(ME).await;
    missing.expect_problem(401, "auth.missing_token");
    assert_eq!(missing.header("www-authenticate"), Some("Bearer"));

    let good = claims(&ada.access_token);
    let change = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        claims
    };
    let (kid, secret) = KEYS.split(',').next().and_then(|key| key.split_once(':')).expect("there is a key");
    let (old_kid, old_secret) = KEYS.split(',').nth(1).and_then(|key| key.split_once(':')).expect("there are two");
    let now = good["iat"].as_i64().expect("is a number");
    let bodies = good.to_string();
    let bent = ada.access_token.replacen('e', "f", 3);
    for (what, token) in [
        ("nonsense", "x".to_owned()),
        ("empty", String::new()),
        ("bent", bent),
        ("expired ten seconds ago", signed(kid, secret, &change("exp", json!(now - 10)))),
        ("for somebody else's service", signed(kid, secret, &change("aud", json!("elsewhere")))),
        ("by somebody else", signed(kid, secret, &change("iss", json!("elsewhere")))),
        ("without a subject", signed(kid, secret, &change("sub", Value::Null))),
        ("under a foreign key", signed(kid, "another secret, as long as ours is, or so", &good)),
        ("under a key we don't have", signed("other", secret, &good)),
        ("under the wrong one of our keys", signed(old_kid, secret, &good)),
        ("a device secret", ada.device_secret.clone().expect("a new guest has one")),
        ("a refresh token", ada.refresh_token.clone()),
        ("claims in the clear", bodies.replace(['"', ' '], "")),
    ] {
        let problem = api.bearing(&token).get(ME).await.expect_problem(401, "auth.bad_token");
        assert!(token.len() < 9 || !problem.to_string().contains(&token), "{what}: it isn't echoed");
    }
    api.with("authorization", "Basic YWRhOnB3").get(ME).await.expect_problem(401, "auth.bad_token");
    // The same claims under either of our keys are believed: keys rotate without signing anybody out.
    for (kid, secret) in [(kid, secret), (old_kid, old_secret)] {
        api.bearing(&signed(kid, secret, &good)).get(ME).await.expect_status(200);
    }
}

async fn a_refresh_token_works_once_and_reuse_ends_the_session(app: TestApp) {
    let ada = app.guest(0, "Ada").await;
    let (here, there) = (app.client(0), app.client(1));
    let answer = refresh(&there, &ada.refresh_token).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let second = Player::signed_in(&there, &answer.expect_status(200));
    assert_eq!(second.id, ada.id);
    assert_ne!(second.refresh_token, ada.refresh_token);
    second.api.get(ME).await.expect_status(200);

    refresh(&here, &ada.refresh_token).await.expect_problem(401, "auth.refresh_reused");
    let after = refresh(&here, &second.refresh_token).await;
    assert_eq!(after.status, 401, "whoever has the newest token is signed out, too: {}", after.json());
    for api in [&here, &there] {
        until_true("the session's access tokens are refused", seconds(5), || async {
            api.bearing(&second.access_token).get(ME).await.status == 401
        })
        .await;
    }
    refresh(&here, "not one of ours").await.expect_problem(401, "auth.bad_refresh_token");
    // The device is still known.
    let device = json!({ "device_secret": ada.device_secret });
    here.post("/api/v1/auth/guest", device).await.expect_status(200);
    let unknown = json!({ "device_secret": "c2VjcmV0IG9mIG5vYm9keSBhdCBhbGwsIHJlYWxseSBub3Q" });
    here.post("/api/v1/auth/guest", unknown).await.expect_problem(401, "auth.unknown_device");
}

async fn of_concurrent_refreshes_one_wins_and_the_session_lives(app: TestApp) {
    let ada = app.guest(0, "Ada").await;
    let mut begun = Vec::new();
    for n in 0..8 {
        // All of them are under way before the first is decided.
        let body = json!({ "refresh_token": ada.refresh_token });
        begun.push(app.client(n).begin_post("/api/v1/auth/refresh", &body).await);
    }
    let answers = join_all(begun.into_iter().map(Begun::finish)).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|(status, _)| *status == 200);
    assert_eq!(won.len(), 1, "{answers:?}");
    for (status, body) in lost {
        assert_eq!((*status, &body["code"]), (401, &json!("auth.refresh_raced")), "{body}");
    }
    let winner = Player::signed_in(&app.client(0), &won[0].1);
    winner.api.get(ME).await.expect_status(200);
    refresh(&app.client(1), &winner.refresh_token).await.expect_status(200);
}

async fn signing_out_is_known_on_every_replica(app: TestApp) {
    let ada = app.guest(0, "Ada").await;
    let there = ada.at(&app.client(1));
    there.api.get(ME).await.expect_status(200);
    let logout = json!({ "refresh_token": ada.refresh_token });
    let begun = Instant::now();
    assert_eq!(ada.api.post("/api/v1/auth/logout", logout.clone()).await.status, 204);
    ada.api.get(ME).await.expect_problem(401, "auth.session_ended");
    until_true("the other replica refuses the token", seconds(5), || async { there.api.get(ME).await.status == 401 })
        .await;
    assert!(begun.elapsed() < seconds(5));
    assert_eq!(ada.api.post("/api/v1/auth/logout", logout).await.status, 204, "twice is no error");
    refresh(&app.client(1), &ada.refresh_token).await.expect_status(401);
}

async fn guessing_passwords_locks_the_account(app: TestApp) {
    let register = json!({ "handle": "grace", "password": "nanoseconds of wire" });
    app.client(0).post("/api/v1/auth/register", register).await.expect_status(201);
    // Somebody who isn't there is answered in just the same way.
    for handle in ["grace", "nobody_here"] {
        let guess = json!({ "handle": handle, "password": "is it this one?" });
        for n in 0..5 {
            let refused = app.client(n).post("/api/v1/auth/login", guess.clone()).await;
            refused.expect_problem(401, "auth.bad_credentials");
        }
        let locked = app.client(1).post("/api/v1/auth/login", guess).await;
        locked.expect_problem(429, "auth.locked_out");
        let wait = locked.header("retry-after").and_then(|value| value.parse::<u64>().ok());
        assert!(wait.is_some_and(|wait| (1..=900).contains(&wait)), "{wait:?}");
    }
    let right = json!({ "handle": "grace", "password": "nanoseconds of wire" });
    until_true("the right password is heard after the wait", seconds(10), || async {
        app.client(0).post("/api/v1/auth/login", right.clone()).await.status == 200
    })
    .await;
}

#[tokio::test]
async fn default_secrets_and_missing_keys_stop_the_start_with_a_sentence() {
    for (keys, says) in [
        ("", "SWP__AUTH__KEYS is not set"),
        ("k:short", "shorter"),
        ("k:changeme-changeme-changeme-changeme", "placeholder"),
    ] {
        let program = testkit::process::Program::new(env!("CARGO_BIN_EXE_shallweplay-backend"))
            .variable("REDIS_URL", "redis://127.0.0.1:1/0")
            .variable("SWP__AUTH__KEYS", keys)
            .argument("--ephemeral")
            .spawn();
        let status = program.wait_exit(seconds(10)).await.expect("it ends");
        assert!(!status.success());
        assert!(program.logs().contains(says), "{}", program.logs());
    }
}

#[tokio::test]
async fn handles_that_look_alike_are_one_handle() {
    let app = Setup::embedded().start().await;
    let register = |handle: &str| json!({ "handle": handle, "password": "correct horse battery" });
    let api = app.client(0);
    api.post("/api/v1/auth/register", register("alice")).await.expect_status(201);
    for taken in ["alice", "ALICE", "a1ice", "al_ice"] {
        api.post("/api/v1/auth/register", register(taken)).await.expect_problem(409, "players.handle_taken");
    }
    for (handle, password) in
        [("al", "correct horse battery"), ("9lives", "correct horse battery"), ("bob", "short"), ("bob", "password123")]
    {
        let body = json!({ "handle": handle, "password": password });
        api.post("/api/v1/auth/register", body).await.expect_problem(422, "validation.failed");
    }
}
