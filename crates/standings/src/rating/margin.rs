//! What a score says beyond who won.
//!
//! Scores of one mode are goals, of another hundreds of thousands of points, so a margin is measured against what
//! chance does to scores like these: `√(c + t + (ρ t)²)`, with `t` both scores together. Where scores are small counts,
//! as goals are, chance is their square root; where they are long, it is a share of them, whatever their unit.

use super::weng_lin::logistic;

/// How margins are read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Margin {
    /// `c`: chance there is in a game without scores to speak of.
    pub base: f64,
    /// `ρ`: chance as a share of long scores.
    pub share: f64,
    /// How much of a lead shows in what results are worth, compared with who wins. What is learnt from them is
    /// multiplied by its inverse: near even games, a surprise by score then moves as much as one by result.
    pub slope: f64,
    /// The least a winner gets of what a win without a margin would give: a win is never a loss.
    pub floor: f64,
}

/// How a team's game against another came out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Showing {
    /// 1, ½ or 0, and no more is known.
    Plain(f64),
    /// With a margin: 1, ½ or 0, and what it was worth, from 0 to 1.
    Scored(f64, f64),
}

impl Showing {
    /// 1, ½ or 0.
    #[must_use]
    pub fn result(self) -> f64 {
        match self {
            Self::Plain(result) | Self::Scored(result, _) => result,
        }
    }
}

impl Margin {
    /// How a game that came out as `result` (1, ½ or 0) with these scores shows. Scores that contradict the result, as
    /// those of somebody who left while ahead, say nothing.
    #[must_use]
    pub fn showing(&self, result: f64, own: i64, other: i64) -> Showing {
        #[expect(clippy::cast_precision_loss, reason = "scores of 53 bits; beyond, no last digit is needed")]
        let (own, other) = (own as f64, other as f64);
        let won = result > 0.5;
        let ahead = if won { own - other } else { other - own };
        if result == 0.5 {
            return Showing::Scored(result, 0.5);
        }
        if ahead < 0.0 {
            return Showing::Plain(result);
        }
        let total = own.abs() + other.abs();
        let chance = (self.base + total + (self.share * total).powi(2)).sqrt();
        let doubt = 0.5 * (-ahead / chance).exp();
        Showing::Scored(result, if won { 1.0 - doubt } else { doubt })
    }

    /// How much more came out than was expected of the lead. Never below 0 for who won, nor above it for who lost; at
    /// most 1 for a plain result, and the inverse of the slope for one with a margin.
    #[must_use]
    pub fn surprise(&self, showing: Showing, lead: f64) -> f64 {
        let plain = showing.result() - logistic(lead);
        match showing {
            Showing::Plain(_) => plain,
            Showing::Scored(result, worth) => {
                let surprise = (worth - logistic(self.slope * lead)) / self.slope;
                match result {
                    won if won > 0.5 => surprise.max(self.floor * plain),
                    lost if lost < 0.5 => surprise.min(self.floor * plain),
                    _ => surprise,
                }
            }
        }
    }
}
