use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use kernel::{Clock, TimeSource, Timestamp};
use tokio_util::sync::CancellationToken;

/// How often the database is asked for the time.
const RESAMPLE: Duration = Duration::from_secs(5);

/// The database's time, carried on the monotonic clock between samples. It never goes backwards: a correction into the
/// past makes it stand still until time has caught up.
pub(super) struct CarriedClock {
    begun: Instant,
    offset_micros: AtomicI64,
    latest_micros: AtomicI64,
}

impl CarriedClock {
    /// Starts from this machine's time, until the first sample.
    #[expect(clippy::disallowed_methods, reason = "the database may be absent at boot; its time replaces this one")]
    pub(super) fn new() -> Self {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
        Self { begun: Instant::now(), offset_micros: AtomicI64::new(micros), latest_micros: AtomicI64::new(0) }
    }

    fn elapsed_micros(&self) -> i64 {
        i64::try_from(self.begun.elapsed().as_micros()).unwrap_or(i64::MAX)
    }

    /// Takes one sample; half the round trip is added, for the answer was already old when it came. A sample that took
    /// long says little and is left out.
    pub(super) async fn sample(&self, source: &dyn TimeSource) -> bool {
        let asked = self.elapsed_micros();
        let Ok(theirs) = source.database_time().await else { return false };
        let round_trip = self.elapsed_micros() - asked;
        if round_trip > 200_000 {
            return false;
        }
        self.offset_micros.store(theirs.micros() + round_trip / 2 - self.elapsed_micros(), Ordering::Relaxed);
        true
    }

    /// Samples now and then until shutdown.
    pub(super) async fn keep(self: Arc<Self>, source: Arc<dyn TimeSource>, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(RESAMPLE)).await.is_some() {
            self.sample(&*source).await;
        }
    }
}

impl Clock for CarriedClock {
    fn now(&self) -> Timestamp {
        let now = self.offset_micros.load(Ordering::Relaxed) + self.elapsed_micros();
        Timestamp::from_micros(self.latest_micros.fetch_max(now, Ordering::Relaxed).max(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use kernel::StoreError;

    struct Fixed(i64);

    #[async_trait]
    impl TimeSource for Fixed {
        async fn database_time(&self) -> Result<Timestamp, StoreError> {
            Ok(Timestamp::from_micros(self.0))
        }
    }

    #[tokio::test]
    async fn follows_the_database_and_never_goes_back() {
        let clock = CarriedClock::new();
        let ours = clock.now();
        let ahead = ours.micros() + 7_200_000_000;
        assert!(clock.sample(&Fixed(ahead)).await);
        let now = clock.now();
        assert!(now.micros() >= ahead, "two hours off, and right again");
        assert!(clock.sample(&Fixed(ours.micros())).await);
        assert!(clock.now() >= now, "it stands still rather than going back");
    }
}
