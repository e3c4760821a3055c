//! Weng-Lin, Bradley-Terry with full pairing (R. C. Weng, C.-J. Lin, *A Bayesian Approximation Method for Online
//! Ranking*, JMLR 12, 2011, algorithm 1): a closed form, for teams of any size and number.
//!
//! A team is as strong as its players together. Every team is compared with every other: what was expected of the pair
//! against what came of it moves the team's mean, and each player takes the part of it that belongs to their own
//! variance. [`update`] is the plain algorithm, as reference implementations have it; what we do with margins, weights
//! and time is in [`rate`](super::rate).

use super::normal;

/// Newcomers' mean.
pub const MU: f64 = 25.0;

/// Newcomers' standard deviation.
pub const SIGMA: f64 = MU / 3.0;

/// Constants of the algorithm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Params {
    /// Standard deviation of how well a player plays on a day.
    pub beta: f64,
    /// What a player's variance is multiplied by at least: one game can't make us sure.
    pub kappa: f64,
    /// Added to the uncertainty, as variance, before each game.
    pub tau: f64,
    /// How many comparisons a game is worth at most: with more opponents than that, they are averaged down to it.
    /// Infinity adds them up (openskill's `BradleyTerryFull`), 1 takes their mean (its `BradleyTerryPart`).
    pub duels: f64,
}

impl Params {
    /// As published, and as other implementations have them.
    pub const PUBLISHED: Self = Self { beta: SIGMA / 2.0, kappa: 0.0001, tau: SIGMA / 100.0, duels: f64::INFINITY };

    /// What one of `opponents` comparisons counts.
    pub(super) fn share(&self, opponents: usize) -> f64 {
        (self.duels / count(opponents.max(1))).min(1.0)
    }
}

/// A team in a comparison.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Side {
    /// Its players' means together.
    pub(super) mu: f64,
    /// Its players' variances together.
    pub(super) variance: f64,
}

impl Side {
    /// Of these players, as (mean, standard deviation).
    pub(super) fn of(players: impl IntoIterator<Item = (f64, f64)>) -> Self {
        players.into_iter().fold(Self { mu: 0.0, variance: 0.0 }, |side, (mu, sigma)| Self {
            mu: side.mu + mu,
            variance: side.variance + sigma * sigma,
        })
    }

    /// How far it is ahead of another, in standard deviations of their game.
    pub(super) fn lead(&self, other: &Self, beta: f64) -> f64 {
        (self.mu - other.mu) / self.spread(other, beta)
    }

    fn spread(&self, other: &Self, beta: f64) -> f64 {
        (self.variance + other.variance + 2.0 * beta * beta).sqrt()
    }
}

/// What a team learnt from its comparisons: by how much its mean moves, and what part of its variance is gone.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Lesson {
    omega: f64,
    eta: f64,
}

impl Lesson {
    /// Adds a comparison. `surprise` tells from the lead how much more came out than was expected, from −1 to 1;
    /// `share` is what the comparison counts.
    pub(super) fn learn(&mut self, own: &Side, other: &Side, beta: f64, share: f64, surprise: impl Fn(f64) -> f64) {
        let spread = own.spread(other, beta);
        let lead = own.lead(other, beta);
        let expected = logistic(lead);
        let gamma = own.variance.sqrt() / spread;
        self.omega += share * own.variance / spread * surprise(lead);
        self.eta += share * gamma * own.variance / (spread * spread) * expected * (1.0 - expected);
    }

    /// A player of the team afterwards.
    pub(super) fn applied(&self, (mu, sigma): (f64, f64), team: &Side, kappa: f64) -> (f64, f64) {
        let part = sigma * sigma / team.variance;
        (mu + part * self.omega, sigma * (1.0 - part * self.eta).max(kappa).sqrt())
    }
}

/// The logistic function: what Bradley-Terry expects of a lead.
pub(super) fn logistic(lead: f64) -> f64 {
    1.0 / (1.0 + (-lead).exp())
}

/// The standard deviation before a game: time and form may have changed the player.
pub(super) fn inflated(sigma: f64, tau: f64) -> f64 {
    sigma.hypot(tau)
}

/// The plain algorithm: teams of players as (mean, standard deviation), and each team's rank, the lowest first and
/// equal ones drawn. Players come back in the same order. Teams without a rank are taken for last.
#[must_use]
pub fn update(teams: &[&[(f64, f64)]], ranks: &[u32], params: &Params) -> Vec<Vec<(f64, f64)>> {
    let grown = |team: &&[(f64, f64)]| -> Vec<(f64, f64)> {
        team.iter().map(|(mu, sigma)| (*mu, inflated(*sigma, params.tau))).collect()
    };
    let teams: Vec<Vec<(f64, f64)>> = teams.iter().map(grown).collect();
    let sides: Vec<Side> = teams.iter().map(|team| Side::of(team.iter().copied())).collect();
    let rank = |team: usize| ranks.get(team).copied().unwrap_or(u32::MAX);
    let share = params.share(teams.len().saturating_sub(1));
    let rated = teams.iter().enumerate().map(|(i, team)| {
        let mut lesson = Lesson::default();
        for (q, other) in sides.iter().enumerate().filter(|(q, _)| *q != i) {
            let result = match rank(i).cmp(&rank(q)) {
                std::cmp::Ordering::Less => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Greater => 0.0,
            };
            lesson.learn(&sides[i], other, params.beta, share, |lead| result - logistic(lead));
        }
        team.iter().map(|player| lesson.applied(*player, &sides[i], params.kappa)).collect()
    });
    rated.collect()
}

/// How likely each team is to win, with performances taken for normally distributed; together 1.
#[must_use]
pub fn predict_win(teams: &[&[(f64, f64)]], beta: f64) -> Vec<f64> {
    let sides = sides(teams);
    if sides.len() < 2 {
        return vec![1.0; sides.len()];
    }
    let pairs = count(sides.len()) * (count(sides.len()) - 1.0) / 2.0;
    let chance = |(i, side): (usize, &Side)| {
        let others = sides.iter().enumerate().filter(|(q, _)| *q != i);
        others.map(|(_, other)| normal::below(side.lead(other, beta))).sum::<f64>() / pairs
    };
    sides.iter().enumerate().map(chance).collect()
}

/// How likely a pair of teams is to come out equal, over all pairs. The margin within which a game is taken for drawn
/// is a convention of openskill: with it one in as many games as there are players would be, were all of one strength
/// that is known.
#[must_use]
pub fn predict_draw(teams: &[&[(f64, f64)]], beta: f64) -> f64 {
    let sides = sides(teams);
    let players = count(teams.iter().map(|team| team.len()).sum());
    let margin = players.sqrt() * beta * normal::quantile((1.0 + 1.0 / players) / 2.0);
    let (mut sum, mut pairs) = (0.0, 0.0);
    for (i, side) in sides.iter().enumerate() {
        for other in &sides[i + 1..] {
            let (spread, lead) = (side.spread(other, beta), side.lead(other, beta));
            sum += normal::below(margin / spread - lead) - normal::below(-margin / spread - lead);
            pairs += 1.0;
        }
    }
    if pairs == 0.0 { 0.0 } else { sum / pairs }
}

fn sides(teams: &[&[(f64, f64)]]) -> Vec<Side> {
    teams.iter().map(|team| Side::of(team.iter().copied())).collect()
}

#[expect(clippy::cast_precision_loss, reason = "teams and players of a game")]
fn count(of: usize) -> f64 {
    of as f64
}
