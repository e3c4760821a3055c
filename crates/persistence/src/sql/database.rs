use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use diesel::result::{DatabaseErrorKind, Error as SqlError};
use kernel::{BoxError, IdSource, StoreError};
use tokio::time::timeout;

use super::connect::{Connections, Reader, Writer};
use super::connections::ConnectionTable;
use super::friends::FriendTables;
use super::games::GameTable;
use super::players::PlayerTables;
use super::standings::StandingTables;
use super::tickets::TicketTable;
use super::{audit, blocks, dialect, engagements, leases, outbox, receipts, streams};
use crate::{Breaker, Stores};

/// The longest that a read may take, waiting for a connection included.
const READ_BUDGET: Duration = Duration::from_millis(500);
/// The longest that a transaction may take once it has its connection; waiting for one is bounded by the pool.
const WRITE_BUDGET: Duration = Duration::from_millis(1_000);
/// How often a database that is down is asked whether it is back.
const PROBE_EVERY: Duration = Duration::from_millis(250);

/// A database: its connections with a circuit breaker in front. Cloning is cheap.
#[derive(Clone)]
pub struct Database {
    inner: Arc<Inner>,
}

struct Inner {
    connections: Connections,
    breaker: Breaker,
    ids: Arc<dyn IdSource>,
}

/// What ends a transaction early: an error of the database, or a store's own answer.
#[derive(Debug)]
pub(crate) enum Tx {
    Sql(SqlError),
    Store(StoreError),
}

/// A transaction's body; boxed, because async closures can't be required to give `Send` futures.
pub(crate) type TxFuture<'c, T> = Pin<Box<dyn Future<Output = Result<T, Tx>> + Send + 'c>>;

impl From<SqlError> for Tx {
    fn from(error: SqlError) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Tx {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Tx> for StoreError {
    fn from(ended: Tx) -> Self {
        match ended {
            Tx::Store(error) => error,
            Tx::Sql(error) => from_sql(error),
        }
    }
}

/// A unique key that exists, a deadlock or a lock not had in time are races lost: the caller loads and decides again.
fn from_sql(error: SqlError) -> StoreError {
    match &error {
        SqlError::DatabaseError(DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::SerializationFailure, _) => {
            StoreError::Stale
        }
        SqlError::DatabaseError(DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand, _)
        | SqlError::BrokenTransactionManager => StoreError::Unavailable(error.into()),
        SqlError::DatabaseError(_, info) => {
            let message = info.message();
            if ["deadlock detected", "lock timeout"].iter().any(|race| message.contains(race)) {
                StoreError::Stale
            } else if dialect::means_unavailable(message) {
                StoreError::Unavailable(error.into())
            } else {
                StoreError::Broken(error.into())
            }
        }
        _ => StoreError::Broken(error.into()),
    }
}

impl Database {
    pub(crate) fn over(connections: Connections, ids: Arc<dyn IdSource>) -> Self {
        Self { inner: Arc::new(Inner { connections, breaker: Breaker::default(), ids }) }
    }

    /// The ports this database implements.
    #[must_use]
    pub fn stores(&self) -> Stores {
        Stores {
            time: Arc::new(self.clone()),
            commit: Arc::new(self.clone()),
            engagements: Arc::new(engagements::EngagementTable::new(self.clone())),
            audit: Arc::new(audit::AuditTable::new(self.clone())),
            blocks: Arc::new(blocks::BlockTable::new(self.clone())),
            friends: Arc::new(FriendTables::new(self.clone())),
            friend_lists: Arc::new(FriendTables::new(self.clone())),
            friend_links: Arc::new(FriendTables::new(self.clone())),
            shared_games: Arc::new(FriendTables::new(self.clone())),
            connections: Arc::new(ConnectionTable::new(self.clone())),
            receipts: Arc::new(receipts::ReceiptTable::new(self.clone())),
            outbox: Arc::new(outbox::OutboxTable::new(self.clone())),
            streams: Arc::new(streams::StreamTable::new(self.clone())),
            leases: Arc::new(leases::LeaseTable::new(self.clone())),
            games: Arc::new(GameTable::new(self.clone())),
            invites: Arc::new(GameTable::new(self.clone())),
            attendance: Arc::new(GameTable::new(self.clone())),
            cases: Arc::new(GameTable::new(self.clone())),
            modes: Arc::new(GameTable::new(self.clone())),
            tickets: Arc::new(TicketTable::new(self.clone())),
            proposals: Arc::new(TicketTable::new(self.clone())),
            parties: Arc::new(TicketTable::new(self.clone())),
            standings: Arc::new(StandingTables::new(self.clone())),
            standing_reads: Arc::new(StandingTables::new(self.clone())),
            seasons: Arc::new(StandingTables::new(self.clone())),
            players: Arc::new(PlayerTables::new(self.clone())),
            sessions: Arc::new(PlayerTables::new(self.clone())),
            ws_tickets: Arc::new(PlayerTables::new(self.clone())),
            login_guard: Arc::new(PlayerTables::new(self.clone())),
        }
    }

    /// The breaker in front of it, for health.
    #[must_use]
    pub fn breaker(&self) -> &Breaker {
        &self.inner.breaker
    }

    /// Pool figures for metrics: connections open, idle, and callers waiting for one.
    #[must_use]
    pub fn pool_usage(&self) -> (usize, usize, usize) {
        self.inner.connections.usage()
    }

    pub(crate) fn ids(&self) -> &dyn IdSource {
        &*self.inner.ids
    }

    pub(crate) fn connections(&self) -> &Connections {
        &self.inner.connections
    }

    /// Runs one read, on a connection shared by many where the database can.
    pub(crate) async fn read<T, F, Fut>(&self, query: F) -> Result<T, StoreError>
    where
        F: FnOnce(Reader) -> Fut,
        Fut: Future<Output = Result<T, SqlError>>,
    {
        if self.inner.breaker.is_open() {
            return Err(down());
        }
        let answer = timeout(READ_BUDGET, async {
            let reader = self.inner.connections.reader().await.map_err(StoreError::Unavailable)?;
            query(reader).await.map_err(from_sql)
        })
        .await;
        let answer = answer.unwrap_or_else(|late| Err(StoreError::Unavailable(late.into())));
        if matches!(answer, Err(StoreError::Unavailable(_))) {
            self.inner.connections.discard_reader();
        }
        self.judged(answer)
    }

    /// Runs one transaction in a task of its own: a caller who goes away leaves it whole.
    pub(crate) async fn write<T, F>(&self, body: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut dialect::Conn) -> TxFuture<'c, T> + Send + 'static,
    {
        self.write_one(move |conn| {
            Box::pin(async move { dialect::in_write_tx!(conn, async move |tx: &mut dialect::Conn| body(tx).await) })
        })
        .await
    }

    /// Runs one statement that writes, without `BEGIN` and `COMMIT` around it; in a task of its own, like a transaction.
    pub(crate) async fn write_one<T, F>(&self, body: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut dialect::Conn) -> TxFuture<'c, T> + Send + 'static,
    {
        if self.inner.breaker.is_open() {
            return Err(down());
        }
        let database = self.clone();
        let task = tokio::spawn(async move {
            let mut conn = database.writer().await?;
            let answer = timeout(WRITE_BUDGET, body(&mut conn)).await;
            database.finished(conn, answer)
        });
        task.await.map_err(|panicked| StoreError::Broken(panicked.into()))?
    }

    async fn writer(&self) -> Result<Writer, StoreError> {
        match self.inner.connections.writer().await {
            Ok(conn) => Ok(conn),
            // All connections are busy with other callers: this one is refused, but the database is there.
            Err(why) if why.is::<tokio::time::error::Elapsed>() => Err(StoreError::Unavailable(why)),
            Err(why) => self.judged(Err(StoreError::Unavailable(why))),
        }
    }

    /// Gives the connection back, or away: one whose statement didn't come back in time may be in any state.
    fn finished<T>(
        &self,
        conn: Writer,
        answer: Result<Result<T, Tx>, tokio::time::error::Elapsed>,
    ) -> Result<T, StoreError> {
        let answer = match answer {
            Ok(answer) => answer.map_err(StoreError::from),
            Err(late) => {
                drop(Writer::take(conn));
                Err(StoreError::Unavailable(late.into()))
            }
        };
        self.judged(answer)
    }

    /// Tells the breaker how a call went; the call that opens it starts the probe.
    fn judged<T>(&self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        match &answer {
            Err(StoreError::Unavailable(why)) => {
                if self.inner.breaker.failed() {
                    tracing::warn!(error = %why, "the database is down: failing fast until it answers again");
                    tokio::spawn(self.clone().probe());
                }
            }
            _ => self.inner.breaker.succeeded(),
        }
        answer
    }

    /// Opens the breaker without waiting for calls to fail: for a start without a database.
    pub fn presume_down(&self) {
        while !self.inner.breaker.is_open() {
            if self.inner.breaker.failed() {
                tokio::spawn(self.clone().probe());
            }
        }
    }

    async fn probe(self) {
        loop {
            tokio::time::sleep(PROBE_EVERY).await;
            if let Ok(Ok(())) = timeout(READ_BUDGET, self.inner.connections.probe()).await {
                self.inner.connections.discard_idle();
                self.inner.breaker.close();
                tracing::info!("the database answers again");
                return;
            }
        }
    }
}

fn down() -> StoreError {
    StoreError::Unavailable(BoxError::from("the database is down"))
}
