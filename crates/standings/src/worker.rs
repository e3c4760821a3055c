//! The worker: takes effect of the ledger, entry by entry, one family after another. It knows no runtime: whoever
//! drives it holds the lease and calls [`Worker::step`] when the ledger grew, or every now and then.
//!
//! Holding the lease makes it the one that tries; it doesn't make it right. Each commit shows the lease's fence and
//! moves the family's head by compare-and-set, so a worker that was stalled or replaced changes nothing.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use kernel::{Event, EventId, GameId, Lease, PlayerId, Riders, StoreError, StreamKey, Timestamp};
use serde_json::json;

use crate::copying::Copying;
use crate::correct::Corrections;
use crate::effects::{self, Scheming};
use crate::fact::Fact;
use crate::model::{Head, Rating};
use crate::ports::StandingsPorts;
use crate::rating;
use crate::redo::{Redo, Redone};
use crate::season::over;
use crate::store::{StandingsChange, Working};

/// What came of a step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Step {
    /// Ledger entries applied.
    pub applied: usize,
    /// Rows whose ratings were redone.
    pub redone: usize,
    /// Entries that wait.
    pub behind: i64,
    /// Whether there is more to do at once.
    pub more: bool,
}

/// Applies the ledger.
pub struct Worker {
    ports: StandingsPorts,
    batch: i64,
    families: Mutex<BTreeMap<String, Progress>>,
}

/// What a worker remembers of a family between steps. Losing it costs time only.
#[derive(Default)]
struct Progress {
    /// The head it left. When another one stands, somebody else was at it in between, and all of this is void.
    head: Option<Head>,
    redo: Option<Redo>,
    copying: Copying,
}

/// Why a rating changed.
#[derive(Clone, Copy)]
enum Reason {
    Played,
    Corrected,
}

impl Worker {
    /// At most so many entries are applied in one commit.
    const BATCH: i64 = 200;
    /// And so many pairs of players met in them.
    const PAIRS: usize = 4_000;

    /// A worker.
    #[must_use]
    pub fn new(ports: StandingsPorts) -> Self {
        Self { ports, batch: Self::BATCH, families: Mutex::default() }
    }

    /// With commits of at most so many entries.
    #[must_use]
    pub fn with_batch(self, batch: i64) -> Self {
        Self { batch: batch.clamp(1, Self::BATCH), ..self }
    }

    fn families(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Progress>> {
        self.families.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A bit of work, bounded, for every family; call again at once while there is [`more`](Step::more).
    ///
    /// # Errors
    /// Those of the ports, of the first family that had one; the others go on. Nothing is lost then: step again after a
    /// moment.
    pub async fn step(&self, lease: &Lease) -> Result<Step, StoreError> {
        let (mut whole, mut failed) = (Step::default(), None);
        let families = self.ports.facts.families().await.map_err(StoreError::Unavailable)?;
        let schemes = self.schemes().await?;
        for (family, last) in families {
            match self.step_of(&family, last, &schemes, lease).await {
                Ok(step) => {
                    whole.applied += step.applied;
                    whole.redone += step.redone;
                    whole.behind += step.behind;
                    whole.more |= step.more;
                }
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(whole), Err)
    }

    /// A bit of work for one family.
    ///
    /// # Errors
    /// Those of the ports; [`StoreError::Stale`] and [`StoreError::Fenced`] when another worker is at it.
    pub async fn step_family(&self, family: &str, lease: &Lease) -> Result<Step, StoreError> {
        let families = self.ports.facts.families().await.map_err(StoreError::Unavailable)?;
        let last = families.iter().find(|(name, _)| name == family).map_or(0, |(_, last)| *last);
        let schemes = self.schemes().await?;
        self.step_of(family, last, &schemes, lease).await
    }

    /// To be called when the lease is lost, where copies of boards are this process's own: nobody keeps them right from
    /// now on. Copies that replicas share are the next worker's.
    pub async fn stand_down(&self) {
        let families = std::mem::take(&mut *self.families());
        for family in families.keys() {
            self.ports.copies.forget(family).await;
        }
    }

    async fn schemes(&self) -> Result<Scheming, StoreError> {
        self.ports.schemes.schemes().await.map(Scheming::new).map_err(StoreError::Unavailable)
    }

    async fn step_of(&self, family: &str, last: i64, schemes: &Scheming, lease: &Lease) -> Result<Step, StoreError> {
        // Taken out: after an error, or if this future is dropped, it starts from what is stored.
        let mut progress = self.families().remove(family).unwrap_or_default();
        let head = self.ports.store.head(family).await?;
        if progress.head.as_ref() != Some(&head) {
            progress = Progress::default();
        }
        let before = head.clone();
        let mut task = Task { ports: &self.ports, schemes, lease, head, progress: &mut progress };
        let mut step = Step::default();
        if task.head.redo_from.is_some() {
            step.redone = task.redo().await?;
        } else if task.head.applied < last {
            let limit = self.batch;
            let after = task.head.applied;
            let facts = self.ports.facts.facts(family, after, limit).await.map_err(StoreError::Unavailable)?;
            step.applied = task.apply(&bounded(facts, after)?).await?;
        }
        let head = task.head;
        let copying = progress.copying.step(&self.ports, schemes, &head, self.ports.clock.now()).await?;
        step.behind = last.saturating_sub(head.applied).max(0);
        step.more = (step.behind > 0 && head != before) || head.redo_from.is_some() || copying;
        progress.head = Some(head);
        self.families().insert(family.to_owned(), progress);
        Ok(step)
    }
}

/// The front of these facts that goes into one commit.
fn bounded(mut facts: Vec<Fact>, after: i64) -> Result<Vec<Fact>, StoreError> {
    if facts.iter().zip(after + 1..).any(|(fact, sequence)| fact.sequence != sequence) {
        return Err(StoreError::broken(format!("the ledger has a gap after {after}")));
    }
    let mut pairs = 0;
    let full = facts.iter().position(|fact| {
        pairs += fact.lines.len().pow(2);
        pairs > Worker::PAIRS
    });
    facts.truncate(full.map_or(facts.len(), |full| full.max(1)));
    Ok(facts)
}

/// Work on one family, between loading its head and a commit.
struct Task<'a> {
    ports: &'a StandingsPorts,
    schemes: &'a Scheming,
    lease: &'a Lease,
    head: Head,
    progress: &'a mut Progress,
}

impl Task<'_> {
    /// Applies the front of these facts: as many first versions as there are, or some later ones.
    async fn apply(&mut self, facts: &[Fact]) -> Result<usize, StoreError> {
        let firsts = facts.iter().take_while(|fact| fact.version == 1).count();
        if firsts > 0 {
            return self.enter(&facts[..firsts]).await;
        }
        match Corrections::gather(&*self.ports.store, &self.head, facts).await? {
            Some(corrections) => self.correct(corrections).await,
            None => self.enter(&facts[..facts.len().min(1)]).await,
        }
    }

    async fn enter(&mut self, facts: &[Fact]) -> Result<usize, StoreError> {
        let Some(last) = facts.last() else { return Ok(0) };
        let stored = self.ports.store.working(&effects::keys(facts)).await?;
        let mut working = stored.clone();
        let (mut results, mut events) = (Vec::new(), Vec::new());
        let now = self.ports.clock.now();
        for fact in facts {
            let rows = effects::apply(&mut working, fact, &self.schemes.scheme_of(fact));
            for row in &rows {
                if let Some((before, after)) = row.before.zip(row.after) {
                    let cause = (row.mode.as_str(), row.game_id, row.version);
                    events.push(self.changed(row.player_id, cause, &before, &after, Reason::Played, now));
                }
            }
            results.extend(rows);
        }
        let head = Head { applied: last.sequence, ..self.head.clone() };
        let change = StandingsChange {
            expect: self.head.clone(),
            head,
            results,
            reopened: over(working.stats.keys(), self.ports.clock.now()),
            working: news(&stored, working),
            riders: self.riders(events),
        };
        self.commit(change).await?;
        Ok(facts.len())
    }

    async fn correct(&mut self, corrections: Corrections) -> Result<usize, StoreError> {
        let working = corrections.retell(&*self.ports.store).await?;
        let change = StandingsChange {
            expect: self.head.clone(),
            head: corrections.head,
            results: corrections.games.into_values().flatten().collect(),
            reopened: over(working.stats.keys(), self.ports.clock.now()),
            working,
            riders: self.riders(Vec::new()),
        };
        self.commit(change).await?;
        Ok(corrections.facts)
    }

    async fn redo(&mut self) -> Result<usize, StoreError> {
        let taken = self.progress.redo.take().or_else(|| Redo::new(&self.head));
        let Some(mut redo) = taken else { return Ok(0) };
        let redone = match redo.step(&*self.ports.store, self.schemes).await? {
            Redone::Rows(rows) => {
                let count = rows.len();
                if count > 0 {
                    self.commit(StandingsChange {
                        expect: self.head.clone(),
                        head: self.head.clone(),
                        results: rows,
                        working: Working::default(),
                        reopened: Vec::new(),
                        riders: self.riders(Vec::new()),
                    })
                    .await?;
                }
                count
            }
            Redone::Present { working, before, last } => {
                let now = self.ports.clock.now();
                let mut events = Vec::new();
                if let Some((mode, game, version)) = &redo.cause {
                    let moved = working
                        .ratings
                        .iter()
                        .filter_map(|(player, after)| Some((*player, before.get(player)?, after)));
                    for (player, before, after) in moved {
                        events.push(self.changed(
                            player,
                            (mode, *game, *version),
                            before,
                            after,
                            Reason::Corrected,
                            now,
                        ));
                    }
                }
                let redo_from = self.head.redo_from.filter(|_| !last);
                let change = StandingsChange {
                    expect: self.head.clone(),
                    head: Head { redo_from, ..self.head.clone() },
                    results: Vec::new(),
                    reopened: over(working.stats.keys(), self.ports.clock.now()),
                    working,
                    riders: self.riders(events),
                };
                self.commit(change).await?;
                0
            }
        };
        if self.head.redo_from.is_some() {
            self.progress.redo = Some(redo);
        }
        Ok(redone)
    }

    fn riders(&self, events: Vec<Event>) -> Riders {
        Riders { fence: Some(self.lease.clone()), ..Riders::events(events) }
    }

    async fn commit(&mut self, change: StandingsChange) -> Result<(), StoreError> {
        let head = change.head.clone();
        self.progress.copying.note(&change.working.stats);
        self.ports.store.commit(change).await?;
        self.head = head;
        Ok(())
    }

    /// `rating.changed`, to the player's own stream.
    fn changed(
        &self,
        player: PlayerId,
        (mode, game_id, version): (&str, GameId, i32),
        before: &Rating,
        after: &Rating,
        reason: Reason,
        now: Timestamp,
    ) -> Event {
        let family = &self.head.family;
        let reason = match reason {
            Reason::Played => "played",
            Reason::Corrected => "corrected",
        };
        Event {
            id: EventId::new(self.ports.ids.uuid(now)),
            aggregate: format!("rating:{family}:{player}"),
            kind: "rating.changed".into(),
            audience: vec![StreamKey::player(player)],
            data: json!({
                "player_id": player,
                "mode": mode,
                "family": family,
                "game_id": game_id,
                "version": version,
                "rating_before": rating::shown(before.value),
                "rating_after": rating::shown(after.value),
                "deviation": rating::shown(after.deviation),
                "provisional": rating::is_provisional(after),
                "reason": reason,
            }),
            at: now,
        }
    }
}

/// What isn't stored like this yet.
fn news(stored: &Working, mut working: Working) -> Working {
    working.ratings.retain(|player, rating| stored.ratings.get(player) != Some(rating));
    working.stats.retain(|key, stats| stored.stats.get(key) != Some(stats));
    working.pairings.retain(|key, pairing| stored.pairings.get(key) != Some(pairing));
    working
}
