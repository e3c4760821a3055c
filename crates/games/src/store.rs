//! The port behind which games are kept.

use async_trait::async_trait;
use kernel::{GameId, Page, PageLimit, PlayerId, StoreError, Timestamp};
use serde::{Deserialize, Serialize};

use crate::change::GameChange;
use crate::ledger::LedgerEntry;
use crate::model::Game;
use crate::words::Outcome;

/// Position in a history: newest first, the id where times are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HistoryPosition {
    /// When the last game of the page was over.
    pub ended_at: Timestamp,
    /// That game.
    pub game_id: GameId,
}

/// Which games of a history. What is `None` doesn't narrow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    /// Only this mode.
    pub mode: Option<String>,
    /// Only games that ended so for the player.
    pub result: Option<Outcome>,
    /// Only games with this other player.
    pub opponent: Option<PlayerId>,
}

/// One page of one player's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryQuery {
    /// Whose.
    pub player: PlayerId,
    /// Which games.
    pub filter: HistoryFilter,
    /// Only what comes after this position.
    pub after: Option<HistoryPosition>,
    /// How many.
    pub limit: PageLimit,
}

/// Keeps games, their results and the ledger.
///
/// A game opened by somebody else's change ([`GameSpec`](kernel::GameSpec) in its riders) is visible to every method
/// from that change's commit on, as [`Game::open`] makes it.
#[async_trait]
pub trait GameStore: Send + Sync {
    /// One game.
    async fn load(&self, id: GameId) -> Result<Option<Game>, StoreError>;

    /// Those of these games that exist, by id.
    async fn load_many(&self, ids: &[GameId]) -> Result<Vec<Game>, StoreError>;

    /// Live games that hold this player (see [`Game::holds`]), by id. Engagements see to it that there is at most one.
    async fn live_of(&self, player: PlayerId) -> Result<Vec<Game>, StoreError>;

    /// Applies the change in one transaction: riders' receipt and engagements, the game by compare-and-set on its
    /// version, the ledger entry under the next sequence of its family, the events. Returns that sequence.
    ///
    /// Safe to drop: it then happens as a whole or not at all.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when another version stands or the ledger has that result version already,
    /// [`StoreError::Replayed`] and [`StoreError::Engaged`] as for every change.
    async fn commit(&self, change: GameChange) -> Result<Option<i64>, StoreError>;

    /// Games whose deadline has passed at `now`, the longest overdue first.
    async fn due(&self, now: Timestamp, limit: i64) -> Result<Vec<Game>, StoreError>;

    /// One page of a player's games that started and are over, newest first, in one indexed query. A game keeps its
    /// place for ever, so pages stay stable while games are added. These come without their reports, whose payloads are
    /// evidence and may be large.
    async fn history(&self, query: &HistoryQuery) -> Result<Page<Game, HistoryPosition>, StoreError>;

    /// Up to `limit` ledger entries of a family after this sequence, in order.
    async fn ledger(&self, family: &str, after: i64, limit: i64) -> Result<Vec<LedgerEntry>, StoreError>;
}
