//! What stands after thousands of games, with results taken back and amended all the time, is what the ledger says.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use games::{Game, GameChange, LedgerEntry, LogLine, Mode, ScoreReport, decide};
use kernel::{AuditEntry, Clock as _, GameId, PlayerId, Riders, Timestamp, Version};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use standings::{Head, StandingsChange, StandingsPorts, Worker, Working, rebuild};
use tokio::task::JoinSet;

use crate::calls::spec;
use crate::replica::standings_ports;
use crate::world::{self, Kind, World};

const PLAYERS: usize = 80;

/// Of so many games, one is corrected: taken back, or amended.
const CORRECTED: u32 = 20;

/// So many games are written while others are played.
const TOGETHER: usize = 8;

/// Ten thousand games take about so many milliseconds each to fill a quarter of a year: three seasons.
const BETWEEN_MS: i64 = 13 * 60_000;

const MODES: [&str; 8] =
    ["duel", "duel", "duel", "squads", "free_for_all", "score_attack", "tic_tac_toe", "rock_paper_scissors"];

/// A game in the making: what several commits would have written, for one.
struct Making {
    game: Game,
    log: Vec<(GameId, LogLine)>,
    ledger: Option<LedgerEntry>,
}

impl Making {
    fn then(&mut self, world: &World, decided: decide::Decided, now: Timestamp) {
        let change = decided.expect("allowed").expect("changes something");
        let commit = change.into_commit(&*world.ids, None, now);
        self.game = commit.game;
        self.log.extend(commit.log);
        self.ledger = commit.ledger.or(self.ledger.take());
    }

    /// Everybody is ready at once.
    fn start(world: &World, mode: &Mode, players: &[PlayerId], rated: bool) -> Self {
        let now = world.clock.now();
        let game = Game::open(&spec(world, &mode.key, players, rated));
        let mut making = Self { game, log: Vec::new(), ledger: None };
        for player in players {
            making.then(world, decide::ready(&making.game, mode, *player, now), now);
        }
        making
    }

    fn report(&mut self, world: &World, mode: &Mode, dice: &mut ChaCha8Rng) {
        let now = world.clock.now();
        for player in self.game.players.clone() {
            let score = f64::from(dice.random_range(0..40_u32) * 25);
            let session_secret = player.secret.0.clone();
            let report = ScoreReport { session_secret, score: Some(score), ..ScoreReport::default() };
            self.then(world, decide::report(&self.game, mode, player.player_id, &report, now), now);
        }
    }

    /// Random legal moves to the end.
    fn play(&mut self, world: &World, mode: &Mode, dice: &mut ChaCha8Rng) {
        let now = world.clock.now();
        while self.ledger.is_none() {
            let seat = dice.random_range(0..self.game.players.len());
            let (player, mv) = (self.game.players[seat].player_id, random_move(&mode.key, dice));
            let decided = decide::play(&self.game, mode, player, &mv, self.game.sequence, now);
            if decided.is_ok() {
                self.then(world, decided, now);
            }
        }
    }
}

fn random_move(mode: &str, dice: &mut ChaCha8Rng) -> Value {
    if mode == "tic_tac_toe" {
        return json!({ "cell": dice.random_range(0..9) });
    }
    let throw = ["rock", "paper", "scissors"][dice.random_range(0..3)];
    json!({ "throw": throw })
}

/// Plays a whole game, and begins to write it at once.
fn play(world: &World, players: &[PlayerId], dice: &mut ChaCha8Rng, writing: &mut JoinSet<()>) -> Game {
    let mode = world.modes.get(MODES[dice.random_range(0..MODES.len())]).expect("ships");
    let mut seated: Vec<PlayerId> = Vec::new();
    while seated.len() < usize::from(mode.seats()) {
        // The square makes some play far more than others.
        let nth = dice.random_range(0..PLAYERS) * dice.random_range(0..PLAYERS) / PLAYERS;
        if !seated.contains(&players[nth]) {
            seated.push(players[nth]);
        }
    }
    let mut making = Making::start(world, mode, &seated, dice.random_ratio(9, 10));
    world.clock.advance_millis(5_000);
    if mode.module().is_some() {
        making.play(world, mode, dice);
    } else {
        making.report(world, mode, dice);
    }
    let Making { game, log, ledger } = making;
    let change =
        GameChange { expect: Version::NEW, game: game.clone(), also: None, log, ledger, riders: Riders::default() };
    let store = Arc::clone(&world.stores.games);
    writing.spawn(async move { assert!(store.commit(change).await.expect("a new game").is_some()) });
    game
}

/// Until all of them are written.
async fn written(writing: &mut JoinSet<()>) {
    while let Some(ended) = writing.join_next().await {
        ended.expect("written");
    }
}

/// Takes the result back, or puts another in its place; says whether that changed anything.
async fn correct(world: &World, game: &mut Game, by: PlayerId, dice: &mut ChaCha8Rng) -> bool {
    let (mode, now) = (world.modes.get(&game.mode).expect("ships"), world.clock.now());
    let deed = AuditEntry {
        id: world.ids.uuid(now),
        actor: Some(by),
        action: "game.amend".to_owned(),
        subject: format!("game:{}", game.id),
        reason: "it was otherwise".to_owned(),
        data: Value::Null,
        at: now,
    };
    let decided = if mode.module().is_some() || dice.random_ratio(1, 2) {
        decide::void(game, Some(mode), deed)
    } else {
        let scores: BTreeMap<_, _> =
            game.players.iter().map(|p| (p.player_id, f64::from(dice.random_range(0..1_000_u32)))).collect();
        decide::amend(game, mode, &scores, deed)
    };
    let Some(change) = decided.expect("allowed") else { return false };
    let commit = change.into_commit(&*world.ids, None, now);
    *game = commit.game.clone();
    world.stores.games.commit(commit).await.expect("nobody else is at it");
    true
}

async fn work(world: &World, worker: &Worker, steps: usize) -> bool {
    let lease = world.stores.leases.acquire("standings", "one", Duration::from_secs(600)).await.expect("free");
    let lease = lease.expect("nobody else wants it");
    for _ in 0..steps {
        if !worker.step(&lease).await.expect("well").more {
            return false;
        }
    }
    true
}

/// So many games, and then nothing differs; and what does differ would be found.
pub(crate) async fn rebuild_equals_what_stands(kind: Kind, count: usize) {
    let (world, mut dice) = (world::world(kind, 7).await, ChaCha8Rng::seed_from_u64(7));
    let players: Vec<_> = (0..PLAYERS).map(|_| PlayerId::new(world.ids.uuid(world.clock.now()))).collect();
    let ports = standings_ports(&world, &world.stores.standings);
    let (worker, mut games, mut corrections) = (Worker::new(ports.clone()), Vec::with_capacity(count), 0);
    let mut writing = JoinSet::new();
    while games.len() < count {
        games.push(play(&world, &players, &mut dice, &mut writing));
        if writing.len() >= TOGETHER {
            written(&mut writing).await;
        }
        world.clock.advance_millis(dice.random_range(0..2 * BETWEEN_MS));
        if dice.random_ratio(1, CORRECTED) {
            written(&mut writing).await;
            // Mostly of late, but now and then of long ago.
            let back = if dice.random_ratio(1, 50) { games.len() } else { games.len().min(300) };
            let nth = games.len() - 1 - dice.random_range(0..back);
            corrections += usize::from(correct(&world, &mut games[nth], players[0], &mut dice).await);
        }
        if dice.random_ratio(1, 200) {
            written(&mut writing).await;
            let steps = dice.random_range(1..40);
            work(&world, &worker, steps).await;
        }
    }
    written(&mut writing).await;
    while work(&world, &worker, 100).await {}
    assert!(corrections * 25 > count, "only {corrections} corrections of {count} games");
    let (mut told, mut entries) = (0, 0);
    for (family, last) in world.stores.games.families().await.expect("readable") {
        let report = rebuild(&ports, &family, None, false).await.expect("quiet");
        assert_eq!((report.count, &report.differences[..]), (0, &[][..]), "{family}");
        assert_eq!(report.entries, last, "{family} was applied to its end");
        told += report.games;
        entries += usize::try_from(report.entries).expect("positive");
        assert!(a_difference_is_found(&ports, &family).await, "{family}");
    }
    assert_eq!((told, entries), (count, count + corrections));
    println!("{count} games on {kind:?}, {corrections} corrections: no difference");
}

/// Something is made to stand otherwise: the rebuild says so, and puts it right.
async fn a_difference_is_found(ports: &StandingsPorts, family: &str) -> bool {
    let head = ports.store.head(family).await.expect("readable");
    let page = ports.store.ratings_page(family, None, 1).await.expect("readable");
    let Some((player, mut rating)) = page.first().copied().filter(|(_, rating)| rating.games > 0) else {
        // A family of games that are never rated.
        return ports.schemes.scheme(family).await.expect("known").is_some_and(|scheme| !scheme.rated);
    };
    rating.value += 1.0;
    let working = Working { ratings: BTreeMap::from([(player, rating)]), ..Working::default() };
    let expect: Head = head.clone();
    let (results, reopened, riders) = (Vec::new(), Vec::new(), Riders::default());
    let change = StandingsChange { expect, head, results, working, reopened, riders };
    ports.store.commit(change).await.expect("nobody else is at it");
    let found = rebuild(ports, family, None, false).await.expect("quiet");
    let righted = rebuild(ports, family, None, true).await.expect("quiet");
    let after = rebuild(ports, family, None, false).await.expect("quiet");
    (found.count, righted.written, after.count) == (1, true, 0)
}
