//! Which adapters stand behind the ports: chosen by what is configured.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cache::in_process::{InProcessBoards, InProcessBus, InProcessCache, InProcessLimiter};
use kernel::{BoxError, Bus, Cache, IdSource, RateLimiter};
use persistence::{Breaker, Stores};
use standings::BoardCopies;

use super::config::{ConfigError, Settings};

/// The database, whichever it is.
#[derive(Clone)]
pub(super) enum Database {
    #[cfg(feature = "postgres")]
    Postgres(persistence::postgres::Database),
    #[cfg(feature = "sqlite")]
    Sqlite(persistence::sqlite::Database),
}

macro_rules! either {
    ($database:expr, $inner:ident => $body:expr) => {
        match $database {
            #[cfg(feature = "postgres")]
            Database::Postgres($inner) => $body,
            #[cfg(feature = "sqlite")]
            Database::Sqlite($inner) => $body,
        }
    };
}

impl Database {
    /// What `/health` calls it.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => "postgres",
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => "sqlite",
        }
    }

    pub(super) fn stores(&self) -> Stores {
        either!(self, database => database.stores())
    }

    pub(super) fn breaker(&self) -> &Breaker {
        either!(self, database => database.breaker())
    }

    pub(super) fn presume_down(&self) {
        either!(self, database => database.presume_down());
    }

    /// Connections open, idle, and callers waiting.
    pub(super) fn pool_usage(&self) -> (usize, usize, usize) {
        either!(self, database => database.pool_usage())
    }

    /// Runs the missing migrations; says how many ran.
    pub(super) async fn migrate(&self) -> Result<usize, BoxError> {
        either!(self, database => database.migrate().await)
    }
}

/// Where the embedded database's file is; the folder of an ephemeral one goes with the guard.
pub(super) struct DataFile {
    pub(super) path: PathBuf,
    ephemeral: bool,
}

impl DataFile {
    fn choose(settings: &Settings, ids: &dyn IdSource) -> Self {
        if settings.ephemeral {
            let name = format!("shallweplay-{}", &ids.secret()[..12]);
            return Self { path: std::env::temp_dir().join(name).join("shallweplay.db"), ephemeral: true };
        }
        Self { path: PathBuf::from(&settings.sections.sqlite.path), ephemeral: false }
    }
}

impl Drop for DataFile {
    fn drop(&mut self) {
        if self.ephemeral
            && let Some(folder) = self.path.parent()
            && let Err(error) = std::fs::remove_dir_all(folder)
        {
            tracing::debug!(%error, "the temporary database was gone already");
        }
    }
}

/// Opens the configured database. PostgreSQL is only connected to when it is first asked.
pub(super) fn database(
    settings: &Settings,
    ids: &Arc<dyn IdSource>,
) -> Result<(Database, Option<DataFile>), ConfigError> {
    if let Some(postgres) = &settings.postgres {
        return Ok((open_postgres(settings, postgres, ids)?, None));
    }
    let file = DataFile::choose(settings, &**ids);
    let database = open_sqlite(&file.path, ids)?;
    Ok((database, Some(file)))
}

#[cfg(feature = "postgres")]
fn open_postgres(
    settings: &Settings,
    postgres: &super::config::Postgres,
    ids: &Arc<dyn IdSource>,
) -> Result<Database, ConfigError> {
    let config = persistence::postgres::PostgresConfig {
        host: postgres.host.clone(),
        port: postgres.port,
        name: postgres.name.clone(),
        user: postgres.user.clone(),
        password: postgres.password.0.clone(),
        pool_size: settings.sections.database.pool_size,
    };
    persistence::postgres::Database::connect(config, Arc::clone(ids))
        .map(Database::Postgres)
        .map_err(|error| ConfigError(format!("PostgreSQL can't be used: {error}.")))
}

#[cfg(not(feature = "postgres"))]
fn open_postgres(_: &Settings, _: &super::config::Postgres, _: &Arc<dyn IdSource>) -> Result<Database, ConfigError> {
    Err(ConfigError("DATABASE_HOST is set, but this binary was built without PostgreSQL.".to_owned()))
}

#[cfg(feature = "sqlite")]
fn open_sqlite(path: &Path, ids: &Arc<dyn IdSource>) -> Result<Database, ConfigError> {
    persistence::sqlite::Database::open(path, Arc::clone(ids)).map(Database::Sqlite).map_err(|error| {
        ConfigError(format!("The database file {} can't be opened: {error}. Set SWP__SQLITE__PATH.", path.display()))
    })
}

#[cfg(not(feature = "sqlite"))]
fn open_sqlite(_: &Path, _: &Arc<dyn IdSource>) -> Result<Database, ConfigError> {
    Err(ConfigError("DATABASE_HOST is not set, and this binary was built without SQLite.".to_owned()))
}

/// What replicas share beside the database, or this process has for itself.
pub(super) struct Shared {
    pub(super) cache: Arc<dyn Cache>,
    pub(super) bus: Arc<dyn Bus>,
    pub(super) limiter: Arc<dyn RateLimiter>,
    pub(super) boards: Arc<dyn BoardCopies>,
    #[cfg(feature = "redis")]
    pub(super) redis: Option<cache::redis::RedisClient>,
}

/// Redis where it is configured, else this process alone. An absent Redis is no error: it is connected to when it comes.
pub(super) fn shared(settings: &Settings) -> Result<Shared, ConfigError> {
    #[cfg(feature = "redis")]
    if let Some(url) = &settings.redis_url {
        let client = cache::redis::RedisClient::connect(&url.0, "shallweplay")
            .map_err(|error| ConfigError(format!("REDIS_URL can't be used: {error}.")))?;
        return Ok(Shared {
            cache: Arc::new(cache::redis::RedisCache::new(client.clone())),
            bus: Arc::new(cache::redis::RedisBus::new(client.clone())),
            limiter: Arc::new(cache::redis::RedisLimiter::new(client.clone())),
            boards: Arc::new(cache::redis::RedisBoards::new(client.clone())),
            redis: Some(client),
        });
    }
    #[cfg(not(feature = "redis"))]
    if settings.redis_url.is_some() {
        return Err(ConfigError("REDIS_URL is set, but this binary was built without Redis.".to_owned()));
    }
    Ok(Shared {
        cache: Arc::new(InProcessCache::new()),
        bus: Arc::new(InProcessBus::new()),
        limiter: Arc::new(InProcessLimiter::new()),
        boards: Arc::new(InProcessBoards::new()),
        #[cfg(feature = "redis")]
        redis: None,
    })
}
