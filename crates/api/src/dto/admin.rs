use std::collections::BTreeMap;

use games::Game;
use kernel::{AuditEntry, PlayerId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::GameDto;
use super::player::present;
use crate::directory::Names;

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReasonDto {
    /// 1–500 characters; stands in the audit log.
    pub(crate) reason: String,
}

/// Other scores for a game.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AmendDto {
    /// 1–500 characters; stands in the audit log.
    pub(crate) reason: String,
    /// Everybody's score, by player id.
    #[schema(value_type = BTreeMap<String, f64>)]
    pub(crate) scores: BTreeMap<PlayerId, f64>,
}

/// A decision of a dispute.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResolveDto {
    /// `settle` or `void`.
    pub(crate) decision: String,
    /// 1–500 characters; stands in the audit log.
    pub(crate) reason: String,
    /// To settle: everybody's score, by player id.
    #[schema(value_type = Option<BTreeMap<String, f64>>)]
    pub(crate) scores: Option<BTreeMap<PlayerId, f64>>,
}

/// A mode with all its fields, as mode files and this API write it.
#[derive(Serialize, ToSchema)]
#[schema(value_type = Object)]
pub(crate) struct WrittenModeDto(pub(crate) Value);

/// A mode to publish: its fields, and why. `version` may be left out; given, it must be the present one.
#[derive(Deserialize, ToSchema)]
pub(crate) struct PublishModeDto {
    /// Stands in the audit log.
    pub(crate) reason: Option<String>,
    /// The fields of the mode, as `GET /admin/modes/{key}` shows them.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub(crate) mode: Map<String, Value>,
}

/// What to change about a player.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PatchPlayerDto {
    /// `player`, `moderator` or `admin`; for administrators to give.
    pub(crate) role: Option<String>,
    /// Keeps the player out until then, and signs them out everywhere; null, or a time that has passed, lets them in.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) suspended_until: Option<Option<String>>,
    /// 1–500 characters; stands in the audit log.
    pub(crate) reason: String,
}

/// A report as operators see it.
#[derive(Serialize, ToSchema)]
pub(crate) struct CaseReportDto {
    #[schema(value_type = uuid::Uuid)]
    player_id: PlayerId,
    score: i64,
    #[schema(value_type = BTreeMap<String, i64>)]
    scores: BTreeMap<PlayerId, i64>,
    outcome: Option<String>,
    duration_ms: Option<u64>,
    #[schema(value_type = Option<Object>)]
    payload: Option<Value>,
    /// Why it was held, if it was.
    held: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// What a player said about a result.
#[derive(Serialize, ToSchema)]
pub(crate) struct EvidenceDto {
    #[schema(value_type = uuid::Uuid)]
    player_id: PlayerId,
    reason: String,
    #[schema(value_type = Option<Object>)]
    evidence: Option<Value>,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// A game as operators see it.
#[derive(Serialize, ToSchema)]
pub(crate) struct CaseDto {
    game: GameDto,
    /// Whether it waits for somebody's look.
    needs_review: bool,
    /// What is odd about it.
    flags: Vec<String>,
    reports: Vec<CaseReportDto>,
    evidence: Vec<EvidenceDto>,
}

impl CaseDto {
    /// With names.
    pub(crate) fn of(game: &Game, names: &Names) -> Self {
        let report = |report: &games::Report| CaseReportDto {
            player_id: report.player_id,
            score: report.score,
            scores: report.scores.clone(),
            outcome: report.outcome.map(|outcome| outcome.as_str().to_owned()),
            duration_ms: report.duration_ms,
            payload: report.payload.clone(),
            held: report.held.clone(),
            at: report.at,
        };
        let said = |said: &games::Evidence| EvidenceDto {
            player_id: said.player_id,
            reason: said.reason.clone(),
            evidence: said.evidence.clone(),
            at: said.at,
        };
        Self {
            game: GameDto::of(game, None, names),
            needs_review: game.needs_review,
            flags: game.flags.clone(),
            reports: game.reports.iter().map(report).collect(),
            evidence: game.evidence.iter().map(said).collect(),
        }
    }
}

/// What an operator did.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditDto {
    id: uuid::Uuid,
    /// Who; null for the server's own configuration.
    #[schema(value_type = Option<uuid::Uuid>)]
    actor: Option<PlayerId>,
    /// `game.void`, `mode.publish`, …
    action: String,
    /// As `kind:id`.
    subject: String,
    reason: String,
    #[schema(value_type = Object)]
    data: Value,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

impl From<AuditEntry> for AuditDto {
    fn from(entry: AuditEntry) -> Self {
        let AuditEntry { id, actor, action, subject, reason, data, at } = entry;
        Self { id, actor, action, subject, reason, data, at }
    }
}
