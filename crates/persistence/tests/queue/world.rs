//! Two replicas' queues over one store.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex as Lock};

use async_trait::async_trait;
use kernel::memory::MemoryKernel;
use kernel::{
    BoxError, Bus, Clock as _, Engagements, FakeClock, GameId, Handler, IdSource, Leases, Outbox, OutboxRow, PlayerId,
    SeededIds, Subscription, TicketId, Timestamp,
};
use matchmaking::memory::MemoryTickets;
use matchmaking::{
    Hint, LeaderPorts, Matchmaking, MatchmakingPorts, Modes, NoLeaders, PartyStore, ProposalStore, QueueSpec, Rating,
    Ratings, Settings, ShardLeader, TicketStore, Tuning,
};
use shallweplay_persistence::{Stores, postgres, sqlite};
use testkit::postgres::ScratchDatabase;
use testkit::sqlite::ScratchFile;
use tokio::sync::Mutex;

use crate::faults::{Plant, Unlucky};

/// What it stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Memory,
    Sqlite,
    Postgres,
}

/// The modes: one against one at once, two against two with a ready check.
pub(crate) const MODES: [&str; 2] = ["duel", "squads"];
const PLAYERS: usize = 24;

/// One of the two processes.
pub(crate) struct Replica {
    pub(crate) name: &'static str,
    pub(crate) queue: Matchmaking,
    /// A candidate for each mode's leadership.
    pub(crate) leaders: Vec<Mutex<ShardLeader>>,
}

/// What the walk remembers, to be compared with what stands.
#[derive(Default)]
pub(crate) struct Seen {
    /// Tickets that were made.
    pub(crate) submitted: BTreeSet<TicketId>,
    /// Tickets whose cancellation was acknowledged.
    pub(crate) cancelled: BTreeSet<TicketId>,
    /// Matches whose game has ended since.
    pub(crate) ended: BTreeSet<GameId>,
    /// Who blocks whom.
    pub(crate) blocks: BTreeMap<(PlayerId, PlayerId), bool>,
}

/// Everything.
pub(crate) struct World {
    pub(crate) replicas: [Replica; 2],
    pub(crate) players: Vec<PlayerId>,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) ids: Arc<SeededIds>,
    pub(crate) store: Arc<Unlucky>,
    pub(crate) proposals: Arc<dyn ProposalStore>,
    pub(crate) parties: Arc<dyn PartyStore>,
    pub(crate) engagements: Arc<dyn Engagements>,
    pub(crate) leases: Arc<dyn Leases>,
    pub(crate) outbox: Arc<dyn Outbox>,
    pub(crate) bus: Arc<Letters>,
    pub(crate) rows: Mutex<Vec<OutboxRow>>,
    pub(crate) seen: Lock<Seen>,
    _guard: Box<dyn Any + Send + Sync>,
}

pub(crate) fn queue(mode: &str) -> QueueSpec {
    let checked = mode == "squads";
    QueueSpec {
        mode: mode.to_owned(),
        teams: 2,
        team_size: if checked { 2 } else { 1 },
        rated: true,
        rating_family: mode.to_owned(),
        ready_ms: 20_000,
        check_ms: checked.then_some(15_000),
        latency_cap_ms: None,
        attributes: Vec::new(),
        practice: false,
        enabled: true,
    }
}

struct Catalogue;

#[async_trait]
impl Modes for Catalogue {
    async fn queue(&self, mode: &str) -> Result<Option<QueueSpec>, BoxError> {
        Ok(MODES.contains(&mode).then(|| queue(mode)))
    }

    async fn queues(&self) -> Result<Vec<QueueSpec>, BoxError> {
        Ok(MODES.map(queue).into())
    }
}

#[async_trait]
impl Ratings for Catalogue {
    async fn rating(&self, player: PlayerId, _: &str) -> Result<Rating, BoxError> {
        Ok(Rating { value: 1_200.0 + f64::from(player.uuid().as_bytes()[15]) * 2.0, deviation: 90.0 })
    }
}

/// Keeps hints until a leader takes them, or nobody does.
#[derive(Default)]
pub(crate) struct Letters(Lock<Vec<(String, Hint)>>);

impl Letters {
    /// Those for this mode since the last time.
    pub(crate) fn take(&self, mode: &str) -> Vec<Hint> {
        let mut letters = self.0.lock().expect("nobody panics holding it");
        let topic = Hint::topic(mode);
        let (taken, left) = std::mem::take(&mut *letters).into_iter().partition(|(to, _)| *to == topic);
        *letters = left;
        let taken: Vec<(String, Hint)> = taken;
        taken.into_iter().map(|(_, hint)| hint).collect()
    }
}

#[async_trait]
impl Bus for Letters {
    async fn publish(&self, topic: &str, payload: bytes::Bytes) {
        if let Some(hint) = Hint::decode(&payload) {
            self.0.lock().expect("nobody panics holding it").push((topic.to_owned(), hint));
        }
    }

    fn subscribe(&self, _: &str, _: Handler) -> Subscription {
        Subscription::new(|| ())
    }

    fn connected(&self) -> bool {
        false
    }

    fn generation(&self) -> u64 {
        0
    }
}

struct Parts {
    tickets: Arc<dyn TicketStore>,
    proposals: Arc<dyn ProposalStore>,
    parties: Arc<dyn PartyStore>,
    engagements: Arc<dyn Engagements>,
    leases: Arc<dyn Leases>,
    outbox: Arc<dyn Outbox>,
    guard: Box<dyn Any + Send + Sync>,
}

fn of(stores: Stores, guard: Box<dyn Any + Send + Sync>) -> Parts {
    let Stores { tickets, proposals, parties, engagements, leases, outbox, .. } = stores;
    Parts { tickets, proposals, parties, engagements, leases, outbox, guard }
}

async fn parts(kind: Kind, clock: &Arc<FakeClock>, ids: &Arc<SeededIds>) -> Parts {
    match kind {
        Kind::Memory => {
            let kernel = MemoryKernel::new(Arc::clone(clock) as _, Arc::clone(ids) as _);
            let tickets = Arc::new(MemoryTickets::new(Arc::clone(&kernel)));
            Parts {
                tickets: Arc::clone(&tickets) as _,
                proposals: Arc::clone(&tickets) as _,
                parties: tickets,
                engagements: Arc::clone(&kernel) as _,
                leases: Arc::clone(&kernel) as _,
                outbox: kernel,
                guard: Box::new(()),
            }
        }
        Kind::Sqlite => {
            let file = ScratchFile::new();
            let database = sqlite::Database::open(file.path(), Arc::clone(ids) as _).expect("the scratch file opens");
            database.migrate().await.expect("the migrations run");
            of(database.stores(), Box::new(file))
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
                pool_size: 6,
            };
            let database = postgres::Database::connect(config, Arc::clone(ids) as _).expect("the pool can be built");
            database.migrate().await.expect("the migrations run");
            of(database.stores(), Box::new(scratch))
        }
    }
}

impl World {
    pub(crate) async fn new(kind: Kind, seed: u64, plant: Plant) -> Self {
        let (clock, ids) = (Arc::new(FakeClock::default()), Arc::new(SeededIds::new(seed)));
        let Parts { tickets, proposals, parties, engagements, leases, outbox, guard } = parts(kind, &clock, &ids).await;
        let store = Arc::new(Unlucky {
            inner: tickets,
            leases: Arc::clone(&leases),
            plant,
            faults: AtomicBool::new(true),
            claims: AtomicUsize::new(0),
            commits: AtomicUsize::new(0),
        });
        let bus = Arc::new(Letters::default());
        let replica = |name| {
            let ports = MatchmakingPorts {
                store: Arc::clone(&store) as _,
                proposals: Arc::clone(&proposals),
                parties: Arc::clone(&parties),
                leaders: Arc::new(NoLeaders),
                engagements: Arc::clone(&engagements),
                modes: Arc::new(Catalogue),
                ratings: Arc::new(Catalogue),
                bus: Arc::clone(&bus) as _,
                clock: Arc::clone(&clock) as _,
                ids: Arc::clone(&ids) as _,
            };
            let ports_of_leader = LeaderPorts {
                store: Arc::clone(&store) as _,
                leases: Arc::clone(&leases),
                modes: Arc::new(Catalogue),
                ids: Arc::clone(&ids) as _,
            };
            let leader =
                |mode: &str| Mutex::new(ShardLeader::new(mode, name, Tuning::default(), ports_of_leader.clone()));
            // A decline shouldn't keep a player out for most of the walk.
            let settings = Settings { cool_down_ms: 4_000, party_size: 3, ..Settings::default() };
            Replica {
                name,
                queue: Matchmaking::new(ports, settings),
                leaders: MODES.iter().map(|m| leader(m)).collect(),
            }
        };
        Self {
            replicas: [replica("one"), replica("two")],
            players: (0..PLAYERS).map(|_| PlayerId::new(ids.uuid(Timestamp::from_millis(0)))).collect(),
            clock,
            ids,
            store,
            proposals,
            parties,
            engagements,
            leases,
            outbox,
            bus,
            rows: Mutex::default(),
            seen: Lock::default(),
            _guard: guard,
        }
    }

    /// A fresh candidate: its process died and came again.
    pub(crate) fn leader(&self, mode: &str, name: &str) -> ShardLeader {
        let ports = LeaderPorts {
            store: Arc::clone(&self.store) as _,
            leases: Arc::clone(&self.leases),
            modes: Arc::new(Catalogue),
            ids: Arc::clone(&self.ids) as _,
        };
        ShardLeader::new(mode, name, Tuning::default(), ports)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Takes the events that were committed.
    pub(crate) async fn relay(&self) -> usize {
        let rows = self.outbox.claim(512, std::time::Duration::from_secs(10)).await.expect("the outbox answers");
        while let Err(error) = self.outbox.complete(&rows).await {
            assert!(matches!(error, kernel::StoreError::Stale), "{error:?}");
        }
        let count = rows.len();
        self.rows.lock().await.extend(rows);
        count
    }
}
