//! The port behind which standings are kept.

use std::collections::BTreeMap;

use async_trait::async_trait;
use kernel::{GameId, PlayerId, Riders, StoreError};

use crate::board::{BoardKey, BoardLine, BoardSpan, Place};
use crate::model::{Head, Pairing, PlayerStats, Rating, ResultRow, SeasonClose, SeasonFinal, StatsKey};

/// What has to be known before facts can be applied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkingKeys {
    /// Family of the ratings.
    pub family: String,
    /// Whose ratings.
    pub players: Vec<PlayerId>,
    /// Which stats.
    pub stats: Vec<StatsKey>,
    /// Which pairings: mode, player, opponent.
    pub pairings: Vec<(String, PlayerId, PlayerId)>,
}

/// What is known of [`WorkingKeys`]. What isn't in it was never stored.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Working {
    /// Ratings of the family.
    pub ratings: BTreeMap<PlayerId, Rating>,
    /// Stats.
    pub stats: BTreeMap<StatsKey, PlayerStats>,
    /// Pairings.
    pub pairings: BTreeMap<(String, PlayerId, PlayerId), Pairing>,
}

/// What applying some facts led to: written as a whole or not at all.
#[derive(Debug, Clone, PartialEq)]
pub struct StandingsChange {
    /// The head that must stand; a family without one is at 0. Else [`Stale`](StoreError::Stale).
    pub expect: Head,
    /// The head afterwards.
    pub head: Head,
    /// Rows to insert or overwrite, by family, sequence and player.
    pub results: Vec<ResultRow>,
    /// Everything to insert or overwrite; stats and pairings without games, and ratings without games, stay as rows.
    pub working: Working,
    /// Seasons to close anew, because a result in them changed.
    pub reopened: Vec<(String, String)>,
    /// The fence of the family's lease, and events.
    pub riders: Riders,
}

/// Keeps standings. All lists are in the order they are said to be in, by one indexed query each.
#[async_trait]
pub trait StandingsStore: Send + Sync {
    /// How far a family was applied; one that never was is at 0.
    async fn head(&self, family: &str) -> Result<Head, StoreError>;

    /// What is stored under these keys.
    async fn working(&self, keys: &WorkingKeys) -> Result<Working, StoreError>;

    /// Applies a change in one transaction.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when another head stands, [`StoreError::Fenced`].
    async fn commit(&self, change: StandingsChange) -> Result<(), StoreError>;

    /// A game's rows, by player; none if it was never applied.
    async fn results_of_game(&self, game: GameId) -> Result<Vec<ResultRow>, StoreError>;

    /// About `limit` rows of a family in places after `after`, by place and player: whole places only, and at least one
    /// if there is one.
    async fn results(&self, family: &str, after: i64, limit: i64) -> Result<Vec<ResultRow>, StoreError>;

    /// For each of these players the last row of this family before the place that has a rating, if there is one.
    async fn last_before(
        &self,
        family: &str,
        players: &[PlayerId],
        place: i64,
    ) -> Result<BTreeMap<PlayerId, ResultRow>, StoreError>;

    /// A player's rows of one mode, by place; up to `limit` after `after`.
    async fn results_of_player(
        &self,
        player: PlayerId,
        mode: &str,
        after: i64,
        limit: i64,
    ) -> Result<Vec<ResultRow>, StoreError>;

    /// Ratings of a family, by player; up to `limit` after `after`.
    async fn ratings_page(
        &self,
        family: &str,
        after: Option<PlayerId>,
        limit: i64,
    ) -> Result<Vec<(PlayerId, Rating)>, StoreError>;

    /// Stats of a mode in a season (empty: of all time), by player; up to `limit` after `after`.
    async fn stats_page(
        &self,
        mode: &str,
        season: &str,
        after: Option<PlayerId>,
        limit: i64,
    ) -> Result<Vec<(PlayerId, PlayerStats)>, StoreError>;

    /// Pairings of a mode, by player and opponent; up to `limit` after `after`.
    async fn pairings_page(
        &self,
        mode: &str,
        after: Option<(PlayerId, PlayerId)>,
        limit: i64,
    ) -> Result<Vec<((PlayerId, PlayerId), Pairing)>, StoreError>;
}

/// Reads standings as players see them.
#[async_trait]
pub trait StandingsReads: Send + Sync {
    /// A player's ratings with their families, by family.
    async fn ratings_of(&self, player: PlayerId) -> Result<Vec<(String, Rating)>, StoreError>;

    /// Ratings of these players in one family.
    async fn ratings(&self, family: &str, players: &[PlayerId]) -> Result<BTreeMap<PlayerId, Rating>, StoreError>;

    /// A player's stats of all modes in this season (empty: all time), by mode.
    async fn stats_of(&self, player: PlayerId, season: &str) -> Result<Vec<(StatsKey, PlayerStats)>, StoreError>;

    /// What a player did against another, by mode.
    async fn pairings_of(&self, player: PlayerId, opponent: PlayerId) -> Result<Vec<(String, Pairing)>, StoreError>;

    /// Part of a board.
    async fn board(&self, board: &BoardKey, span: BoardSpan, limit: i64) -> Result<Vec<BoardLine>, StoreError>;

    /// These players' lines of a board, ranked among all, in the board's order.
    async fn board_of(&self, board: &BoardKey, players: &[PlayerId]) -> Result<Vec<BoardLine>, StoreError>;

    /// A player's place on a board, if the player is on it.
    async fn place(&self, board: &BoardKey, player: PlayerId) -> Result<Option<Place>, StoreError>;

    /// Seasons in which a mode was played, newest first, with their latest closing if they ever were closed.
    async fn seasons(&self, mode: &str) -> Result<Vec<(String, Option<SeasonClose>)>, StoreError>;
}

/// Closes seasons.
#[async_trait]
pub trait SeasonStore: Send + Sync {
    /// Modes and seasons before `season` that were played and aren't closed, or were reopened since.
    async fn to_close(&self, season: &str) -> Result<Vec<(String, String)>, StoreError>;

    /// Writes a season's final places in place of earlier ones, its closing and the events, in one transaction.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when that revision, or a later one, stands.
    async fn close(&self, close: SeasonClose, finals: Vec<SeasonFinal>, riders: Riders) -> Result<(), StoreError>;

    /// Final places of a closed season's board, by rank and player, up to `limit`.
    async fn finals(&self, board: &BoardKey, limit: i64) -> Result<Vec<SeasonFinal>, StoreError>;
}
