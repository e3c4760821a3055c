//! `shallweplay-backend doctor`: what is configured, what answers, and what to do about the rest.

use std::net::TcpListener;
use std::time::Duration;

use super::compose::{Composed, compose};
use super::config::{ConfigError, Settings};

/// How long Redis may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Prints findings; an error if something stops the service from working.
pub(super) async fn examine(settings: &Settings) -> Result<(), ConfigError> {
    let mut wrong = Vec::new();
    for warning in &settings.warnings {
        println!("warning: {warning}.");
    }
    let mode = if settings.is_embedded() { "embedded: SQLite, and cache and bus in this process" } else { "networked" };
    println!("ok: the configuration can be read; the service would run {mode}.");
    let composed = compose(settings)?;
    println!("ok: {} modes and the signing keys can be used.", composed.app.games.modes().all().len());
    database(settings, &composed, &mut wrong).await;
    redis(&composed, &mut wrong).await;
    let (host, port) = (&settings.sections.http.host, settings.sections.http.port);
    match TcpListener::bind((host.as_str(), port)) {
        Ok(_) => println!("ok: port {port} is free."),
        Err(error) => wrong.push(format!("Port {port} of {host} can't be listened on ({error}): set SWP__HTTP__PORT.")),
    }
    if wrong.is_empty() {
        println!("Everything is in order.");
        return Ok(());
    }
    Err(ConfigError(wrong.iter().map(|sentence| format!("wrong: {sentence}")).collect::<Vec<_>>().join("\n")))
}

async fn database(settings: &Settings, composed: &Composed, wrong: &mut Vec<String>) {
    let reached = composed.stores.time.database_time().await;
    match (&settings.postgres, reached) {
        (None, _) => match composed.database.migrate().await {
            Ok(_) => println!("ok: the database file can be opened and its schema is up to date."),
            Err(error) => wrong.push(format!("The database file can't be used ({error}): set SWP__SQLITE__PATH.")),
        },
        (Some(postgres), Err(error)) => {
            let cause = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            let (host, port, name) = (&postgres.host, postgres.port, &postgres.name);
            wrong.push(format!(
                "PostgreSQL at {host}:{port} (database {name}) doesn't answer ({cause}): check DATABASE_HOST, DATABASE_PORT, \
                 DATABASE_NAME, DATABASE_USER and DATABASE_PASSWORD, and that it runs."
            ));
        }
        (Some(_), Ok(theirs)) => {
            println!("ok: PostgreSQL answers.");
            let apart = theirs.micros().abs_diff(kernel::Clock::now(&*composed.clock).micros()) / 1_000_000;
            if apart > 5 {
                println!("warning: this machine's clock is {apart} s off the database's, whose time is used.");
            }
        }
    }
}

#[cfg(feature = "redis")]
async fn redis(composed: &Composed, wrong: &mut Vec<String>) {
    let Some(client) = &composed.shared.redis else { return };
    if client.ready(PATIENCE).await {
        println!("ok: Redis answers.");
    } else {
        let cause = client.status().last_error.unwrap_or_else(|| "no answer".to_owned());
        wrong.push(format!("Redis doesn't answer ({cause}): check REDIS_URL. Play goes on without it, but slower."));
    }
}

#[cfg(not(feature = "redis"))]
async fn redis(_: &Composed, _: &mut Vec<String>) {}
