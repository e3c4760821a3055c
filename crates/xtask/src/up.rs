//! `cargo xtask up`: two replicas on PostgreSQL and Redis behind one address.

use std::time::Duration;

use testkit::process::{Program, Running};
use testkit::services::PostgresAddress;
use testkit::{Failure, postgres, random};
use tokio::net::TcpListener;

use crate::services::Both;
use crate::{proxy, workspace};

/// The service promises to drain within 25 s.
const DRAIN: Duration = Duration::from_secs(30);

pub(crate) async fn run(release: bool, port: u16) -> Result<(), Failure> {
    // First what may be refused, then what takes long.
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(Failure::of(format!("listening on port {port} (another one: --port)")))?;
    let binary = workspace::build(release)?;
    let services = Both::kept()?;
    let database = postgres::ensure_database(&services.postgres, "shallweplay").await?;
    let keys = format!("dev:{}", random::hex(32));
    let address = format!("http://127.0.0.1:{port}");
    let replica = |name: &str| {
        environment(Program::new(&binary), &database, &services.redis.url())
            .variable("SWP__AUTH__KEYS", &keys)
            .variable("SWP__HTTP__ORIGINS", format!("{address},http://localhost:{port}"))
            .variable("RUST_LOG", std::env::var("RUST_LOG").unwrap_or_else(|_| "info".to_owned()))
            .echo(name)
            .spawn()
    };
    let replicas = [replica("a | "), replica("b | ")];
    for replica in &replicas {
        replica.healthy(DRAIN).await?;
    }
    println!("xtask: {address} is served in turn by {} and {}", replicas[0].base_url(), replicas[1].base_url());
    println!("xtask: Ctrl-C ends them");
    tokio::select! {
        () = proxy::run(listener, replicas.iter().map(Running::authority).collect()) => {}
        pressed = tokio::signal::ctrl_c() => pressed.map_err(Failure::of("waiting for Ctrl-C"))?,
    }
    println!("xtask: ending both replicas");
    replicas.iter().for_each(Running::sigterm);
    for replica in &replicas {
        replica.wait_exit(DRAIN).await?;
    }
    Ok(())
}

/// What makes a program use this database and this Redis.
pub(crate) fn environment(program: Program, database: &PostgresAddress, redis: &str) -> Program {
    program.variables(database.environment()).variable("REDIS_URL", redis)
}
