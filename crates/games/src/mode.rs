//! Modes as data: read from JSON, validated once, then trusted.

use std::collections::HashSet;

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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
    #[serde(default = "usual_hold")]
    pub hold_above: f64,
    /// Which fields a report's payload may have. None: any.
    #[serde(default)]
    pub fields: Option<Vec<String>>,
}

const fn usual_hold() -> f64 {
    0.95
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

/// A mode as it is written down. A JSON array of these is a mode file; unknown fields are errors.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    key: String,
    version: i32,
    name: String,
    teams: u8,
    team_size: u8,
    rules: String,
    #[serde(default)]
    rules_options: Option<Value>,
    rating: Option<String>,
    #[serde(default = "usual_model")]
    rating_model: RatingModel,
    #[serde(default)]
    min_players: Option<u8>,
    #[serde(default)]
    quorum: Option<u8>,
    #[serde(default)]
    late_join_ms: i64,
    ready_check: bool,
    score: Option<Envelope>,
    board: String,
    enabled: bool,
    ready_ms: i64,
    report_window_ms: i64,
    grace_ms: i64,
    evidence_ms: i64,
    max_duration_ms: i64,
}

const fn usual_model() -> RatingModel {
    RatingModel::WengLin
}

type Place<T> = Result<T, (&'static str, &'static str)>;

fn is_key(text: &str) -> bool {
    let tail = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.len() <= 48 && text.chars().all(tail)
}

fn check(holds: bool, at: &'static str, why: &'static str) -> Place<()> {
    if holds { Ok(()) } else { Err((at, why)) }
}

const LONGEST_MS: i64 = 7 * 24 * 3_600_000;

impl Written {
    fn windows(&self) -> Place<Windows> {
        for (at, value) in [
            ("/ready_ms", self.ready_ms),
            ("/report_window_ms", self.report_window_ms),
            ("/grace_ms", self.grace_ms),
            ("/evidence_ms", self.evidence_ms),
            ("/max_duration_ms", self.max_duration_ms),
        ] {
            check((1..=LONGEST_MS).contains(&value), at, "must be from 1 to 604800000 milliseconds")?;
        }
        Ok(Windows {
            ready_ms: self.ready_ms,
            report_window_ms: self.report_window_ms,
            grace_ms: self.grace_ms,
            evidence_ms: self.evidence_ms,
            max_duration_ms: self.max_duration_ms,
        })
    }

    fn rules(&self) -> Place<RulesOf> {
        if self.rules == "relay" {
            let Some(envelope) = &self.score else {
                return Err(("/score", "a relay mode needs the envelope its reports are checked against"));
            };
            check(envelope.min <= envelope.max, "/score/max", "must not be below min")?;
            check(envelope.max_per_second.is_none_or(|rate| rate > 0), "/score/max_per_second", "must be positive")?;
            let least = envelope.min_duration_ms;
            check(
                (0..self.max_duration_ms).contains(&least),
                "/score/min_duration_ms",
                "must be from 0 to below max_duration_ms",
            )?;
            return Ok(RulesOf::Relay(envelope.clone()));
        }
        check(self.score.is_none(), "/score", "must be null: the server decides games with a rules module")?;
        let module = rules::newest(&self.rules).ok_or(("/rules", "must be `relay` or the key of a rules module"))?;
        let seats = self.teams.saturating_mul(self.team_size);
        check(module.seats().contains(&seats), "/teams", "this rules module isn't played with so many seats")?;
        Ok(RulesOf::Module { key: self.rules.clone(), options: self.rules_options.clone().unwrap_or_default() })
    }

    fn validated(self) -> Place<Mode> {
        check(
            is_key(&self.key),
            "/key",
            "must be a letter and then letters, digits and _, all lower case, at most 48",
        )?;
        check(self.version >= 1, "/version", "must be 1 or more")?;
        let named = !self.name.trim().is_empty() && self.name.len() <= 64 && !self.name.chars().any(char::is_control);
        check(named, "/name", "must be 1 to 64 bytes of plain text")?;
        check((1..=16).contains(&self.teams), "/teams", "must be from 1 to 16")?;
        check((1..=16).contains(&self.team_size), "/team_size", "must be from 1 to 16")?;
        check(self.teams.saturating_mul(self.team_size) <= 64, "/team_size", "a game has at most 64 seats")?;
        check(self.rating.as_deref().is_none_or(is_key), "/rating", "must be null or a family's key")?;
        let boards = ["rating", "wins", "best_score", "streak"];
        check(boards.contains(&self.board.as_str()), "/board", "must be rating, wins, best_score or streak")?;
        let (windows, rules) = (self.windows()?, self.rules()?);
        Ok(Mode {
            key: self.key,
            version: self.version,
            name: self.name,
            teams: self.teams,
            team_size: self.team_size,
            rules,
            min_players: self.min_players.unwrap_or(self.teams * self.team_size),
            quorum: self.quorum.unwrap_or(self.teams * self.team_size),
            late_join_ms: self.late_join_ms,
            rating_model: self.rating_model,
            rating: self.rating,
            ready_check: self.ready_check,
            board: self.board,
            enabled: self.enabled,
            windows,
        })
    }
}

/// Every mode there is, in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalogue(Vec<Mode>);

impl Catalogue {
    /// The mode file that ships with this crate.
    pub const SHIPPED: &'static str = include_str!("../modes/shipped.json");

    /// The modes of [`Catalogue::SHIPPED`].
    ///
    /// # Errors
    /// As [`Catalogue::parse`]; a test holds that there are none.
    pub fn shipped() -> Result<Self, ModeError> {
        Self::parse(Self::SHIPPED)
    }

    /// Reads a mode file: a JSON array of modes with distinct keys.
    ///
    /// # Errors
    /// The first thing that is wrong, and where.
    pub fn parse(json: &str) -> Result<Self, ModeError> {
        let file: Vec<Value> = serde_json::from_str(json).map_err(|error| ModeError {
            pointer: String::new(),
            why: format!("not a JSON array of modes: {error}"),
        })?;
        let mut modes = Vec::with_capacity(file.len());
        let mut seen = HashSet::new();
        for (n, value) in file.into_iter().enumerate() {
            let wrong = |at: &str, why: String| ModeError { pointer: format!("/{n}{at}"), why };
            let written: Written = serde_json::from_value(value).map_err(|error| wrong("", error.to_string()))?;
            let mode = written.validated().map_err(|(at, why)| wrong(at, why.to_owned()))?;
            if !seen.insert(mode.key.clone()) {
                return Err(wrong("/key", String::from("another mode has this key")));
            }
            modes.push(mode);
        }
        if modes.is_empty() {
            return Err(ModeError { pointer: String::new(), why: String::from("there must be at least one mode") });
        }
        Ok(Self(modes))
    }

    /// The same modes with these windows in place of their own.
    #[must_use]
    pub fn with_windows(mut self, settings: WindowSettings) -> Self {
        for mode in &mut self.0 {
            let own = mode.windows;
            mode.windows = Windows {
                ready_ms: settings.ready_ms.unwrap_or(own.ready_ms),
                report_window_ms: settings.report_window_ms.unwrap_or(own.report_window_ms),
                grace_ms: settings.grace_ms.unwrap_or(own.grace_ms),
                evidence_ms: settings.evidence_ms.unwrap_or(own.evidence_ms),
                max_duration_ms: settings.max_duration_ms.unwrap_or(own.max_duration_ms),
            };
        }
        self
    }

    /// All of them, switched-off ones included.
    #[must_use]
    pub fn all(&self) -> &[Mode] {
        &self.0
    }

    /// The mode of this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Mode> {
        self.0.iter().find(|mode| mode.key == key)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn file_with(change: impl FnOnce(&mut Value)) -> String {
        let mut file: Value = serde_json::from_str(Catalogue::SHIPPED).expect("the shipped file is JSON");
        change(&mut file);
        file.to_string()
    }

    #[test]
    fn what_ships_is_valid_and_as_promised() {
        let modes = Catalogue::shipped().expect("valid");
        let duel = modes.get("duel").expect("ships");
        assert_eq!(
            duel.score(),
            Some(&Envelope {
                min: 0,
                max: 1_000_000,
                max_per_second: Some(10_000),
                min_duration_ms: 0,
                hold_above: 0.95,
                fields: None,
            })
        );
        assert_eq!((duel.rules.as_str(), duel.seats(), duel.ready_check), ("relay", 2, false));
        let windows = duel.windows;
        assert_eq!((windows.ready_ms, windows.report_window_ms, windows.grace_ms), (20_000, 60_000, 30_000));
        let board = modes.get("tic_tac_toe").expect("ships");
        assert_eq!((board.rules.as_str(), board.score()), ("tic_tac_toe", None));
        assert!(board.module().is_some());
    }

    #[test]
    fn points_at_the_place_that_is_wrong() {
        for (pointer, at, value) in [
            ("/1/key", "key", json!("Duel")),
            ("/1/key", "key", json!("tic_tac_toe")),
            ("/1/teams", "teams", json!(0)),
            ("/1/rules", "rules", json!("chess")),
            ("/1/score", "score", json!(null)),
            ("/1/score/max", "score", json!({ "min": 2, "max": 1, "max_per_second": null, "min_duration_ms": 0 })),
            ("/1/ready_ms", "ready_ms", json!(0)),
            ("/1/board", "board", json!("elo")),
            ("/1", "surprise", json!(1)),
            ("/1", "teams", json!("two")),
        ] {
            let file = file_with(|file| {
                file[1][at] = value.clone();
                if at == "rules" {
                    file[1]["score"] = Value::Null;
                }
            });
            assert_eq!(Catalogue::parse(&file).expect_err(at).pointer, pointer, "{at} = {value}");
        }
        assert_eq!(Catalogue::parse("{}").expect_err("no array").pointer, "");
        assert_eq!(Catalogue::parse("[]").expect_err("no mode").pointer, "");
    }

    #[test]
    fn an_operators_windows_win_over_the_modes_own() {
        let settings = WindowSettings { report_window_ms: Some(5), ..WindowSettings::default() };
        let modes = Catalogue::shipped().expect("valid").with_windows(settings);
        assert!(modes.all().iter().all(|mode| mode.windows.report_window_ms == 5 && mode.windows.ready_ms == 20_000));
    }
}
