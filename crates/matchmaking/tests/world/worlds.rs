//! A world in memory whose bus loses messages and whose store can be made to pause or fail in the middle of a claim.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use kernel::memory::MemoryKernel;
use kernel::{
    BlockChange, BoxError, Bus, Clock, FakeClock, Handler, Lease, Page, PageLimit, PlayerId, Riders, SeededIds,
    StoreError, Subscription, TicketId, Timestamp,
};
use shallweplay_matchmaking::memory::MemoryTickets;
use shallweplay_matchmaking::{
    Change, Claim, Due, Hint, LeaderPorts, Matchmaking, MatchmakingPorts, Modes, NoLeaders, QueueCount, QueueSpec,
    Rating, Ratings, RecentWait, Settings, ShardLeader, Ticket, TicketPosition, TicketStore, Tuning,
};

/// What shall happen to the next claim.
pub(crate) enum Fate {
    /// It waits here until the flag is set, then goes on.
    Pause(Arc<AtomicBool>),
    /// The store fails before it does anything.
    Lost,
    /// The store does it, but the answer is lost.
    Unanswered,
}

/// The memory store with bad luck.
pub(crate) struct Unlucky {
    inner: Arc<MemoryTickets>,
    pub(crate) fates: Mutex<VecDeque<Fate>>,
    /// How many claims were tried.
    pub(crate) claims: AtomicUsize,
}

#[async_trait]
impl TicketStore for Unlucky {
    async fn load(&self, id: TicketId) -> Result<Option<Ticket>, StoreError> {
        self.inner.load(id).await
    }

    async fn mine(
        &self,
        player: PlayerId,
        after: Option<TicketPosition>,
        limit: PageLimit,
    ) -> Result<Page<Ticket, TicketPosition>, StoreError> {
        self.inner.mine(player, after, limit).await
    }

    async fn commit(&self, change: Change, riders: Riders) -> Result<(), StoreError> {
        self.inner.commit(change, riders).await
    }

    async fn claim(&self, claims: Vec<Claim>, lease: &Lease) -> Result<(), StoreError> {
        self.claims.fetch_add(1, Ordering::SeqCst);
        let fate = self.fates.lock().expect("no test panics holding it").pop_front();
        let gone = || StoreError::Unavailable(BoxError::from("the answer was lost"));
        match fate {
            None => self.inner.claim(claims, lease).await,
            Some(Fate::Pause(go_on)) => {
                std::future::poll_fn(|_| if go_on.load(Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending })
                    .await;
                self.inner.claim(claims, lease).await
            }
            Some(Fate::Lost) => Err(gone()),
            Some(Fate::Unanswered) => self.inner.claim(claims, lease).await.and(Err(gone())),
        }
    }

    async fn waiting(&self, mode: &str, after: Option<TicketPosition>, limit: i64) -> Result<Vec<Ticket>, StoreError> {
        self.inner.waiting(mode, after, limit).await
    }

    async fn due(&self, what: Due, at: Timestamp, limit: i64) -> Result<Vec<Ticket>, StoreError> {
        self.inner.due(what, at, limit).await
    }

    async fn recent_waits(&self, mode: &str, limit: i64) -> Result<Vec<RecentWait>, StoreError> {
        self.inner.recent_waits(mode, limit).await
    }

    async fn counts(&self) -> Result<Vec<QueueCount>, StoreError> {
        self.inner.counts().await
    }
}

/// Keeps what was published until the test delivers or loses it.
#[derive(Default)]
pub(crate) struct Letters(Mutex<Vec<(String, Hint)>>);

impl Letters {
    /// Everything published since the last call.
    pub(crate) fn take(&self) -> Vec<(String, Hint)> {
        std::mem::take(&mut *self.0.lock().expect("no test panics holding it"))
    }
}

#[async_trait]
impl Bus for Letters {
    async fn publish(&self, topic: &str, payload: bytes::Bytes) {
        let hint = Hint::decode(&payload).expect("only hints are published here");
        self.0.lock().expect("no test panics holding it").push((topic.to_owned(), hint));
    }

    fn subscribe(&self, _: &str, _: Handler) -> Subscription {
        Subscription::new(|| ())
    }

    fn connected(&self) -> bool {
        true
    }

    fn generation(&self) -> u64 {
        0
    }
}

/// A fixed catalogue.
pub(crate) struct Catalogue;

fn queue(mode: &str, teams: u8, team_size: u8, enabled: bool) -> QueueSpec {
    QueueSpec {
        mode: mode.into(),
        teams,
        team_size,
        rated: true,
        rating_family: mode.into(),
        ready_ms: 20_000,
        check_ms: (teams * team_size > 2).then_some(15_000),
        latency_cap_ms: None,
        attributes: Vec::new(),
        practice: mode == "tic_tac_toe",
        enabled,
    }
}

#[async_trait]
impl Modes for Catalogue {
    async fn queue(&self, mode: &str) -> Result<Option<QueueSpec>, BoxError> {
        Ok(self.queues().await?.into_iter().find(|spec| spec.mode == mode))
    }

    async fn queues(&self) -> Result<Vec<QueueSpec>, BoxError> {
        Ok(vec![
            queue("duel", 2, 1, true),
            queue("tic_tac_toe", 2, 1, true),
            queue("connect_four", 2, 1, false),
            queue("squads", 2, 2, true),
            queue("score_attack", 1, 1, true),
        ])
    }
}

/// A rating by the player's last byte: 1200 to 1800.
pub(crate) struct ByLastByte;

#[async_trait]
impl Ratings for ByLastByte {
    async fn rating(&self, player: PlayerId, _: &str) -> Result<Rating, BoxError> {
        let last = player.uuid().as_bytes()[15];
        Ok(Rating { value: 1_200.0 + 600.0 * f64::from(last) / 255.0, deviation: 90.0 })
    }
}

/// Everything of one world.
pub(crate) struct World {
    pub(crate) kernel: Arc<MemoryKernel>,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) store: Arc<Unlucky>,
    pub(crate) bus: Arc<Letters>,
    pub(crate) ids: Arc<SeededIds>,
    pub(crate) service: Matchmaking,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let (clock, ids) = (Arc::new(FakeClock::default()), Arc::new(SeededIds::new(seed)));
        let kernel = MemoryKernel::new(clock.clone(), ids.clone());
        let inner = Arc::new(MemoryTickets::new(kernel.clone()));
        let store = Arc::new(Unlucky { inner: inner.clone(), fates: Mutex::default(), claims: AtomicUsize::new(0) });
        let bus = Arc::new(Letters::default());
        let ports = MatchmakingPorts {
            store: store.clone(),
            proposals: inner.clone(),
            parties: inner,
            leaders: Arc::new(NoLeaders),
            engagements: kernel.clone(),
            modes: Arc::new(Catalogue),
            ratings: Arc::new(ByLastByte),
            bus: bus.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
        };
        let service = Matchmaking::new(ports, Settings::default());
        Self { kernel, clock, store, bus, ids, service }
    }

    pub(crate) fn leader(&self, holder: &str) -> ShardLeader {
        self.leader_of("duel", holder)
    }

    pub(crate) fn leader_of(&self, mode: &str, holder: &str) -> ShardLeader {
        let ports = LeaderPorts {
            store: self.store.clone(),
            leases: self.kernel.clone(),
            modes: Arc::new(Catalogue),
            ids: self.ids.clone(),
        };
        ShardLeader::new(mode, holder, Tuning::default(), ports)
    }

    /// One wants nothing to do with the other any more, or again.
    pub(crate) fn block(&self, blocker: PlayerId, blocked: PlayerId, stands: bool) {
        let blocks = vec![BlockChange { blocker, blocked, stands, at: self.now() }];
        let taken = self.kernel.commit(Riders { blocks, ..Riders::default() }, || Ok(()));
        taken.expect("nothing stands against a block");
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Runs what never has to wait.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nothing in this world waits unless it is told to"),
    }
}

/// Player number `n`; the number decides the rating.
pub(crate) fn player(n: u8) -> PlayerId {
    PlayerId::new(uuid::Uuid::from_u128((0x7000 << 64) | (u128::from(n) * 6)))
}
