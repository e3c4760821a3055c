//! The offline optimum of duels: who should have met whom, had the whole trace been known from the start.
//!
//! A pair costs its rating gap plus kappa for each second the earlier one must wait for the later one to arrive. The
//! cheapest perfect matching under these costs is what an online rule is compared with (min-cost perfect matching with
//! delays: Emek, Kutten, Wattenhofer, STOC 2016). It is found by the blossom algorithm of the crate `mwmatching` (van
//! Rantwijk's, which proves each result optimal by its duals), over the graph of each ticket's nearest neighbours in
//! cost: with 16 of them the optimum no longer changes.

use mwmatching::{Matching, SENTINEL};

/// A ticket as the optimum sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Arrival {
    /// Seconds.
    pub(super) at: f64,
    /// Points.
    pub(super) rating: f64,
}

/// Neighbours each ticket is joined with to begin with.
const NEAREST: usize = 16;
/// Costs are told apart to a hundredth of a point.
const SCALE: f64 = 100.0;
/// No pair costs more than this, in hundredths.
const MOST: i32 = 100_000_000;

/// Cost of the best perfect matching, in points (one stays alone if their number is odd), and how many pairs it has.
/// Arrivals must be in order of time.
pub(super) fn optimum(arrivals: &[Arrival], kappa: f64) -> (f64, usize) {
    let mut nearest = NEAREST;
    loop {
        let edges = edges(arrivals, kappa, nearest);
        let mates = Matching::new(edges).max_cardinality().solve();
        let pairs = mates.iter().enumerate().filter(|(a, b)| **b != SENTINEL && a < *b);
        let costs: Vec<_> = pairs.map(|(a, b)| cost(&arrivals[a], &arrivals[*b], kappa)).collect();
        if costs.len() == arrivals.len() / 2 || nearest >= arrivals.len() {
            return (costs.iter().sum(), costs.len());
        }
        nearest *= 2;
    }
}

fn cost(a: &Arrival, b: &Arrival, kappa: f64) -> f64 {
    (a.rating - b.rating).abs() + kappa * (a.at - b.at).abs()
}

/// Each ticket with its nearest neighbours; cheaper edges weigh more.
fn edges(arrivals: &[Arrival], kappa: f64, nearest: usize) -> Vec<(usize, usize, i32)> {
    let mut all = Vec::new();
    for (n, own) in arrivals.iter().enumerate() {
        let mut near: Vec<(f64, usize)> = Vec::with_capacity(nearest + 1);
        let mut look = |at: usize| {
            let other = &arrivals[at];
            let worst = near.last().filter(|_| near.len() == nearest).map_or(f64::INFINITY, |(worst, _)| *worst);
            // Further away in time nobody is nearer.
            if kappa * (own.at - other.at).abs() >= worst {
                return false;
            }
            let cost = cost(own, other, kappa);
            if cost < worst {
                near.truncate(nearest - 1);
                near.insert(near.partition_point(|(known, _)| *known <= cost), (cost, at));
            }
            true
        };
        let _ = (n + 1..arrivals.len()).all(&mut look);
        let _ = (0..n).rev().all(&mut look);
        all.extend(near.into_iter().map(|(cost, at)| (n.min(at), n.max(at), weight(cost))));
    }
    all.sort_unstable();
    all.dedup();
    all
}

#[expect(clippy::cast_possible_truncation, reason = "clamped before")]
fn weight(cost: f64) -> i32 {
    MOST - (cost * SCALE).round().clamp(0.0, f64::from(MOST)) as i32
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _};

    use super::*;

    /// The best matching by trying all.
    fn brute(left: &[Arrival], kappa: f64) -> f64 {
        let Some((first, rest)) = left.split_first() else { return 0.0 };
        let tries = (0..rest.len()).map(|n| {
            let mut others = rest.to_vec();
            let mate = others.remove(n);
            cost(first, &mate, kappa) + brute(&others, kappa)
        });
        tries.fold(f64::INFINITY, f64::min)
    }

    fn arrivals(rng: &mut rand_chacha::ChaCha8Rng, number: usize, every: f64) -> Vec<Arrival> {
        let mut at = 0.0;
        let arrival = |_| {
            at += rng.random::<f64>() * every;
            Arrival { at, rating: rng.random_range(1_000.0..2_000.0) }
        };
        (0..number).map(arrival).collect()
    }

    #[test]
    fn is_what_trying_everything_finds() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
        for round in 0..60 {
            let arrivals = arrivals(&mut rng, 2 + 2 * (round % 5), [0.5, 10.0, 60.0][round % 3]);
            let (found, pairs) = optimum(&arrivals, 5.0);
            let best = brute(&arrivals, 5.0);
            assert_eq!(pairs, arrivals.len() / 2);
            assert!((found - best).abs() < 0.1, "{found} against {best}");
        }
    }

    #[test]
    fn more_neighbours_change_nothing() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(4);
        let arrivals = arrivals(&mut rng, 400, 2.0);
        let all = edges(&arrivals, 5.0, arrivals.len());
        let mates = Matching::new(all).max_cardinality().solve();
        let pairs = mates.iter().enumerate().filter(|(a, b)| a < *b);
        let truth: f64 = pairs.map(|(a, b)| cost(&arrivals[a], &arrivals[*b], 5.0)).sum();
        let (found, _) = optimum(&arrivals, 5.0);
        assert!((found - truth).abs() < 1.0, "{found} against {truth}");
    }

    #[test]
    fn an_odd_one_stays_alone() {
        let three = [(0.0, 1_500.0), (1.0, 2_500.0), (2.0, 1_510.0)];
        let (cost, pairs) = optimum(&three.map(|(at, rating)| Arrival { at, rating }), 5.0);
        assert_eq!(pairs, 1);
        assert!((cost - 20.0).abs() < 1e-9);
        assert_eq!(optimum(&[], 5.0), (0.0, 0));
    }
}
