//! Standings as rows, and back: what games meant, ratings, seasons.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Double, Integer, Nullable, Text};
use kernel::{PlayerId, StoreError, Timestamp};
use standings::{Head, Outcome, Rating, ResultRow, SeasonClose};

use super::super::dialect::{Id, Instant};
use super::super::{IdCol, TimeCol};

/// How far a family was applied.
#[derive(QueryableByName)]
pub(super) struct HeadRecord {
    #[diesel(sql_type = BigInt)]
    applied: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    redo_from: Option<i64>,
}

impl HeadRecord {
    pub(super) fn into_head(self, family: &str) -> Head {
        Head { family: family.to_owned(), applied: self.applied, redo_from: self.redo_from }
    }
}

/// What a game meant for a player, as it is stored.
#[derive(Debug, Clone, QueryableByName)]
pub(crate) struct ResultRecord {
    #[diesel(sql_type = Text)]
    pub(crate) family: String,
    #[diesel(sql_type = BigInt)]
    pub(crate) sequence: i64,
    #[diesel(sql_type = Id)]
    pub(crate) player_id: IdCol,
    #[diesel(sql_type = Id)]
    pub(crate) game_id: IdCol,
    #[diesel(sql_type = Integer)]
    pub(crate) version: i32,
    #[diesel(sql_type = Text)]
    pub(crate) mode: String,
    #[diesel(sql_type = Text)]
    pub(crate) season: String,
    #[diesel(sql_type = Integer)]
    pub(crate) team: i32,
    #[diesel(sql_type = Nullable<Text>)]
    pub(crate) outcome: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub(crate) score: Option<i64>,
    #[diesel(sql_type = Bool)]
    pub(crate) counts: bool,
    #[diesel(sql_type = Bool)]
    pub(crate) rated: bool,
    #[diesel(sql_type = Double)]
    pub(crate) weight: f64,
    #[diesel(sql_type = Nullable<Double>)]
    pub(crate) rating_before: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    pub(crate) deviation_before: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    pub(crate) volatility_before: Option<f64>,
    #[diesel(sql_type = Nullable<Integer>)]
    pub(crate) games_before: Option<i32>,
    #[diesel(sql_type = Nullable<Double>)]
    pub(crate) peak_before: Option<f64>,
    #[diesel(sql_type = Nullable<Instant>)]
    pub(crate) last_at_before: Option<TimeCol>,
    #[diesel(sql_type = Nullable<Double>)]
    pub(crate) rating_after: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    pub(crate) deviation_after: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    pub(crate) volatility_after: Option<f64>,
    #[diesel(sql_type = Nullable<Integer>)]
    pub(crate) games_after: Option<i32>,
    #[diesel(sql_type = Nullable<Double>)]
    pub(crate) peak_after: Option<f64>,
    #[diesel(sql_type = Nullable<Instant>)]
    pub(crate) last_at_after: Option<TimeCol>,
    #[diesel(sql_type = Instant)]
    pub(crate) at: TimeCol,
}

const fn word_of(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Win => "win",
        Outcome::Loss => "loss",
        Outcome::Draw => "draw",
    }
}

fn outcome_of(word: &str) -> Result<Outcome, StoreError> {
    [Outcome::Win, Outcome::Loss, Outcome::Draw]
        .into_iter()
        .find(|outcome| word_of(*outcome) == word)
        .ok_or_else(|| StoreError::broken(format!("a result with the odd outcome {word}")))
}

/// A rating out of its columns; those that are never null decide whether there is one.
fn rating_of(
    (value, deviation, volatility, games): (Option<f64>, Option<f64>, Option<f64>, Option<i32>),
    peak: Option<f64>,
    last_at: Option<TimeCol>,
) -> Option<Rating> {
    Some(Rating {
        value: value?,
        deviation: deviation?,
        volatility: volatility?,
        games: games?,
        peak,
        last_at: last_at.map(Timestamp::from),
    })
}

impl ResultRecord {
    pub(super) fn of(row: ResultRow) -> Self {
        let (before, after) = (row.before.as_ref(), row.after.as_ref());
        Self {
            family: row.family,
            sequence: row.sequence,
            player_id: row.player_id.into(),
            game_id: row.game_id.into(),
            version: row.version,
            mode: row.mode,
            season: row.season,
            team: row.team.into(),
            outcome: row.outcome.map(|outcome| word_of(outcome).to_owned()),
            score: row.score,
            counts: row.counts,
            rated: row.rated,
            weight: row.weight,
            rating_before: before.map(|rating| rating.value),
            deviation_before: before.map(|rating| rating.deviation),
            volatility_before: before.map(|rating| rating.volatility),
            games_before: before.map(|rating| rating.games),
            peak_before: before.and_then(|rating| rating.peak),
            last_at_before: before.and_then(|rating| rating.last_at).map(TimeCol),
            rating_after: after.map(|rating| rating.value),
            deviation_after: after.map(|rating| rating.deviation),
            volatility_after: after.map(|rating| rating.volatility),
            games_after: after.map(|rating| rating.games),
            peak_after: after.and_then(|rating| rating.peak),
            last_at_after: after.and_then(|rating| rating.last_at).map(TimeCol),
            at: row.at.into(),
        }
    }

    pub(super) fn into_row(self) -> Result<ResultRow, StoreError> {
        let before = (self.rating_before, self.deviation_before, self.volatility_before, self.games_before);
        let after = (self.rating_after, self.deviation_after, self.volatility_after, self.games_after);
        Ok(ResultRow {
            family: self.family,
            sequence: self.sequence,
            player_id: self.player_id.into(),
            game_id: self.game_id.into(),
            version: self.version,
            mode: self.mode,
            season: self.season,
            team: u8::try_from(self.team).map_err(|_| StoreError::broken(format!("a team is {}", self.team)))?,
            outcome: self.outcome.as_deref().map(outcome_of).transpose()?,
            score: self.score,
            counts: self.counts,
            rated: self.rated,
            weight: self.weight,
            before: rating_of(before, self.peak_before, self.last_at_before),
            after: rating_of(after, self.peak_after, self.last_at_after),
            at: self.at.into(),
        })
    }
}

/// A player's rating in a family, as it is stored.
#[derive(Debug, Clone, QueryableByName)]
pub(crate) struct RatingRecord {
    #[diesel(sql_type = Text)]
    pub(crate) family: String,
    #[diesel(sql_type = Id)]
    pub(crate) player_id: IdCol,
    #[diesel(sql_type = Double)]
    pub(crate) rating: f64,
    #[diesel(sql_type = Double)]
    pub(crate) deviation: f64,
    #[diesel(sql_type = Double)]
    pub(crate) volatility: f64,
    #[diesel(sql_type = Integer)]
    pub(crate) games: i32,
    #[diesel(sql_type = Nullable<Double>)]
    pub(crate) peak: Option<f64>,
    #[diesel(sql_type = Nullable<Instant>)]
    pub(crate) last_at: Option<TimeCol>,
}

impl RatingRecord {
    pub(super) fn of(family: &str, player: PlayerId, rating: &Rating) -> Self {
        Self {
            family: family.to_owned(),
            player_id: player.into(),
            rating: rating.value,
            deviation: rating.deviation,
            volatility: rating.volatility,
            games: rating.games,
            peak: rating.peak,
            last_at: rating.last_at.map(TimeCol),
        }
    }

    pub(super) fn rating(&self) -> Rating {
        Rating {
            value: self.rating,
            deviation: self.deviation,
            volatility: self.volatility,
            games: self.games,
            peak: self.peak,
            last_at: self.last_at.map(Timestamp::from),
        }
    }
}

/// A season that was played.
#[derive(QueryableByName)]
pub(super) struct SeasonRecord {
    #[diesel(sql_type = Text)]
    pub(super) mode: String,
    #[diesel(sql_type = Text)]
    pub(super) season: String,
    #[diesel(sql_type = Integer)]
    revision: i32,
    #[diesel(sql_type = Nullable<Instant>)]
    closed_at: Option<TimeCol>,
}

impl SeasonRecord {
    /// Its latest closing, if there was one.
    pub(super) fn into_season(self) -> (String, Option<SeasonClose>) {
        let Self { mode, season, revision, closed_at } = self;
        let close = closed_at.map(|at| SeasonClose { mode, season: season.clone(), revision, at: at.into() });
        (season, close)
    }
}

/// A final place.
#[derive(Debug, Clone, QueryableByName)]
pub(super) struct FinalRecord {
    #[diesel(sql_type = BigInt)]
    pub(super) rank: i64,
    #[diesel(sql_type = Id)]
    pub(super) player_id: IdCol,
    #[diesel(sql_type = Double)]
    pub(super) value: f64,
}
