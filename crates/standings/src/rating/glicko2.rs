//! Glicko-2 (M. E. Glickman, *Example of the Glicko-2 system*, 2013), by the `skillratings` crate, with every game as a
//! period of its own.
//!
//! The model knows duels only. A game of teams is one duel for each opposing team: against somebody as far ahead as
//! that team's mean is ahead of one's own team's, and as uncertain as all the others in the comparison make it. In a
//! duel of two this is the opponent. With several opposing teams these duels are averaged, and the average counts
//! twice, as in [`weng_lin`](super::weng_lin): the second time from where the first has led.

use skillratings::Outcomes;
use skillratings::glicko2::{Glicko2Config, Glicko2Rating, glicko2_rating_period};

/// Constants of the model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Glicko2Params {
    /// Constrains the change of volatility; 0.3 to 1.2 are reasonable.
    pub tau: f64,
    /// How many days without games are one period.
    pub period: f64,
}

/// How finely volatility is solved for.
const TOLERANCE: f64 = 1e-10;

/// Volatility of newcomers.
pub(super) const VOLATILITY: f64 = 0.06;

/// Volatilities stay within these: what the model is meant for, and where its solver is safe.
pub(super) const VOLATILITIES: (f64, f64) = (0.01, 0.15);

/// Points in one unit of the model.
pub(super) const UNIT: f64 = 173.7178;

/// How many duels a game is worth at most.
const DUELS: usize = 2;

/// Wider leads than this tell no more: the chance is one in a hundred thousand.
const LEAD: f64 = 2000.0;

/// A rating as the model knows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Player {
    /// Rating, 1500 for newcomers.
    pub value: f64,
    /// Its deviation, 350 for newcomers.
    pub deviation: f64,
    /// Its volatility, 0.06 for newcomers.
    pub volatility: f64,
}

/// One game against an opponent with this value and deviation: 1, ½ or 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Duel {
    /// The opponent's rating.
    pub value: f64,
    /// The opponent's deviation.
    pub deviation: f64,
    /// How it came out.
    pub result: f64,
}

/// The plain algorithm: a player after a period with these games.
#[must_use]
pub fn update(player: Player, duels: &[Duel], tau: f64) -> Player {
    let player = Glicko2Rating { rating: player.value, deviation: player.deviation, volatility: player.volatility };
    let results: Vec<(Glicko2Rating, Outcomes)> = duels
        .iter()
        .map(|duel| {
            let lead = (duel.value - player.rating).clamp(-LEAD, LEAD);
            let rating = player.rating + lead;
            let outcome = match duel.result {
                won if won > 0.5 => Outcomes::WIN,
                lost if lost < 0.5 => Outcomes::LOSS,
                _ => Outcomes::DRAW,
            };
            (Glicko2Rating { rating, deviation: duel.deviation, volatility: VOLATILITY }, outcome)
        })
        .collect();
    let after = glicko2_rating_period(&player, &results, &Glicko2Config { tau, convergence_tolerance: TOLERANCE });
    Player { value: after.rating, deviation: after.deviation, volatility: after.volatility }
}

/// Whom a player of a team meets in another team. `mates` are the others of the own team; all as (value, deviation).
fn opponent(player: Player, mates: &[(f64, f64)], others: &[(f64, f64)]) -> (f64, f64) {
    let (theirs, theirs_variance) = mean(others);
    let team: Vec<(f64, f64)> = mates.iter().copied().chain([(player.value, player.deviation)]).collect();
    let (ours, all) = mean(&team);
    let own = (player.deviation / count(team.len())).powi(2);
    (player.value + theirs - ours, (theirs_variance + (all - own).max(0.0)).sqrt())
}

/// A player after one game that came out so against these teams, each with its players and 1, ½ or 0. `opponents` are
/// all other teams, those included about which nothing is known.
pub(super) fn rated(
    player: Player,
    mates: &[(f64, f64)],
    results: &[(Vec<(f64, f64)>, f64)],
    opponents: usize,
    tau: f64,
) -> Player {
    let share = 1.0 / count(opponents.max(1));
    let mut player = player;
    for _ in 0..opponents.min(DUELS) {
        let (mut value, mut variance, mut volatility) = (0.0, 0.0, 0.0);
        for (others, result) in results {
            let (opponent, deviation) = opponent(player, mates, others);
            let after = update(player, &[Duel { value: opponent, deviation, result: *result }], tau);
            value += share * (after.value - player.value);
            variance += share * (after.deviation.powi(2) - player.deviation.powi(2));
            volatility += share * (after.volatility - player.volatility);
        }
        player.value += value;
        player.deviation = (player.deviation.powi(2) + variance).max(0.0).sqrt();
        player.volatility = (player.volatility + volatility).clamp(VOLATILITIES.0, VOLATILITIES.1);
    }
    player
}

/// A deviation after a number of periods without games.
pub(super) fn idle(deviation: f64, volatility: f64, periods: f64) -> f64 {
    deviation.hypot(volatility * UNIT * periods.sqrt())
}

/// Chance of team `a` against `b`, a draw being half a win.
pub(super) fn expected(a: &[(f64, f64)], b: &[(f64, f64)]) -> f64 {
    let ((a, a_variance), (b, b_variance)) = (mean(a), mean(b));
    let variance = (a_variance + b_variance) / (UNIT * UNIT);
    let g = 1.0 / (1.0 + 3.0 * variance / (std::f64::consts::PI * std::f64::consts::PI)).sqrt();
    super::weng_lin::logistic(g * (a - b) / UNIT)
}

/// The mean of a team's values, and the variance of that mean.
fn mean(team: &[(f64, f64)]) -> (f64, f64) {
    let size = count(team.len().max(1));
    let value = team.iter().map(|(value, _)| value).sum::<f64>() / size;
    let variance = team.iter().map(|(_, deviation)| deviation * deviation).sum::<f64>() / (size * size);
    (value, variance)
}

#[expect(clippy::cast_precision_loss, reason = "players of a team")]
fn count(of: usize) -> f64 {
    of as f64
}
