//! Modes as data: read from JSON, validated once, then trusted.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::rules::{self, Rules};

/// Who decides a game of this mode.
#[derive(Debug, Clone, PartialEq)]
pub enum RulesOf {
    /// The clients play among themselves and report scores.
    Relay(Envelope),
    /// The server, with the rules module of this key.
    Module {
        /// Its key.
        key: String,
        /// What the module is told at the start: `{"best_of": 3}`.
        options: Value,
    },
}

impl RulesOf {
    /// As the catalogue shows it: `relay`, or the module's key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Relay(_) => "relay",
            Self::Module { key, .. } => key,
        }
    }
}

/// What scores a mode believes.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope {
    /// The least score.
    pub min: i64,
    /// The greatest score.
    pub max: i64,
    /// The most points per second of play by the server's clock; the first second counts whole. None: no limit.
    pub max_per_second: Option<i64>,
    /// How long a game must have run before anybody may report, in milliseconds.
    pub min_duration_ms: i64,
    /// Above which part of `max_per_second` a report is held for review.
    pub hold_above: f64,
    /// Which fields a report's payload may have. None: any.
    pub fields: Option<Vec<String>>,
}

/// How long things may take, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windows {
    /// From opening until all must be ready.
    pub ready_ms: i64,
    /// From the first report until all must be in.
    pub report_window_ms: i64,
    /// How long a player may be disconnected before the others may claim.
    pub grace_ms: i64,
    /// How long a disputed game waits for evidence.
    pub evidence_ms: i64,
    /// From the start until a game without any report or decision is voided.
    pub max_duration_ms: i64,
}

/// Windows an operator sets for all modes at once; what is `None` stays as the modes have it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WindowSettings {
    /// See [`Windows::ready_ms`].
    pub ready_ms: Option<i64>,
    /// See [`Windows::report_window_ms`].
    pub report_window_ms: Option<i64>,
    /// See [`Windows::grace_ms`].
    pub grace_ms: Option<i64>,
    /// See [`Windows::evidence_ms`].
    pub evidence_ms: Option<i64>,
    /// See [`Windows::max_duration_ms`].
    pub max_duration_ms: Option<i64>,
}

impl WindowSettings {
    /// The windows of a mode under these settings.
    #[must_use]
    pub fn over(self, own: Windows) -> Windows {
        Windows {
            ready_ms: self.ready_ms.unwrap_or(own.ready_ms),
            report_window_ms: self.report_window_ms.unwrap_or(own.report_window_ms),
            grace_ms: self.grace_ms.unwrap_or(own.grace_ms),
            evidence_ms: self.evidence_ms.unwrap_or(own.evidence_ms),
            max_duration_ms: self.max_duration_ms.unwrap_or(own.max_duration_ms),
        }
    }
}

/// Who may be matched with whom, beside their ratings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matching {
    /// The slowest connection to a region with which one may play there, in milliseconds. None: it doesn't matter.
    pub latency_cap_ms: Option<u32>,
    /// What players should have in common.
    pub attributes: Vec<MatchedAttribute>,
}

/// Something players should have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatchedAttribute {
    /// Its name: `platform`.
    pub key: String,
    /// Whether who differs is never matched; else only after a while.
    pub strict: bool,
}

/// Which model rates a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RatingModel {
    /// Weng-Lin Bradley-Terry.
    WengLin,
    /// Glicko-2.
    Glicko2,
}

/// One kind of game.
#[derive(Debug, Clone, PartialEq)]
pub struct Mode {
    /// Stable key: `duel`.
    pub key: String,
    /// Rises with every change that matters to a result.
    pub version: i32,
    /// For people.
    pub name: String,
    /// How many teams.
    pub teams: u8,
    /// Players per team.
    pub team_size: u8,
    /// Who decides.
    pub rules: RulesOf,
    /// The rating family its results count in; none for modes that are never rated.
    pub rating: Option<String>,
    /// The model that rates its family.
    pub rating_model: RatingModel,
    /// The fewest players with which a private game of it may start.
    pub min_players: u8,
    /// The fewest ready players with which a game starts when its ready window ends.
    pub quorum: u8,
    /// For how long after the start an empty seat may still be taken, in milliseconds; 0: not at all.
    pub late_join_ms: i64,
    /// Whether matchmaking asks everybody before it opens a game.
    pub ready_check: bool,
    /// Who may be matched with whom.
    pub matching: Matching,
    /// What its leaderboard shows unless asked otherwise: `rating`, `wins`, `best_score` or `streak`.
    pub board: String,
    /// Whether new games may be opened.
    pub enabled: bool,
    /// Its deadlines.
    pub windows: Windows,
}

impl Mode {
    /// What scores it believes; none where the server decides.
    #[must_use]
    pub const fn score(&self) -> Option<&Envelope> {
        match &self.rules {
            RulesOf::Relay(envelope) => Some(envelope),
            RulesOf::Module { .. } => None,
        }
    }

    /// The newest version of its rules module, if it has one.
    #[must_use]
    pub fn module(&self) -> Option<&'static dyn Rules> {
        match &self.rules {
            RulesOf::Relay(_) => None,
            RulesOf::Module { key, .. } => rules::newest(key),
        }
    }

    /// Whether a practice bot plays it: its rules module has one, and there is one seat for it. The bot has one id, and
    /// nobody sits in two seats of a game.
    #[must_use]
    pub fn practice(&self) -> bool {
        (self.teams, self.team_size) == (2, 1) && self.module().is_some_and(|module| module.bot().is_some())
    }

    /// What its rules module is told at the start; null where there is nothing to say.
    #[must_use]
    pub const fn options(&self) -> &Value {
        match &self.rules {
            RulesOf::Relay(_) => &Value::Null,
            RulesOf::Module { options, .. } => options,
        }
    }

    /// Seats of a full game.
    #[must_use]
    pub const fn seats(&self) -> u8 {
        self.teams.saturating_mul(self.team_size)
    }

    /// The ledger family of its results: the rating family, or its own key where it has none.
    #[must_use]
    pub fn family(&self) -> &str {
        self.rating.as_deref().unwrap_or(&self.key)
    }
}

/// What is wrong with a mode file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("modes{pointer}: {why}")]
pub struct ModeError {
    /// JSON pointer into the file: `/1/score/max`; empty for the file itself.
    pub pointer: String,
    /// What is wrong and what would be right.
    pub why: String,
}
