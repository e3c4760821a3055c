//! Two replicas over one store: friends, games and queues, as a process has them.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use friends::memory::MemoryFriendStore;
use friends::{
    Committed, Counts, FriendChange, FriendStore, Friends, FriendsPorts, Pair, People, Person, Relation, Settings,
};
use games::memory::MemoryGameStore;
use games::{Catalogue, Games, GamesPorts};
use kernel::memory::MemoryKernel;
use kernel::{
    BoxError, Bus, FakeClock, Handler, IdSource, Outbox, PlayerId, SeededIds, StoreError, Subscription, Timestamp,
};
use matchmaking::memory::MemoryTickets;
use matchmaking::{
    LeaderPorts, Matchmaking, MatchmakingPorts, Modes, NoLeaders, PartyStore, ProposalStore, QueueSpec, Rating,
    Ratings, ShardLeader, TicketStore, Tuning,
};
use shallweplay_persistence::{Stores, postgres, sqlite};
use testkit::postgres::ScratchDatabase;
use testkit::sqlite::ScratchFile;
use tokio::sync::Mutex;

/// What it stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Memory,
    Sqlite,
    Postgres,
}

/// A bug put in on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plant {
    Nothing,
    /// A block changes the relation, and the rest of the house doesn't hear of it.
    BlocksKeptFromOthers,
    /// Now and then a change is written without its events.
    LostEvents,
}

/// The mode that is played and queued for.
pub(crate) const MODE: &str = "duel";
const PLAYERS: usize = 10;

/// One of the two.
pub(crate) struct Replica {
    pub(crate) friends: Friends,
    pub(crate) games: Games,
    pub(crate) queue: Matchmaking,
    pub(crate) leader: Mutex<ShardLeader>,
}

/// Everything.
pub(crate) struct World {
    pub(crate) replicas: [Replica; 2],
    pub(crate) players: Vec<PlayerId>,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) relations: Arc<dyn FriendStore>,
    pub(crate) blocks: Arc<dyn kernel::Blocks>,
    pub(crate) outbox: Arc<dyn Outbox>,
    pub(crate) relayed: Mutex<Vec<kernel::OutboxRow>>,
    _guard: Box<dyn Any + Send + Sync>,
}

/// Everybody may be met by everybody.
struct Everybody;

#[async_trait]
impl People for Everybody {
    async fn people(&self, ids: &[PlayerId]) -> Result<Vec<Option<Person>>, BoxError> {
        Ok(ids.iter().map(|id| Some(Person::open(*id))).collect())
    }

    async fn by_handle(&self, _: &str) -> Result<Option<PlayerId>, BoxError> {
        Ok(None)
    }
}

/// The one queue.
struct OneQueue;

#[async_trait]
impl Modes for OneQueue {
    async fn queue(&self, mode: &str) -> Result<Option<QueueSpec>, BoxError> {
        Ok(self.queues().await?.into_iter().find(|queue| queue.mode == mode))
    }

    async fn queues(&self) -> Result<Vec<QueueSpec>, BoxError> {
        let (mode, rating_family) = (MODE.to_owned(), MODE.to_owned());
        Ok(vec![QueueSpec {
            mode,
            teams: 2,
            team_size: 1,
            rated: true,
            rating_family,
            ready_ms: 20_000,
            check_ms: None,
            latency_cap_ms: None,
            attributes: Vec::new(),
            practice: false,
            enabled: true,
        }])
    }
}

#[async_trait]
impl Ratings for OneQueue {
    async fn rating(&self, _: PlayerId, _: &str) -> Result<Rating, BoxError> {
        Ok(Rating { value: 1_500.0, deviation: 350.0 })
    }
}

/// Leaders find tickets by themselves.
struct NoBus;

#[async_trait]
impl Bus for NoBus {
    async fn publish(&self, _: &str, _: bytes::Bytes) {}

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

/// The store with the bug in it.
struct Planted {
    inner: Arc<dyn FriendStore>,
    plant: Plant,
    commits: AtomicUsize,
}

#[async_trait]
impl FriendStore for Planted {
    async fn load(&self, pair: Pair) -> Result<Option<Relation>, StoreError> {
        self.inner.load(pair).await
    }

    async fn load_many(&self, player: PlayerId, others: &[PlayerId]) -> Result<Vec<Relation>, StoreError> {
        self.inner.load_many(player, others).await
    }

    async fn commit(&self, mut change: FriendChange) -> Result<Committed, StoreError> {
        let nth = self.commits.fetch_add(1, Ordering::Relaxed);
        match self.plant {
            Plant::Nothing => {}
            Plant::BlocksKeptFromOthers => change.riders.blocks.clear(),
            Plant::LostEvents if nth % 10 == 9 => change.riders.events.clear(),
            Plant::LostEvents => {}
        }
        self.inner.commit(change).await
    }

    async fn counts(&self, player: PlayerId) -> Result<Counts, StoreError> {
        self.inner.counts(player).await
    }

    async fn all_of(&self, player: PlayerId, limit: i64) -> Result<Vec<Relation>, StoreError> {
        self.inner.all_of(player, limit).await
    }

    async fn lapsed(&self, now: Timestamp, limit: i64) -> Result<Vec<Relation>, StoreError> {
        self.inner.lapsed(now, limit).await
    }
}

/// What replicas are made from.
struct Parts {
    friends: FriendsPorts,
    games: GamesPorts,
    tickets: Arc<dyn TicketStore>,
    proposals: Arc<dyn ProposalStore>,
    parties: Arc<dyn PartyStore>,
    leases: Arc<dyn kernel::Leases>,
    outbox: Arc<dyn Outbox>,
    guard: Box<dyn Any + Send + Sync>,
}

fn in_memory(clock: &Arc<FakeClock>, ids: &Arc<SeededIds>) -> Parts {
    let kernel = MemoryKernel::new(Arc::clone(clock) as _, Arc::clone(ids) as _);
    let friends = MemoryFriendStore::new(Arc::clone(&kernel));
    let games = MemoryGameStore::new(Arc::clone(&kernel));
    let modes = Catalogue::shipped().expect("what ships is valid");
    let tickets = Arc::new(MemoryTickets::new(Arc::clone(&kernel)));
    Parts {
        friends: FriendsPorts {
            relations: Arc::clone(&friends) as _,
            lists: Arc::clone(&friends) as _,
            links: Arc::clone(&friends) as _,
            blocks: Arc::clone(&kernel) as _,
            people: Arc::new(Everybody),
            games: friends,
            clock: Arc::clone(clock) as _,
            ids: Arc::clone(ids) as _,
        },
        games: GamesPorts::in_memory(&games, modes, Arc::clone(clock) as _, Arc::clone(ids) as _),
        tickets: Arc::clone(&tickets) as _,
        proposals: Arc::clone(&tickets) as _,
        parties: tickets,
        leases: Arc::clone(&kernel) as _,
        outbox: kernel,
        guard: Box::new(()),
    }
}

fn on_database(
    stores: Stores,
    guard: Box<dyn Any + Send + Sync>,
    clock: &Arc<FakeClock>,
    ids: &Arc<SeededIds>,
) -> Parts {
    let memory = MemoryGameStore::new(MemoryKernel::new(Arc::clone(clock) as _, Arc::clone(ids) as _));
    let modes = Catalogue::shipped().expect("what ships is valid");
    let games = GamesPorts {
        games: stores.games,
        invites: stores.invites,
        attendance: stores.attendance,
        cases: stores.cases,
        engagements: stores.engagements,
        connections: stores.connections,
        mode_versions: stores.modes,
        ..GamesPorts::in_memory(&memory, modes, Arc::clone(clock) as _, Arc::clone(ids) as _)
    };
    Parts {
        friends: FriendsPorts {
            relations: stores.friends,
            lists: stores.friend_lists,
            links: stores.friend_links,
            blocks: stores.blocks,
            people: Arc::new(Everybody),
            games: stores.shared_games,
            clock: Arc::clone(clock) as _,
            ids: Arc::clone(ids) as _,
        },
        games,
        tickets: stores.tickets,
        proposals: stores.proposals,
        parties: stores.parties,
        leases: stores.leases,
        outbox: stores.outbox,
        guard,
    }
}

async fn parts(kind: Kind, clock: &Arc<FakeClock>, ids: &Arc<SeededIds>) -> Parts {
    match kind {
        Kind::Memory => in_memory(clock, ids),
        Kind::Sqlite => {
            let file = ScratchFile::new();
            let database = sqlite::Database::open(file.path(), Arc::clone(ids) as _).expect("the scratch file opens");
            database.migrate().await.expect("the migrations run");
            on_database(database.stores(), Box::new(file), clock, ids)
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
            on_database(database.stores(), Box::new(scratch), clock, ids)
        }
    }
}

impl World {
    pub(crate) async fn new(kind: Kind, seed: u64, plant: Plant) -> Self {
        let (clock, ids) = (Arc::new(FakeClock::default()), Arc::new(SeededIds::new(seed)));
        let Parts { mut friends, games, tickets, proposals, parties, leases, outbox, guard } =
            parts(kind, &clock, &ids).await;
        let relations = Arc::clone(&friends.relations);
        let blocks = Arc::clone(&friends.blocks);
        friends.relations = Arc::new(Planted { inner: friends.relations, plant, commits: AtomicUsize::new(0) });
        // Small enough that caps are met.
        let settings = Settings { friends: 6, outgoing: 4, ..Settings::default() };
        let replica = |name: &str| {
            let queue = MatchmakingPorts {
                store: Arc::clone(&tickets),
                proposals: Arc::clone(&proposals),
                parties: Arc::clone(&parties),
                leaders: Arc::new(NoLeaders),
                engagements: Arc::clone(&games.engagements),
                modes: Arc::new(OneQueue),
                ratings: Arc::new(OneQueue),
                bus: Arc::new(NoBus),
                clock: Arc::clone(&clock) as _,
                ids: Arc::clone(&ids) as _,
            };
            let leader = LeaderPorts {
                store: Arc::clone(&tickets),
                leases: Arc::clone(&leases),
                modes: Arc::new(OneQueue),
                ids: Arc::clone(&ids) as _,
            };
            Replica {
                friends: Friends::new(friends.clone(), settings),
                games: Games::new(games.clone()),
                queue: Matchmaking::new(queue, matchmaking::Settings::default()),
                leader: Mutex::new(ShardLeader::new(MODE, name, Tuning::default(), leader)),
            }
        };
        Self {
            replicas: [replica("one"), replica("two")],
            players: (0..PLAYERS).map(|_| PlayerId::new(ids.uuid(Timestamp::from_millis(0)))).collect(),
            clock,
            relations,
            blocks,
            outbox,
            relayed: Mutex::default(),
            _guard: guard,
        }
    }

    /// Handles what happened, as the relay of a process does; says how many rows.
    pub(crate) async fn relay(&self) -> Result<usize, StoreError> {
        let rows = self.outbox.claim(256, std::time::Duration::from_secs(10)).await?;
        for row in &rows {
            if let Some(friends::FriendEvent::BlockPlaced { blocker, blocked }) =
                friends::FriendEvent::from_event(&row.event)
            {
                match self.replicas[0].games.part(blocker, blocked).await {
                    Ok(()) => {}
                    Err(games::Error::Store(error)) => return Err(error),
                    Err(error) => panic!("parting two players was refused: {error}"),
                }
            }
        }
        loop {
            match self.outbox.complete(&rows).await {
                Err(StoreError::Stale) => {}
                done => break done.map(|_| ())?,
            }
        }
        let count = rows.len();
        self.relayed.lock().await.extend(rows);
        Ok(count)
    }
}
