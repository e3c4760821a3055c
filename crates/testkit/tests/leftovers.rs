//! A test process leaves no server behind, however it ends.

use std::env;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use shallweplay_testkit::services::{Durability, Home, Lifetime, PostgresServer, RedisServer, RunningAs};

/// Set for the process that [`leave_servers`] starts.
const INNER: &str = "SWP_TEST_INNER";

/// Not a test of its own: what the other two run in a process of its own.
#[test]
fn inner() {
    if env::var_os(INNER).is_none() {
        return;
    }
    let home = || Home::temporary("leftovers").expect("a home");
    let postgres = PostgresServer::start(home(), Durability::Fast, Lifetime::OurProcess).expect("PostgreSQL");
    let redis = RedisServer::start(home(), Lifetime::OurProcess).expect("Redis");
    for server in [postgres.running_as(), redis.running_as()].into_iter().flatten() {
        println!("running\t{}\t{}", server.pid, server.mark);
    }
    // As the statics of `services` do.
    std::mem::forget((postgres, redis));
    println!("done");
    // Until our parent lets go or kills us.
    let _ = std::io::stdin().read(&mut [0]);
}

fn leave_servers() -> (Child, Vec<RunningAs>) {
    let mut child = Command::new(env::current_exe().expect("our own path"))
        .args(["inner", "--exact", "--nocapture"])
        .env(INNER, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("ourselves");
    let mut output = BufReader::new(child.stdout.take().expect("its output"));
    let mut servers = Vec::new();
    for line in output.by_ref().lines().map_while(Result::ok) {
        if line == "done" {
            break;
        }
        if let Some((_, server)) = line.split_once("running\t")
            && let Some((pid, mark)) = server.split_once('\t')
        {
            servers.push(RunningAs { pid: pid.parse().expect("a number"), mark: mark.to_owned() });
        }
    }
    assert_eq!(servers.len(), 2);
    assert!(servers.iter().all(RunningAs::is_alive));
    // It goes on writing, and a closed pipe would be an error to it.
    thread::spawn(move || output.read_to_end(&mut Vec::new()));
    (child, servers)
}

fn assert_gone(servers: &[RunningAs]) {
    let start = Instant::now();
    let left = || servers.iter().any(|s| s.is_alive() || PathBuf::from(&s.mark).exists());
    while left() {
        assert!(start.elapsed() < Duration::from_secs(20), "left behind: {servers:?}");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_process_that_ends_takes_its_servers_along() {
    let (mut child, servers) = leave_servers();
    drop(child.stdin.take());
    assert!(child.wait().expect("its end").success());
    assert_gone(&servers);
}

#[test]
fn a_process_that_is_killed_takes_its_servers_along() {
    let (mut child, servers) = leave_servers();
    child.kill().expect("a signal");
    child.wait().expect("its end");
    assert_gone(&servers);
}
