//! Programs are started, read, asked to stop and killed.

use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use shallweplay_testkit::process::Program;

const PATIENCE: Duration = Duration::from_secs(10);

fn shell(script: &str) -> Program {
    Program::new("/bin/sh").argument("-c").argument(script)
}

#[tokio::test]
async fn its_lines_are_seen_and_sigterm_is_its_own_affair() {
    let running =
        shell("trap 'echo bye; exit 3' TERM; echo \"port $SWP__HTTP__PORT\"; while :; do sleep 0.01; done").spawn();
    let line = running.line(|line| line.starts_with("port"), PATIENCE).await.expect("a line");
    assert_eq!(line, format!("port {}", running.port()));
    running.sigterm();
    let status = running.wait_exit(PATIENCE).await.expect("its end");
    assert_eq!(status.code(), Some(3));
    running.line(|line| line == "bye", PATIENCE).await.expect("its last line");
}

#[tokio::test]
async fn kill9_ends_what_does_not_listen() {
    let running = shell("trap '' TERM; echo ready >&2; while :; do sleep 0.01; done").spawn();
    running.line(|line| line == "ready", PATIENCE).await.expect("a line of standard error");
    running.sigterm();
    assert!(running.exited().is_none());
    running.kill9();
    assert_eq!(running.exited().and_then(|status| status.signal()), Some(9));
}

#[tokio::test]
async fn one_that_ends_early_never_serves() {
    let running = shell("echo 'DATABASE_PORT is not a number'; exit 78").spawn();
    let why = running.healthy(PATIENCE).await.expect_err("it ended");
    assert!(why.to_string().contains("78"), "{why}");
    running.line(|line| line.contains("DATABASE_PORT"), PATIENCE).await.expect("its reason");
}

#[tokio::test]
async fn settings_come_from_the_test_alone() {
    let running = shell("echo \"[$DATABASE_HOST][$REDIS_URL]\"").variable("REDIS_URL", "given").spawn();
    running.line(|line| line == "[][given]", PATIENCE).await.expect("only what was given");
}
