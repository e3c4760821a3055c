use games::Mode;
use serde::Serialize;
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
    /// Whether a match must be accepted first.
    ready_check: bool,
    /// What score reports may say, in relay modes.
    score: Option<EnvelopeDto>,
    /// What the leaderboard shows by default.
    board: String,
    enabled: bool,
    max_duration_ms: i64,
    ready_ms: i64,
    report_window_ms: i64,
    grace_ms: i64,
}

/// What score reports may say.
#[derive(Serialize, ToSchema)]
pub(crate) struct EnvelopeDto {
    min: i64,
    max: i64,
    max_per_second: Option<i64>,
    min_duration_ms: i64,
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
            ready_check: mode.ready_check,
            score: mode.score().map(|envelope| EnvelopeDto {
                min: envelope.min,
                max: envelope.max,
                max_per_second: envelope.max_per_second,
                min_duration_ms: envelope.min_duration_ms,
            }),
            board: mode.board.clone(),
            enabled: mode.enabled,
            max_duration_ms: mode.windows.max_duration_ms,
            ready_ms: mode.windows.ready_ms,
            report_window_ms: mode.windows.report_window_ms,
            grace_ms: mode.windows.grace_ms,
        }
    }
}
