//! How much one socket may say, and how long it may be silent.

use kernel::Timestamp;

/// Flooding is judged over windows of this many milliseconds, and is this many times the allowance.
const FLOOD_WINDOW_MS: i64 = 2_000;
const FLOOD_FACTOR: i64 = 5;

/// The verdict on one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Taken,
    /// Refused; the next one is taken from this time on.
    Refused(Timestamp),
    /// The socket floods: close it.
    Flood,
}

/// A token bucket in one number: the time up to which the messages taken so far are spread out at the allowed rate.
#[derive(Debug)]
pub(crate) struct Gate {
    spread_to: Timestamp,
    window_from: Timestamp,
    in_window: i64,
}

impl Gate {
    pub(crate) const fn new(now: Timestamp) -> Self {
        Self { spread_to: now, window_from: now, in_window: 0 }
    }

    /// Judges one message at `per_second` (0: no limit) with up to `burst` at once.
    pub(crate) fn take(&mut self, per_second: u32, burst: u32, now: Timestamp) -> Verdict {
        if per_second == 0 {
            return Verdict::Taken;
        }
        if now >= self.window_from.plus_millis(FLOOD_WINDOW_MS) {
            (self.window_from, self.in_window) = (now, 0);
        }
        self.in_window += 1;
        if self.in_window > i64::from(per_second) * FLOOD_FACTOR * FLOOD_WINDOW_MS / 1_000 {
            return Verdict::Flood;
        }
        let interval = 1_000_000 / i64::from(per_second);
        let spread_to = Timestamp::from_micros(self.spread_to.max(now).micros() + interval);
        let horizon = Timestamp::from_micros(now.micros() + interval * i64::from(burst.max(1)));
        if spread_to > horizon {
            return Verdict::Refused(Timestamp::from_micros(now.micros() + spread_to.micros() - horizon.micros()));
        }
        self.spread_to = spread_to;
        Verdict::Taken
    }
}

/// What the heartbeat asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beat {
    Rest,
    Ping,
    Silent,
}

/// Pings at an interval, and notices two silent intervals. A ping must have had a whole interval for its answer, so a
/// process that stood still doesn't close every socket when it goes on.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    heard_at: Timestamp,
    ping_at: Timestamp,
    /// The first ping since anything was heard.
    unanswered_from: Option<Timestamp>,
}

impl Heartbeat {
    pub(crate) const fn new(now: Timestamp, interval_ms: i64) -> Self {
        Self { heard_at: now, ping_at: now.plus_millis(interval_ms), unanswered_from: None }
    }

    pub(crate) const fn heard(&mut self, now: Timestamp) {
        self.heard_at = now;
        self.unanswered_from = None;
    }

    pub(crate) fn beat(&mut self, interval_ms: i64, now: Timestamp) -> Beat {
        if self.silent_at(interval_ms).is_some_and(|at| at <= now) {
            return Beat::Silent;
        }
        if self.ping_at > now {
            return Beat::Rest;
        }
        self.ping_at = now.plus_millis(interval_ms);
        self.unanswered_from.get_or_insert(now);
        Beat::Ping
    }

    fn silent_at(&self, interval_ms: i64) -> Option<Timestamp> {
        let pinged = self.unanswered_from?;
        Some(pinged.plus_millis(interval_ms).max(self.heard_at.plus_millis(2 * interval_ms)))
    }

    pub(crate) fn wake_at(&self, interval_ms: i64) -> Timestamp {
        self.silent_at(interval_ms).map_or(self.ping_at, |at| at.min(self.ping_at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + ms)
    }

    #[test]
    fn a_burst_is_taken_then_the_rate_holds() {
        let mut gate = Gate::new(at(0));
        let taken = (0..100).filter(|_| gate.take(30, 60, at(0)) == Verdict::Taken).count();
        assert_eq!(taken, 60);
        assert_eq!(gate.take(30, 60, at(0)), Verdict::Refused(Timestamp::from_micros(at(0).micros() + 33_333)));
        let later = (0..1_000).filter(|ms| gate.take(30, 60, at(1_000 + 10 * ms)) == Verdict::Taken).count();
        assert!((325..=335).contains(&later), "10 s at 30/s and one second's refill: {later}");
    }

    #[test]
    fn what_is_told_to_wait_for_is_enough() {
        let mut gate = Gate::new(at(0));
        while let Verdict::Taken = gate.take(7, 3, at(0)) {}
        let Verdict::Refused(retry_at) = gate.take(7, 3, at(0)) else { panic!("must be refused") };
        assert_eq!(gate.take(7, 3, retry_at), Verdict::Taken);
    }

    #[test]
    fn five_times_the_allowance_over_two_seconds_is_flooding() {
        let mut gate = Gate::new(at(0));
        let first = (1..=400).find(|n| gate.take(30, 60, at(n * 5)) == Verdict::Flood);
        assert_eq!(first, Some(301));
        let mut gate = Gate::new(at(0));
        assert!((0..4_000).all(|n| gate.take(30, 60, at(n * 8)) != Verdict::Flood), "four times is only refused");
        let mut off = Gate::new(at(0));
        assert!((0..10_000).all(|_| off.take(0, 0, at(0)) == Verdict::Taken));
    }

    #[test]
    fn pings_and_two_silent_intervals() {
        let mut life = Heartbeat::new(at(0), 100);
        assert_eq!(life.beat(100, at(99)), Beat::Rest);
        assert_eq!(life.beat(100, at(100)), Beat::Ping);
        life.heard(at(110));
        assert_eq!(life.beat(100, at(200)), Beat::Ping);
        assert_eq!(life.wake_at(100), at(300));
        assert_eq!(life.beat(100, at(300)), Beat::Ping);
        assert_eq!(life.wake_at(100), at(310));
        assert_eq!(life.beat(100, at(310)), Beat::Silent);
    }

    #[test]
    fn a_process_that_stood_still_gives_everybody_an_interval_to_answer() {
        let mut life = Heartbeat::new(at(0), 100);
        assert_eq!(life.beat(100, at(5_000)), Beat::Ping);
        assert_eq!(life.beat(100, at(5_099)), Beat::Rest);
        assert_eq!(life.beat(100, at(5_100)), Beat::Silent);
    }
}
