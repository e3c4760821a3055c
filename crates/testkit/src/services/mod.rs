//! PostgreSQL and Redis, found or started.
//!
//! In this order: what the environment names ([`POSTGRES_URL`], [`REDIS_URL`]);
//! local binaries, run on private ports with data directories of their own;
//! the same after installing them by apt, where we are root or `sudo` asks for
//! no password; else one sentence that says what to install.
//!
//! A process starts each service once and ends it when it ends, however that
//! happens. `cargo xtask test` starts them once for all test processes and
//! names them in the environment.

mod install;
mod locate;
mod postgres;
mod redis;
mod server;
mod user;

use std::env;
use std::sync::{Mutex, OnceLock, PoisonError};

pub use self::install::{announce_to, apt};
pub use self::locate::{on_path, program};
pub use self::postgres::{PostgresAddress, PostgresServer};
pub use self::redis::{RedisAddress, RedisServer};
pub use self::server::{Durability, Home, Lifetime, RunningAs};

use crate::Failure;

/// Names a PostgreSQL server whose user may create databases:
/// `postgres://user:password@host:port/database`.
pub const POSTGRES_URL: &str = "SWP_TEST_POSTGRES_URL";

/// Names a Redis server: `redis://default:password@host:port/0`.
pub const REDIS_URL: &str = "SWP_TEST_REDIS_URL";

static POSTGRES: Once<PostgresServer, PostgresAddress> = Once::new();
static REDIS: Once<RedisServer, RedisAddress> = Once::new();

/// The PostgreSQL that this process shares: the environment's, or one started
/// by the first call. Blocks while it starts.
pub fn shared_postgres() -> Result<PostgresAddress, Failure> {
    POSTGRES.get(
        || given(POSTGRES_URL).map(|url| PostgresAddress::parse(&url)),
        || PostgresServer::start(Home::temporary("postgres")?, Durability::Fast, Lifetime::OurProcess),
        PostgresServer::address,
    )
}

/// The Redis that this process shares: the environment's, or one started by
/// the first call. Blocks while it starts.
pub fn shared_redis() -> Result<RedisAddress, Failure> {
    REDIS.get(
        || given(REDIS_URL).map(|url| RedisAddress::parse(&url)),
        || RedisServer::start(Home::temporary("redis")?, Lifetime::OurProcess),
        RedisServer::address,
    )
}

/// The value of an environment variable, where it is set and not empty.
pub(crate) fn given(variable: &str) -> Option<String> {
    env::var(variable).ok().filter(|value| !value.is_empty())
}

/// A server held for as long as the process lives. Statics are never dropped:
/// the server's watchdog ends it.
struct Once<S, A> {
    known: OnceLock<(Option<S>, A)>,
    starting: Mutex<()>,
}

impl<S, A: Clone> Once<S, A> {
    const fn new() -> Self {
        Self { known: OnceLock::new(), starting: Mutex::new(()) }
    }

    fn get(
        &self,
        given: impl FnOnce() -> Option<Result<A, Failure>>,
        start: impl FnOnce() -> Result<S, Failure>,
        address: impl FnOnce(&S) -> &A,
    ) -> Result<A, Failure> {
        let _one_at_a_time = self.starting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = self.known.get() {
            return Ok(known.clone());
        }
        let (server, found) = if let Some(given) = given() {
            (None, given?)
        } else {
            let server = start()?;
            let found = address(&server).clone();
            (Some(server), found)
        };
        Ok(self.known.get_or_init(|| (server, found)).1.clone())
    }
}
