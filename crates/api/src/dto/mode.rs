use games::{MatchedAttribute, Matching, Mode, RatingModel};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A mode of the catalogue.
#[derive(Serialize, ToSchema)]
pub(crate) struct ModeDto {
    /// Send it as `mode`.
    key: String,
    /// For people.
    name: String,
    /// Rises with each change.
    version: i32,
    teams: u8,
    team_size: u8,
    /// `relay`, or the rules module with which the server decides.
    rules: String,
    /// Rating family; null: unrated.
    rating: Option<String>,
    /// `weng_lin` or `glicko2`.
    rating_model: String,
    /// What the rules module is told: `{"best_of": 3}`.
    #[schema(value_type = Option<Object>)]
    rules_options: Option<Value>,
    /// The fewest players with which a private game may start.
    min_players: u8,
    /// The fewest ready players with which a game starts when its ready window ends.
    quorum: u8,
    /// For how long after the start an empty seat may be taken, in milliseconds.
    late_join_ms: i64,
    /// Whether a match must be accepted first.
    ready_check: bool,
    /// Whether it can be played against a practice bot: `POST /games` with `bot`.
    practice: bool,
    /// Who may be matched with whom, beside their ratings.
    matching: MatchingDto,
    /// What score reports may say, in relay modes.
    score: Option<EnvelopeDto>,
    /// What the leaderboard shows by default.
    board: String,
    enabled: bool,
    max_duration_ms: i64,
    ready_ms: i64,
    report_window_ms: i64,
    /// How long a player who is gone may come back before the others may claim.
    grace_ms: i64,
    evidence_ms: i64,
}

/// Who may be matched with whom.
#[derive(Serialize, ToSchema)]
pub(crate) struct MatchingDto {
    /// The slowest connection to a region with which one may play there; null: it doesn't matter.
    latency_cap_ms: Option<u32>,
    /// What players should have in common.
    attributes: Vec<MatchedAttributeDto>,
}

/// Something players should have in common: send it with the ticket.
#[derive(Serialize, ToSchema)]
pub(crate) struct MatchedAttributeDto {
    key: String,
    /// Whether who differs is never matched; else only after a while.
    strict: bool,
}

impl From<&Matching> for MatchingDto {
    fn from(matching: &Matching) -> Self {
        let attribute = |rule: &MatchedAttribute| MatchedAttributeDto { key: rule.key.clone(), strict: rule.strict };
        Self {
            latency_cap_ms: matching.latency_cap_ms,
            attributes: matching.attributes.iter().map(attribute).collect(),
        }
    }
}

/// What score reports may say.
#[derive(Serialize, ToSchema)]
pub(crate) struct EnvelopeDto {
    min: i64,
    max: i64,
    max_per_second: Option<i64>,
    min_duration_ms: i64,
    /// Above which part of `max_per_second` a report is held for review.
    hold_above: f64,
    /// Which fields a report's payload may have; null: any.
    fields: Option<Vec<String>>,
}

impl From<&Mode> for ModeDto {
    fn from(mode: &Mode) -> Self {
        Self {
            key: mode.key.clone(),
            name: mode.name.clone(),
            version: mode.version,
            teams: mode.teams,
            team_size: mode.team_size,
            rules: mode.rules.as_str().to_owned(),
            rating: mode.rating.clone(),
            rating_model: match mode.rating_model {
                RatingModel::WengLin => "weng_lin",
                RatingModel::Glicko2 => "glicko2",
            }
            .to_owned(),
            rules_options: Some(mode.options().clone()).filter(|options| !options.is_null()),
            min_players: mode.min_players,
            quorum: mode.quorum,
            late_join_ms: mode.late_join_ms,
            ready_check: mode.ready_check,
            practice: mode.practice(),
            matching: MatchingDto::from(&mode.matching),
            score: mode.score().map(|envelope| EnvelopeDto {
                min: envelope.min,
                max: envelope.max,
                max_per_second: envelope.max_per_second,
                min_duration_ms: envelope.min_duration_ms,
                hold_above: envelope.hold_above,
                fields: envelope.fields.clone(),
            }),
            board: mode.board.clone(),
            enabled: mode.enabled,
            max_duration_ms: mode.windows.max_duration_ms,
            ready_ms: mode.windows.ready_ms,
            report_window_ms: mode.windows.report_window_ms,
            grace_ms: mode.windows.grace_ms,
            evidence_ms: mode.windows.evidence_ms,
        }
    }
}
