//! The normal distribution, which the standard library doesn't have.

use std::f64::consts::PI;

/// How likely a standard normal value is below `x`, to about 1e-15.
pub(super) fn below(x: f64) -> f64 {
    // Beyond this the rest is smaller than an f64 can tell from 0 or 1 in a sum.
    if x.is_nan() || x.abs() > 9.0 {
        return if x > 0.0 { 1.0 } else { 0.0 };
    }
    // φ(x) · (x + x³/3 + x⁵/(3·5) + …): all terms have one sign, so nothing cancels.
    let (mut term, mut sum, mut odd) = (x, x, 1.0);
    while f64::abs(term) > f64::abs(sum) * 1e-17 {
        odd += 2.0;
        term *= x * x / odd;
        sum += term;
    }
    (0.5 + sum * (-x * x / 2.0).exp() / (2.0 * PI).sqrt()).clamp(0.0, 1.0)
}

/// The value below which a standard normal one is with probability `p`.
pub(super) fn quantile(p: f64) -> f64 {
    let (mut low, mut high) = (-9.0, 9.0);
    // Halving 18 this often is finer than an f64.
    for _ in 0..64 {
        let middle = f64::midpoint(low, high);
        if below(middle) < p { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_come_out() {
        for (x, p) in
            [(0.0, 0.5), (1.0, 0.841_344_746_068_542_9), (-1.959_963_984_540_054, 0.025), (5.0, 0.999_999_713_348_428)]
        {
            assert!((below(x) - p).abs() < 1e-14, "{x}: {}", below(x));
            assert!((quantile(p) - x).abs() < 1e-7, "{p}: {}", quantile(p));
        }
    }

    #[test]
    fn the_far_ends_are_reached_without_surprises() {
        assert_eq!((below(f64::INFINITY), below(f64::NEG_INFINITY), below(f64::NAN)), (1.0, 0.0, 0.0));
        assert!((quantile(1.0) - 9.0).abs() < 1.0 && (quantile(0.0) + 9.0).abs() < 1e-9);
    }
}
