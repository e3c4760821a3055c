//! A story: faults while it lasts, then peace until everything pending is resolved, then the invariants.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use games::{CaseFilter, Error, Game, ResultVersion};
use kernel::{Clock as _, Event, EventId, GameId, PageLimit, PlayerId, StoreError};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use tokio::task::JoinSet;

use crate::calls::{Call, Deed};
use crate::client::{Answer, send};
use crate::faults::{Faults, Plant};
use crate::invariants::{self, Violation};
use crate::plan::{Plan, Task};
use crate::replica::{FickleGate, Replica};
use crate::world::{self, Kind, World};

const PLAYERS: usize = 7;

/// A claim on events lasts so long: short, so that those of the dead are taken over at once.
const CLAIM: Duration = Duration::from_millis(5);

/// How often peace is given another go before something counts as pending for ever.
const ROUNDS: usize = 400;

/// Everything that was seen while it went on.
#[derive(Default)]
pub(crate) struct Seen {
    /// Commands with the last answer to them.
    pub(crate) calls: Vec<(Call, Answer)>,
    /// Result versions, as they were first seen.
    pub(crate) results: BTreeMap<(GameId, i32), ResultVersion>,
    /// Events as the relay got them, in the order of the outbox, with how often they were handed out.
    pub(crate) events: BTreeMap<i64, (Event, usize)>,
    pub(crate) violations: Vec<Violation>,
}

/// What a story was like.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) violations: Vec<Violation>,
    pub(crate) steps: usize,
    pub(crate) faults: usize,
    /// Of each sort, how many were done, and how many were asked for.
    pub(crate) calls: BTreeMap<&'static str, (usize, usize)>,
    pub(crate) games: BTreeMap<&'static str, usize>,
    pub(crate) ledger: usize,
    pub(crate) events: usize,
}

pub(crate) struct Story {
    pub(crate) world: World,
    pub(crate) faults: Arc<Faults>,
    pub(crate) players: Vec<PlayerId>,
    pub(crate) seen: Mutex<Seen>,
    gate: Arc<FickleGate>,
    replicas: Mutex<[Arc<Replica>; 2]>,
    operator: PlayerId,
}

/// Tells the story of this seed.
pub(crate) async fn tell(kind: Kind, seed: u64, steps: usize, plant: Plant) -> Told {
    let world = world::world(kind, seed).await;
    let (faults, gate) = (Faults::new(seed, plant), FickleGate::new(seed));
    let replicas = ["one", "two"].map(|name| Arc::new(Replica::start(&world, &faults, &gate, name.to_owned())));
    let someone = || PlayerId::new(world.ids.uuid(world.clock.now()));
    let (players, operator) = ((0..PLAYERS).map(|_| someone()).collect(), someone());
    let (seen, replicas) = (Mutex::default(), Mutex::new(replicas));
    let story = Arc::new(Story { world, faults, players, seen, gate, replicas, operator });
    story.rage(&mut ChaCha8Rng::seed_from_u64(seed), steps).await;
    story.faults.stop();
    story.settle().await;
    invariants::check(&story).await;
    story.told(steps).await
}

impl Story {
    pub(crate) fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn violated(&self, violation: Violation) {
        self.seen().violations.push(violation);
    }

    pub(crate) fn replicas(&self) -> [Arc<Replica>; 2] {
        self.replicas.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every game, oldest first.
    pub(crate) async fn games(&self) -> Vec<Game> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let limit = PageLimit::new(100).expect("a limit");
            let page = self.world.stores.cases.cases(&CaseFilter::default(), after, limit).await.expect("readable");
            found.extend(page.items);
            after = page.next;
            if after.is_none() {
                found.reverse();
                return found;
            }
        }
    }

    async fn rage(self: &Arc<Self>, dice: &mut ChaCha8Rng, steps: usize) {
        let mut done = 0;
        while done < steps {
            let games = self.games().await;
            self.note_results(&games);
            let tasks: Vec<_> = {
                let now = self.world.clock.now();
                let mut plan = Plan {
                    world: &self.world,
                    players: &self.players,
                    operator: self.operator,
                    games: &games,
                    now,
                    dice,
                };
                let together = plan.dice.random_range(1..=4);
                (0..together).map(|_| plan.next()).collect()
            };
            let mut running = JoinSet::new();
            for task in tasks {
                done += 1;
                let (this, through, number) = (Arc::clone(self), dice.random_range(0..2), done);
                running.spawn(async move { this.carry_out(task, through, number).await });
            }
            while let Some(ended) = running.join_next().await {
                ended.expect("no task panics");
            }
            let waits = [20, 200, 200, 200, 700, 700, 700, 700, 1_500, 1_500, 1_500, 4_000, 4_000, 31_000];
            self.world.clock.advance_millis(waits[dice.random_range(0..waits.len())]);
        }
    }

    fn note_results(&self, games: &[Game]) {
        let mut seen = self.seen();
        for game in games {
            let Some(result) = &game.result else { continue };
            let first = seen.results.entry((game.id, result.version)).or_insert_with(|| result.clone());
            if first != result {
                let violation = Violation::ResultChanged(format!("{}: {first:?} became {result:?}", game.id));
                seen.violations.push(violation);
            }
        }
    }

    async fn carry_out(self: Arc<Self>, task: Task, through: usize, number: usize) {
        let replica = Arc::clone(&self.replicas()[through]);
        let now = self.world.clock.now();
        match task {
            Task::Call { by, mut deed, twin } => {
                let key = format!("key-{number}");
                if let Deed::Report { report, .. } = &mut deed {
                    report.payload = Some(json!({ "key": key }));
                }
                let call = Call { key, by, deed };
                let send = |first| send(&self.world, self.replicas(), first, &call);
                let answers = if twin {
                    let (one, other) = tokio::join!(send(0), send(1));
                    vec![one, other]
                } else {
                    vec![send(through).await]
                };
                self.answered(call, answers);
            }
            Task::Gone { player, with_replica } => {
                self.judge("gone", replica.games.player_gone(player, now, with_replica).await.map(drop));
            }
            Task::Back(player) => self.judge("back", replica.games.player_back(player).await.map(drop)),
            Task::Sweep => self.sweep(&replica).await,
            Task::MarkUnseen => match replica.games.mark_unseen(now, 50).await {
                Ok(unseen) => unseen.failed.into_iter().for_each(|(_, error)| self.judge("unseen", Err(error))),
                Err(error) => self.judge("unseen", Err(error)),
            },
            Task::Relay { dies } => drop(self.relay(&replica, dies).await),
            Task::Work { stale } => drop(self.work(&replica, stale).await),
            Task::Restart => {
                let fresh = Replica::start(&self.world, &self.faults, &self.gate, format!("born-{number}"));
                self.replicas.lock().unwrap_or_else(PoisonError::into_inner)[through] = Arc::new(fresh);
            }
        }
    }

    /// Of the answers to one command all must be the same, but for those that never came.
    fn answered(&self, call: Call, answers: Vec<Answer>) {
        let mut seen = self.seen();
        let known: Vec<_> =
            answers.iter().filter(|answer| matches!(answer, Answer::Done | Answer::Refused(_))).collect();
        if known.windows(2).any(|pair| pair[0] != pair[1]) {
            seen.violations.push(Violation::TwinsDiffer(format!("{call:?}: {answers:?}")));
        }
        let best = known.first().copied().or(answers.first()).cloned().unwrap_or(Answer::Lost);
        seen.violations.extend(answers.iter().filter_map(|answer| match answer {
            Answer::Broken(why) => Some(Violation::Broken(format!("{call:?}: {why}"))),
            _ => None,
        }));
        seen.calls.push((call, best));
    }

    /// Races and faults are fine; a store that is broken isn't.
    fn judge(&self, what: &str, answer: Result<(), Error>) {
        if let Err(Error::Store(StoreError::Broken(why))) = answer {
            self.violated(Violation::Broken(format!("{what}: {why:?}")));
        }
    }

    async fn sweep(&self, replica: &Replica) {
        match replica.games.sweep_due(self.world.clock.now(), 50).await {
            Ok(swept) => swept.failed.into_iter().for_each(|(_, error)| self.judge("sweep", Err(error))),
            Err(error) => self.judge("sweep", Err(error)),
        }
    }

    /// One batch; `Some` of how many events it was, if it went well.
    async fn relay(&self, replica: &Replica, dies: bool) -> Option<usize> {
        let rows = replica.outbox.claim(40, CLAIM).await.ok()?;
        {
            let mut seen = self.seen();
            for row in &rows {
                seen.events.entry(row.seq).or_insert_with(|| (row.event.clone(), 0)).1 += 1;
            }
        }
        if !dies {
            replica.outbox.complete(&rows).await.ok()?;
        }
        Some(rows.len())
    }

    /// A step of the worker; `Some` of whether there is more, if it led and went well.
    async fn work(&self, replica: &Replica, stale: bool) -> Option<bool> {
        match replica.work(stale).await {
            Ok(step) => step.map(|step| step.more || step.behind > 0),
            Err(StoreError::Unavailable(_) | StoreError::Stale | StoreError::Fenced) => None,
            Err(error) => {
                self.violated(Violation::Broken(format!("worker: {error:?}")));
                None
            }
        }
    }

    /// Liveness: lost commands are sent again, deadlines pass, and with nobody doing anything else all of it ends.
    async fn settle(&self) {
        self.resend().await;
        for round in 0..ROUNDS {
            // First as briefly as players wait, then as long as reviews do.
            self.world.clock.advance_millis(if round < 20 { 61_000 } else { 25 * 3_600_000 });
            self.sweep(&self.replicas()[round % 2]).await;
            let games = self.games().await;
            self.note_results(&games);
            if round > 20 && games.iter().all(|game| game.status.terminal()) {
                break;
            }
        }
        let mut pace = tokio::time::interval(CLAIM);
        for round in 0..ROUNDS {
            let (replicas, mut quiet) = (self.replicas(), true);
            quiet &= self.work(&replicas[round % 2], false).await == Some(false);
            quiet &= self.relay(&replicas[round % 2], false).await == Some(0);
            quiet &= self.world.stores.outbox.lag().await.is_ok_and(|lag| lag.pending == 0);
            if quiet {
                return;
            }
            // Claims and leads of the dead lapse by the database's clock.
            pace.tick().await;
        }
        self.violated(Violation::Pending("the worker or the relay never came to an end".to_owned()));
    }

    /// What never got an answer is asked for once more.
    async fn resend(&self) {
        let open = |answer: &Answer| matches!(answer, Answer::Lost | Answer::NotNow(_));
        let lost: Vec<_> = {
            let mut seen = self.seen();
            let (lost, known) = std::mem::take(&mut seen.calls).into_iter().partition(|(_, answer)| open(answer));
            seen.calls = known;
            lost
        };
        for (n, (call, _)) in lost.into_iter().enumerate() {
            let answer = send(&self.world, self.replicas(), n % 2, &call).await;
            if answer == Answer::Lost {
                self.violated(Violation::Pending(format!("no answer in peace: {call:?}")));
            }
            self.answered(call, vec![answer]);
        }
    }

    async fn told(&self, steps: usize) -> Told {
        let mut games = BTreeMap::new();
        for game in self.games().await {
            *games.entry(game.status.as_str()).or_default() += 1;
        }
        let families = self.world.stores.games.families().await.expect("readable");
        let seen = std::mem::take(&mut *self.seen());
        let mut calls = BTreeMap::new();
        for (call, answer) in &seen.calls {
            let (done, all): &mut (usize, usize) = calls.entry(call.deed.word()).or_default();
            *done += usize::from(*answer == Answer::Done);
            *all += 1;
        }
        Told {
            violations: seen.violations,
            steps,
            faults: self.faults.injected(),
            calls,
            games,
            ledger: families.iter().map(|(_, last)| usize::try_from(*last).unwrap_or(0)).sum(),
            events: seen.events.len(),
        }
    }
}

/// Where an event with this id was handed out.
pub(crate) fn by_id(events: &BTreeMap<i64, (Event, usize)>) -> BTreeMap<EventId, (i64, &Event)> {
    events.iter().map(|(seq, (event, _))| (event.id, (*seq, event))).collect()
}
