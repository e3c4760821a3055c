//! Ratings: pure functions from ratings before a game to ratings after it.
//!
//! Two models, by family ([`Model`]): [`weng_lin`] and [`glicko2`]. Both are shown on the scale of chess, newcomers at
//! 1500. `docs/ratings.md` has the formulas and where the constants come from.

pub mod glicko2;
pub mod margin;
mod normal;
mod table;
mod tuning;
pub mod weng_lin;

use kernel::{PlayerId, Timestamp};

use self::margin::Showing;
use self::table::Table;
pub use self::tuning::Tuning;
use self::weng_lin::{Lesson, Side};
use crate::fact::Outcome;
use crate::model::{Model, Rating};

/// Where newcomers stand.
const START: f64 = 1500.0;

/// Points in one unit of [`weng_lin`]'s scale.
const POINTS: f64 = 40.0;

/// No rating is ever further from [`START`].
const REACH: f64 = 10_000.0;

/// No deviation is ever smaller: whoever was rated can still be somebody else tomorrow.
const SUREST: f64 = 30.0;

/// What newcomers' deviation is under Glicko-2.
const GLICKO_DEVIATION: f64 = 350.0;

/// Microseconds in a day.
const DAY: f64 = 86_400_000_000.0;

/// Ratings with fewer games are provisional.
const FEW: i32 = 10;

/// And those with a greater deviation. Under Weng-Lin, which learns slowly, one gets there in 15 to 30 games; under
/// Glicko-2 in 5.
const UNSURE: f64 = 175.0;

/// One player in a game to be rated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RatedSeat {
    /// Who.
    pub player_id: PlayerId,
    /// In which team.
    pub team: u8,
    /// As it was stored after the last game.
    pub rating: Rating,
    /// How the game ended; none in a game of one.
    pub outcome: Option<Outcome>,
    /// Final score, where the mode has scores.
    pub score: Option<i64>,
}

/// The rating of somebody who has not played yet.
#[must_use]
pub fn newcomer(model: Model) -> Rating {
    Rating {
        value: START,
        deviation: least_sure(model),
        volatility: match model {
            Model::WengLin => 0.0,
            Model::Glicko2 => glicko2::VOLATILITY,
        },
        games: 0,
        peak: None,
        last_at: None,
    }
}

/// The rating as it stands at a later time: certainty is lost while nobody plays, up to a newcomer's. Nothing is
/// stored, so no timer is needed, and asking twice changes nothing.
#[must_use]
pub fn at(rating: &Rating, model: Model, now: Timestamp) -> Rating {
    at_with(rating, model, now, &Tuning::OURS)
}

/// [`at`] with other constants.
#[must_use]
pub fn at_with(rating: &Rating, model: Model, now: Timestamp, tuning: &Tuning) -> Rating {
    let rating = sane(rating, model);
    let Some(last) = rating.last_at else { return rating };
    #[expect(clippy::cast_precision_loss, reason = "days need no last digit")]
    let days = now.since(last).as_micros() as f64 / DAY;
    let deviation = match model {
        Model::WengLin => rating.deviation.hypot((tuning.drift * days).sqrt()),
        Model::Glicko2 => glicko2::idle(rating.deviation, rating.volatility, days / tuning.glicko2.period),
    };
    Rating { deviation: deviation.min(least_sure(model)), ..rating }
}

/// The ratings after a game, in the order of its seats. `weight`, from 0 to 1, is what part of the change takes place,
/// of the value, of the variance and of the volatility alike: at 0 a game only counts as one, and the certainty that
/// was lost before it stays lost.
///
/// A player whom the game says nothing about (there is no other team, or nobody knows who of the losers was better)
/// comes back as given.
#[must_use]
pub fn rate(model: Model, seats: &[RatedSeat], weight: f64, at: Timestamp) -> Vec<Rating> {
    rate_with(model, seats, weight, at, &Tuning::OURS)
}

/// [`rate`] with other constants.
#[must_use]
pub fn rate_with(model: Model, seats: &[RatedSeat], weight: f64, now: Timestamp, tuning: &Tuning) -> Vec<Rating> {
    let weight = if weight.is_nan() { 0.0 } else { weight.clamp(0.0, 1.0) };
    let before: Vec<Rating> = seats.iter().map(|seat| at_with(&seat.rating, model, now, tuning)).collect();
    let game = Game { before: &before, table: &Table::of(seats), tuning };
    let rated = seats.iter().enumerate().map(|(seat, given)| {
        let results = game.table.results(seat, &tuning.margin);
        if results.is_empty() {
            return given.rating;
        }
        let full = match model {
            Model::WengLin => game.by_weng_lin(seat, &results),
            Model::Glicko2 => game.by_glicko2(seat, &results),
        };
        counted(&mixed(&before[seat], &full, weight), model, now)
    });
    rated.collect()
}

/// A figure as people are told it: two decimals.
#[must_use]
pub fn shown(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// Whether so little is known that the rating should be shown with a question mark. Of a rating as it stands now
/// ([`at`]), or as it was stored.
#[must_use]
pub fn is_provisional(rating: &Rating) -> bool {
    rating.games < FEW || rating.deviation > UNSURE || rating.deviation.is_nan()
}

/// How likely team `a` is to beat team `b`, a draw being half a win, with ratings as they stand now ([`at`]).
#[must_use]
pub fn expected(model: Model, a: &[Rating], b: &[Rating]) -> f64 {
    expected_with(model, a, b, &Tuning::OURS)
}

/// [`expected`] with other constants.
#[must_use]
pub fn expected_with(model: Model, a: &[Rating], b: &[Rating], tuning: &Tuning) -> f64 {
    if a.is_empty() || b.is_empty() {
        return 0.5;
    }
    let sane = |team: &[Rating]| -> Vec<Rating> { team.iter().map(|rating| sane(rating, model)).collect() };
    let (a, b) = (sane(a), sane(b));
    match model {
        Model::WengLin => {
            let side = |team: &[Rating]| Side::of(team.iter().map(to_units));
            weng_lin::logistic(side(&a).lead(&side(&b), tuning.weng_lin.beta))
        }
        Model::Glicko2 => glicko2::expected(&pairs(a.iter()), &pairs(b.iter())),
    }
}

/// A game while it is being rated.
struct Game<'a> {
    before: &'a [Rating],
    table: &'a Table<'a>,
    tuning: &'a Tuning,
}

impl Game<'_> {
    /// The seat's rating afterwards, at full weight, with what came out against each other team.
    fn by_weng_lin(&self, seat: usize, results: &[(u8, Showing)]) -> Rating {
        let Tuning { weng_lin: params, margin, .. } = self.tuning;
        let grown = |seat: usize| {
            let (mu, sigma) = to_units(&self.before[seat]);
            (mu, weng_lin::inflated(sigma, params.tau))
        };
        let side = |team: u8| Side::of(self.table.seats_of(team).map(grown));
        let own = side(self.table.team_of(seat));
        let share = params.share(self.table.opponents());
        let mut lesson = Lesson::default();
        for (team, showing) in results {
            lesson.learn(&own, &side(*team), params.beta, share, |lead| margin.surprise(*showing, lead));
        }
        let (mu, sigma) = lesson.applied(grown(seat), &own, params.kappa);
        let value = START + POINTS * (mu - weng_lin::MU);
        Rating { value, deviation: POINTS * sigma, ..self.before[seat] }
    }

    fn by_glicko2(&self, seat: usize, results: &[(u8, Showing)]) -> Rating {
        let own = self.before[seat];
        let player = glicko2::Player { value: own.value, deviation: own.deviation, volatility: own.volatility };
        let of = |team: u8| self.table.seats_of(team).filter(|other| *other != seat).map(|other| &self.before[other]);
        let mates = pairs(of(self.table.team_of(seat)));
        let results: Vec<(Vec<(f64, f64)>, f64)> =
            results.iter().map(|(team, showing)| (pairs(of(*team)), showing.result())).collect();
        let after = glicko2::rated(player, &mates, &results, self.table.opponents(), self.tuning.glicko2.tau);
        Rating { value: after.value, deviation: after.deviation, volatility: after.volatility, ..own }
    }
}

/// A part of the way from one rating to another, by value, variance and volatility.
fn mixed(from: &Rating, to: &Rating, part: f64) -> Rating {
    let between = |from: f64, to: f64| from + part * (to - from);
    Rating {
        value: between(from.value, to.value),
        deviation: between(from.deviation.powi(2), to.deviation.powi(2)).max(0.0).sqrt(),
        volatility: between(from.volatility, to.volatility),
        ..*from
    }
}

/// The rating with one more game.
fn counted(rating: &Rating, model: Model, at: Timestamp) -> Rating {
    let mut rating = Rating { games: rating.games.saturating_add(1), last_at: Some(at), ..sane(rating, model) };
    if !is_provisional(&rating) {
        rating.peak = Some(rating.peak.map_or(rating.value, |peak| peak.max(rating.value)));
    }
    rating
}

/// The rating with every number in its range, whatever was stored.
fn sane(rating: &Rating, model: Model) -> Rating {
    let new = newcomer(model);
    let within = |value: f64, otherwise: f64, low: f64, high: f64| {
        if value.is_finite() { value.clamp(low, high) } else { otherwise }
    };
    let (low, high) = match model {
        Model::WengLin => (0.0, 0.0),
        Model::Glicko2 => glicko2::VOLATILITIES,
    };
    Rating {
        value: within(rating.value, START, START - REACH, START + REACH),
        deviation: within(rating.deviation, new.deviation, SUREST, new.deviation),
        volatility: within(rating.volatility, new.volatility, low, high),
        ..*rating
    }
}

/// A newcomer's deviation.
fn least_sure(model: Model) -> f64 {
    match model {
        Model::WengLin => POINTS * weng_lin::SIGMA,
        Model::Glicko2 => GLICKO_DEVIATION,
    }
}

fn to_units(rating: &Rating) -> (f64, f64) {
    (weng_lin::MU + (rating.value - START) / POINTS, rating.deviation / POINTS)
}

fn pairs<'a>(ratings: impl Iterator<Item = &'a Rating>) -> Vec<(f64, f64)> {
    ratings.map(|rating| (rating.value, rating.deviation)).collect()
}
