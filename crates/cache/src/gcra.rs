use std::time::Duration;

use kernel::{Decision, Quota};

/// A quota as the generic cell rate algorithm sees it, in microseconds. One number is kept per key, the *theoretical
/// arrival time*: when a caller who has used what he used would be at rest again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gcra {
    burst: u32,
    /// One call's share of the period.
    pub(crate) step: u64,
    /// `burst` steps: how far ahead of now the arrival time may lie.
    pub(crate) span: u64,
}

impl Gcra {
    /// `None` for a quota that is switched off.
    pub(crate) fn of(quota: Quota) -> Option<Self> {
        let period = u64::try_from(quota.period.as_micros()).unwrap_or(u64::MAX);
        let step = period.checked_div(u64::from(quota.burst))?.clamp(1, 1 << 40);
        Some(Self { burst: quota.burst, step, span: step.saturating_mul(u64::from(quota.burst)) })
    }

    /// Decides on one call at `now` and says what to keep; `kept` is what was kept before, if anything. A refusal
    /// changes nothing.
    pub(crate) fn decide(self, kept: Option<u64>, now: u64) -> (Decision, Option<u64>) {
        // A clock set back must not refuse for longer than a whole burst takes.
        let from = kept.unwrap_or(now).clamp(now, now.saturating_add(self.span));
        let next = from.saturating_add(self.step);
        let ahead = next - now;
        match ahead.checked_sub(self.span) {
            Some(wait) if wait > 0 => (self.refused(wait), None),
            _ => (self.allowed(ahead), Some(next)),
        }
    }

    /// The answer to a call that left the arrival time `ahead` of now.
    pub(crate) fn allowed(self, ahead: u64) -> Decision {
        let left = self.span.saturating_sub(ahead) / self.step;
        Decision {
            allowed: true,
            limit: self.burst,
            remaining: u32::try_from(left).unwrap_or(self.burst).min(self.burst),
            reset: Duration::from_micros(ahead),
        }
    }

    /// The answer to a call that comes `wait` too early.
    pub(crate) const fn refused(self, wait: u64) -> Decision {
        Decision { allowed: false, limit: self.burst, remaining: 0, reset: Duration::from_micros(wait) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gcra(burst: u32, millis: u64) -> Gcra {
        Gcra::of(Quota { burst, period: Duration::from_millis(millis) }).expect("a burst above zero is a limit")
    }

    #[test]
    fn zero_is_no_limit() {
        assert!(Gcra::of(Quota::per_minute(0)).is_none());
    }

    #[test]
    fn never_more_than_the_burst_at_once_whatever_the_rounding() {
        for (burst, millis) in [(1, 1), (3, 1), (7, 100), (30, 1), (60, 60_000), (5_000, 1), (u32::MAX, 1)] {
            let (gcra, mut kept, mut allowed) = (gcra(burst, millis), None, 0);
            for _ in 0..burst.min(6_000) + u32::from(burst < 6_000) {
                let (decision, next) = gcra.decide(kept, 1_000);
                allowed += u32::from(decision.allowed);
                kept = next.or(kept);
            }
            assert_eq!(allowed, burst.min(6_000), "burst {burst} per {millis} ms");
        }
    }

    #[test]
    fn one_share_of_the_period_brings_one_call_back() {
        let gcra = gcra(4, 400);
        let mut kept = None;
        for left in (0..4).rev() {
            let (decision, next) = gcra.decide(kept, 0);
            assert_eq!((decision.allowed, decision.remaining), (true, left));
            kept = next;
        }
        let (refused, next) = gcra.decide(kept, 99_999);
        assert_eq!((refused.allowed, refused.reset, next), (false, Duration::from_micros(1), None));
        let (decision, next) = gcra.decide(kept, 100_000);
        assert_eq!((decision.allowed, decision.remaining), (true, 0));
        assert!(!gcra.decide(next, 100_000).0.allowed);
        assert_eq!(gcra.decide(next, 500_000).0.remaining, 3);
    }

    #[test]
    fn a_clock_set_back_refuses_no_longer_than_a_burst_takes() {
        let gcra = gcra(2, 100);
        let (refused, _) = gcra.decide(Some(u64::MAX), 1_000);
        assert_eq!((refused.allowed, refused.reset), (false, Duration::from_millis(50)));
    }
}
