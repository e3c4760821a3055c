//! The models: ours as the service has them, and Elo to compare with.

use kernel::{PlayerId, Timestamp};
use standings::rating::margin::Margin;
use standings::rating::weng_lin::Params;
use standings::rating::{self, RatedSeat, Tuning};
use standings::{Model, Outcome, Rating};
use uuid::Uuid;

use super::matches::Match;
use super::search::Parameter;

/// A way to predict matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Elo,
    EloMargin,
    Glicko2,
    WengLin,
    WengLinMargin,
    /// The service's own constants; of the data, home advantage only.
    AsShipped,
}

impl Kind {
    pub(super) const ALL: [Self; 6] =
        [Self::Elo, Self::EloMargin, Self::Glicko2, Self::WengLin, Self::WengLinMargin, Self::AsShipped];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Elo => "Elo",
            Self::EloMargin => "Elo with margin",
            Self::Glicko2 => "Glicko-2",
            Self::WengLin => "Weng-Lin",
            Self::WengLinMargin => "Weng-Lin with margin",
            Self::AsShipped => "Weng-Lin with margin, as shipped",
        }
    }

    /// What is tuned; home advantage, in points, comes first.
    pub(super) fn parameters(self) -> Vec<Parameter> {
        let parameter = |name, start, step, low, high| Parameter { name, start, step, low, high };
        let home = parameter("home", 80.0, 40.0, 0.0, 400.0);
        // Beta is left as published: it is what the scale is measured in.
        let tau = parameter("tau", 0.08, 0.05, 0.0, 2.0);
        let drift = parameter("drift", 10.0, 5.0, 0.0, 200.0);
        match self {
            Self::Elo | Self::EloMargin => vec![home, parameter("K", 30.0, 10.0, 1.0, 200.0)],
            Self::Glicko2 => vec![
                home,
                parameter("deviation", 250.0, 60.0, 50.0, 350.0),
                parameter("volatility", 0.06, 0.02, 0.01, 0.15),
                parameter("period", 30.0, 20.0, 1.0, 2000.0),
            ],
            Self::WengLin => vec![home, tau, drift],
            Self::WengLinMargin => {
                vec![home, tau, drift, parameter("base", 7.0, 3.0, 0.0, 100.0), parameter("slope", 0.7, 0.1, 0.1, 1.5)]
            }
            Self::AsShipped => vec![home],
        }
    }

    /// Fresh, with these values of [`parameters`](Self::parameters).
    pub(super) fn predictor(self, values: &[f64], teams: usize) -> Predictor {
        let home = values[0];
        let rule = match self {
            Self::Elo | Self::EloMargin => {
                Rule::Elo { k: values[1], margin: self == Self::EloMargin, values: vec![1500.0; teams] }
            }
            Self::Glicko2 => {
                let mut tuning = Tuning::OURS;
                tuning.glicko2.period = values[3];
                let new = rating::newcomer(Model::Glicko2);
                let new = Rating { deviation: values[1], volatility: values[2], ..new };
                Rule::Ours { model: Model::Glicko2, tuning, margin: false, ratings: vec![new; teams] }
            }
            Self::WengLin | Self::WengLinMargin => {
                let weng_lin = Params { tau: values[1], ..Tuning::OURS.weng_lin };
                let mut tuning = Tuning { weng_lin, drift: values[2], ..Tuning::OURS };
                if let [base, slope] = values[3..] {
                    tuning.margin = Margin { base, slope, ..tuning.margin };
                }
                Rule::weng_lin(tuning, self == Self::WengLinMargin, teams)
            }
            Self::AsShipped => Rule::weng_lin(Tuning::OURS, true, teams),
        };
        Predictor { home, rule }
    }
}

/// A model and what it knows of the teams.
#[derive(Debug)]
pub(super) struct Predictor {
    home: f64,
    rule: Rule,
}

#[derive(Debug)]
enum Rule {
    Elo { k: f64, margin: bool, values: Vec<f64> },
    Ours { model: Model, tuning: Tuning, margin: bool, ratings: Vec<Rating> },
}

impl Rule {
    fn weng_lin(tuning: Tuning, margin: bool, teams: usize) -> Self {
        let ratings = vec![rating::newcomer(Model::WengLin); teams];
        Self::Ours { model: Model::WengLin, tuning, margin, ratings }
    }
}

impl Predictor {
    /// What the home team is expected to get; the match is rated afterwards.
    pub(super) fn play(&mut self, played: &Match) -> f64 {
        let home = if played.neutral { 0.0 } else { self.home };
        match &mut self.rule {
            Rule::Elo { k, margin, values } => {
                let lead = values[played.home] + home - values[played.away];
                let expected = 1.0 / (1.0 + 10_f64.powf(-lead / 400.0));
                let weight = if *margin { goal_index(played.goals.0.abs_diff(played.goals.1)) } else { 1.0 };
                let change = *k * weight * (played.result() - expected);
                values[played.home] += change;
                values[played.away] -= change;
                expected
            }
            Rule::Ours { model, tuning, margin, ratings } => {
                let now = Timestamp::from_millis(played.day * 86_400_000);
                // At home a team plays as if it were better by so much.
                let lifted = |rating: &Rating, by: f64| Rating { value: rating.value + by, ..*rating };
                let host = lifted(&ratings[played.home], home);
                let seats = seats(played, host, ratings[played.away], *margin);
                let standing = seats.map(|seat| rating::at_with(&seat.rating, *model, now, tuning));
                let expected = rating::expected_with(*model, &standing[..1], &standing[1..], tuning);
                if let [host, guest] = rating::rate_with(*model, &seats, 1.0, now, tuning)[..] {
                    ratings[played.home] = lifted(&host, -home);
                    ratings[played.away] = guest;
                }
                expected
            }
        }
    }
}

fn seats(played: &Match, host: Rating, guest: Rating, margin: bool) -> [RatedSeat; 2] {
    let outcome = |won: f64| match won {
        won if won > 0.5 => Outcome::Win,
        lost if lost < 0.5 => Outcome::Loss,
        _ => Outcome::Draw,
    };
    let result = played.result();
    let seat = |team: u8, rating, won, goals| RatedSeat {
        player_id: PlayerId::new(Uuid::from_u128(u128::from(team))),
        team,
        rating,
        outcome: Some(outcome(won)),
        score: margin.then_some(goals),
    };
    [seat(0, host, result, played.goals.0), seat(1, guest, 1.0 - result, played.goals.1)]
}

/// World Football Elo's multiplier of K for a goal difference (eloratings.net); its weights of tournaments, which the
/// other models don't have, are left out.
fn goal_index(difference: u64) -> f64 {
    match difference {
        0 | 1 => 1.0,
        2 => 1.5,
        #[expect(clippy::cast_precision_loss, reason = "goals of a match")]
        more => (11.0 + more as f64) / 8.0,
    }
}
