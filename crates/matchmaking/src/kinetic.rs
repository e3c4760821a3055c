//! Kinetic intervals: which two waiting players to put together, and when.
//!
//! Each ticket owns a growing interval `[r − s(age), r + s(age)]` around its rating; two are compatible when their
//! intervals touch. If `i < k < j` by rating and `i` and `j` touch, then `k` lies within reach of one of them and
//! touches it no later, whatever their ages: **the first pair to touch is adjacent**. So an ordered map and a heap of
//! touch times in closed form do, at O(log n) for each insert, removal and match, with no tick. At rest, after
//! [`KineticIndex::matches`], no two compatible tickets wait.
//!
//! A pair that must not meet ([`KineticIndex::forbid`]) breaks adjacency: then the tickets beyond are looked at too, up
//! to 64 on each side.

pub(crate) mod reach;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::ops::Bound::{Excluded, Unbounded};

use kernel::{PlayerId, TicketId, Timestamp};

pub use reach::Tuning;
use reach::{Density, Span, thousandths};

/// How far beyond forbidden neighbours is looked, on each side.
const SCAN: usize = 64;

/// A ticket as it enters the index.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TicketSeed {
    /// The ticket.
    pub id: TicketId,
    /// Whose: two tickets of one player never meet, the younger replaces the older.
    pub player: PlayerId,
    /// Rating the ticket is matched by.
    pub rating: f64,
    /// How uncertain that rating is, as a standard deviation: what is known vaguely needn't be matched closely.
    pub deviation: f64,
    /// Since when it waits: its window grows from here, also after it was put back.
    pub created_at: Timestamp,
    /// From then on it isn't matched any more.
    pub expires_at: Timestamp,
}

/// A ticket taken out by a match, with what it takes to [put it back](KineticIndex::put_back) as it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// The ticket.
    pub seed: TicketSeed,
    span: Span,
    avoid: Vec<TicketId>,
}

/// Two tickets whose intervals touch; both are out of the index.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// The one waiting longer.
    pub older: Waiting,
    /// The other.
    pub younger: Waiting,
}

impl Pair {
    /// Whether this player is one of the two.
    #[must_use]
    pub fn holds(&self, player: PlayerId) -> bool {
        self.older.seed.player == player || self.younger.seed.player == player
    }
}

impl Waiting {
    /// When this ticket and `other` become compatible; before the younger one's arrival if they are at once.
    #[must_use]
    pub fn touch(&self, other: &Self, tuning: &Tuning) -> Timestamp {
        Timestamp::from_micros(tuning.touch(&self.span, &other.span))
    }

    /// Half-width of its window now, in rating points; infinite once it starves.
    #[must_use]
    pub fn half_width(&self, tuning: &Tuning, now: Timestamp) -> f64 {
        tuning.half_width(self.span.base, now.millis() - self.seed.created_at.millis())
    }
}

struct Slot {
    ticket: Waiting,
    key: Key,
}

/// Rating in thousandths, then order of insertion.
type Key = (i64, u64);

/// A scheduled touch, earliest first; ties go to the pair with the oldest wait, then to the order of insertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Touch {
    at: i64,
    oldest: i64,
    low: Key,
    high: Key,
}

/// The waiting tickets of one shard. Pure: time comes in, and the same calls give the same matches.
pub struct KineticIndex {
    tuning: Tuning,
    density: Density,
    by_rating: BTreeMap<Key, u32>,
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
    by_id: HashMap<TicketId, u32>,
    by_player: HashMap<PlayerId, TicketId>,
    touches: BinaryHeap<Reverse<Touch>>,
    inserted: u64,
}

impl KineticIndex {
    /// An empty index.
    #[must_use]
    pub fn new(tuning: Tuning) -> Self {
        Self {
            tuning,
            density: Density::new(),
            by_rating: BTreeMap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            by_id: HashMap::new(),
            by_player: HashMap::new(),
            touches: BinaryHeap::new(),
            inserted: 0,
        }
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Whether this ticket waits here.
    #[must_use]
    pub fn contains(&self, id: TicketId) -> bool {
        self.by_id.contains_key(&id)
    }

    /// A ticket waiting here.
    #[must_use]
    pub fn get(&self, id: TicketId) -> Option<&Waiting> {
        self.slot(*self.by_id.get(&id)?).map(|slot| &slot.ticket)
    }

    /// The tickets waiting, by rating.
    pub fn ids(&self) -> impl Iterator<Item = TicketId> + '_ {
        self.by_rating.values().filter_map(|at| self.slot(*at)).map(|slot| slot.ticket.seed.id)
    }

    /// Adds a ticket and counts it as an arrival. Nothing happens when it is here already, or when a younger ticket of
    /// its player is; an older one of the same player goes. Says whether it was added.
    pub fn insert(&mut self, seed: TicketSeed, now: Timestamp) -> bool {
        if self.contains(seed.id) {
            return false;
        }
        let rating = thousandths(seed.rating);
        let density = self.density.arrive(now.max(seed.created_at), rating);
        let base = self.tuning.base(density) + self.tuning.doubt(seed.deviation);
        let span = Span { rating, born: seed.created_at.micros(), base };
        self.put_back(Waiting { seed, span, avoid: Vec::new() })
    }

    /// Puts back a ticket that a match had taken out, with its age, its window and the ones it must not meet.
    pub fn put_back(&mut self, ticket: Waiting) -> bool {
        let seed = ticket.seed;
        if self.contains(seed.id) {
            return false;
        }
        if let Some(other) = self.by_player.get(&seed.player).copied() {
            let rival = self.by_id.get(&other).and_then(|at| self.slot(*at)).map(|slot| slot.ticket.seed.created_at);
            if rival > Some(seed.created_at) {
                return false;
            }
            self.remove(other);
        }
        self.inserted += 1;
        let key = (ticket.span.rating, self.inserted);
        let slot = Some(Slot { ticket, key });
        let at = if let Some(at) = self.free.pop() {
            self.slots[at as usize] = slot;
            at
        } else {
            self.slots.push(slot);
            u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
        };
        self.by_rating.insert(key, at);
        self.by_id.insert(seed.id, at);
        self.by_player.insert(seed.player, seed.id);
        self.schedule_around(key);
        self.compact();
        true
    }

    /// Takes a ticket out for good: cancelled, expired, or engaged elsewhere. Says whether it was here.
    pub fn remove(&mut self, id: TicketId) -> bool {
        let Some(at) = self.by_id.get(&id).copied() else { return false };
        if let Some(gone) = self.take(at) {
            for other in gone.avoid {
                if let Some(slot) = self.by_id.get(&other).and_then(|at| self.slots[*at as usize].as_mut()) {
                    slot.ticket.avoid.retain(|avoided| *avoided != id);
                }
            }
        }
        true
    }

    /// These two never meet while they wait here.
    pub fn forbid(&mut self, a: TicketId, b: TicketId) {
        let (Some(at_a), Some(at_b)) = (self.by_id.get(&a).copied(), self.by_id.get(&b).copied()) else { return };
        for (at, other) in [(at_a, b), (at_b, a)] {
            if let Some(slot) = self.slots[at as usize].as_mut()
                && !slot.ticket.avoid.contains(&other)
            {
                slot.ticket.avoid.push(other);
            }
        }
        // Who was hidden behind the other one may be reached now.
        for at in [at_a, at_b] {
            if let Some(key) = self.slot(at).map(|slot| slot.key) {
                self.schedule_around(key);
            }
        }
    }

    /// Takes out every pair that touches now, earliest touch first. Tickets past their expiry go unmatched.
    pub fn matches(&mut self, now: Timestamp) -> Vec<Pair> {
        let mut pairs = Vec::new();
        while let Some(touch) = self.next_valid().filter(|touch| touch.at <= now.micros()) {
            self.touches.pop();
            let (Some(low), Some(high)) = (self.at(touch.low), self.at(touch.high)) else { continue };
            let expired = [low, high].map(|at| self.slot(at).filter(|slot| slot.ticket.seed.expires_at <= now));
            let expired: Vec<_> = expired.into_iter().flatten().map(|slot| slot.ticket.seed.id).collect();
            if !expired.is_empty() {
                for id in expired {
                    self.remove(id);
                }
                continue;
            }
            if let (Some(a), Some(b)) = (self.take(low), self.take(high)) {
                let in_order = (a.seed.created_at, a.seed.id) <= (b.seed.created_at, b.seed.id);
                let (older, younger) = if in_order { (a, b) } else { (b, a) };
                pairs.push(Pair { older, younger });
            }
        }
        pairs
    }

    /// When [`matches`](Self::matches) will next find something, if nothing changes until then; may lie in the past.
    pub fn next_touch(&mut self) -> Option<Timestamp> {
        self.next_valid().map(|touch| Timestamp::from_micros(touch.at))
    }

    fn slot(&self, at: u32) -> Option<&Slot> {
        self.slots.get(at as usize)?.as_ref()
    }

    fn at(&self, key: Key) -> Option<u32> {
        self.by_rating.get(&key).copied()
    }

    /// Takes a ticket out and lets those on its two sides see each other.
    fn take(&mut self, at: u32) -> Option<Waiting> {
        let Slot { ticket, key } = self.slots.get_mut(at as usize)?.take()?;
        self.free.push(at);
        self.by_rating.remove(&key);
        self.by_id.remove(&ticket.seed.id);
        self.by_player.remove(&ticket.seed.player);
        let mut seen = Vec::new();
        for (left, slot) in self.below(key) {
            seen.push(left);
            if slot.ticket.avoid.is_empty() {
                break;
            }
        }
        for left in seen {
            self.schedule(left, true);
        }
        Some(ticket)
    }

    fn schedule_around(&mut self, key: Key) {
        self.schedule(key, false);
        self.schedule(key, true);
    }

    /// Schedules the touches of one ticket with those above (or below) it that could be its first: up to the first one
    /// that may meet anybody, since whoever lies beyond touches that one no later.
    fn schedule(&mut self, from: Key, upwards: bool) {
        let Some(own) = self.at(from).and_then(|at| self.slot(at)) else { return };
        let own = &own.ticket;
        let mut found = Vec::new();
        let mut look = |(key, other): (Key, &Slot)| {
            let other = &other.ticket;
            if !own.avoid.contains(&other.seed.id) {
                let at = self.tuning.touch(&own.span, &other.span);
                let oldest = own.span.born.min(other.span.born);
                let (low, high) = if upwards { (from, key) } else { (key, from) };
                found.push(Reverse(Touch { at, oldest, low, high }));
                return !other.avoid.is_empty();
            }
            true
        };
        if upwards {
            let _ = self.above(from).all(&mut look);
        } else {
            let _ = self.below(from).all(&mut look);
        }
        self.touches.extend(found);
    }

    fn above(&self, key: Key) -> impl Iterator<Item = (Key, &Slot)> {
        let range = self.by_rating.range((Excluded(key), Unbounded)).take(SCAN);
        range.filter_map(|(key, at)| Some((*key, self.slot(*at)?)))
    }

    fn below(&self, key: Key) -> impl Iterator<Item = (Key, &Slot)> {
        let range = self.by_rating.range(..key).rev().take(SCAN);
        range.filter_map(|(key, at)| Some((*key, self.slot(*at)?)))
    }

    /// The earliest scheduled touch that still stands.
    fn next_valid(&mut self) -> Option<Touch> {
        while let Some(Reverse(touch)) = self.touches.peek().copied() {
            if self.stands(&touch) {
                return Some(touch);
            }
            self.touches.pop();
        }
        None
    }

    /// Whether both still wait, may meet, and nobody between them could meet either: such a one touches earlier and
    /// has its own entry. So what is left over in the heap never changes which pairs are made.
    fn stands(&self, touch: &Touch) -> bool {
        let (Some(low), Some(high)) = (self.at(touch.low), self.at(touch.high)) else { return false };
        let (Some(low), Some(high)) = (self.slot(low), self.slot(high)) else { return false };
        let (low, high) = (&low.ticket, &high.ticket);
        if low.avoid.contains(&high.seed.id) {
            return false;
        }
        let mut between = self.above(touch.low).take_while(|(key, _)| *key < touch.high);
        between.all(|(_, slot)| {
            let id = slot.ticket.seed.id;
            low.avoid.contains(&id) || high.avoid.contains(&id)
        })
    }

    /// Drops what is dead from the heap once it outweighs the living.
    fn compact(&mut self) {
        if self.touches.len() > 256 + 6 * self.by_id.len() {
            let mut touches = std::mem::take(&mut self.touches);
            touches.retain(|Reverse(touch)| self.stands(touch));
            self.touches = touches;
        }
    }
}
