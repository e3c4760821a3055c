//! How good predictions were.

/// Bins of the calibration.
pub(super) const BINS: usize = 10;

/// Predictions may be as sure as this, so that one surprise doesn't cost infinitely much.
const SUREST: f64 = 1e-6;

/// Sums over predictions of what the home team gets, each against what it got: 1, ½ or 0.
#[derive(Debug, Clone, Default)]
pub(super) struct Figures {
    matches: f64,
    loss: f64,
    squares: f64,
    decided: f64,
    right: f64,
    /// Matches, predictions and results, by prediction.
    bins: [(f64, f64, f64); BINS],
}

impl Figures {
    pub(super) fn add(&mut self, predicted: f64, result: f64) {
        let sure = predicted.clamp(SUREST, 1.0 - SUREST);
        self.matches += 1.0;
        self.loss -= result * sure.ln() + (1.0 - result) * (1.0 - sure).ln();
        self.squares += (predicted - result).powi(2);
        if result != 0.5 {
            self.decided += 1.0;
            self.right += if predicted == 0.5 { 0.5 } else { f64::from((predicted > 0.5) == (result > 0.5)) };
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 10")]
        let bin = ((predicted * 10.0) as usize).min(BINS - 1);
        let (matches, predictions, results) = &mut self.bins[bin];
        *matches += 1.0;
        *predictions += predicted;
        *results += result;
    }

    pub(super) fn matches(&self) -> f64 {
        self.matches
    }

    /// Mean of −(s ln p + (1 − s) ln(1 − p)): a draw is half a win and half a loss.
    pub(super) fn log_loss(&self) -> f64 {
        self.loss / self.matches
    }

    /// Mean of (p − s)².
    pub(super) fn brier(&self) -> f64 {
        self.squares / self.matches
    }

    /// Share of decided matches that the favourite won; no favourite, half a hit.
    pub(super) fn accuracy(&self) -> f64 {
        self.right / self.decided
    }

    /// Mean prediction, mean result and matches of each bin.
    pub(super) fn calibration(&self) -> [(f64, f64, f64); BINS] {
        self.bins.map(|(matches, predictions, results)| {
            let per = matches.max(1.0);
            (predictions / per, results / per, matches)
        })
    }

    /// Expected calibration error: by how much bins are off, each by its matches.
    pub(super) fn calibration_error(&self) -> f64 {
        let off = self.bins.iter().map(|(_, predictions, results)| (predictions - results).abs());
        off.sum::<f64>() / self.matches
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_what_they_are_called() {
        let mut figures = Figures::default();
        for (predicted, result) in [(0.8, 1.0), (0.8, 0.0), (0.5, 0.5), (0.3, 0.0)] {
            figures.add(predicted, result);
        }
        let loss = -(0.8_f64.ln() + 0.2_f64.ln() + 0.5_f64.ln() + 0.7_f64.ln()) / 4.0;
        assert!((figures.log_loss() - loss).abs() < 1e-12);
        assert!((figures.brier() - (0.04 + 0.64 + 0.0 + 0.09) / 4.0).abs() < 1e-12);
        assert!((figures.accuracy() - 2.0 / 3.0).abs() < 1e-12);
        assert!((figures.calibration_error() - (0.6 + 0.0 + 0.3) / 4.0).abs() < 1e-12);
        let bin = figures.calibration()[8];
        assert!((bin.0 - 0.8).abs() < 1e-12 && (bin.1 - 0.5).abs() < 1e-12 && (bin.2 - 2.0).abs() < 1e-12);
    }

    #[test]
    fn one_who_was_sure_and_wrong_pays_dearly_but_not_infinitely() {
        let mut figures = Figures::default();
        figures.add(1.0, 0.0);
        assert!(figures.log_loss() > 10.0 && figures.log_loss().is_finite());
    }
}
