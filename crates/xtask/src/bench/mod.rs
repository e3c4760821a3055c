//! `cargo xtask bench`: speed and memory of the release build against
//! PostgreSQL (`fsync` on) and Redis, all on this machine, driven from outside
//! through the public contract. The driver shares the machine's cores, so the
//! figures are lower bounds; CPU time counts the service and its stores only.

mod friends;
mod ledger;
mod load;
mod players;
mod queue;
mod ratings;
mod requests;
mod rooms;
mod scores;
mod sockets;
mod table;
mod usage;

use std::path::Path;
use std::process::Command;

use testkit::process::{Program, Running};
use testkit::services::{Durability, PostgresAddress};
use testkit::{Failure, postgres, random};

use self::table::Table;
use self::usage::Watched;
use crate::services::Both;
use crate::{up, workspace};

/// Sockets and files this process and the service may open.
const FILES: &str = "--nofile=65536:65536";

/// The operator's handle; the password is the bench's key.
const OPERATOR: &str = "warden";

/// Everything a scenario needs.
#[derive(Debug)]
struct Bench {
    services: Both,
    database: PostgresAddress,
    binary: std::path::PathBuf,
    keys: String,
}

impl Bench {
    /// A fresh process of the service, with all limits off.
    async fn server(&self) -> Result<Server, Failure> {
        self.server_on(&self.database).await
    }

    /// The same on another database.
    async fn server_on(&self, database: &PostgresAddress) -> Result<Server, Failure> {
        let limits = ["AUTH_PER_MINUTE", "WRITE_PER_MINUTE", "READ_PER_MINUTE", "MESSAGES_PER_SECOND"];
        let program = Program::new(&self.binary)
            .variable("SWP__AUTH__KEYS", &self.keys)
            .variable("SWP__ADMIN__BOOTSTRAP_HANDLE", OPERATOR)
            .variable("SWP__ADMIN__BOOTSTRAP_PASSWORD", &self.keys)
            .variable("SWP__REALTIME__MAX_SOCKETS", "10100")
            // Crowds take longer to gather than a silent client is kept.
            .variable("SWP__REALTIME__HEARTBEAT_MS", "300000")
            .variable("RUST_LOG", "warn")
            .variables(limits.map(|limit| (format!("SWP__LIMITS__{limit}"), "0")));
        let running = up::environment(program, database, &self.services.redis.url()).spawn();
        running.healthy(std::time::Duration::from_secs(30)).await?;
        let postgres = self.services.own_postgres.as_ref().and_then(|server| server.running_as());
        let redis = self.services.own_redis.as_ref().and_then(|server| server.running_as());
        let watched = Watched {
            server: running.pid(),
            stores: [postgres, redis].into_iter().flatten().map(|server| server.pid).collect(),
        };
        Ok(Server { running, watched })
    }
}

/// One process of the service, and whom its work costs.
#[derive(Debug)]
struct Server {
    running: Running,
    watched: Watched,
}

pub(crate) async fn run(only: &[String]) -> Result<(), Failure> {
    const NAMES: [&str; 16] = [
        "sign-in", "profile", "history", "friends", "watchers", "match", "burst", "queue", "scores", "ledger",
        "memory", "ratings", "rooms", "chat", "churn", "resume",
    ];
    if let Some(unknown) = only.iter().find(|name| !NAMES.contains(&name.as_str())) {
        return Err(Failure::new(format!("There is no benchmark {unknown}: {}.", NAMES.join(", "))));
    }
    let wanted = |name: &str| only.is_empty() || only.iter().any(|wanted| wanted == name);
    if wanted("ratings") {
        ratings::run()?;
    }
    // Ratings alone need no service.
    if !only.is_empty() && only.iter().all(|name| name == "ratings") {
        return Ok(());
    }
    raise_file_limit();
    let binary = workspace::build(true)?;
    let services = Both::fresh(Durability::Safe)?;
    let database = postgres::ensure_database(&services.postgres, "bench").await?;
    let bench = Bench { services, database, binary, keys: format!("bench:{}", random::hex(32)) };
    let mut table = Table::new(&machine(&bench.binary));

    // Memory first: the process and its database have seen nothing yet.
    if wanted("memory") {
        sockets::memory(&bench, &mut table).await?;
    }
    if wanted("chat") {
        rooms::chat(&bench, &mut table).await?;
    }
    if wanted("churn") {
        rooms::churn(&bench, &mut table).await?;
    }
    if wanted("rooms") {
        rooms::broadcasts(&bench, &mut table).await?;
    }
    if wanted("resume") {
        rooms::resume(&bench, &mut table).await?;
    }
    let server = bench.server().await?;
    if wanted("sign-in") {
        requests::sign_in(&server, &mut table).await?;
    }
    if wanted("profile") {
        requests::profile(&server, &mut table).await?;
    }
    if wanted("history") {
        requests::history(&server, &mut table).await?;
    }
    if wanted("friends") {
        friends::list(&server, &mut table).await?;
        friends::requests(&server, &mut table).await?;
    }
    if wanted("match") {
        sockets::second_join(&server, &mut table).await?;
    }
    if wanted("burst") {
        for count in sockets::BURSTS {
            sockets::burst(&server, count, &mut table).await?;
        }
    }
    if wanted("scores") {
        scores::reports(&server, &mut table).await?;
    }
    table.line("RSS at the end", &format!("{:.1} MiB", server.watched.resident_mib()), "");
    drop(server);
    if wanted("watchers") {
        friends::watchers([&bench.server().await?, &bench.server().await?], &mut table).await?;
    }
    if wanted("queue") {
        queue::run(&bench, &mut table).await?;
    }
    if wanted("ledger") {
        ledger::run(&bench, &mut table).await?;
    }
    println!("\n{table}");
    Ok(())
}

/// Thousands of sockets need more files than a shell usually allows. Where we
/// may not raise the limit, connecting fails and says so.
fn raise_file_limit() {
    let own = std::process::id().to_string();
    let raised = Command::new("prlimit").args(["--pid", &own, FILES]).status();
    if !raised.is_ok_and(|status| status.success()) {
        println!("xtask: the limit of open files stays as it is: prlimit {FILES} failed");
    }
}

/// What the figures were measured on.
fn machine(binary: &Path) -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let size = std::fs::metadata(binary).map_or(0.0, |meta| meta.len() as f64 / 1024.0 / 1024.0);
    format!(
        "{cores} cores of {}; PostgreSQL with fsync, Redis, the service ({size:.1} MiB binary) and the driver share them",
        model.map_or("an unknown CPU", |(_, name)| name)
    )
}
