//! A game as a row, and back.

use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Text;
use games::{
    Ended, Entered, Game, GamePlayer, Gone, Invite, LedgerEntry, LogHead, Origin, OriginKind, Outcome, PinnedRules,
    PlayerStatus, Report, ResultStatus, ResultVersion, Status,
};
use kernel::{BoxError, GameId, PlayerId, SessionSecret, StoreError, Timestamp, Version};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use super::super::{IdCol, JsonCol, TimeCol, game_batch};
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
    pub(crate) origin: String,
    pub(crate) social: Option<String>,
    pub(crate) evidence: Option<String>,
    pub(crate) needs_review: bool,
    pub(crate) log_n: i64,
    pub(crate) log_hash: Option<String>,
    /// Only read: standings write it.
    #[diesel(select_expression = rating_lines(), select_expression_type = SqlLiteral<Text>)]
    pub(crate) rating_lines: String,
}

pub(super) fn rating_lines() -> SqlLiteral<Text> {
    sql(game_batch::RATING_LINES)
}

#[derive(Serialize, Deserialize)]
struct Setup {
    seed: i64,
    mode_version: Option<i32>,
    rules: Option<String>,
    rules_version: Option<i32>,
    /// The deadline, where `due_at` is an earlier time to look at the game.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    deadline: Option<Option<Timestamp>>,
}

/// A null that was written is told from a field that wasn't.
fn given<'de, D: Deserializer<'de>>(field: D) -> Result<Option<Option<Timestamp>>, D::Error> {
    Option::deserialize(field).map(Some)
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gone: Option<Gone>,
}

/// What most games don't have.
#[derive(Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Social {
    host: Option<PlayerId>,
    rematch_of: Option<GameId>,
    invites: Vec<Invite>,
    rematch: Option<GameId>,
    flags: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Conclusion {
    ended: Option<Ended>,
    result: Option<ResultVersion>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entered: Option<Entered>,
}

fn broken(error: serde_json::Error) -> StoreError {
    StoreError::Broken(BoxError::from(error))
}

pub(crate) fn document<T: Serialize>(value: &T) -> Result<JsonCol, StoreError> {
    serde_json::to_value(value).map(JsonCol).map_err(broken)
}

/// The text of what isn't there by default; nothing for what is as usual.
fn unusual<T: Serialize>(value: &T, usual: bool) -> Result<Option<String>, StoreError> {
    if usual { Ok(None) } else { serde_json::to_string(value).map(Some).map_err(broken) }
}

fn read_text<T: DeserializeOwned + Default>(column: Option<&str>) -> Result<T, StoreError> {
    column.map_or_else(|| Ok(T::default()), |text| serde_json::from_str(text).map_err(broken))
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
            deadline: (game.wakes_at() != game.due_at).then_some(game.due_at),
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
            gone: player.gone,
        };
        let social = Social {
            host: game.origin.host,
            rematch_of: game.origin.rematch_of,
            invites: game.invites.clone(),
            rematch: game.rematch,
            flags: game.flags.clone(),
        };
        let concluded = game.ended.is_some() || game.result.is_some();
        let conclusion =
            Conclusion { ended: game.ended.clone(), result: game.result.clone(), entered: game.entered.clone() };
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
            due_at: game.wakes_at().map(TimeCol),
            version: game.version.0,
            origin: game.origin.kind.as_str().to_owned(),
            social: unusual(&social, social == Social::default())?,
            evidence: unusual(&game.evidence, game.evidence.is_empty())?,
            needs_review: game.needs_review,
            log_n: game.log.n,
            log_hash: (game.log.n > 0).then(|| game.log.hash.clone()),
            rating_lines: String::new(),
        })
    }

    pub(crate) fn into_game(self) -> Result<Game, StoreError> {
        let setup: Setup = read(self.setup)?;
        let seats: Vec<Seat> = read(self.players)?;
        let reports: Vec<Report> = serde_json::from_str(&self.reports).map_err(broken)?;
        let conclusion = match self.conclusion {
            Some(column) => read(column)?,
            None => Conclusion { ended: None, result: None, entered: None },
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
            gone: seat.gone,
        };
        let social: Social = read_text(self.social.as_deref())?;
        let kind = word(OriginKind::parse(&self.origin), &self.origin)?;
        let hash = self.log_hash.unwrap_or_else(|| LogHead::default().hash);
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
            origin: Origin { kind, host: social.host, rematch_of: social.rematch_of },
            invites: social.invites,
            rematch: social.rematch,
            evidence: read_text(self.evidence.as_deref())?,
            needs_review: self.needs_review,
            flags: social.flags,
            log: LogHead { n: self.log_n, hash },
            rating_lines: read_text(Some(&self.rating_lines))?,
            ended: conclusion.ended,
            created_at: self.created_at.into(),
            started_at: self.started_at.map(Timestamp::from),
            finished_at: self.finished_at.map(Timestamp::from),
            due_at: setup.deadline.unwrap_or(self.due_at.map(Timestamp::from)),
            result: conclusion.result,
            entered: conclusion.entered,
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
