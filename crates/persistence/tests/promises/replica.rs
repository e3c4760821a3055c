//! A service instance: what a process holds, over stores that fail.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use games::{GameStore, Games, GamesPorts, ModeBook};
use kernel::{Approval, ApprovalRequest, Approved, Commit, Lease, Outbox, StoreError};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use standings::{NoCopies, StandingsPorts, StandingsStore, Step, Worker};

use crate::facts::{Ledger, Modes};
use crate::faults::{Faults, Faulty};
use crate::world::World;

/// So briefly that the two replicas take the lead from each other all the time.
const LEAD: Duration = Duration::from_millis(2);

/// A gate that makes up its mind anew every time.
pub(crate) struct FickleGate(Mutex<ChaCha8Rng>);

impl FickleGate {
    pub(crate) fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self(Mutex::new(ChaCha8Rng::seed_from_u64(seed ^ 0x6A7E))))
    }
}

#[async_trait]
impl Approval for FickleGate {
    async fn ask(&self, _: &ApprovalRequest) -> Approved {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).random_range(0..4) {
            0 => Approved::Pending,
            1 => Approved::No("I don't believe it".to_owned()),
            _ => Approved::Yes,
        }
    }
}

/// One of the two.
pub(crate) struct Replica {
    name: String,
    pub(crate) games: Games,
    pub(crate) commit: Arc<dyn Commit>,
    pub(crate) outbox: Arc<dyn Outbox>,
    leases: Arc<dyn kernel::Leases>,
    worker: Worker,
    lease: Mutex<Option<Lease>>,
}

/// Over the database itself.
pub(crate) fn standings_ports(world: &World, store: &Arc<dyn StandingsStore>) -> StandingsPorts {
    StandingsPorts {
        store: Arc::clone(store),
        reads: Arc::clone(&world.stores.standing_reads),
        seasons: Arc::clone(&world.stores.seasons),
        facts: Arc::new(Ledger(Arc::clone(&world.stores.games))),
        schemes: Arc::new(Modes(world.modes.clone())),
        copies: Arc::new(NoCopies),
        clock: Arc::clone(&world.clock) as _,
        ids: Arc::clone(&world.ids),
    }
}

impl Replica {
    /// A process that has just started.
    pub(crate) fn start(world: &World, faults: &Arc<Faults>, gate: &Arc<FickleGate>, name: String) -> Self {
        let stores = &world.stores;
        let games: Arc<dyn GameStore> = Faulty::over(&stores.games, faults);
        let standings: Arc<dyn StandingsStore> = Faulty::over(&stores.standings, faults);
        let ports = GamesPorts {
            games: Arc::clone(&games),
            invites: Arc::clone(&stores.invites),
            attendance: Arc::clone(&stores.attendance),
            cases: Arc::clone(&stores.cases),
            engagements: Arc::clone(&stores.engagements),
            connections: Arc::clone(&stores.connections),
            mode_versions: Arc::clone(&stores.modes),
            modes: ModeBook::new(world.modes.clone()),
            approval: Arc::clone(gate) as _,
            clock: Arc::clone(&world.clock) as _,
            ids: Arc::clone(&world.ids),
        };
        let ports_of_standings =
            StandingsPorts { facts: Arc::new(Ledger(games)), ..standings_ports(world, &standings) };
        Self {
            name,
            games: Games::new(ports),
            commit: Faulty::over(&stores.commit, faults),
            outbox: Faulty::over(&stores.outbox, faults),
            leases: Arc::clone(&stores.leases),
            worker: Worker::new(ports_of_standings).with_batch(5),
            lease: Mutex::default(),
        }
    }

    /// A bit of the worker's work. With `stale` it believes that it still leads, whatever happened since.
    pub(crate) async fn work(&self, stale: bool) -> Result<Option<Step>, StoreError> {
        let known = self.lease.lock().unwrap_or_else(PoisonError::into_inner).clone().filter(|_| stale);
        let lease = match known {
            Some(lease) => Some(lease),
            None => self.leases.acquire("standings", &self.name, LEAD).await?,
        };
        let Some(lease) = lease else { return Ok(None) };
        *self.lease.lock().unwrap_or_else(PoisonError::into_inner) = Some(lease.clone());
        self.worker.step(&lease).await.map(Some)
    }
}
