//! `cargo xtask services`: a PostgreSQL and a Redis of this clone's own, which
//! run until `down`. What runs stands in `target/services/state.json`.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use testkit::Failure;
use testkit::services::{
    Durability, Home, Lifetime, POSTGRES_URL, PostgresAddress, PostgresServer, REDIS_URL, RedisAddress, RedisServer,
    RunningAs,
};

use crate::workspace;

/// The two services, in the order they are started.
const NAMES: [&str; 2] = ["postgres", "redis"];

fn directory() -> PathBuf {
    workspace::target().join("services")
}

/// What we started: `{"postgres": {"pid", "mark", "url"}, "redis": {…}}`.
#[derive(Debug, Clone, Default, PartialEq)]
struct State(serde_json::Map<String, Value>);

impl State {
    fn path() -> PathBuf {
        directory().join("state.json")
    }

    fn load() -> Self {
        let text = fs::read_to_string(Self::path()).unwrap_or_default();
        serde_json::from_str(&text).map_or_else(|_| Self::default(), Self)
    }

    fn save(&self) -> Result<(), Failure> {
        let path = Self::path();
        let failed = |error| Failure::of(format!("writing {}", path.display()))(error);
        if self.0.is_empty() {
            return match fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed(error)),
                _ => Ok(()),
            };
        }
        fs::create_dir_all(directory()).map_err(failed)?;
        // It holds passwords of servers that only listen on this machine.
        fs::write(&path, format!("{:#}\n", Value::Object(self.0.clone()))).map_err(failed)
    }

    fn add(&mut self, name: &str, server: &RunningAs, url: &str) {
        let entry = json!({ "pid": server.pid, "mark": server.mark, "url": url });
        self.0.insert(name.to_owned(), entry);
    }

    fn server(&self, name: &str) -> Option<RunningAs> {
        let entry = self.0.get(name)?;
        Some(RunningAs {
            pid: entry["pid"].as_u64()?.try_into().ok()?,
            mark: entry["mark"].as_str().filter(|mark| !mark.is_empty())?.to_owned(),
        })
    }

    /// The URL of a service that runs.
    fn url(&self, name: &str) -> Option<&str> {
        self.server(name).filter(RunningAs::is_alive)?;
        self.0[name]["url"].as_str()
    }
}

/// A name given by the environment.
fn given(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|value| !value.is_empty())
}

/// Starts what does not run yet, and prints how to reach it.
pub(crate) fn up() -> Result<(), Failure> {
    let mut state = State::load();
    let postgres = if let Some(url) = given(POSTGRES_URL) {
        println!("# PostgreSQL is the one {POSTGRES_URL} names.");
        url
    } else if let Some(url) = state.url("postgres") {
        url.to_owned()
    } else {
        let home = Home::kept(&directory().join("postgres"))?;
        let server = PostgresServer::start(home, Durability::Safe, Lifetime::Detached)?;
        let url = server.address().url();
        note(&mut state, "postgres", server.running_as(), &url)?;
        url
    };
    let redis = if let Some(url) = given(REDIS_URL) {
        println!("# Redis is the one {REDIS_URL} names.");
        url
    } else if let Some(url) = state.url("redis") {
        url.to_owned()
    } else {
        let server = RedisServer::start(Home::kept(&directory().join("redis"))?, Lifetime::Detached)?;
        let url = server.address().url();
        note(&mut state, "redis", server.running_as(), &url)?;
        url
    };
    print_environment(&postgres, &redis)
}

/// Written down one by one: if the next one fails, `down` still ends this one.
fn note(state: &mut State, name: &str, server: Option<RunningAs>, url: &str) -> Result<(), Failure> {
    if let Some(server) = server {
        println!("# Started {name} (process {}, data in {}).", server.pid, server.mark);
        state.add(name, &server, url);
    }
    state.save()
}

/// Ends what [`up`] started, and nothing else.
pub(crate) fn down() -> Result<(), Failure> {
    let mut state = State::load();
    for (name, signal) in NAMES.into_iter().zip(["INT", "TERM"]) {
        let stopped = match state.server(name) {
            Some(server) => server.stop(signal)?,
            None => false,
        };
        state.0.remove(name);
        println!("{name}: {}", if stopped { "stopped" } else { "was not running" });
    }
    state.save()
}

/// Prints what runs and how to reach it; fails where something does not.
pub(crate) fn status() -> Result<(), Failure> {
    let state = State::load();
    for name in NAMES {
        match state.server(name) {
            Some(server) if server.is_alive() => {
                println!("# {name}: runs (process {}, data in {})", server.pid, server.mark);
            }
            Some(server) => println!("# {name}: process {} is gone", server.pid),
            None => println!("# {name}: not started"),
        }
    }
    match (state.url("postgres"), state.url("redis")) {
        (Some(postgres), Some(redis)) => print_environment(postgres, redis),
        _ => Err(Failure::new("Not both services run: cargo xtask services up starts them.")),
    }
}

/// Lines for a shell: the first two for tests, the others for the service.
fn print_environment(postgres: &str, redis: &str) -> Result<(), Failure> {
    println!("export {POSTGRES_URL}='{postgres}'");
    println!("export {REDIS_URL}='{redis}'");
    for (name, value) in PostgresAddress::parse(postgres)?.environment() {
        println!("export {name}='{value}'");
    }
    println!("export REDIS_URL='{redis}'");
    Ok(())
}

/// Both services for one of our own commands. What it started itself ends
/// with this value.
#[derive(Debug)]
pub(crate) struct Both {
    pub(crate) postgres: PostgresAddress,
    pub(crate) redis: RedisAddress,
    pub(crate) own_postgres: Option<PostgresServer>,
    pub(crate) own_redis: Option<RedisServer>,
}

impl Both {
    /// The environment's, or fresh ones on temporary data.
    pub(crate) fn temporary(durability: Durability) -> Result<Self, Failure> {
        Self::take(
            (given(POSTGRES_URL), || Home::temporary("postgres")),
            (given(REDIS_URL), || Home::temporary("redis")),
            durability,
        )
    }

    /// Fresh ones on temporary data, whatever else there is: a benchmark
    /// measures servers that nobody else uses.
    pub(crate) fn fresh(durability: Durability) -> Result<Self, Failure> {
        Self::take((None, || Home::temporary("postgres")), (None, || Home::temporary("redis")), durability)
    }

    /// The environment's, those of `services up`, or ones of our own on the
    /// same data.
    pub(crate) fn kept() -> Result<Self, Failure> {
        let state = State::load();
        let running = |variable, name| given(variable).or_else(|| state.url(name).map(str::to_owned));
        Self::take(
            (running(POSTGRES_URL, "postgres"), || Home::kept(&directory().join("postgres"))),
            (running(REDIS_URL, "redis"), || Home::kept(&directory().join("redis"))),
            Durability::Safe,
        )
    }

    fn take(
        postgres: (Option<String>, impl FnOnce() -> Result<Home, Failure>),
        redis: (Option<String>, impl FnOnce() -> Result<Home, Failure>),
        durability: Durability,
    ) -> Result<Self, Failure> {
        let (own_postgres, postgres) = if let Some(url) = postgres.0 {
            (None, PostgresAddress::parse(&url)?)
        } else {
            fs::create_dir_all(directory()).map_err(Failure::of("making target/services"))?;
            let server = PostgresServer::start(postgres.1()?, durability, Lifetime::OurProcess)?;
            let address = server.address().clone();
            (Some(server), address)
        };
        let (own_redis, redis) = if let Some(url) = redis.0 {
            (None, RedisAddress::parse(&url)?)
        } else {
            let server = RedisServer::start(redis.1()?, Lifetime::OurProcess)?;
            let address = server.address().clone();
            (Some(server), address)
        };
        Ok(Self { postgres, redis, own_postgres, own_redis })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_without_a_mark_names_no_process() {
        // Anything would match an empty mark, and `down` would end a stranger.
        let mut state = State::default();
        state.add("postgres", &RunningAs { pid: 1, mark: String::new() }, "postgres://somewhere");
        assert_eq!(state.server("postgres"), None);
    }

    #[test]
    fn a_process_number_that_went_to_another_is_not_ours() {
        let mut state = State::default();
        let own = RunningAs { pid: std::process::id(), mark: "/no/such/home".to_owned() };
        state.add("redis", &own, "redis://somewhere");
        assert_eq!(state.server("redis"), Some(own));
        assert_eq!(state.url("redis"), None);
    }
}
