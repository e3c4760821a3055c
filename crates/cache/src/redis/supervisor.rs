use std::sync::Arc;
use std::time::Duration;

use deadpool_redis::Connection;
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{RedisResult, Value, cmd, pipe};

use super::client::{Shared, sentence};
use super::unique::{BackOff, fresh};

/// How often Redis is asked while all is well, so that its status is right when nobody else asks.
const LOOK: Duration = Duration::from_secs(1);

/// What the supervisor holds on to between two rounds.
#[derive(Default)]
struct Held {
    /// Lent by the pool for as long as it works.
    connection: Option<Connection>,
    /// Which Redis it was the last time.
    run_id: Option<String>,
}

/// Closes the breaker whenever Redis answers, and moves the epochs of namespaces that couldn't be invalidated.
pub(crate) async fn supervise(shared: Arc<Shared>) {
    let mut held = Held::default();
    let mut back_off = BackOff::new();
    loop {
        if shared.broken() {
            if let Err(why) = revive(&shared, &mut held).await {
                shared.still_down(why);
                back_off.wait().await;
                continue;
            }
            back_off = BackOff::new();
        }
        // Failing, both open the breaker.
        let marked = shared.namespaces.marked();
        if !marked.is_empty() {
            if shared.run(|connection| move_epochs(connection, &shared.prefix, &marked)).await.is_some() {
                marked.iter().for_each(|(namespace, mark)| shared.namespaces.settle(namespace, *mark));
            }
        } else if tokio::time::timeout(LOOK, shared.wake.notified()).await.is_err() {
            shared.run(|connection| probe(connection, &shared.prefix)).await;
        }
    }
}

/// Tries the connection we have (a stalled Redis goes on where it stopped), else a new one.
async fn revive(shared: &Shared, held: &mut Held) -> Result<(), String> {
    if let Some(connection) = &held.connection {
        if within(shared, probe((*connection).clone(), &shared.prefix)).await.is_ok() {
            shared.close_breaker((*connection).clone());
            return Ok(());
        }
        // Not back into the pool, which would offer it again.
        held.connection.take().map(Connection::take);
    }
    let connection = shared.pool.get().await.map_err(|error| pool_sentence(&error))?;
    within(shared, probe((*connection).clone(), &shared.prefix)).await?;
    let run_id = within(shared, run_id((*connection).clone())).await.unwrap_or_default();
    if held.run_id.is_some() && (run_id.is_none() || run_id != held.run_id) {
        // It restarted, perhaps from an older copy, or its replica took over.
        shared.namespaces.mark_all();
    }
    held.run_id = run_id.or_else(|| Some(String::new()));
    shared.close_breaker((*connection).clone());
    held.connection = Some(connection);
    Ok(())
}

async fn within<T>(shared: &Shared, op: impl Future<Output = RedisResult<T>>) -> Result<T, String> {
    match tokio::time::timeout(shared.connect, op).await {
        Ok(done) => done.map_err(|error| sentence(&error)),
        Err(_) => Err(format!("Redis did not answer within {} ms.", shared.connect.as_millis())),
    }
}

/// A write: a server that is loading, read-only or full answers a PING all the same.
async fn probe(mut connection: MultiplexedConnection, prefix: &str) -> RedisResult<()> {
    let key = format!("{prefix}:probe");
    cmd("SET").arg(key).arg(1).arg("PX").arg(60_000).query_async(&mut connection).await
}

/// Which server process answers; `None` where we may not ask.
async fn run_id(mut connection: MultiplexedConnection) -> RedisResult<Option<String>> {
    let info: Value = cmd("INFO").arg("server").query_async(&mut connection).await?;
    let text: String = deadpool_redis::redis::from_redis_value(info)?;
    Ok(text.lines().find_map(|line| line.strip_prefix("run_id:")).map(|id| id.trim().to_owned()))
}

async fn move_epochs(
    mut connection: MultiplexedConnection,
    prefix: &str,
    marked: &[(&'static str, u64)],
) -> RedisResult<()> {
    let mut writes = pipe();
    for (namespace, _) in marked {
        writes.cmd("SET").arg(epoch_key(prefix, namespace)).arg(fresh()).ignore();
    }
    writes.query_async(&mut connection).await
}

/// Where a namespace's epoch is kept.
pub(crate) fn epoch_key(prefix: &str, namespace: &str) -> String {
    format!("{prefix}:e:{namespace}")
}

fn pool_sentence(error: &deadpool_redis::PoolError) -> String {
    match error {
        deadpool_redis::PoolError::Backend(error) => sentence(error),
        deadpool_redis::PoolError::Timeout(_) => String::from("Redis did not accept a connection in time."),
        other => format!("Redis: {other}."),
    }
}
