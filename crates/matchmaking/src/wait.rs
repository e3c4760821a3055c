//! How long it will probably take, from how long it took others: pure, and no better than it says.

use kernel::Timestamp;

use crate::model::{RecentWait, WaitEstimate};

/// Waits that ended longer ago say nothing about now.
const FRESH_MS: i64 = 30 * 60 * 1_000;
/// So many of those nearest in rating are looked at.
const NEAREST: usize = 40;
/// With fewer, the answer is "anything up to expiry".
const ENOUGH: usize = 5;

/// The interval from the lower quartile to the ninth decile of recent waits of players rated like this one. Expired
/// tickets count with their whole life, so a queue nobody gets out of doesn't look fast. With fewer than five recent
/// ones nothing is known: then it is the whole life of a ticket.
#[must_use]
pub fn estimate(recent: &[RecentWait], rating: f64, now: Timestamp, life_ms: i64) -> WaitEstimate {
    let horizon = now.plus_millis(-FRESH_MS);
    let mut waits: Vec<_> = recent.iter().filter(|wait| wait.ended_at >= horizon).collect();
    waits.sort_by(|a, b| (a.rating - rating).abs().total_cmp(&(b.rating - rating).abs()));
    waits.truncate(NEAREST);
    if waits.len() < ENOUGH {
        return WaitEstimate { low: 0, high: life_ms };
    }
    let mut millis: Vec<_> = waits.iter().map(|wait| wait.wait_ms.clamp(0, life_ms)).collect();
    millis.sort_unstable();
    let at = |percent: usize| millis[(millis.len() - 1) * percent / 100];
    // Rounded outwards to what a player can tell apart.
    WaitEstimate { low: at(25) / 100 * 100, high: ((at(90) + 499) / 500 * 500).clamp(500, life_ms.max(500)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: i64 = 120_000;

    fn waits(of: impl IntoIterator<Item = (f64, i64)>, ended_at: Timestamp) -> Vec<RecentWait> {
        of.into_iter().map(|(rating, wait_ms)| RecentWait { rating, wait_ms, ended_at }).collect()
    }

    #[test]
    fn knows_nothing_of_an_empty_or_long_quiet_queue() {
        let now = Timestamp::from_millis(1_767_225_600_000);
        let nothing = WaitEstimate { low: 0, high: LIFE };
        assert_eq!(estimate(&[], 1_500.0, now, LIFE), nothing);
        let old = waits((0..50).map(|n| (1_500.0, n * 10)), now.plus_millis(-2 * FRESH_MS));
        assert_eq!(estimate(&old, 1_500.0, now, LIFE), nothing);
    }

    #[test]
    fn goes_by_the_players_own_rating() {
        let now = Timestamp::from_millis(1_767_225_600_000);
        let usual = (0..60).map(|n| (1_400.0 + f64::from(n), 2_000));
        let strong = (0..40).map(|n| (2_400.0 + f64::from(n), 25_000 + i64::from(n) * 100));
        let recent = waits(usual.chain(strong), now);
        assert_eq!(estimate(&recent, 1_430.0, now, LIFE), WaitEstimate { low: 2_000, high: 2_000 });
        assert_eq!(estimate(&recent, 2_420.0, now, LIFE), WaitEstimate { low: 25_900, high: 28_500 });
    }

    #[test]
    fn an_interval_in_order_within_a_tickets_life() {
        let now = Timestamp::from_millis(1_767_225_600_000);
        for wait in [0, 7, 499, 119_999, 500_000] {
            let WaitEstimate { low, high } = estimate(&waits([(1.0, wait); 9], now), 1.0, now, LIFE);
            assert!(0 <= low && low <= high && high <= LIFE, "{low}..{high} for {wait}");
        }
    }
}
