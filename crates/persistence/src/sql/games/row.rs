//! A game as a row, and back.

use diesel::prelude::*;
use games::{
    Ended, Game, GamePlayer, LedgerEntry, Outcome, PinnedRules, PlayerStatus, Report, ResultStatus, ResultVersion,
    Status,
};
use kernel::{BoxError, PlayerId, SessionSecret, StoreError, Timestamp, Version};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::super::{IdCol, JsonCol, TimeCol};
use super::schema::{games as game_table, ledger};

/// All columns of a game.
#[derive(Queryable, Selectable)]
#[diesel(table_name = game_table)]
pub(crate) struct GameRow {
    pub(crate) id: IdCol,
    pub(crate) mode: String,
    pub(crate) status: String,
    pub(crate) rated: bool,
    pub(crate) setup: JsonCol,
    pub(crate) players: JsonCol,
    pub(crate) sequence: i64,
    pub(crate) turn: Option<i32>,
    pub(crate) state: Option<JsonCol>,
    pub(crate) reports: String,
    pub(crate) conclusion: Option<JsonCol>,
    pub(crate) created_at: TimeCol,
    pub(crate) started_at: Option<TimeCol>,
    pub(crate) finished_at: Option<TimeCol>,
    pub(crate) due_at: Option<TimeCol>,
    pub(crate) version: i64,
}

#[derive(Serialize, Deserialize)]
struct Setup {
    seed: i64,
    mode_version: Option<i32>,
    rules: Option<String>,
    rules_version: Option<i32>,
}

#[derive(Serialize, Deserialize)]
struct Seat {
    player_id: PlayerId,
    team: u8,
    seat: u8,
    status: PlayerStatus,
    secret: String,
    score: Option<i64>,
    outcome: Option<Outcome>,
    ready_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct Conclusion {
    ended: Option<Ended>,
    result: Option<ResultVersion>,
}

fn broken(error: serde_json::Error) -> StoreError {
    StoreError::Broken(BoxError::from(error))
}

pub(crate) fn document<T: Serialize>(value: &T) -> Result<JsonCol, StoreError> {
    serde_json::to_value(value).map(JsonCol).map_err(broken)
}

fn read<T: DeserializeOwned>(column: JsonCol) -> Result<T, StoreError> {
    serde_json::from_value(column.0).map_err(broken)
}

fn word<T>(parsed: Option<T>, word: &str) -> Result<T, StoreError> {
    parsed.ok_or_else(|| StoreError::broken(format!("a game with the odd word {word}")))
}

impl GameRow {
    pub(crate) fn of(game: &Game) -> Result<Self, StoreError> {
        let setup = Setup {
            seed: game.seed,
            mode_version: game.mode_version,
            rules: game.rules.as_ref().map(|rules| rules.key.clone()),
            rules_version: game.rules.as_ref().map(|rules| rules.version),
        };
        let seat = |player: &GamePlayer| Seat {
            player_id: player.player_id,
            team: player.team,
            seat: player.seat,
            status: player.status,
            secret: player.secret.0.clone(),
            score: player.score,
            outcome: player.outcome,
            ready_at: player.ready_at,
        };
        let concluded = game.ended.is_some() || game.result.is_some();
        let conclusion = Conclusion { ended: game.ended.clone(), result: game.result.clone() };
        Ok(Self {
            id: game.id.into(),
            mode: game.mode.clone(),
            status: game.status.as_str().to_owned(),
            rated: game.rated,
            setup: document(&setup)?,
            players: document(&game.players.iter().map(seat).collect::<Vec<_>>())?,
            sequence: game.sequence,
            turn: game.turn.map(i32::from),
            state: game.state.clone().map(JsonCol),
            reports: serde_json::to_string(&game.reports).map_err(broken)?,
            conclusion: if concluded { Some(document(&conclusion)?) } else { None },
            created_at: game.created_at.into(),
            started_at: game.started_at.map(TimeCol),
            finished_at: game.finished_at.map(TimeCol),
            due_at: game.due_at.map(TimeCol),
            version: game.version.0,
        })
    }

    pub(crate) fn into_game(self) -> Result<Game, StoreError> {
        let setup: Setup = read(self.setup)?;
        let seats: Vec<Seat> = read(self.players)?;
        let reports: Vec<Report> = serde_json::from_str(&self.reports).map_err(broken)?;
        let conclusion = match self.conclusion {
            Some(column) => read(column)?,
            None => Conclusion { ended: None, result: None },
        };
        let player = |seat: Seat| GamePlayer {
            player_id: seat.player_id,
            team: seat.team,
            seat: seat.seat,
            status: seat.status,
            secret: SessionSecret(seat.secret),
            score: seat.score,
            outcome: seat.outcome,
            ready_at: seat.ready_at,
        };
        Ok(Game {
            id: self.id.into(),
            mode: self.mode,
            mode_version: setup.mode_version,
            rules: setup.rules.zip(setup.rules_version).map(|(key, version)| PinnedRules { key, version }),
            status: word(Status::parse(&self.status), &self.status)?,
            rated: self.rated,
            seed: setup.seed,
            players: seats.into_iter().map(player).collect(),
            sequence: self.sequence,
            turn: self.turn.and_then(|turn| u8::try_from(turn).ok()),
            state: self.state.map(|state| state.0),
            reports,
            ended: conclusion.ended,
            created_at: self.created_at.into(),
            started_at: self.started_at.map(Timestamp::from),
            finished_at: self.finished_at.map(Timestamp::from),
            due_at: self.due_at.map(Timestamp::from),
            result: conclusion.result,
            version: Version(self.version),
        })
    }
}

/// All columns of a ledger entry.
#[derive(Queryable, Selectable)]
#[diesel(table_name = ledger)]
pub(super) struct LedgerRow {
    family: String,
    sequence: i64,
    game_id: IdCol,
    version: i32,
    mode: String,
    rated: bool,
    status: String,
    reason: String,
    provenance: JsonCol,
    standings: JsonCol,
    at: TimeCol,
}

impl LedgerRow {
    pub(super) fn into_entry(self) -> Result<LedgerEntry, StoreError> {
        Ok(LedgerEntry {
            game_id: self.game_id.into(),
            version: self.version,
            family: self.family,
            sequence: self.sequence,
            mode: self.mode,
            rated: self.rated,
            status: word(ResultStatus::parse(&self.status), &self.status)?,
            reason: self.reason,
            provenance: self.provenance.0,
            standings: read(self.standings)?,
            at: self.at.into(),
        })
    }
}
