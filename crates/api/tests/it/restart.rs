//! Starting, stopping in order, and starting again.

use serde_json::json;
use testkit::process::Program;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::app::Setup;
use crate::client::Answered as _;
use crate::players::Match;
use crate::wait::seconds;

#[tokio::test]
async fn the_embedded_server_has_everything_after_a_restart() {
    let mut app = Setup::embedded().start().await;
    let [ada, ben] = app.two_guests().await;
    let register = json!({ "handle": "ada", "password": "an analytical engine" });
    ada.api.post("/api/v1/auth/register", register).await.expect_status(201);
    let over = Match::running("tic_tac_toe", [ada.clone(), ben.clone()]).await;
    over.play_to_a_win(0).await;
    let running = Match::running("tic_tac_toe", [ada.clone(), ben.clone()]).await;
    running.seats[0].mark(&running.game, 0, 0).await.expect_status(200);
    let (history, position) = (ada.history("").await, ben.game(&running.game).await);

    // Once in order, once not.
    app.replica(0).sigterm();
    let status = app.replica(0).wait_exit(seconds(25)).await.expect("it ends");
    assert!(status.success(), "{status}");
    app.start_again(0).await;
    assert_eq!(ada.history("").await, history, "and the token is still believed");
    app.replica(0).kill9();
    app.start_again(0).await;

    let login = json!({ "handle": "ada", "password": "an analytical engine" });
    let again = app.client(0).post("/api/v1/auth/login", login).await.expect_status(200);
    assert_eq!(again["player"]["id"], *ada.id);
    assert_eq!(ada.history("").await, history);
    assert_eq!(ben.game(&running.game).await, position);
    running.seats[1].mark(&running.game, 3, 1).await.expect_status(200);
    running.play_to_a_win(2).await;
    assert_eq!(ada.history("").await["items"].as_array().map(Vec::len), Some(2));
    let refresh = json!({ "refresh_token": ben.refresh_token });
    app.client(0).post("/api/v1/auth/refresh", refresh).await.expect_status(200);
}

#[tokio::test]
async fn ephemeral_data_is_gone_at_the_end() {
    let program = Program::new(env!("CARGO_BIN_EXE_shallweplay-backend")).argument("--ephemeral").serve().await;
    let line = program.line(|line| line.contains("deleted at the end"), seconds(5)).await.expect("says where data is");
    let path = line.split_whitespace().find(|word| word.starts_with('/')).expect("names a file").to_owned();
    assert!(std::path::Path::new(&path).exists(), "{path}");
    program.sigterm();
    assert!(program.wait_exit(seconds(25)).await.expect("it ends").success());
    assert!(!std::path::Path::new(&path).exists(), "{path}");
}

#[tokio::test]
async fn requests_in_flight_at_sigterm_are_answered() {
    let app = Setup::networked(1).start().await;
    let api = app.client(0);
    let body = json!({ "display_name": "Last" }).to_string();
    let head = api
        .with("content-type", "application/json")
        .with("content-length", &body.len().to_string())
        .head("POST", "/api/v1/auth/guest");
    let (start, end) = body.split_at(5);
    let mut stream = TcpStream::connect(api.authority()).await.expect("connects");
    stream.write_all(&head).await.expect("sends");
    stream.write_all(start.as_bytes()).await.expect("sends");
    // The server has it: a request sent later on another connection is answered.
    api.get("/health").await.expect_status(200);
    app.replica(0).sigterm();
    app.replica(0).line(|line| line.contains("draining"), seconds(5)).await.expect("it drains");
    // Who asks now is told to go elsewhere, one way or the other.
    let asked = api.try_request("GET", "/health", None).await;
    assert!(asked.as_ref().map_or(true, |answer| answer.status == 503), "{asked:?}");
    stream.write_all(end.as_bytes()).await.expect("sends");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("is answered");
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let status = app.replica(0).wait_exit(seconds(25)).await.expect("it ends");
    assert!(status.success(), "{status}: {}", app.replica(0).logs());
}

#[tokio::test]
async fn doctor_and_migrate_say_what_is_wrong() {
    let doctor = |host: &str, port: &str| {
        Program::new(env!("CARGO_BIN_EXE_shallweplay-backend"))
            .argument("doctor")
            .argument("--ephemeral")
            .variable("DATABASE_HOST", host)
            .variable("DATABASE_PORT", port)
            .variable("SWP__AUTH__KEYS", crate::app::KEYS)
    };
    let wrong = doctor("127.0.0.1", "1").spawn();
    assert!(!wrong.wait_exit(seconds(20)).await.expect("it ends").success());
    wrong.line(|line| line.contains("DATABASE_HOST"), seconds(2)).await.expect("says what to check");
    let fine = doctor("", "").spawn();
    assert!(fine.wait_exit(seconds(20)).await.expect("it ends").success(), "{}", fine.logs());
    fine.line(|line| line.contains("Everything is in order"), seconds(2)).await.expect("says so");
}
