//! The constants of both models in one place, so that `cargo xtask bench ratings` can try others.

use super::glicko2::Glicko2Params;
use super::margin::Margin;
use super::weng_lin::Params;

/// Everything that isn't given by the models themselves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    /// Constants of Weng-Lin.
    pub weng_lin: Params,
    /// How Weng-Lin reads margins.
    pub margin: Margin,
    /// Weng-Lin: the variance that comes back with a day without games, in points².
    pub drift: f64,
    /// Constants of Glicko-2.
    pub glicko2: Glicko2Params,
}

impl Tuning {
    /// What we rate with.
    ///
    /// Of the football results up to 1989 (`cargo xtask bench ratings`): a margin's base and slope, and the drift, all
    /// with the published beta. Choices: what football can't tell (its scores are never long, so no share of them), the
    /// floor, a tau above 0 (people change by playing, national teams only with time), and Glicko-2's period, with
    /// which certainty is lost as fast as under Weng-Lin.
    pub const OURS: Self = Self {
        weng_lin: Params { duels: 2.0, ..Params::PUBLISHED },
        margin: Margin { base: 14.0, share: 0.25, slope: 0.5, floor: 0.1 },
        drift: 35.0,
        glicko2: Glicko2Params { tau: 0.5, period: 3.1 },
    };
}
