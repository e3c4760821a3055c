use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use diesel::{Connection, SqliteConnection};
use diesel_async::pooled_connection::deadpool::{Object, Pool};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncMigrationHarness, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use kernel::{BoxError, IdSource};
use tokio::time::timeout;

use super::dialect::Conn;
use super::sql::Database;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
/// Readers beside the one writer.
const READERS: usize = 4;
/// Writers take turns, so the queue may be long on a busy laptop.
const WRITER_WAIT: Duration = Duration::from_secs(5);
/// `busy_timeout` comes first: switching to WAL needs a lock of its own. What is deleted is overwritten: an erased
/// player's words don't linger in free pages.
const PRAGMAS: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                       PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; \
                       PRAGMA secure_delete = ON;";

/// One writer and several readers over one file.
pub(crate) struct Connections {
    path: PathBuf,
    readers: Pool<Conn>,
    writers: Pool<Conn>,
}

pub(crate) type Writer = Object<Conn>;
pub(crate) type Reader = Object<Conn>;

fn open(path: &Path) -> Result<Conn, BoxError> {
    let path = path.to_str().ok_or("the SQLite path must be UTF-8")?;
    let mut conn = SqliteConnection::establish(path)?;
    diesel::connection::SimpleConnection::batch_execute(&mut conn, PRAGMAS)?;
    Ok(Conn::new(conn))
}

fn pool(path: &Path, size: usize) -> Result<Pool<Conn>, BoxError> {
    let path = path.to_owned();
    let mut manager = ManagerConfig::default();
    manager.recycling_method = RecyclingMethod::Fast;
    manager.custom_setup = Box::new(move |_| {
        let path = path.clone();
        Box::pin(async move {
            tokio::task::spawn_blocking(move || open(&path))
                .await
                .map_err(|panicked| diesel::ConnectionError::BadConnection(panicked.to_string()))?
                .map_err(|why| diesel::ConnectionError::BadConnection(why.to_string()))
        })
    });
    Ok(Pool::builder(AsyncDieselConnectionManager::<Conn>::new_with_config(String::new(), manager))
        .max_size(size)
        .build()?)
}

impl Connections {
    pub(crate) async fn reader(&self) -> Result<Reader, BoxError> {
        Ok(self.readers.get().await?)
    }

    pub(crate) async fn writer(&self) -> Result<Writer, BoxError> {
        Ok(timeout(WRITER_WAIT, self.writers.get()).await??)
    }

    /// Whether the file can be opened and read.
    pub(crate) async fn probe(&self) -> Result<(), BoxError> {
        Ok(self.readers.get().await?.batch_execute("SELECT 1").await?)
    }

    /// Nothing to forget: there is no server that could have gone.
    pub(crate) fn discard_idle(&self) {}

    /// Nothing to forget.
    pub(crate) fn discard_reader(&self) {}

    /// Pool figures: connections open, idle, and callers waiting.
    pub(crate) fn usage(&self) -> (usize, usize, usize) {
        let (r, w) = (self.readers.status(), self.writers.status());
        (r.size + w.size, r.available + w.available, r.waiting + w.waiting)
    }
}

impl Database {
    /// Opens (or creates, with its folder) the file.
    ///
    /// # Errors
    /// If the folder can't be made or the pool not built.
    pub fn open(path: &Path, ids: Arc<dyn IdSource>) -> Result<Self, BoxError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let connections = Connections { path: path.to_owned(), readers: pool(path, READERS)?, writers: pool(path, 1)? };
        Ok(Self::over(connections, ids))
    }

    /// Runs the migrations that are missing; says how many ran. SQLite's own write lock makes processes take turns.
    ///
    /// # Errors
    /// If the file can't be opened or a migration fails.
    pub async fn migrate(&self) -> Result<usize, BoxError> {
        let mut harness = AsyncMigrationHarness::new(open(&self.connections().path)?);
        Ok(harness.run_pending_migrations(MIGRATIONS)?.len())
    }

    /// Undoes every migration: for the test that `down.sql` works.
    ///
    /// # Errors
    /// If a `down.sql` fails.
    pub async fn revert_all(&self) -> Result<usize, BoxError> {
        let mut harness = AsyncMigrationHarness::new(open(&self.connections().path)?);
        Ok(harness.revert_all_migrations(MIGRATIONS)?.len())
    }
}
