//! The stores in memory: the executable specification, and what tests and embedders use when nothing must survive.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use kernel::memory::MemoryKernel;
use kernel::{Page, PageLimit, PlayerId, Riders, SessionId, StoreError, Timestamp, Version};

use crate::{
    Credentials, Departure, Exchange, Failures, Handle, HandleKey, HasherError, LoginGuard, PasswordHash,
    PasswordHasher, Player, PlayerChange, PlayerStore, Rotation, Secret, SecretHash, Session, SessionStore, UsedToken,
    WsTicket, WsTicketStore,
};

/// All of this crate's stores over one [`MemoryKernel`], which must be the world's only one.
pub struct MemoryPlayerStore {
    kernel: Arc<MemoryKernel>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    players: HashMap<PlayerId, Row>,
    sessions: HashMap<SessionId, Session>,
    used: HashMap<SecretHash, UsedToken>,
    tickets: HashMap<SecretHash, WsTicket>,
    failures: HashMap<HandleKey, Failures>,
}

struct Row {
    player: Player,
    device: Option<SecretHash>,
    password: Option<PasswordHash>,
}

impl State {
    fn by_key(&self, key: &HandleKey) -> Option<&Row> {
        self.players.values().find(|row| row.player.handle.as_ref().is_some_and(|handle| handle.key() == *key))
    }
}

impl State {
    fn apply(
        &mut self,
        expect: Version,
        player: Player,
        (device, password): (Option<SecretHash>, Option<PasswordHash>),
        start: Option<Session>,
    ) -> Result<(), StoreError> {
        let current = self.players.get(&player.id).map_or(Version::NEW, |row| row.player.version);
        if current != expect {
            return Err(StoreError::Stale);
        }
        let key = player.handle.as_ref().map(Handle::key);
        if key.and_then(|key| self.by_key(&key)).is_some_and(|row| row.player.id != player.id) {
            return Err(StoreError::Taken("handle"));
        }
        let before = self.players.remove(&player.id);
        let (old_device, old_password) = before.map_or((None, None), |row| (row.device, row.password));
        let (device, password) = (device.or(old_device), password.or(old_password));
        self.players.insert(player.id, Row { player, device, password });
        if let Some(session) = start {
            self.sessions.insert(session.id, session);
        }
        Ok(())
    }

    fn standing(&self, player: PlayerId) -> impl Iterator<Item = &Session> {
        self.sessions.values().filter(move |session| session.player_id == player && session.revoked_at.is_none())
    }
}

impl MemoryPlayerStore {
    /// Empty stores.
    #[must_use]
    pub fn new(kernel: Arc<MemoryKernel>) -> Self {
        Self { kernel, state: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl PlayerStore for MemoryPlayerStore {
    async fn load(&self, id: PlayerId) -> Result<Option<Player>, StoreError> {
        Ok(self.lock().players.get(&id).map(|row| row.player.clone()))
    }

    async fn load_many(&self, ids: &[PlayerId]) -> Result<Vec<Option<Player>>, StoreError> {
        let state = self.lock();
        Ok(ids.iter().map(|id| state.players.get(id).map(|row| row.player.clone())).collect())
    }

    async fn by_handle_key(&self, key: &HandleKey) -> Result<Option<Player>, StoreError> {
        Ok(self.lock().by_key(key).map(|row| row.player.clone()))
    }

    async fn by_device(&self, device: &SecretHash) -> Result<Option<Player>, StoreError> {
        let state = self.lock();
        Ok(state.players.values().find(|row| row.device.as_ref() == Some(device)).map(|row| row.player.clone()))
    }

    async fn credentials(&self, key: &HandleKey) -> Result<Option<Credentials>, StoreError> {
        let state = self.lock();
        let found = state.by_key(key).and_then(|row| row.password.clone().map(|hash| (row.player.clone(), hash)));
        Ok(found.map(|(player, password)| Credentials { player, password }))
    }

    async fn commit(&self, change: PlayerChange) -> Result<(), StoreError> {
        let PlayerChange { expect, player, device, password, start, riders } = change;
        self.kernel.commit(riders, || self.lock().apply(expect, player, (device, password), start))
    }

    async fn depart(&self, departure: Departure) -> Result<(), StoreError> {
        let Departure { change, sessions, at, forget } = departure;
        let PlayerChange { expect, player, device, password, start, riders } = change;
        self.kernel.commit(riders, || {
            let mut state = self.lock();
            let id = player.id;
            let standing: HashSet<SessionId> = state.standing(id).map(|session| session.id).collect();
            if standing != sessions.into_iter().collect() {
                return Err(StoreError::Stale);
            }
            state.apply(expect, player, (device, password), start)?;
            state.tickets.retain(|_, ticket| ticket.player_id != id);
            let of_player = state.sessions.values_mut().filter(|session| session.player_id == id);
            for session in of_player {
                session.revoked_at.get_or_insert(at);
                if forget.is_some() {
                    session.user_agent = None;
                }
            }
            let Some(forget) = forget else { return Ok(()) };
            if let Some(key) = forget.handle {
                state.failures.remove(&key);
            }
            if let Some(row) = state.players.get_mut(&id) {
                (row.device, row.password) = (None, None);
            }
            Ok(())
        })
    }

    async fn erased_since(&self, since: Timestamp, limit: i64) -> Result<Vec<PlayerId>, StoreError> {
        let state = self.lock();
        let erased = state.players.values().filter_map(|row| Some((row.player.erased_at?, row.player.id)));
        let mut erased: Vec<_> = erased.filter(|(at, _)| *at >= since).collect();
        erased.sort_unstable();
        erased.truncate(usize::try_from(limit).unwrap_or(0));
        Ok(erased.into_iter().map(|(_, player)| player).collect())
    }

    async fn by_handle_prefix(
        &self,
        prefix: &str,
        after: Option<&Handle>,
        now: Timestamp,
        limit: PageLimit,
    ) -> Result<Page<Player, Handle>, StoreError> {
        let state = self.lock();
        let mut found: Vec<(Handle, Player)> = state
            .players
            .values()
            .filter(|row| row.player.erased_at.is_none() && row.player.suspended_at(now).is_none())
            .filter_map(|row| row.player.handle.clone().map(|handle| (handle, row.player.clone())))
            .filter(|(handle, _)| handle.as_str().starts_with(prefix))
            .filter(|(handle, _)| after.is_none_or(|after| handle.as_str() > after.as_str()))
            .collect();
        found.sort_by(|(a, _), (b, _)| a.as_str().cmp(b.as_str()));
        let more = found.len() > usize::from(limit.get());
        found.truncate(usize::from(limit.get()));
        let next = found.last().map(|(handle, _)| handle.clone()).filter(|_| more);
        Ok(Page { items: found.into_iter().map(|(_, player)| player).collect(), next })
    }
}

#[async_trait]
impl SessionStore for MemoryPlayerStore {
    async fn start(&self, session: Session) -> Result<(), StoreError> {
        let mut state = self.lock();
        let player = state.players.get(&session.player_id).map(|row| &row.player);
        if player.is_some_and(|player| player.erased_at.or(player.suspended_at(session.created_at)).is_some()) {
            return Err(StoreError::Stale);
        }
        state.sessions.insert(session.id, session);
        Ok(())
    }

    async fn standing(&self, player: PlayerId, limit: i64) -> Result<Vec<Session>, StoreError> {
        let mut found: Vec<Session> = self.lock().standing(player).cloned().collect();
        found.sort_by_key(|session| std::cmp::Reverse((session.last_used_at, session.id)));
        found.truncate(usize::try_from(limit).unwrap_or(0));
        Ok(found)
    }

    async fn find(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        Ok(self.lock().sessions.get(&id).cloned())
    }

    async fn used(&self, token: &SecretHash) -> Result<Option<UsedToken>, StoreError> {
        Ok(self.lock().used.get(token).copied())
    }

    async fn rotate(&self, exchange: Exchange) -> Result<Rotation, StoreError> {
        let mut state = self.lock();
        let used = state.used.get(&exchange.old).filter(|used| used.session_id == exchange.session).copied();
        let Some(session) = state.sessions.get_mut(&exchange.session) else { return Ok(Rotation::Unknown) };
        let current = session.refresh_hash == exchange.old;
        if !current && used.is_none() {
            return Ok(Rotation::Unknown);
        }
        if !session.is_live(exchange.at) {
            return Ok(Rotation::Ended);
        }
        if let Some(used) = used {
            return Ok(Rotation::Lost { session: session.clone(), used });
        }
        session.refresh_hash = exchange.new;
        session.rotated_at = Some(exchange.at);
        session.last_used_at = exchange.at;
        session.expires_at = exchange.expires_at;
        let session = session.clone();
        let used = UsedToken { session_id: session.id, used_at: exchange.at, answered_at: None };
        state.used.insert(exchange.old, used);
        Ok(Rotation::Rotated(session))
    }

    async fn answered(&self, old: &SecretHash, at: Timestamp) -> Result<(), StoreError> {
        if let Some(used) = self.lock().used.get_mut(old) {
            used.answered_at.get_or_insert(at);
        }
        Ok(())
    }

    async fn revoke(&self, id: SessionId, at: Timestamp, riders: Riders) -> Result<bool, StoreError> {
        let done = self.kernel.commit(riders, || {
            let mut state = self.lock();
            let live = state.sessions.get_mut(&id).filter(|session| session.revoked_at.is_none());
            live.ok_or(StoreError::Stale)?.revoked_at = Some(at);
            Ok(())
        });
        match done {
            Ok(()) => Ok(true),
            Err(StoreError::Stale) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn revoked_since(&self, since: Timestamp) -> Result<Vec<SessionId>, StoreError> {
        let state = self.lock();
        let revoked = state.sessions.values().filter(|session| session.revoked_at.is_some_and(|at| at >= since));
        Ok(revoked.map(|session| session.id).collect())
    }

    async fn purge(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError> {
        let mut state = self.lock();
        let ended = |session: &Session| session.revoked_at.unwrap_or(session.expires_at).min(session.expires_at);
        let sessions = take(&mut state.sessions, limit, |session| ended(session) < before);
        let State { sessions: left, used, .. } = &mut *state;
        let orphaned = take(used, i64::MAX, |token| !left.contains_key(&token.session_id));
        Ok(sessions + orphaned + take(used, limit, |token| token.used_at < before))
    }
}

#[async_trait]
impl WsTicketStore for MemoryPlayerStore {
    async fn put_ws_ticket(&self, secret: &SecretHash, ticket: WsTicket) -> Result<(), StoreError> {
        self.lock().tickets.insert(*secret, ticket);
        Ok(())
    }

    async fn take_ws_ticket(&self, secret: &SecretHash) -> Result<Option<WsTicket>, StoreError> {
        Ok(self.lock().tickets.remove(secret))
    }

    async fn purge_ws_tickets(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError> {
        Ok(take(&mut self.lock().tickets, limit, |ticket| ticket.expires_at < before))
    }
}

#[async_trait]
impl LoginGuard for MemoryPlayerStore {
    async fn failures(&self, key: &HandleKey) -> Result<Failures, StoreError> {
        Ok(self.lock().failures.get(key).copied().unwrap_or_default())
    }

    async fn record_failure(&self, key: &HandleKey, at: Timestamp) -> Result<Failures, StoreError> {
        let mut state = self.lock();
        let failures = state.failures.entry(key.clone()).or_default();
        failures.count = failures.count.saturating_add(1);
        failures.last_at = failures.last_at.max(Some(at));
        Ok(*failures)
    }

    async fn clear(&self, key: &HandleKey, seen: u32) -> Result<Failures, StoreError> {
        let mut state = self.lock();
        if state.failures.get(key).is_some_and(|failures| failures.count == seen) {
            state.failures.remove(key);
        }
        Ok(state.failures.get(key).copied().unwrap_or_default())
    }

    async fn purge_failures(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError> {
        Ok(take(&mut self.lock().failures, limit, |failures| failures.last_at.is_some_and(|at| at < before)))
    }
}

/// Removes up to `limit` entries for which `old` holds; says how many.
fn take<K: Clone + Eq + std::hash::Hash, V>(map: &mut HashMap<K, V>, limit: i64, old: impl Fn(&V) -> bool) -> usize {
    let limit = usize::try_from(limit).unwrap_or(0);
    let keys: Vec<K> = map.iter().filter(|(_, value)| old(value)).map(|(key, _)| key.clone()).take(limit).collect();
    for key in &keys {
        map.remove(key);
    }
    keys.len()
}

/// A hasher that costs nothing and protects nothing, for tests. It counts what it is asked, so that a test can tell
/// whether two refusals took the same work.
#[derive(Debug, Default)]
pub struct FakeHasher {
    verified: AtomicUsize,
}

impl FakeHasher {
    /// How many passwords were checked, against a hash or against none.
    pub fn verified(&self) -> usize {
        self.verified.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl PasswordHasher for FakeHasher {
    async fn hash(&self, password: Secret, _salt: [u8; 16]) -> Result<PasswordHash, HasherError> {
        Ok(PasswordHash(format!("fake:{}", password.expose())))
    }

    async fn verify(&self, password: Secret, hash: Option<PasswordHash>) -> Result<bool, HasherError> {
        self.verified.fetch_add(1, Ordering::SeqCst);
        Ok(hash.is_some_and(|hash| hash.0.strip_prefix("fake:") == Some(password.expose())))
    }
}

/// A world in memory with a clock that stands still, seeded ids and [`FakeHasher`]: for examples and tests.
#[must_use]
pub fn ports(seed: u64) -> crate::Ports {
    let clock: Arc<dyn kernel::Clock> = Arc::new(kernel::FakeClock::default());
    let ids: Arc<dyn kernel::IdSource> = Arc::new(kernel::SeededIds::new(seed));
    let kernel = MemoryKernel::new(Arc::clone(&clock), Arc::clone(&ids));
    let store = Arc::new(MemoryPlayerStore::new(kernel));
    crate::Ports {
        players: Arc::clone(&store) as Arc<dyn PlayerStore>,
        sessions: Arc::clone(&store) as Arc<dyn SessionStore>,
        ws_tickets: Arc::clone(&store) as Arc<dyn WsTicketStore>,
        guard: store,
        hasher: Arc::new(FakeHasher::default()),
        clock,
        ids,
    }
}
