//! PostgreSQL for tests: a database of one's own, or a server of one's own.

use std::time::Duration;

use tokio_postgres::{Client, NoTls};

pub use crate::services::PostgresAddress;
use crate::services::{self, Durability, Home, Lifetime, PostgresServer};
use crate::{Failure, random};

/// How long a statement of ours may take: a server paused by its test would
/// hang the clean-up otherwise.
const PATIENCE: Duration = Duration::from_secs(20);

/// A fresh, empty database on the shared server, dropped with this value.
#[derive(Debug)]
pub struct ScratchDatabase {
    address: PostgresAddress,
    maintenance: PostgresAddress,
}

impl ScratchDatabase {
    /// Creates a database. The first call of a process may start the server.
    ///
    /// # Panics
    /// Where PostgreSQL can neither be found nor started, or refuses.
    pub async fn create() -> Self {
        let shared = blocking(services::shared_postgres).await;
        Self::create_on(&shared.unwrap_or_else(|why| panic!("{why}"))).await
    }

    /// Creates a database on the server of `maintenance`.
    ///
    /// # Panics
    /// Where the server refuses.
    pub async fn create_on(maintenance: &PostgresAddress) -> Self {
        let name = format!("scratch_{}", random::hex(8));
        // Nobody can be connected to template0, which would fail the copy.
        execute(maintenance, &format!("CREATE DATABASE {name} TEMPLATE template0"))
            .await
            .unwrap_or_else(|why| panic!("{why}"));
        Self { address: maintenance.database(&name), maintenance: maintenance.clone() }
    }

    /// `postgres://user:password@host:port/database`.
    #[must_use]
    pub fn url(&self) -> String {
        self.address.url()
    }

    /// Host, port, name, user and password.
    #[must_use]
    pub fn address(&self) -> &PostgresAddress {
        &self.address
    }

    /// The environment variables by which the service finds it.
    #[must_use]
    pub fn environment(&self) -> [(&'static str, String); 5] {
        self.address.environment()
    }

    /// A connection, to look at what the code under test wrote.
    ///
    /// # Panics
    /// Where the server refuses.
    pub async fn connect(&self) -> Client {
        connect(&self.address).await.unwrap_or_else(|why| panic!("{why}"))
    }
}

impl Drop for ScratchDatabase {
    fn drop(&mut self) {
        let maintenance = self.maintenance.clone();
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.address.name);
        // A runtime of its own, since ours may be the one that runs this.
        // Best effort: a server killed by its test has nothing to drop.
        let _ = std::thread::spawn(move || run(async { execute(&maintenance, &statement).await })).join();
    }
}

/// A PostgreSQL server for one test, to be paused, killed and restarted, with
/// one empty database. Ends with this value.
#[derive(Debug)]
pub struct PrivatePostgres {
    server: PostgresServer,
    address: PostgresAddress,
}

impl PrivatePostgres {
    /// Starts a server.
    ///
    /// # Panics
    /// Where PostgreSQL can neither be found nor started.
    pub async fn start() -> Self {
        let started =
            blocking(|| PostgresServer::start(Home::temporary("postgres")?, Durability::Fast, Lifetime::OurProcess));
        let server = started.await.unwrap_or_else(|why| panic!("{why}"));
        execute(server.address(), "CREATE DATABASE scratch TEMPLATE template0")
            .await
            .unwrap_or_else(|why| panic!("{why}"));
        let address = server.address().database("scratch");
        Self { server, address }
    }

    /// `postgres://user:password@host:port/database`.
    #[must_use]
    pub fn url(&self) -> String {
        self.address.url()
    }

    /// Host, port, name, user and password.
    #[must_use]
    pub fn address(&self) -> &PostgresAddress {
        &self.address
    }

    /// The environment variables by which the service finds it.
    #[must_use]
    pub fn environment(&self) -> [(&'static str, String); 5] {
        self.address.environment()
    }

    /// A connection, to look at what the code under test wrote.
    ///
    /// # Panics
    /// Where the server refuses.
    pub async fn connect(&self) -> Client {
        connect(&self.address).await.unwrap_or_else(|why| panic!("{why}"))
    }

    /// Stalls the server: connections stay open and nothing answers.
    ///
    /// # Panics
    /// Where no signal can be sent; so do the next three.
    pub fn pause(&self) {
        self.server.pause().unwrap_or_else(|why| panic!("{why}"));
    }

    /// Undoes [`pause`](Self::pause).
    pub fn resume(&self) {
        self.server.resume().unwrap_or_else(|why| panic!("{why}"));
    }

    /// Crashes the server (SIGKILL). What was committed stays.
    pub fn kill(&mut self) {
        self.server.kill().unwrap_or_else(|why| panic!("{why}"));
    }

    /// Starts the server again, on the same port. Blocks until it has
    /// recovered and takes connections.
    pub fn restart(&mut self) {
        self.server.restart().unwrap_or_else(|why| panic!("{why}"));
    }
}

/// The database `name` on the server of `maintenance`, created where it is not
/// there yet. `name` is put into the statement as it is.
pub async fn ensure_database(maintenance: &PostgresAddress, name: &str) -> Result<PostgresAddress, Failure> {
    let client = connect(maintenance).await?;
    let there = client
        .query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&name])
        .await
        .map_err(|error| Failure::new(format!("looking for database {name}: {}", in_full(&error))))?;
    if there.is_none() {
        execute(maintenance, &format!("CREATE DATABASE {name} TEMPLATE template0")).await?;
    }
    Ok(maintenance.database(name))
}

/// A connection to any database, for statements that take their time.
///
/// # Errors
/// Where the server refuses.
pub async fn client(address: &PostgresAddress) -> Result<Client, Failure> {
    connect(address).await
}

/// Connects; the connection is driven by a task of the current runtime.
async fn connect(address: &PostgresAddress) -> Result<Client, Failure> {
    let url = address.url();
    let (client, connection) = tokio::time::timeout(PATIENCE, tokio_postgres::connect(&url, NoTls))
        .await
        .map_err(|_| Failure::new(format!("PostgreSQL on port {} does not answer.", address.port)))?
        .map_err(|error| {
            Failure::new(format!("connecting to PostgreSQL on port {}: {}", address.port, in_full(&error)))
        })?;
    // Its error, if any, is seen by the client's next statement as well.
    tokio::spawn(connection);
    Ok(client)
}

async fn execute(address: &PostgresAddress, statement: &str) -> Result<(), Failure> {
    let client = connect(address).await?;
    tokio::time::timeout(PATIENCE, client.batch_execute(statement))
        .await
        .map_err(|_| Failure::new(format!("{statement}: no answer")))?
        .map_err(|error| Failure::new(format!("{statement}: {}", in_full(&error))))
}

/// This crate's errors keep what the server said in their source.
fn in_full(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), |said| said.message().to_owned())
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(Failure::of("starting PostgreSQL"))?
}

fn run<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::of("making a runtime"))?
        .block_on(work)
}
