//! One fresh, migrated database per test, on either adapter.

use std::any::Any;
use std::sync::Arc;

use kernel::{Clock, IdSource, SeededIds, Timestamp};
use shallweplay_persistence::{Stores, postgres, sqlite};
use testkit::postgres::ScratchDatabase;
use testkit::sqlite::ScratchFile;

/// The stores of one fresh database, and what must live as long as they do.
pub(crate) struct World {
    pub(crate) stores: Stores,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) guard: Box<dyn Any + Send + Sync>,
}

/// The machine's time: these databases run on this machine, and their leases go by their own clock.
struct MachineClock;

impl Clock for MachineClock {
    #[expect(clippy::disallowed_methods, reason = "the databases under test use the machine's time")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

fn fresh_ids() -> Arc<dyn IdSource> {
    let clock = MachineClock;
    // Different in each test process and call; what a test asserts never depends on the ids.
    Arc::new(SeededIds::new(clock.now().micros().unsigned_abs() ^ u64::from(std::process::id()) << 32))
}

/// A fresh SQLite file.
pub(crate) async fn on_sqlite() -> World {
    let (file, ids) = (ScratchFile::new(), fresh_ids());
    let database = sqlite::Database::open(file.path(), Arc::clone(&ids)).expect("the scratch file opens");
    database.migrate().await.expect("the migrations run");
    World { stores: database.stores(), clock: Arc::new(MachineClock), ids, guard: Box::new(file) }
}

/// A fresh PostgreSQL database.
pub(crate) async fn on_postgres() -> World {
    let (scratch, ids) = (ScratchDatabase::create().await, fresh_ids());
    let database = postgres::Database::connect(config_of(&scratch), Arc::clone(&ids)).expect("the pool can be built");
    database.migrate().await.expect("the migrations run");
    World { stores: database.stores(), clock: Arc::new(MachineClock), ids, guard: Box::new(scratch) }
}

/// Where this scratch database is, as the adapter wants it.
pub(crate) fn config_of(scratch: &ScratchDatabase) -> postgres::PostgresConfig {
    let address = scratch.address();
    postgres::PostgresConfig {
        host: address.host.clone(),
        port: address.port,
        name: address.name.clone(),
        user: address.user.clone(),
        password: address.password.clone(),
        pool_size: 4,
    }
}
