//! Which team each ticket of a group goes to.

use super::shape::Packing;

/// What counts of a ticket when teams are made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    /// Players.
    pub(super) size: u8,
    /// Sum of their ratings, in points.
    pub(super) sum: f64,
}

/// Up to so many players all splits are tried.
const EXHAUSTIVE: usize = 10;

/// The team of each ticket, so that each team is exactly full and the strongest team exceeds the weakest by as little
/// as can be: over all splits up to ten players, else a good one. Among equals, the one that keeps earlier tickets in
/// earlier teams. `None` if no split fits.
pub(super) fn split(shares: &[Share], packing: &Packing) -> Option<Vec<usize>> {
    // Largest first: what doesn't fit shows early.
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(shares[*at].size));
    let mut search = Search {
        shares,
        order: &order,
        team_size: packing.team_size,
        room: vec![packing.team_size; packing.teams],
        sums: vec![0.0; packing.teams],
        team: vec![0; shares.len()],
        best: None,
        first_only: packing.players() > EXHAUSTIVE,
    };
    if packing.team_size == 1 {
        return (shares.len() == packing.teams).then(|| (0..shares.len()).collect());
    }
    search.place(0);
    let (spread, mut team) = search.best?;
    if packing.players() > EXHAUSTIVE {
        improve(shares, packing.teams, spread, &mut team);
    }
    Some(team)
}

struct Search<'a> {
    shares: &'a [Share],
    order: &'a [usize],
    team_size: usize,
    room: Vec<usize>,
    sums: Vec<f64>,
    team: Vec<usize>,
    best: Option<(f64, Vec<usize>)>,
    /// Whether any split will do.
    first_only: bool,
}

impl Search<'_> {
    fn place(&mut self, depth: usize) {
        let Some(at) = self.order.get(depth).copied() else {
            if self.room.iter().all(|room| *room == 0) {
                let spread = spread(&self.sums);
                if self.best.as_ref().is_none_or(|(best, _)| spread < *best - 1e-9) {
                    self.best = Some((spread, self.team.clone()));
                }
            }
            return;
        };
        let share = self.shares[at];
        let mut empty_seen = false;
        let mut teams: Vec<usize> = (0..self.room.len()).collect();
        if self.first_only {
            // The strongest left goes to the weakest team: a start that needs little mending.
            teams.sort_by(|a, b| self.sums[*a].total_cmp(&self.sums[*b]));
        }
        for team in teams {
            let size = usize::from(share.size);
            let empty = self.room[team] == self.team_size;
            if self.room[team] < size || (empty && empty_seen) || (self.first_only && self.best.is_some()) {
                continue;
            }
            // Empty teams are all alike.
            empty_seen |= empty;
            self.room[team] -= size;
            self.sums[team] += share.sum;
            self.team[at] = team;
            self.place(depth + 1);
            self.room[team] += size;
            self.sums[team] -= share.sum;
        }
    }
}

/// Swaps tickets of one size between teams while that helps.
fn improve(shares: &[Share], teams: usize, mut spread_now: f64, team: &mut [usize]) {
    let mut sums = vec![0.0; teams];
    for (share, team) in shares.iter().zip(team.iter()) {
        sums[*team] += share.sum;
    }
    loop {
        let mut best = None;
        for a in 0..shares.len() {
            for b in a + 1..shares.len() {
                if team[a] == team[b] || shares[a].size != shares[b].size {
                    continue;
                }
                let moved = shares[a].sum - shares[b].sum;
                sums[team[a]] -= moved;
                sums[team[b]] += moved;
                let after = spread(&sums);
                sums[team[a]] += moved;
                sums[team[b]] -= moved;
                if after < best.map_or(spread_now - 1e-6, |(best, _, _)| best) {
                    best = Some((after, a, b));
                }
            }
        }
        let Some((after, a, b)) = best else { return };
        let moved = shares[a].sum - shares[b].sum;
        sums[team[a]] -= moved;
        sums[team[b]] += moved;
        team.swap(a, b);
        spread_now = after;
    }
}

fn spread(sums: &[f64]) -> f64 {
    let high = sums.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    high - sums.iter().copied().fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::super::shape::Shape;
    use super::*;

    fn shares(of: &[(u8, f64)]) -> Vec<Share> {
        of.iter().map(|(size, sum)| Share { size: *size, sum: *sum }).collect()
    }

    fn sums(shares: &[Share], team: &[usize], teams: usize) -> Vec<f64> {
        (0..teams).map(|n| shares.iter().zip(team).filter(|(_, team)| **team == n).map(|(s, _)| s.sum).sum()).collect()
    }

    #[test]
    fn finds_the_even_split() {
        let packing = Packing::new(&Shape::of(2, 3));
        let six = shares(&[(1, 10.0), (1, 8.0), (1, 7.0), (1, 6.0), (1, 5.0), (1, 4.0)]);
        let team = split(&six, &packing).expect("six alone always fit");
        assert!(spread(&sums(&six, &team, 2)) < 1e-9, "10 + 6 + 4 = 8 + 7 + 5: {team:?}");
    }

    #[test]
    fn keeps_parties_together_and_teams_full() {
        let packing = Packing::new(&Shape::of(2, 5));
        let mixed = shares(&[(3, 4_500.0), (1, 1_500.0), (2, 2_000.0), (4, 7_000.0)]);
        let team = split(&mixed, &packing).expect("3 + 2 and 4 + 1");
        assert_eq!(team[0], team[2]);
        assert_eq!(team[1], team[3]);
        assert!(split(&shares(&[(4, 1.0), (3, 1.0), (3, 1.0)]), &packing).is_none());
        assert!(split(&shares(&[(5, 1.0)]), &packing).is_none(), "half a group is none");
    }

    #[test]
    fn more_than_ten_are_split_well_enough() {
        let packing = Packing::new(&Shape::of(4, 5));
        let twenty: Vec<_> = (0..20).map(|n| Share { size: 1, sum: 1_000.0 + f64::from(n * n) }).collect();
        let team = split(&twenty, &packing).expect("fits");
        let sums = sums(&twenty, &team, 4);
        assert!(spread(&sums) < 25.0, "{sums:?}");
        assert!((0..4).all(|n| team.iter().filter(|team| **team == n).count() == 5));
    }
}
