//! Replays: when they can be had, and how one is checked without trusting the server.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::app::{Setup, TestApp};
use crate::client::Answered as _;
use crate::players::{Match, Player};

in_both_worlds!(a_replay_is_there_once_the_game_is_over_and_can_be_checked);

/// The replay's bytes.
async fn replay(player: &Player, game: &str) -> Vec<u8> {
    let answer = player.api.get(&format!("/api/v1/games/{game}/replay")).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    answer.body
}

/// Whether the built program vouches for this log, and what it says.
fn verified(name: &str, log: &[u8]) -> (bool, String) {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}.ndjson", std::process::id()));
    std::fs::write(&file, log).expect("is written");
    let answer = verify(&file);
    std::fs::remove_file(&file).expect("is there");
    answer
}

fn verify(file: &Path) -> (bool, String) {
    let program = Command::new(env!("CARGO_BIN_EXE_shallweplay-backend")).arg("verify-replay").arg(file).output();
    let ended = program.expect("is started");
    let says = [ended.stdout, ended.stderr].concat();
    (ended.status.success(), String::from_utf8(says).expect("is text"))
}

fn lines(log: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(log).expect("is text");
    text.lines().map(|line| serde_json::from_str(line).expect("is JSON")).collect()
}

/// Checks the chain by what the documentation says of it, and nothing of ours.
fn check_chain(lines: &[Value]) {
    let mut prev = "0".repeat(64);
    for (n, line) in (1..).zip(lines) {
        assert_eq!((&line["n"], &line["prev"]), (&json!(n), &json!(prev)), "{line}");
        // Keys in order, no spaces, whole numbers: this is the canonical form already.
        let rest = json!({ "at": line["at"], "data": line["data"], "n": n, "type": line["type"] }).to_string();
        let digest = Sha256::digest(format!("{prev}{rest}").as_bytes());
        prev = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(line["hash"], *prev, "{line}");
    }
}

async fn a_replay_is_there_once_the_game_is_over_and_can_be_checked(app: TestApp) {
    let running = Match::running("tic_tac_toe", app.two_guests().await).await;
    let game = &running.game;
    let path = format!("/api/v1/games/{game}/replay");
    let early = running.seats[0].api.get(&path).await.expect_problem(409, "games.not_finished");
    assert_eq!(early["state"], "in_progress", "{early}");
    let stranger = app.guest(1, "Cleo").await;
    stranger.api.get(&path).await.expect_problem(404, "games.not_found");
    app.client(0).get(&path).await.expect_problem(401, "auth.missing_token");
    running.play_to_a_win(0).await;
    running.seats[0].sees(game, "settled").await;

    let log = replay(&running.seats[1], game).await;
    assert_eq!(log, replay(&stranger, game).await, "it is anybody's, the same on each replica");
    let lines = lines(&log);
    check_chain(&lines);
    let kinds: Vec<_> = lines.iter().filter_map(|line| line["type"].as_str()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "moved").count(), 5, "{kinds:?}");
    for (earlier, later) in [("opened", "started"), ("started", "moved"), ("moved", "settled")] {
        let at = |kind: &str| kinds.iter().position(|found| *found == kind);
        assert!(at(earlier).is_some() && at(earlier) < at(later), "{earlier} before {later}: {kinds:?}");
    }
    let text = String::from_utf8_lossy(&log).into_owned();
    for player in &running.seats {
        assert!(text.contains(&player.id));
        let secret = player.game(game).await["you"]["session_secret"].clone();
        assert!(!text.contains(secret.as_str().expect("is text")), "no secret stands in it");
    }
    assert!(!text.contains("Ada") && !text.contains("Ben"), "names are resolved when read");
}

#[tokio::test]
async fn a_replay_with_one_changed_byte_is_refused_with_the_place() {
    let app = Setup::embedded().start().await;
    let running = Match::running("tic_tac_toe", app.two_guests().await).await;
    running.play_to_a_win(0).await;
    let log = replay(&running.seats[0], &running.game).await;
    let (good, says) = verified("whole", &log);
    assert!(good && says.contains("5 moves played again by tic_tac_toe"), "{says}");

    let text = String::from_utf8(log.clone()).expect("is text");
    let all: Vec<&str> = text.lines().collect();
    let moved = all.iter().position(|line| line.contains("\"type\":\"moved\"")).expect("somebody moved");
    // One byte: another cell, another digit of a hash, another time.
    for (at, part) in [(moved, "\"cell\":"), (moved, "\"hash\":\""), (moved, "\"at\":\""), (0, "\"mode\":\"")] {
        let line = all[..at].iter().map(|line| line.len() + 1).sum::<usize>();
        let byte = line + text[line..].find(part).expect("the line has it") + part.len();
        let mut changed = log.clone();
        changed[byte] = if changed[byte] == b'7' { b'6' } else { b'7' };
        let (good, says) = verified("changed", &changed);
        assert!(!good && says.contains(&format!("line {}", at + 1)), "{part}: {says}");
    }
    // A line that is missing, at the end or between, and one that comes twice.
    let joined = |lines: &[&str]| (lines.join("\n") + "\n").into_bytes();
    let short = joined(&all[..all.len() - 1]);
    let gap = joined(&[&all[..moved], &all[moved + 1..]].concat());
    let twice = joined(&[&all[..=moved], &all[moved..]].concat());
    for (what, log, line) in [("short", short, all.len()), ("gap", gap, moved + 1), ("twice", twice, moved + 2)] {
        let (good, says) = verified(what, &log);
        assert!(!good && says.contains(&format!("line {line}")), "{what}: {says}");
    }
    for (what, log) in [("empty", &b""[..]), ("nonsense", &b"\xff\x00{"[..])] {
        let (good, says) = verified(what, log);
        assert!(!good && says.contains("line 1"), "{what}: {says}");
    }
    let (good, says) = verify(Path::new("/nowhere/at/all"));
    assert!(!good && says.contains("/nowhere/at/all"), "{says}");
}

#[tokio::test]
async fn a_replay_of_reported_scores_vouches_for_itself() {
    let app = Setup::embedded().start().await;
    let duel = Match::running("duel", app.two_guests().await).await;
    let payload = json!({ "score": 7, "payload": { "who": "a word about somebody" } });
    duel.seats[0].report(&duel.game, payload).await.expect_status(200);
    duel.seats[1].report(&duel.game, json!({ "score": 3 })).await.expect_status(200);
    duel.seats[0].sees(&duel.game, "settled").await;
    let log = replay(&duel.seats[0], &duel.game).await;
    check_chain(&lines(&log));
    assert!(!String::from_utf8_lossy(&log).contains("a word about"), "only its hash stands there");
    let (good, says) = verified("duel", &log);
    assert!(good && says.contains("no rules to play it again by"), "{says}");
    // A game that never began has a log as well.
    let found = Match::found("duel", [app.guest(0, "Cy").await, app.guest(0, "Di").await]).await;
    found.seats[0].command(&found.game, "abandon").await.expect_status(200);
    found.seats[0].sees(&found.game, "aborted").await;
    let (good, says) = verified("aborted", &replay(&found.seats[0], &found.game).await);
    assert!(good && says.contains("was aborted"), "{says}");
}
