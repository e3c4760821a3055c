use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use diesel::query_builder::{AsQuery, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel_async::pooled_connection::deadpool::{Object, Pool};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncConnectionCore, AsyncMigrationHarness, AsyncPgConnection, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use kernel::{BoxError, IdSource};
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_postgres::NoTls;

use super::dialect::Conn;
use super::sql::Database;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");
/// Key of the advisory lock under which migrations run, so that replicas starting together take turns.
const MIGRATION_LOCK: i64 = 0x5357_5000;
/// How many connections single reads share: one per worker thread, pipelined.
const SHARED: usize = 4;
/// Longer than a quiet pool would need: a burst of players must queue here rather than be refused.
const POOL_WAIT: Duration = Duration::from_millis(800);
/// For connecting and logging in. Shorter than the wait for the pool, so that a server that doesn't answer is told from
/// a pool that is merely busy.
const CONNECT_WAIT: Duration = Duration::from_millis(600);

/// Where PostgreSQL is. Its debug form hides the password.
#[derive(Clone)]
pub struct PostgresConfig {
    /// Host name, address, or directory of a Unix socket.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Database name.
    pub name: String,
    /// User.
    pub user: String,
    /// Password; empty for none.
    pub password: String,
    /// Connections for transactions.
    pub pool_size: usize,
}

impl std::fmt::Debug for PostgresConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { host, port, name, user, pool_size, .. } = self;
        write!(f, "postgres://{user}:***@{host}:{port}/{name} (pool of {pool_size})")
    }
}

impl PostgresConfig {
    fn driver(&self) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        config
            .host(&self.host)
            .port(self.port)
            .dbname(&self.name)
            .user(&self.user)
            .application_name("shallweplay-backend")
            .tcp_user_timeout(Duration::from_secs(3))
            .keepalives_idle(Duration::from_secs(10))
            // The server's own limits, in case ours are gone with the process that set them. No statement of ours is long
            // enough for parallel workers or compiled plans: starting those takes longer than what they help with. Nor is
            // one worth a plan of its own each time, and a plan is kept for long: it must not read whole tables because
            // they were small when it was made.
            .options(
                "-c statement_timeout=800 -c lock_timeout=200 -c idle_in_transaction_session_timeout=2000 \
                 -c synchronous_commit=on -c timezone=UTC -c max_parallel_workers_per_gather=0 -c jit=off \
                 -c plan_cache_mode=force_generic_plan -c enable_seqscan=off",
            );
        if !self.password.is_empty() {
            config.password(&self.password);
        }
        config
    }

    async fn establish(&self) -> Result<AsyncPgConnection, BoxError> {
        // A stopped server still accepts: the kernel does that for it. So the whole handshake is bounded.
        timeout(CONNECT_WAIT, async {
            let (client, connection) = self.driver().connect(NoTls).await?;
            Ok(AsyncPgConnection::try_from_client_and_connection(client, connection).await?)
        })
        .await?
    }
}

/// A pool for transactions, and a few pipelined connections that single reads share: twice the throughput of pooled ones.
pub(crate) struct Connections {
    config: PostgresConfig,
    pool: Pool<Conn>,
    shared: [Mutex<Option<Arc<AsyncPgConnection>>>; SHARED],
}

pub(crate) type Writer = Object<Conn>;

/// A shared connection for one read. The type allows no transactions.
pub(crate) struct Reader(Arc<AsyncPgConnection>);

impl SimpleAsyncConnection for Reader {
    async fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        (&mut &*self.0).batch_execute(query).await
    }
}

impl AsyncConnectionCore for Reader {
    type ExecuteFuture<'conn, 'query> = <&'conn AsyncPgConnection as AsyncConnectionCore>::ExecuteFuture<'conn, 'query>;
    type LoadFuture<'conn, 'query> = <&'conn AsyncPgConnection as AsyncConnectionCore>::LoadFuture<'conn, 'query>;
    type Stream<'conn, 'query> = <&'conn AsyncPgConnection as AsyncConnectionCore>::Stream<'conn, 'query>;
    type Row<'conn, 'query> = <&'conn AsyncPgConnection as AsyncConnectionCore>::Row<'conn, 'query>;
    type Backend = diesel::pg::Pg;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        let mut shared: &'conn AsyncPgConnection = &self.0;
        AsyncConnectionCore::load(&mut shared, source)
    }

    fn execute_returning_count<'conn, 'query, T>(&'conn mut self, source: T) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Self::Backend> + QueryId + 'query,
    {
        let mut shared: &'conn AsyncPgConnection = &self.0;
        AsyncConnectionCore::execute_returning_count(&mut shared, source)
    }
}

/// This thread's number, for picking a shared connection whose driver runs on the same worker.
fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! { static NUMBER: Cell<usize> = Cell::new(NEXT.fetch_add(1, Ordering::Relaxed)); }
    NUMBER.with(Cell::get)
}

impl Connections {
    pub(crate) async fn reader(&self) -> Result<Reader, BoxError> {
        let mut slot = self.shared[thread_number() % SHARED].lock().await;
        if let Some(conn) = &*slot {
            return Ok(Reader(Arc::clone(conn)));
        }
        let conn = Arc::new(self.config.establish().await?);
        *slot = Some(Arc::clone(&conn));
        Ok(Reader(conn))
    }

    pub(crate) async fn writer(&self) -> Result<Writer, BoxError> {
        Ok(timeout(POOL_WAIT, self.pool.get()).await??)
    }

    /// Whether a new connection can be had and answers.
    pub(crate) async fn probe(&self) -> Result<(), BoxError> {
        Ok(self.config.establish().await?.batch_execute("SELECT 1").await?)
    }

    /// Forgets connections that may have died with the server.
    pub(crate) fn discard_idle(&self) {
        self.pool.retain(|_, _| false);
        for slot in &self.shared {
            if let Ok(mut slot) = slot.try_lock() {
                *slot = None;
            }
        }
    }

    /// Forgets this thread's shared connection: called after a read on it failed for want of a database.
    pub(crate) fn discard_reader(&self) {
        if let Ok(mut slot) = self.shared[thread_number() % SHARED].try_lock() {
            *slot = None;
        }
    }

    /// Pool figures: connections open, idle, and callers waiting.
    pub(crate) fn usage(&self) -> (usize, usize, usize) {
        let status = self.pool.status();
        (status.size, status.available, status.waiting)
    }
}

impl Database {
    /// A database that connects when it is first asked; nothing happens yet.
    ///
    /// # Errors
    /// If the pool can't be built from this configuration.
    pub fn connect(config: PostgresConfig, ids: Arc<dyn IdSource>) -> Result<Self, BoxError> {
        let for_pool = config.clone();
        let mut manager = ManagerConfig::default();
        manager.recycling_method = RecyclingMethod::Fast;
        manager.custom_setup = Box::new(move |_| {
            let config = for_pool.clone();
            Box::pin(async move {
                config.establish().await.map_err(|why| diesel::ConnectionError::BadConnection(why.to_string()))
            })
        });
        let manager = AsyncDieselConnectionManager::<Conn>::new_with_config(String::new(), manager);
        let pool = Pool::builder(manager).max_size(config.pool_size).build()?;
        Ok(Self::over(Connections { config, pool, shared: Default::default() }, ids))
    }

    /// Runs the migrations that are missing, under an advisory lock; says how many ran.
    ///
    /// # Errors
    /// If the database can't be reached or a migration fails.
    pub async fn migrate(&self) -> Result<usize, BoxError> {
        let mut conn = self.connections().config.establish().await?;
        conn.batch_execute(&format!(
            "SET statement_timeout = 0; SET lock_timeout = 0; SELECT pg_advisory_lock({MIGRATION_LOCK})"
        ))
        .await?;
        let mut harness = AsyncMigrationHarness::new(conn);
        let done = harness.run_pending_migrations(MIGRATIONS).map(|ran| ran.len())?;
        let mut conn = harness.into_inner();
        conn.batch_execute(&format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})")).await?;
        Ok(done)
    }

    /// Undoes every migration: for the test that `down.sql` works.
    ///
    /// # Errors
    /// If a `down.sql` fails.
    pub async fn revert_all(&self) -> Result<usize, BoxError> {
        let mut harness = AsyncMigrationHarness::new(self.connections().config.establish().await?);
        Ok(harness.revert_all_migrations(MIGRATIONS)?.len())
    }
}
