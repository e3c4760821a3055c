//! What a mode's groups look like, and which tickets fill one exactly.

use super::ticket::Candidate;

/// What a group of one queue must look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Teams per game; free-for-all has one per player.
    pub teams: u8,
    /// Players per team.
    pub team_size: u8,
    /// Highest latency (ms) at which a region suits a ticket; `None`: latencies don't count.
    pub latency_cap_ms: Option<u32>,
    /// Attributes that count, in order of importance.
    pub attributes: Vec<AttributeRule>,
}

/// How one attribute of the tickets counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeRule {
    /// Name of the attribute. A ticket without it has a value of its own: it equals others without it.
    pub key: String,
    /// Whether only equal values meet. Otherwise equal ones meet first, and others as if their ratings lay further
    /// apart ([`preference`](crate::Tuning::preference)).
    pub strict: bool,
}

impl Shape {
    /// One against one, with no constraints.
    #[must_use]
    pub const fn duel() -> Self {
        Self::of(2, 1)
    }

    /// So many teams of so many players, with no constraints.
    #[must_use]
    pub const fn of(teams: u8, team_size: u8) -> Self {
        Self { teams, team_size, latency_cap_ms: None, attributes: Vec::new() }
    }

    /// Players per game.
    #[must_use]
    pub fn players(&self) -> usize {
        usize::from(self.teams) * usize::from(self.team_size)
    }

    /// Whether two tickets make a group, however they are.
    pub(super) fn is_duel(&self) -> bool {
        self.teams == 2 && self.team_size == 1
    }

    /// Whether who may meet depends on more than rating and strict attributes. Where it doesn't, the first pair to
    /// touch is adjacent.
    pub(super) fn is_plain(&self) -> bool {
        self.latency_cap_ms.is_none() && self.attributes.iter().all(|rule| rule.strict)
    }

    pub(super) fn prefers(&self) -> bool {
        self.attributes.iter().any(|rule| !rule.strict)
    }

    /// The values of the strict attributes: tickets that differ in one wait in different pools.
    pub(super) fn strict_values(&self, of: &Candidate) -> Vec<Option<String>> {
        let strict = self.attributes.iter().filter(|rule| rule.strict);
        strict.map(|rule| of.attributes.get(&rule.key).cloned()).collect()
    }

    /// The values of the preferred attributes, as numbers to compare: equal values have equal ones.
    pub(super) fn preferred_values(&self, of: &Candidate) -> Box<[u64]> {
        let preferred = self.attributes.iter().filter(|rule| !rule.strict);
        preferred.map(|rule| of.attributes.get(&rule.key).map_or(0, |value| fnv(value.as_bytes()))).collect()
    }
}

/// FNV-1a: the same on every machine. That two values in a hundred billion pairs count as equal costs a preference.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// How many tickets of each size a group may be made of. `counts[m - 1]` are those of m players.
pub(super) type Counts = Box<[u8]>;

/// With more ways than this to fill a group, they are searched for instead of listed.
const MOST_WAYS: usize = 512;

/// The ways in which whole parties fill teams of equal size.
#[derive(Debug, Clone)]
pub(super) struct Packing {
    pub(super) teams: usize,
    pub(super) team_size: usize,
    /// All of them, most single players first; `None` when there are too many to list.
    pub(super) ways: Option<Vec<Counts>>,
}

impl Packing {
    pub(super) fn new(shape: &Shape) -> Self {
        let (teams, team_size) = (usize::from(shape.teams), usize::from(shape.team_size));
        let mut of_one_team = Vec::new();
        partitions(team_size, team_size, &mut vec![0; team_size], &mut of_one_team);
        let mut ways = Some(vec![vec![0_u8; team_size].into_boxed_slice()]);
        for _ in 0..teams {
            ways = ways.and_then(|ways| {
                let sums = ways.iter().flat_map(|way| of_one_team.iter().map(move |team| add(way, team)));
                let mut sums: Vec<_> = sums.collect();
                sums.sort_unstable_by(|a, b| b.cmp(a));
                sums.dedup();
                (sums.len() <= MOST_WAYS).then_some(sums)
            });
        }
        Self { teams, team_size, ways }
    }

    pub(super) fn players(&self) -> usize {
        self.teams * self.team_size
    }

    /// Whether tickets of these sizes, largest first, go into the teams without splitting one, room left or not.
    pub(super) fn fits(&self, sizes: &[u8]) -> bool {
        let total: usize = sizes.iter().map(|size| usize::from(*size)).sum();
        let parties = sizes.iter().take_while(|size| **size > 1).count();
        // Single players fill whatever room is left.
        total <= self.players() && (parties == 0 || place(&sizes[..parties], &mut vec![self.team_size; self.teams]))
    }

    /// Whether tickets of these two sizes can be in one group.
    pub(super) fn fits_two(&self, a: u8, b: u8) -> bool {
        self.fits(&[a.max(b), a.min(b)])
    }
}

fn add(a: &[u8], b: &[u8]) -> Counts {
    a.iter().zip(b).map(|(a, b)| a.saturating_add(*b)).collect()
}

/// All ways to write `left` as a sum of sizes up to `largest`.
fn partitions(left: usize, largest: usize, counts: &mut Vec<u8>, found: &mut Vec<Vec<u8>>) {
    if left == 0 {
        found.push(counts.clone());
    }
    for size in (1..=largest.min(left)).rev() {
        // Teams of more than 12 have thousands of partitions: nobody lists those.
        if found.len() > MOST_WAYS {
            return;
        }
        counts[size - 1] += 1;
        partitions(left - size, size, counts, found);
        counts[size - 1] -= 1;
    }
}

/// Puts the items, largest first, into rooms; rooms with equal space are tried once.
fn place(items: &[u8], rooms: &mut Vec<usize>) -> bool {
    let Some((item, rest)) = items.split_first() else { return true };
    let size = usize::from(*item);
    for at in 0..rooms.len() {
        if rooms[at] < size || rooms[..at].contains(&rooms[at]) {
            continue;
        }
        rooms[at] -= size;
        if place(rest, rooms) {
            return true;
        }
        rooms[at] += size;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_the_ways_to_fill_a_group() {
        let ways = |teams, size| Packing::new(&Shape::of(teams, size)).ways.map(|ways| ways.len());
        assert_eq!(ways(2, 1), Some(1));
        assert_eq!(ways(4, 1), Some(1), "free for all");
        assert_eq!(ways(2, 2), Some(3), "four alone, a pair and two, two pairs");
        assert_eq!(ways(2, 5), Some(25));
        assert_eq!(ways(60, 5), None, "too many to list");
        let three = Packing::new(&Shape::of(2, 3)).ways.expect("few");
        assert!(!three.contains(&vec![0, 3, 0].into_boxed_slice()), "three pairs don't make two teams of three");
    }

    #[test]
    fn a_team_of_thirteen_is_searched_for() {
        assert!(Packing::new(&Shape::of(2, 30)).ways.is_none());
    }

    #[test]
    fn whole_parties_into_teams() {
        let packing = Packing::new(&Shape::of(2, 5));
        for (sizes, fits) in [
            (vec![5, 5], true),
            (vec![4, 4, 1, 1], true),
            (vec![3, 3, 2, 2], true),
            (vec![4, 3, 3], false),
            (vec![3, 3, 3], false),
            (vec![5, 4, 2], false),
            (vec![2, 2, 2, 2, 1, 1], true),
            (vec![2, 2, 2, 2, 2], false),
        ] {
            assert_eq!(packing.fits(&sizes), fits, "{sizes:?}");
        }
    }
}
