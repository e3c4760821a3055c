//! Leaderboards: their keys, their lines, and the port behind which quick copies of them are kept.

use async_trait::async_trait;
use kernel::PlayerId;
use serde::{Deserialize, Serialize};

use crate::model::PlayerStats;

/// What a board is ordered by; more is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// The rating, to a tenth.
    Rating,
    /// Games won.
    Wins,
    /// The best score.
    BestScore,
    /// The longest run of wins.
    Streak,
    /// All scores together.
    Sum,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 5] = [Self::Rating, Self::Wins, Self::BestScore, Self::Streak, Self::Sum];

    /// Its word: `best_score`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rating => "rating",
            Self::Wins => "wins",
            Self::BestScore => "best_score",
            Self::Streak => "streak",
            Self::Sum => "sum",
        }
    }

    /// The metric of this word, if it is one.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.as_str() == word)
    }

    /// A player's value on the board; none where the player has no place on it: without a game that counts, a rating, a
    /// score.
    #[must_use]
    pub fn value(self, stats: &PlayerStats) -> Option<f64> {
        if stats.games == 0 {
            return None;
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "scores have at most 53 bits; sums beyond that need no last digit"
        )]
        match self {
            Self::Rating => stats.rating.map(|rating| (rating * 10.0).round() / 10.0),
            Self::Wins => Some(f64::from(stats.wins)),
            Self::BestScore => stats.best_score.map(|score| score as f64),
            Self::Streak => Some(f64::from(stats.best_streak)),
            Self::Sum => stats.best_score.map(|_| stats.total_score as f64),
        }
    }
}

/// Names a board.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BoardKey {
    /// Key of the mode.
    pub mode: String,
    /// `2026-11`; empty for all time.
    pub season: String,
    /// What it is ordered by.
    pub metric: Metric,
}

/// One line of a board. Boards are ordered by value, the highest first, and by player id where values are equal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoardLine {
    /// Who.
    pub player_id: PlayerId,
    /// With what.
    pub value: f64,
    /// After how many games.
    pub games: i32,
    /// From 1: one more than the players with a higher value, so equal values share a rank.
    pub rank: i64,
    /// Whether somebody else has the same value.
    pub tied: bool,
}

/// Which part of a board.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BoardSpan {
    /// From the top, or after this value and player.
    After(Option<(f64, PlayerId)>),
    /// This player in the middle: half of the lines above, half below, fewer at the ends.
    Around(PlayerId),
}

/// Where a player stands on a board.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// The player's line.
    pub line: BoardLine,
    /// Players on the board.
    pub of: i64,
}

/// Quick copies of boards: sorted sets in Redis, or their like in the process. Copies may be lost or behind, and then
/// say nothing: the database is the truth.
///
/// A copy belongs to a family and is complete up to a place in its ledger. Only the family's worker writes: it hands
/// changes on from one place to the next, and loads the boards anew when the copy isn't where it should be.
#[async_trait]
pub trait BoardCopies: Send + Sync {
    /// Up to which place of the family's ledger its boards are complete; none when they aren't here.
    async fn complete_to(&self, family: &str) -> Option<i64>;

    /// Changes lines of boards of this family and moves its place from `from` to `to`; nothing happens unless it is at
    /// `from`. A line without a value leaves its board. Says whether it was done.
    /// Boards that aren't here are passed over: a board begins with [`Self::loaded`].
    async fn change(&self, family: &str, from: i64, to: i64, lines: &[(BoardKey, PlayerId, Option<f64>, i32)]) -> bool;

    /// Forgets the family's boards and its place.
    async fn forget(&self, family: &str);

    /// Adds lines to a board of a family that this very object forgot and that is being loaded. Where it says no, the
    /// board stays with the database, and the others may go on.
    async fn load(&self, family: &str, board: &BoardKey, lines: &[(PlayerId, f64, i32)]) -> bool;

    /// The family's boards are loaded up to this place: these, with or without lines, and no others. Where it says no,
    /// all of it is to be forgotten and loaded anew.
    async fn loaded(&self, family: &str, boards: &[BoardKey], to: i64) -> bool;

    /// Part of a board; none when it isn't here or the copy isn't complete.
    async fn lines(&self, family: &str, board: &BoardKey, span: BoardSpan, limit: i64) -> Option<Vec<BoardLine>>;

    /// A player's place on a board; the outer none when the copy can't say, the inner when the player isn't on it.
    async fn place(&self, family: &str, board: &BoardKey, player: PlayerId) -> Option<Option<Place>>;
}

/// Keeps no copies: all boards come from the database.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCopies;

#[async_trait]
impl BoardCopies for NoCopies {
    async fn complete_to(&self, _: &str) -> Option<i64> {
        None
    }

    async fn change(&self, _: &str, _: i64, _: i64, _: &[(BoardKey, PlayerId, Option<f64>, i32)]) -> bool {
        false
    }

    async fn forget(&self, _: &str) {}

    async fn load(&self, _: &str, _: &BoardKey, _: &[(PlayerId, f64, i32)]) -> bool {
        false
    }

    async fn loaded(&self, _: &str, _: &[BoardKey], _: i64) -> bool {
        false
    }

    async fn lines(&self, _: &str, _: &BoardKey, _: BoardSpan, _: i64) -> Option<Vec<BoardLine>> {
        None
    }

    async fn place(&self, _: &str, _: &BoardKey, _: PlayerId) -> Option<Option<Place>> {
        None
    }
}
