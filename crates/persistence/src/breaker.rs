use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Consecutive failures after which the database is taken to be down.
const OPENS_AFTER: u32 = 3;

/// A circuit breaker in front of a database: once it is open, calls fail at once instead of each waiting for its
/// time-out, and only a background probe closes it again.
#[derive(Debug, Default)]
pub struct Breaker {
    failures: AtomicU32,
    open: AtomicBool,
}

impl Breaker {
    /// Whether calls should fail at once.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    /// A call came through.
    pub(crate) fn succeeded(&self) {
        self.failures.store(0, Ordering::Relaxed);
    }

    /// A call failed for want of a database. True if this one opened the breaker: the caller starts the probe.
    pub(crate) fn failed(&self) -> bool {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        failures >= OPENS_AFTER && !self.open.swap(true, Ordering::AcqRel)
    }

    /// The probe came through.
    pub(crate) fn close(&self) {
        self.failures.store(0, Ordering::Relaxed);
        self.open.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_once_after_consecutive_failures_and_closes_by_the_probe() {
        let breaker = Breaker::default();
        assert!(!breaker.failed());
        assert!(!breaker.failed());
        breaker.succeeded();
        assert!(!breaker.failed() && !breaker.failed());
        assert!(breaker.failed(), "the third in a row opens it");
        assert!(!breaker.failed(), "only one caller starts the probe");
        assert!(breaker.is_open());
        breaker.close();
        assert!(!breaker.is_open());
    }
}
