//! Standings told anew from the ledger alone, and compared with what stands.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt::Debug;

use kernel::{GameId, Lease, PlayerId, Riders, StoreError};

use crate::correct::merge;
use crate::effects::{self, Scheming, stats_key};
use crate::fact::Fact;
use crate::model::{Head, Pairing, PlayerStats, Rating, ResultRow, StatsKey};
use crate::ports::StandingsPorts;
use crate::rating;
use crate::redo::same_rating;
use crate::season::over;
use crate::store::{StandingsChange, Working};

/// What a rebuild found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Which family.
    pub family: String,
    /// Ledger entries read.
    pub entries: i64,
    /// Games in them.
    pub games: usize,
    /// Players with a rating in the family.
    pub players: usize,
    /// The first differences.
    pub differences: Vec<Difference>,
    /// How many there are in all.
    pub count: usize,
    /// Whether what the ledger says was written in their place.
    pub written: bool,
}

/// Something that stands differently from what the ledger says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `result`, `rating`, `stats` or `pairing`.
    pub what: &'static str,
    /// Which one.
    pub of: String,
    /// What follows from the ledger.
    pub expected: String,
    /// What stands.
    pub stands: String,
}

/// Tells a family's standings anew from its whole ledger and compares every result row, rating, stats row and pairing,
/// to the last bit. With `write`, what differs is written.
///
/// The ledger's games and what follows from them are held in memory, some kilobytes per player and half a kilobyte per
/// game. Without `write`, only what the worker has applied is looked at. While others play, hold the worker's lease, or
/// it will be stale.
///
/// # Errors
/// [`StoreError::Stale`] when a worker was at it in between, or has a correction to finish; those of the ports. A rebuild
/// that was broken off while it wrote has to be run again.
pub async fn rebuild(
    ports: &StandingsPorts,
    family: &str,
    lease: Option<&Lease>,
    write: bool,
) -> Result<Report, StoreError> {
    let head = ports.store.head(family).await?;
    if head.redo_from.is_some() && !write {
        return Err(StoreError::Stale);
    }
    let schemes = Scheming::new(ports.schemes.schemes().await.map_err(StoreError::Unavailable)?);
    let ledger = Ledger::read(ports, family, if write { i64::MAX } else { head.applied }).await?;
    let done = Head { applied: ledger.last, redo_from: None, ..head.clone() };
    let report =
        Report { family: family.to_owned(), entries: ledger.last, games: ledger.games.len(), ..Report::default() };
    let mut rebuild = Rebuild {
        ports,
        lease,
        write,
        newcomer: rating::newcomer(schemes.model(family)),
        head,
        last: ledger.last,
        results: Vec::new(),
        working: Working::default(),
        report,
    };
    let folded = rebuild.results(ledger, &schemes).await?;
    rebuild.report.players = folded.ratings.values().filter(|rating| rating.games > 0).count();
    rebuild.ratings(folded.ratings).await?;
    rebuild.stats(folded.stats).await?;
    rebuild.pairings(folded.pairings).await?;
    if write && (rebuild.head != done || rebuild.pending() > 0) {
        rebuild.flush(done).await?;
        ports.copies.forget(family).await;
        rebuild.report.written = true;
    } else if ports.store.head(family).await? != rebuild.head {
        return Err(StoreError::Stale);
    }
    Ok(rebuild.report)
}

/// A family's games in the order of their places, each as its latest version leaves it.
struct Ledger {
    games: Vec<Entry>,
    last: i64,
}

struct Entry {
    first_rated: bool,
    fact: Fact,
}

impl Ledger {
    const PAGE: i64 = 2_000;

    async fn read(ports: &StandingsPorts, family: &str, until: i64) -> Result<Self, StoreError> {
        let mut this = Self { games: Vec::new(), last: 0 };
        let mut places: HashMap<GameId, usize> = HashMap::new();
        while this.last < until {
            let limit = Self::PAGE.min(until - this.last);
            let facts = ports.facts.facts(family, this.last, limit).await.map_err(StoreError::Unavailable)?;
            if facts.is_empty() {
                break;
            }
            for fact in facts {
                if fact.sequence != this.last + 1 {
                    return Err(StoreError::broken(format!("the ledger has a gap after {}", this.last)));
                }
                this.last = fact.sequence;
                if let Some(place) = places.get(&fact.game_id) {
                    merge(&mut this.games[*place].fact, fact);
                } else if !fact.lines.is_empty() {
                    places.insert(fact.game_id, this.games.len());
                    this.games.push(Entry { first_rated: fact.rated, fact });
                }
            }
        }
        Ok(this)
    }
}

/// The rows that stand, page by page. The last page is read once: what this rebuild writes isn't read again.
#[derive(Default)]
struct Standing {
    rows: VecDeque<ResultRow>,
    after: i64,
    ended: bool,
}

impl Standing {
    /// The next row up to this place.
    async fn next(
        &mut self,
        ports: &StandingsPorts,
        family: &str,
        place: i64,
    ) -> Result<Option<ResultRow>, StoreError> {
        if self.rows.is_empty() && !self.ended {
            self.rows = ports.store.results(family, self.after, Rebuild::PAGE).await?.into();
            self.after = self.rows.back().map_or(self.after, |row| row.sequence);
            self.ended = self.rows.is_empty();
        }
        Ok(self.rows.pop_front_if(|row| row.sequence <= place))
    }
}

struct Rebuild<'a> {
    ports: &'a StandingsPorts,
    lease: Option<&'a Lease>,
    write: bool,
    newcomer: Rating,
    head: Head,
    /// The ledger's last entry.
    last: i64,
    /// To be written.
    results: Vec<ResultRow>,
    working: Working,
    report: Report,
}

impl Rebuild<'_> {
    const PAGE: i64 = 2_000;
    const WRITE: usize = 1_000;
    const SHOWN: usize = 20;

    async fn results(&mut self, ledger: Ledger, schemes: &Scheming) -> Result<Working, StoreError> {
        let mut folded = Working::default();
        let mut standing = Standing::default();
        for Entry { first_rated, fact } in ledger.games {
            let model = schemes.scheme_of(&fact).model;
            let rows = effects::enter(&mut folded, &fact, first_rated, model);
            let mut stand = BTreeMap::new();
            while let Some(row) = standing.next(self.ports, &self.head.family, fact.sequence).await? {
                if row.sequence == fact.sequence {
                    stand.insert(row.player_id, row);
                } else {
                    self.surplus(row).await?;
                }
            }
            for row in rows {
                let stands = stand.remove(&row.player_id);
                if stands.as_ref().is_none_or(|stands| !same_row(stands, &row)) {
                    self.differs("result", || format!("{}/{}", row.sequence, row.player_id), &row, stands.as_ref());
                    self.write_row(row).await?;
                }
            }
            for row in stand.into_values() {
                self.surplus(row).await?;
            }
        }
        while let Some(row) = standing.next(self.ports, &self.head.family, i64::MAX).await? {
            self.surplus(row).await?;
        }
        Ok(folded)
    }

    /// A row of which the ledger knows nothing. Rows are never deleted: it is made one that counts for nothing.
    async fn surplus(&mut self, row: ResultRow) -> Result<(), StoreError> {
        let none = ResultRow { counts: false, rated: false, before: None, after: None, ..row.clone() };
        if none == row {
            return Ok(());
        }
        self.differs("result", || format!("{}/{}", row.sequence, row.player_id), &none, Some(&row));
        self.write_row(none).await
    }

    async fn ratings(&mut self, mut expected: BTreeMap<PlayerId, Rating>) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = self.ports.store.ratings_page(&self.head.family, after, Self::PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            for (player, stands) in page {
                let is = expected.remove(&player).unwrap_or(self.newcomer);
                self.rating(player, is, Some(stands)).await?;
            }
        }
        for (player, is) in expected {
            self.rating(player, is, None).await?;
        }
        Ok(())
    }

    async fn rating(&mut self, player: PlayerId, is: Rating, stands: Option<Rating>) -> Result<(), StoreError> {
        // Who has no rated game that counts is a newcomer, with a row or without.
        if same_rating(&stands.unwrap_or(self.newcomer), &is) {
            return Ok(());
        }
        self.differs("rating", || player.to_string(), &is, stands.as_ref());
        self.working.ratings.insert(player, is);
        self.spill().await
    }

    async fn stats(&mut self, folded: BTreeMap<StatsKey, PlayerStats>) -> Result<(), StoreError> {
        let mut boards: BTreeMap<(String, String), BTreeMap<PlayerId, PlayerStats>> = BTreeMap::new();
        for (key, stats) in folded {
            boards.entry((key.mode, key.season)).or_default().insert(key.player_id, stats);
        }
        for ((mode, season), mut expected) in boards {
            let mut after = None;
            loop {
                let page = self.ports.store.stats_page(&mode, &season, after, Self::PAGE).await?;
                let Some((last, _)) = page.last() else { break };
                after = Some(*last);
                for (player, stands) in page {
                    let is = expected.remove(&player).unwrap_or_default();
                    self.stat(stats_key(&mode, &season, player), is, Some(stands)).await?;
                }
            }
            for (player, is) in expected {
                self.stat(stats_key(&mode, &season, player), is, None).await?;
            }
        }
        Ok(())
    }

    async fn stat(&mut self, key: StatsKey, is: PlayerStats, stands: Option<PlayerStats>) -> Result<(), StoreError> {
        let stood = stands.clone().unwrap_or_default();
        if stood == is && stood.rating.map(f64::to_bits) == is.rating.map(f64::to_bits) {
            return Ok(());
        }
        self.differs("stats", || format!("{}/{}/{}", key.mode, key.season, key.player_id), &is, stands.as_ref());
        self.working.stats.insert(key, is);
        self.spill().await
    }

    async fn pairings(&mut self, folded: BTreeMap<(String, PlayerId, PlayerId), Pairing>) -> Result<(), StoreError> {
        let mut modes: BTreeMap<String, BTreeMap<(PlayerId, PlayerId), Pairing>> = BTreeMap::new();
        for ((mode, one, other), pairing) in folded {
            modes.entry(mode).or_default().insert((one, other), pairing);
        }
        for (mode, mut expected) in modes {
            let mut after = None;
            loop {
                let page = self.ports.store.pairings_page(&mode, after, Self::PAGE).await?;
                let Some((last, _)) = page.last() else { break };
                after = Some(*last);
                for (pair, stands) in page {
                    let is = expected.remove(&pair).unwrap_or_default();
                    self.pairing(&mode, pair, is, Some(stands)).await?;
                }
            }
            for (pair, is) in expected {
                self.pairing(&mode, pair, is, None).await?;
            }
        }
        Ok(())
    }

    async fn pairing(
        &mut self,
        mode: &str,
        (one, other): (PlayerId, PlayerId),
        is: Pairing,
        stands: Option<Pairing>,
    ) -> Result<(), StoreError> {
        if stands.clone().unwrap_or_default() == is {
            return Ok(());
        }
        self.differs("pairing", || format!("{mode}/{one}/{other}"), &is, stands.as_ref());
        self.working.pairings.insert((mode.to_owned(), one, other), is);
        self.spill().await
    }

    fn differs<T: Debug>(&mut self, what: &'static str, of: impl Fn() -> String, is: &T, stands: Option<&T>) {
        self.report.count += 1;
        if self.report.differences.len() < Self::SHOWN {
            let stands = stands.map_or_else(|| String::from("nothing"), |stands| format!("{stands:?}"));
            self.report.differences.push(Difference { what, of: of(), expected: format!("{is:?}"), stands });
        }
    }

    async fn write_row(&mut self, row: ResultRow) -> Result<(), StoreError> {
        self.results.push(row);
        self.spill().await
    }

    fn pending(&self) -> usize {
        let Working { ratings, stats, pairings } = &self.working;
        self.results.len() + ratings.len() + stats.len() + pairings.len()
    }

    /// Writes what has gathered, if it is enough. Until the last of it is written, the head says that ratings are to be
    /// redone: nobody goes on from half of it.
    async fn spill(&mut self) -> Result<(), StoreError> {
        if !self.write {
            self.results.clear();
            self.working = Working::default();
        }
        if self.pending() < Self::WRITE {
            return Ok(());
        }
        self.flush(Head { applied: self.last, redo_from: Some(1), ..self.head.clone() }).await
    }

    async fn flush(&mut self, head: Head) -> Result<(), StoreError> {
        let working = std::mem::take(&mut self.working);
        let change = StandingsChange {
            expect: self.head.clone(),
            head: head.clone(),
            results: std::mem::take(&mut self.results),
            reopened: over(working.stats.keys(), self.ports.clock.now()),
            working,
            riders: Riders { fence: self.lease.cloned(), ..Riders::default() },
        };
        self.ports.store.commit(change).await?;
        self.head = head;
        Ok(())
    }
}

/// Whether two rows are the same to the last bit.
fn same_row(one: &ResultRow, other: &ResultRow) -> bool {
    let same = |one: Option<Rating>, other: Option<Rating>| match (one, other) {
        (Some(one), Some(other)) => same_rating(&one, &other),
        (one, other) => one.is_none() && other.is_none(),
    };
    one == other
        && one.weight.to_bits() == other.weight.to_bits()
        && same(one.before, other.before)
        && same(one.after, other.after)
}
