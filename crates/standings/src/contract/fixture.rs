use std::any::Any;
use std::sync::Arc;

use kernel::{
    Commit, Event, EventId, GameId, IdSource, Leases, Outbox, OutboxRow, PlayerId, Riders, StoreError, Timestamp,
};
use serde_json::json;

use crate::effects::stats_key;
use crate::fact::Outcome;
use crate::model::{Head, PlayerStats, Rating, ResultRow, StatsKey};
use crate::store::{SeasonStore, StandingsChange, StandingsReads, StandingsStore, Working};

/// One empty database.
pub struct StandingsFixture {
    /// The store under test.
    pub store: Arc<dyn StandingsStore>,
    /// The same, as players read it.
    pub reads: Arc<dyn StandingsReads>,
    /// The same, for closing seasons.
    pub seasons: Arc<dyn SeasonStore>,
    /// Commits riders to the same database.
    pub commit: Arc<dyn Commit>,
    /// Leases whose fences changes carry.
    pub leases: Arc<dyn Leases>,
    /// Reads events.
    pub outbox: Arc<dyn Outbox>,
    /// Fresh ids.
    pub ids: Arc<dyn IdSource>,
    /// Kept until the case is over.
    pub keep: Box<dyn Any + Send + Sync>,
}

/// The cases bring their own time: midnight of 2026-01-01 UTC plus so many milliseconds.
pub(super) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_767_225_600_000 + millis)
}

pub(super) fn head(family: &str, applied: i64) -> Head {
    Head { family: family.to_owned(), applied, redo_from: None }
}

/// A rating whose every part needs its last bit.
pub(super) fn rating(value: f64) -> Rating {
    Rating {
        value: value + 0.1 + 0.2,
        deviation: 1.0 / 3.0 * value,
        volatility: 0.059_999_999_999_999_99,
        games: 7,
        peak: Some(value.sqrt() * 41.0),
        last_at: Some(Timestamp::from_micros(at(0).micros() + 1)),
    }
}

/// Stats with this value on every board.
pub(super) fn stats(value: i32) -> PlayerStats {
    PlayerStats {
        games: value.max(1),
        wins: value,
        best_streak: value,
        best_score: Some(i64::from(value)),
        total_score: i64::from(value),
        rating: Some(f64::from(value)),
        last_sequence: 1,
        last_at: Some(at(0)),
        ..PlayerStats::default()
    }
}

pub(super) fn key(mode: &str, season: &str, player: PlayerId) -> StatsKey {
    stats_key(mode, season, player)
}

impl StandingsFixture {
    pub(super) fn player(&self) -> PlayerId {
        PlayerId::new(self.ids.uuid(at(0)))
    }

    /// So many players, by id.
    pub(super) fn players(&self, count: usize) -> Vec<PlayerId> {
        let mut players: Vec<_> = (0..count).map(|_| self.player()).collect();
        players.sort_unstable();
        players
    }

    pub(super) fn game(&self) -> GameId {
        GameId::new(self.ids.uuid(at(0)))
    }

    pub(super) fn event(&self, aggregate: &str) -> Event {
        Event {
            id: EventId::new(self.ids.uuid(at(0))),
            aggregate: aggregate.to_owned(),
            kind: "rating.changed".into(),
            audience: Vec::new(),
            data: json!({ "n": 1 }),
            at: at(0),
        }
    }

    /// A row of `duel`, unrated, that won.
    pub(super) fn row(&self, family: &str, sequence: i64, player_id: PlayerId) -> ResultRow {
        ResultRow {
            family: family.to_owned(),
            sequence,
            player_id,
            game_id: self.game(),
            version: 1,
            mode: "duel".to_owned(),
            season: "2026-01".to_owned(),
            team: 1,
            outcome: Some(Outcome::Win),
            score: Some(i64::from(u32::MAX) * 1_000),
            counts: true,
            rated: false,
            weight: 1.0,
            before: None,
            after: None,
            at: at(sequence),
        }
    }

    /// The same, rated, with this rating after it.
    pub(super) fn rated(&self, family: &str, sequence: i64, player: PlayerId, value: f64) -> ResultRow {
        let row = self.row(family, sequence, player);
        ResultRow { rated: true, before: Some(rating(value - 8.0)), after: Some(rating(value)), ..row }
    }

    /// A change of the head by one, with nothing in it.
    pub(super) fn change(&self, family: &str, applied: i64) -> StandingsChange {
        StandingsChange {
            expect: head(family, applied),
            head: head(family, applied + 1),
            results: Vec::new(),
            working: Working::default(),
            reopened: Vec::new(),
            riders: Riders::default(),
        }
    }

    /// Writes rows and values on top of what stands.
    pub(super) async fn write(&self, family: &str, results: Vec<ResultRow>, working: Working) {
        let stands = self.store.head(family).await.expect("readable");
        let next = Head { applied: stands.applied + 1, ..stands.clone() };
        let change = StandingsChange { expect: stands, head: next, results, working, ..self.change(family, 0) };
        self.carry_out(change).await;
    }

    /// Stats of these players in `duel`, each with this value.
    pub(super) async fn ranked(&self, season: &str, values: &[(PlayerId, i32)]) {
        let stats = values.iter().map(|(player, value)| (key("duel", season, *player), stats(*value))).collect();
        self.write("duel", Vec::new(), Working { stats, ..Working::default() }).await;
    }

    pub(super) async fn carry_out(&self, change: StandingsChange) {
        self.store.commit(change).await.expect("nobody else is at it");
    }

    pub(super) async fn refused(&self, change: StandingsChange) -> StoreError {
        self.store.commit(change).await.expect_err("not allowed")
    }

    /// Every event not handed out yet.
    pub(super) async fn claim(&self) -> Vec<OutboxRow> {
        self.outbox.claim(1_000, std::time::Duration::from_secs(600)).await.expect("claimable")
    }
}
