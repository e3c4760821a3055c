//! Who played with whom a moment ago.

use std::collections::VecDeque;

use std::collections::BTreeMap;

use kernel::{PlayerId, Timestamp};

use crate::reach::Tuning;

/// The last meeting of every two players, while it matters.
#[derive(Debug, Default)]
pub(super) struct Recent {
    of: BTreeMap<PlayerId, Vec<(PlayerId, i64)>>,
    /// In the order they were noted, to forget by.
    order: VecDeque<(i64, PlayerId)>,
}

impl Recent {
    /// Notes that these just played together.
    pub(super) fn note(&mut self, players: &[PlayerId], at: Timestamp, tuning: &Tuning) {
        let at = at.micros();
        self.forget(at, tuning);
        for player in players {
            let met = self.of.entry(*player).or_default();
            for other in players.iter().filter(|other| *other != player) {
                match met.iter_mut().find(|(known, _)| known == other) {
                    Some((_, last)) => *last = at.max(*last),
                    None => met.push((*other, at)),
                }
            }
            self.order.push_back((at, *player));
        }
    }

    /// Whom this player has met within the memory before `now`.
    pub(super) fn of(&self, player: PlayerId, now: i64, tuning: &Tuning) -> impl Iterator<Item = PlayerId> + '_ {
        let since = horizon(now, tuning);
        let met = self.of.get(&player).into_iter().flatten();
        met.filter(move |(_, at)| *at > since).map(|(other, _)| *other)
    }

    fn forget(&mut self, now: i64, tuning: &Tuning) {
        let since = horizon(now, tuning);
        while let Some((_, player)) = self.order.pop_front_if(|(at, _)| *at <= since) {
            if let Some(met) = self.of.get_mut(&player) {
                met.retain(|(_, at)| *at > since);
                if met.is_empty() {
                    self.of.remove(&player);
                }
            }
        }
    }
}

fn horizon(now: i64, tuning: &Tuning) -> i64 {
    now.saturating_sub(tuning.spacing_memory_ms * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_for_five_minutes_and_then_forgets() {
        let (tuning, mut recent) = (Tuning::default(), Recent::default());
        let players = [1, 2, 3].map(|n| PlayerId::new(uuid::Uuid::from_u128(n)));
        let start = Timestamp::from_millis(1_000_000);
        recent.note(&players, start, &tuning);
        let met = |recent: &Recent, now: Timestamp| recent.of(players[0], now.micros(), &tuning).collect::<Vec<_>>();
        assert_eq!(met(&recent, start.plus_millis(299_999)), players[1..]);
        assert!(met(&recent, start.plus_millis(300_000)).is_empty());
        recent.note(&players[1..], start.plus_millis(300_001), &tuning);
        assert!(!recent.of.contains_key(&players[0]), "nothing is kept of it");
        assert_eq!(recent.of.len(), 2);
    }
}
