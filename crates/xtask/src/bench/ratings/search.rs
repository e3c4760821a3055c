//! A small search: one parameter at a time, up or down while that is better, then with half the step.

/// A parameter: where it starts, the first step, and within what it stays.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) start: f64,
    pub(super) step: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// The values with the least `cost`, after at most this many rounds over all parameters.
pub(super) fn least(parameters: &[Parameter], rounds: usize, cost: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let mut best: Vec<f64> = parameters.iter().map(|parameter| parameter.start).collect();
    let mut steps: Vec<f64> = parameters.iter().map(|parameter| parameter.step).collect();
    let mut least = cost(&best);
    for _ in 0..rounds {
        for (place, parameter) in parameters.iter().enumerate() {
            let better = [steps[place], -steps[place]].into_iter().find_map(|step| {
                let mut tried = best.clone();
                tried[place] = (tried[place] + step).clamp(parameter.low, parameter.high);
                let cost = cost(&tried);
                (cost < least).then_some((tried, cost, step))
            });
            match better {
                // The same way first, and further, the next time.
                Some((values, cost, step)) => {
                    (best, least) = (values, cost);
                    steps[place] = step * 1.3;
                }
                None => steps[place] /= 2.0,
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bottom_of_a_bowl_is_found() {
        let parameter = |start, low| Parameter { name: "x", start, step: 1.0, low, high: 100.0 };
        let bowl = |at: &[f64]| (at[0] - 3.3).powi(2) + 2.0 * (at[1] + 7.0).powi(2);
        let found = least(&[parameter(20.0, -100.0), parameter(0.0, -100.0)], 60, bowl);
        assert!((found[0] - 3.3).abs() < 0.01 && (found[1] + 7.0).abs() < 0.01, "{found:?}");
        let held = least(&[parameter(20.0, -100.0), parameter(0.0, -2.0)], 60, bowl);
        assert!((held[1] + 2.0).abs() < 1e-9, "a bound holds: {held:?}");
    }
}
