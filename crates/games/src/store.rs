//! The port behind which games are kept.

use async_trait::async_trait;
use kernel::{GameId, InviteId, Page, PageLimit, PlayerId, Riders, StoreError, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::change::GameChange;
use crate::ledger::LedgerEntry;
use crate::log::LogLine;
use crate::model::Game;
use crate::words::{Outcome, Status};

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
    /// Only games that count for ratings, or only those that don't.
    pub rated: Option<bool>,
    /// Only games over at this time or later.
    pub since: Option<Timestamp>,
    /// Only games over before this time.
    pub until: Option<Timestamp>,
    /// Only games that took at least so many milliseconds from start to end.
    pub min_duration_ms: Option<i64>,
    /// Only games with this tag; see [`Game::tags`].
    pub tag: Option<String>,
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
    /// version (or its insertion), the other game likewise, both games' invitations, their log lines, the ledger entry under the next sequence of its family, the events. Returns that sequence.
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
    /// place for ever, so pages stay stable while games are added. These come without their reports and evidence, which
    /// may be large.
    async fn history(&self, query: &HistoryQuery) -> Result<Page<Game, HistoryPosition>, StoreError>;

    /// Up to `limit` ledger entries of a family after this sequence, in order.
    async fn ledger(&self, family: &str, after: i64, limit: i64) -> Result<Vec<LedgerEntry>, StoreError>;

    /// The ledger's families, each with its last sequence, by name.
    async fn families(&self) -> Result<Vec<(String, i64)>, StoreError>;

    /// Up to `limit` lines of a game's log after line `after`, in order.
    async fn log(&self, id: GameId, after: i64, limit: i64) -> Result<Vec<LogLine>, StoreError>;
}

/// Reads what invitations there are. They are written with their games.
#[async_trait]
pub trait InviteStore: Send + Sync {
    /// The game of this invitation, whatever its state.
    async fn game_of(&self, id: InviteId) -> Result<Option<GameId>, StoreError>;

    /// The game of the link with this code, whatever its state.
    async fn game_of_code(&self, code: &str) -> Result<Option<GameId>, StoreError>;

    /// Games with invitations to or from this player that can still be answered, newest game first, at most `limit`.
    async fn open_of(&self, player: PlayerId, limit: i64) -> Result<Vec<Game>, StoreError>;

    /// Which of these players wait in a game with an open link that they made, and in which.
    async fn open_links_of(&self, players: &[PlayerId]) -> Result<Vec<(PlayerId, GameId)>, StoreError>;

    /// Games in which this player may have said something: those with a seat or an invitation of theirs, whatever its
    /// state, after `after` by id, at most `limit`. For erasures: it may take a while.
    async fn worded_by(&self, player: PlayerId, after: Option<GameId>, limit: i64) -> Result<Vec<GameId>, StoreError>;
}

/// A player's sign of life in a game.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Who.
    pub player: PlayerId,
    /// In which game.
    pub game: GameId,
    /// When; earlier ones than what is known change nothing.
    pub at: Timestamp,
}

/// A player who holds a seat in a game, as far as sockets and calls tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attendance {
    /// Who.
    pub player: PlayerId,
    /// In which game.
    pub game: GameId,
    /// Has a socket now, on some replica.
    pub connected: bool,
    /// The last sign of life: a call about the game, the end of the last socket, or the game's opening.
    pub seen_at: Timestamp,
}

/// Remembers who was there when. Beside the games, for it changes far more often than they do.
#[async_trait]
pub trait AttendanceStore: Send + Sync {
    /// Notes signs of life; those of players without a seat are lost.
    async fn seen(&self, signs: &[Seen]) -> Result<(), StoreError>;

    /// Everybody who holds a seat in this game, by player.
    async fn of_game(&self, game: GameId) -> Result<Vec<Attendance>, StoreError>;

    /// Up to `limit` seat holders of started games who have no socket anywhere, gave no sign since `before` and aren't
    /// marked as gone in their game; the longest unseen first.
    async fn unseen(&self, before: Timestamp, limit: i64) -> Result<Vec<Attendance>, StoreError>;
}

/// Keeps every version of every mode that was published here.
#[async_trait]
pub trait ModeStore: Send + Sync {
    /// All versions of all modes, as they were written down, by key and version.
    async fn versions(&self) -> Result<Vec<Value>, StoreError>;

    /// Adds a version under its key.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when that version exists.
    async fn publish(&self, key: &str, version: i32, written: Value, riders: Riders) -> Result<(), StoreError>;
}

/// Which games an operator wants to see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseFilter {
    /// Only games of this status.
    pub status: Option<Status>,
    /// Only games of this mode.
    pub mode: Option<String>,
    /// Only games this player has a seat in.
    pub player: Option<PlayerId>,
    /// Only games that wait for an operator's look: disputed, held or doubted.
    pub needs_review: bool,
}

/// Lists games for operators.
#[async_trait]
pub trait CaseStore: Send + Sync {
    /// One page, newest first, of what was opened before `after`.
    async fn cases(
        &self,
        filter: &CaseFilter,
        after: Option<GameId>,
        limit: PageLimit,
    ) -> Result<Page<Game, GameId>, StoreError>;
}
