use kernel::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use standings::rating::shown;
use standings::{Board, BoardInfo, BoardLine, HeadToHead, PlayerStats, RatingNow, StatsOf};
use std::collections::BTreeMap;
use utoipa::ToSchema;

use super::{GameDto, PlayerDto};
use crate::directory::Names;

/// A rating as of now.
#[derive(Serialize, ToSchema)]
pub(crate) struct RatingDto {
    /// The family of modes it counts for; a mode with a rating of its own has its key.
    mode: String,
    rating: f64,
    /// One standard deviation: grows while the player doesn't play.
    deviation: f64,
    /// Whether it is still too uncertain to be taken at its word.
    provisional: bool,
    /// Rated games.
    games: i32,
    /// The highest so far, provisional times not counted.
    peak: Option<f64>,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_at: Option<Timestamp>,
}

impl From<&RatingNow> for RatingDto {
    fn from(now: &RatingNow) -> Self {
        Self {
            mode: now.family.clone(),
            rating: shown(now.rating.value),
            deviation: shown(now.rating.deviation),
            provisional: now.provisional,
            games: now.rating.games,
            peak: now.rating.peak.map(shown),
            last_at: now.rating.last_at,
        }
    }
}

/// A run of equal outcomes.
#[derive(Serialize, ToSchema)]
pub(crate) struct StreakDto {
    /// Above 0: wins in a row; below: losses.
    current: i32,
    /// The longest run of wins.
    best: i32,
}

/// Stats of one mode.
#[derive(Serialize, ToSchema)]
pub(crate) struct ModeStatsDto {
    games: i32,
    wins: i32,
    losses: i32,
    draws: i32,
    /// Wins among games; a draw is half of one. Null without games.
    win_rate: Option<f64>,
    streak: StreakDto,
    /// The last ten outcomes, newest last: `WWLD`.
    form: String,
    best_score: Option<i64>,
    total_score: i64,
    rating: Option<f64>,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_at: Option<Timestamp>,
}

impl From<&PlayerStats> for ModeStatsDto {
    fn from(stats: &PlayerStats) -> Self {
        let decided = stats.wins + stats.losses + stats.draws;
        let points = f64::from(stats.wins) + f64::from(stats.draws) / 2.0;
        Self {
            games: stats.games,
            wins: stats.wins,
            losses: stats.losses,
            draws: stats.draws,
            win_rate: (decided > 0).then(|| (points / f64::from(decided) * 10_000.0).round() / 10_000.0),
            streak: StreakDto { current: stats.streak, best: stats.best_streak },
            form: stats.form.clone(),
            best_score: stats.best_score,
            total_score: stats.total_score,
            rating: stats.rating.map(shown),
            last_at: stats.last_at,
        }
    }
}

/// A player's stats.
#[derive(Serialize, ToSchema)]
pub(crate) struct StatsDto {
    games: i32,
    wins: i32,
    losses: i32,
    draws: i32,
    win_rate: Option<f64>,
    streak: StreakDto,
    form: String,
    /// By key of the mode.
    by_mode: BTreeMap<String, ModeStatsDto>,
}

impl From<&StatsOf> for StatsDto {
    fn from(stats: &StatsOf) -> Self {
        let total = ModeStatsDto::from(&stats.total);
        Self {
            games: total.games,
            wins: total.wins,
            losses: total.losses,
            draws: total.draws,
            win_rate: total.win_rate,
            streak: total.streak,
            form: total.form,
            by_mode: stats.by_mode.iter().map(|(mode, stats)| (mode.clone(), stats.into())).collect(),
        }
    }
}

/// What a player did against another.
#[derive(Serialize, ToSchema)]
pub(crate) struct HeadToHeadDto {
    games: i32,
    wins: i32,
    losses: i32,
    draws: i32,
    /// Their last game.
    last: Option<GameDto>,
    /// Above 0: wins in a row; below: losses.
    streak: i32,
}

impl HeadToHeadDto {
    /// With the last game.
    pub(crate) fn of(met: &HeadToHead, last: Option<GameDto>) -> Self {
        let HeadToHead { games, wins, losses, draws, streak, .. } = *met;
        Self { games, wins, losses, draws, last, streak }
    }
}

/// A leaderboard that can be asked for.
#[derive(Serialize, ToSchema)]
pub(crate) struct BoardInfoDto {
    /// Key of the mode.
    mode: String,
    /// What it shows unless asked otherwise.
    metric: String,
    /// What it can show.
    metrics: Vec<String>,
    /// Seasons that were played, newest first.
    seasons: Vec<SeasonDto>,
}

/// A season of a mode.
#[derive(Serialize, ToSchema)]
pub(crate) struct SeasonDto {
    /// `2026-11`.
    season: String,
    /// When its places became final; null while it runs.
    #[schema(value_type = Option<String>, format = DateTime)]
    closed_at: Option<Timestamp>,
}

impl From<&BoardInfo> for BoardInfoDto {
    fn from(info: &BoardInfo) -> Self {
        let season =
            |(season, closed): &(String, Option<Timestamp>)| SeasonDto { season: season.clone(), closed_at: *closed };
        Self {
            mode: info.mode.clone(),
            metric: info.metric.as_str().to_owned(),
            metrics: info.metrics.iter().map(|metric| metric.as_str().to_owned()).collect(),
            seasons: info.seasons.iter().map(season).collect(),
        }
    }
}

/// One line of a leaderboard.
#[derive(Serialize, ToSchema)]
pub(crate) struct BoardLineDto {
    /// From 1; equal values share a rank.
    rank: i64,
    player: PlayerDto,
    value: f64,
    games: i32,
    /// Whether somebody else has the same value.
    tied: bool,
}

impl BoardLineDto {
    fn of(line: &BoardLine, names: &Names) -> Self {
        let BoardLine { rank, value, games, tied, player_id } = *line;
        Self { rank, player: names.get(player_id), value, games, tied }
    }
}

/// The asker's own line.
#[derive(Serialize, ToSchema)]
pub(crate) struct OwnLineDto {
    #[serde(flatten)]
    line: BoardLineDto,
    /// Share of the others on the board with a lower value, in percent.
    percentile: f64,
}

/// Part of a leaderboard.
#[derive(Serialize, ToSchema)]
pub(crate) struct LeaderboardDto {
    /// Key of the mode.
    mode: String,
    metric: String,
    /// Null for all time.
    season: Option<String>,
    items: Vec<BoardLineDto>,
    /// Your own line; null while you aren't on the board.
    me: Option<OwnLineDto>,
    /// Players on the board.
    total: i64,
    next_cursor: Option<String>,
}

impl LeaderboardDto {
    /// Without anybody's own line.
    pub(crate) fn of(board: &Board, names: &Names, next_cursor: Option<String>) -> Self {
        Self {
            mode: board.key.mode.clone(),
            metric: board.key.metric.as_str().to_owned(),
            season: Some(board.key.season.clone()).filter(|season| !season.is_empty()),
            items: board.lines.iter().map(|line| BoardLineDto::of(line, names)).collect(),
            me: None,
            total: board.total,
            next_cursor,
        }
    }

    /// A rendered page with the asker's own line in it.
    pub(crate) fn with_me(mut page: Value, me: Option<&standings::Placed>, names: &Names) -> Value {
        let own = |placed: &standings::Placed| OwnLineDto {
            line: BoardLineDto::of(&placed.line, names),
            percentile: shown(placed.percentile),
        };
        page["me"] = json!(me.map(own));
        page
    }
}
