//! Friends in memory: what every other store is compared with.

mod lists;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use kernel::memory::MemoryKernel;
use kernel::{BoxError, Clock, FakeClock, GameId, IdSource, PlayerId, SeededIds, StoreError, Timestamp, Version};

use crate::change::{Caps, Committed, CountChange, FriendChange, LinkChange, Reached};
use crate::model::{Counts, InviteLink, Pair, Relation};
use crate::service::FriendsPorts;
use crate::store::{Audience, FriendStore, LinkStore, People, Person, SharedGames};

/// Relations and links of one [`MemoryKernel`] world.
pub struct MemoryFriendStore {
    kernel: Arc<MemoryKernel>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    relations: BTreeMap<Pair, Relation>,
    counts: HashMap<PlayerId, Counts>,
    links: BTreeMap<String, InviteLink>,
    redeemed: BTreeSet<(String, PlayerId)>,
    /// How many games two played together, and the latest.
    together: HashMap<Pair, (i64, GameId)>,
    people: HashMap<PlayerId, (Person, Option<String>)>,
}

impl MemoryFriendStore {
    /// An empty store in this world.
    #[must_use]
    pub fn new(kernel: Arc<MemoryKernel>) -> Arc<Self> {
        Arc::new(Self { kernel, state: Mutex::default() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A player is there, or has changed. As [`People`] this store knows only whom it was told of.
    pub fn put_person(&self, person: Person, handle: Option<&str>) {
        self.lock().people.insert(person.id, (person, handle.map(str::to_owned)));
    }

    /// A player who isn't there any more.
    pub fn erase_person(&self, id: PlayerId) {
        self.lock().people.remove(&id);
    }

    /// These two played this game together. As [`SharedGames`] this store knows only what it was told of.
    pub fn put_game(&self, pair: Pair, game: GameId) {
        let mut state = self.lock();
        let known = state.together.entry(pair).or_insert((0, game));
        *known = (known.0 + 1, game);
    }
}

/// A world of its own: one store that is all ports, a clock that stands still until it is moved, and seeded ids.
pub struct World {
    /// What every memory store of the world shares.
    pub kernel: Arc<MemoryKernel>,
    /// Relations, links, people and games.
    pub store: Arc<MemoryFriendStore>,
    /// The time.
    pub clock: Arc<FakeClock>,
    /// Ids.
    pub ids: Arc<SeededIds>,
}

/// An empty world; the same seed gives the same ids.
#[must_use]
pub fn world(seed: u64) -> World {
    let (clock, ids) = (Arc::new(FakeClock::default()), Arc::new(SeededIds::new(seed)));
    let kernel = MemoryKernel::new(clock.clone(), ids.clone());
    World { store: MemoryFriendStore::new(kernel.clone()), kernel, clock, ids }
}

impl World {
    /// Ports over the world.
    #[must_use]
    pub fn ports(&self) -> FriendsPorts {
        FriendsPorts {
            relations: self.store.clone(),
            lists: self.store.clone(),
            links: self.store.clone(),
            blocks: self.kernel.clone(),
            people: self.store.clone(),
            games: self.store.clone(),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
        }
    }

    /// Somebody new, whom everybody may meet everywhere.
    #[must_use]
    pub fn newcomer(&self) -> PlayerId {
        let id = PlayerId::new(self.ids.uuid(self.clock.now()));
        self.store.put_person(Person::open(id), None);
        id
    }
}

impl Person {
    /// Somebody whom everybody may meet everywhere.
    #[must_use]
    pub const fn open(id: PlayerId) -> Self {
        let all = Audience::Everyone;
        Self { id, requests: all, invites: all, presence: all, history: all, suspended: false }
    }
}

impl State {
    /// Checks, then writes; what isn't [`Committed::Done`] wrote nothing.
    fn apply(&mut self, change: FriendChange) -> Result<Committed, StoreError> {
        if let Some((expect, relation)) = &change.relation {
            let stands = self.relations.get(&relation.pair).map_or(Version::NEW, |relation| relation.version);
            if stands != *expect {
                return Err(StoreError::Stale);
            }
        }
        let mut counts = change.counts;
        counts.sort_by_key(|count| count.player);
        if let Some(reached) = counts.iter().find_map(|count| self.reached(count, change.caps)) {
            return Ok(Committed::Full(reached));
        }
        if let Some(link) = change.link {
            let committed = self.apply_link(link, change.caps)?;
            if committed != Committed::Done {
                return Ok(committed);
            }
        }
        for count in counts {
            let row = self.counts.entry(count.player).or_default();
            row.friends = (row.friends + count.friends).max(0);
            row.outgoing = (row.outgoing + count.outgoing).max(0);
        }
        if let Some((_, relation)) = change.relation {
            self.relations.insert(relation.pair, relation);
        }
        Ok(Committed::Done)
    }

    fn reached(&self, count: &CountChange, caps: Caps) -> Option<Reached> {
        let row = self.counts.get(&count.player).copied().unwrap_or_default();
        let over = |change: i64, row: i64, cap: i64| change > 0 && row + change > cap;
        if over(count.friends, row.friends, caps.friends) {
            Some(Reached::Friends(count.player))
        } else {
            over(count.outgoing, row.outgoing, caps.outgoing).then_some(Reached::Outgoing(count.player))
        }
    }

    fn apply_link(&mut self, change: LinkChange, caps: Caps) -> Result<Committed, StoreError> {
        match change {
            LinkChange::Make(link) => {
                let of_owner = self.links.values().filter(|other| other.owner == link.owner);
                let working = of_owner.filter(|other| other.works_at(link.created_at)).count();
                if i64::try_from(working).unwrap_or(i64::MAX) >= caps.links {
                    return Ok(Committed::Full(Reached::Links(link.owner)));
                }
                if self.links.contains_key(&link.code) {
                    return Err(StoreError::Stale);
                }
                self.links.insert(link.code.clone(), link);
            }
            LinkChange::Revoke { code, at } => {
                if let Some(link) = self.links.get_mut(&code) {
                    link.revoked_at = link.revoked_at.or(Some(at));
                }
            }
            LinkChange::Redeem { code, player, at } => {
                let Some(link) = self.links.get_mut(&code).filter(|link| link.works_at(at)) else {
                    return Ok(Committed::Spent);
                };
                link.uses += 1;
                self.redeemed.insert((code, player));
            }
        }
        Ok(Committed::Done)
    }

    fn of(&self, player: PlayerId) -> impl Iterator<Item = &Relation> {
        self.relations.values().filter(move |relation| relation.pair.has(player))
    }
}

fn most(limit: i64) -> usize {
    usize::try_from(limit).unwrap_or(0)
}

#[async_trait]
impl FriendStore for MemoryFriendStore {
    async fn load(&self, pair: Pair) -> Result<Option<Relation>, StoreError> {
        Ok(self.lock().relations.get(&pair).cloned())
    }

    async fn load_many(&self, player: PlayerId, others: &[PlayerId]) -> Result<Vec<Relation>, StoreError> {
        let state = self.lock();
        let pairs: BTreeSet<_> = others.iter().filter_map(|other| Pair::of(player, *other)).collect();
        Ok(pairs.iter().filter_map(|pair| state.relations.get(pair)).cloned().collect())
    }

    async fn commit(&self, change: FriendChange) -> Result<Committed, StoreError> {
        let mut change = change;
        let riders = std::mem::take(&mut change.riders);
        let mut committed = Committed::Done;
        let answer = self.kernel.commit(riders, || {
            committed = self.lock().apply(change)?;
            // What isn't done takes its riders with it.
            if committed == Committed::Done { Ok(()) } else { Err(StoreError::Stale) }
        });
        if committed == Committed::Done { answer.map(|()| committed) } else { Ok(committed) }
    }

    async fn counts(&self, player: PlayerId) -> Result<Counts, StoreError> {
        Ok(self.lock().counts.get(&player).copied().unwrap_or_default())
    }

    async fn all_of(&self, player: PlayerId, limit: i64) -> Result<Vec<Relation>, StoreError> {
        let state = self.lock();
        Ok(state.of(player).filter(|relation| !relation.is_empty()).take(most(limit)).cloned().collect())
    }

    async fn lapsed(&self, now: Timestamp, limit: i64) -> Result<Vec<Relation>, StoreError> {
        let state = self.lock();
        let lapsed = |relation: &&Relation| relation.bond.lapses_at().is_some_and(|lapses_at| lapses_at <= now);
        let mut lapsed: Vec<_> = state.relations.values().filter(lapsed).cloned().collect();
        lapsed.sort_by_key(|relation| (relation.bond.lapses_at(), relation.pair));
        lapsed.truncate(most(limit));
        Ok(lapsed)
    }
}

#[async_trait]
impl LinkStore for MemoryFriendStore {
    async fn link(&self, code: &str) -> Result<Option<InviteLink>, StoreError> {
        Ok(self.lock().links.get(code).cloned())
    }

    async fn links_of(&self, owner: PlayerId, now: Timestamp, limit: i64) -> Result<Vec<InviteLink>, StoreError> {
        let state = self.lock();
        let mut links: Vec<_> =
            state.links.values().filter(|link| link.owner == owner && link.works_at(now)).cloned().collect();
        links.sort_by(|a, b| (b.created_at, &b.code).cmp(&(a.created_at, &a.code)));
        links.truncate(most(limit));
        Ok(links)
    }

    async fn redeemed(&self, code: &str, player: PlayerId) -> Result<bool, StoreError> {
        Ok(self.lock().redeemed.contains(&(code.to_owned(), player)))
    }

    async fn purge_links(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError> {
        let mut state = self.lock();
        let over = |link: &&InviteLink| link.expires_at < before || link.revoked_at.is_some_and(|at| at < before);
        let codes: Vec<_> = state.links.values().filter(over).take(most(limit)).map(|link| link.code.clone()).collect();
        state.drop_links(&codes);
        Ok(codes.len())
    }

    async fn forget_links(&self, owner: PlayerId) -> Result<usize, StoreError> {
        let mut state = self.lock();
        let own = state.links.values().filter(|link| link.owner == owner);
        let codes: Vec<_> = own.map(|link| link.code.clone()).collect();
        state.drop_links(&codes);
        Ok(codes.len())
    }
}

impl State {
    fn drop_links(&mut self, codes: &[String]) {
        self.links.retain(|code, _| !codes.contains(code));
        self.redeemed.retain(|(code, _)| !codes.contains(code));
    }
}

#[async_trait]
impl People for MemoryFriendStore {
    async fn people(&self, ids: &[PlayerId]) -> Result<Vec<Option<Person>>, BoxError> {
        let state = self.lock();
        Ok(ids.iter().map(|id| state.people.get(id).map(|(person, _)| *person)).collect())
    }

    async fn by_handle(&self, handle: &str) -> Result<Option<PlayerId>, BoxError> {
        let state = self.lock();
        let found = state.people.values().find(|(_, theirs)| theirs.as_deref() == Some(handle));
        Ok(found.map(|(person, _)| person.id))
    }
}

#[async_trait]
impl SharedGames for MemoryFriendStore {
    async fn last_together(&self, a: PlayerId, b: PlayerId) -> Result<Option<GameId>, BoxError> {
        let pair = Pair::of(a, b);
        Ok(pair.and_then(|pair| self.lock().together.get(&pair).map(|(_, game)| *game)))
    }
}
