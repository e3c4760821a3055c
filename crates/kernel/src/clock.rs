use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;

use crate::{StoreError, Timestamp};

/// The time that rules, deadlines and tokens use. In production it is the database's time carried on the monotonic
/// clock, so that a replica whose wall clock is wrong behaves; it never goes backwards.
pub trait Clock: Send + Sync {
    /// Now, in microseconds UTC.
    fn now(&self) -> Timestamp;
}

/// Where a [`Clock`] takes its time from: the database, asked now and then.
#[async_trait]
pub trait TimeSource: Send + Sync {
    /// The database's time, now.
    async fn database_time(&self) -> Result<Timestamp, StoreError>;
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct FakeClock(AtomicI64);

impl FakeClock {
    /// A clock that shows `at`.
    #[must_use]
    pub const fn at(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.micros()))
    }

    /// Moves on by this many milliseconds.
    pub fn advance_millis(&self, millis: i64) {
        self.0.fetch_add(millis * 1_000, Ordering::SeqCst);
    }
}

impl Default for FakeClock {
    /// Midnight of 2026-01-01 UTC.
    fn default() -> Self {
        Self::at(Timestamp::from_millis(1_767_225_600_000))
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}
