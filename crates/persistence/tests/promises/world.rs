//! One fresh, migrated database and everything around it that replicas share.

use std::any::Any;
use std::sync::Arc;

use games::Catalogue;
use kernel::{FakeClock, IdSource, SeededIds, Timestamp};
use shallweplay_persistence::{Stores, postgres, sqlite};
use testkit::postgres::ScratchDatabase;
use testkit::sqlite::ScratchFile;

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

/// The database, without faults, and the time.
pub(crate) struct World {
    pub(crate) stores: Stores,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) modes: Catalogue,
    _guard: Box<dyn Any + Send + Sync>,
}

/// Half an hour before a season ends, so that stories have two.
fn start() -> Timestamp {
    Timestamp::parse_rfc3339("2026-01-31T23:30:00Z").expect("a time")
}

/// An empty world.
pub(crate) async fn world(kind: Kind, seed: u64) -> World {
    let ids: Arc<dyn IdSource> = Arc::new(SeededIds::new(seed));
    let (stores, guard): (_, Box<dyn Any + Send + Sync>) = match kind {
        Kind::Sqlite => {
            let file = ScratchFile::new();
            let database = sqlite::Database::open(file.path(), Arc::clone(&ids)).expect("the scratch file opens");
            database.migrate().await.expect("the migrations run");
            (database.stores(), Box::new(file))
        }
        Kind::Postgres => {
            let scratch = ScratchDatabase::create().await;
            let address = scratch.address();
            let config = postgres::PostgresConfig {
                host: address.host.clone(),
                port: address.port,
                name: address.name.clone(),
                user: address.user.clone(),
                password: address.password.clone(),
                pool_size: 4,
            };
            let database = postgres::Database::connect(config, Arc::clone(&ids)).expect("the pool can be built");
            database.migrate().await.expect("the migrations run");
            (database.stores(), Box::new(scratch))
        }
    };
    let modes = Catalogue::shipped().expect("what ships is valid");
    World { stores, clock: Arc::new(FakeClock::at(start())), ids, modes, _guard: guard }
}
