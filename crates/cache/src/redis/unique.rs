use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Length of what [`fresh`] gives, in bytes.
pub(crate) const LENGTH: usize = 24;

/// Unpredictable enough to tell processes apart and to spread retries; not for secrets.
fn random() -> u64 {
    RandomState::new().hash_one(0)
}

/// 24 ASCII characters that no replica gives twice: 64 random bits of this process and a counter. Names epochs, fill
/// tokens and publishers; none of them is a secret.
pub(crate) fn fresh() -> String {
    static PROCESS: LazyLock<u64> = LazyLock::new(random);
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    format!("{:016x}{:08x}", *PROCESS, COUNTER.fetch_add(1, Ordering::Relaxed))
}

/// Between half of `span` and all of it.
pub(crate) fn jittered(span: Duration) -> Duration {
    span.mul_f64(0.5 + (random() >> 12) as f64 / (1_u64 << 53) as f64)
}

/// Waits between attempts: doubling from 50 ms to 1 s, each one jittered.
pub(crate) struct BackOff(Duration);

impl BackOff {
    const FIRST: Duration = Duration::from_millis(50);
    const LONGEST: Duration = Duration::from_secs(1);

    pub(crate) const fn new() -> Self {
        Self(Self::FIRST)
    }

    pub(crate) async fn wait(&mut self) {
        let now = self.0;
        self.0 = (now * 2).min(Self::LONGEST);
        tokio::time::sleep(jittered(now)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_the_same_twice_and_always_as_long() {
        let some: std::collections::HashSet<_> = (0..1_000).map(|_| fresh()).collect();
        assert_eq!(some.len(), 1_000);
        assert!(some.iter().all(|text| text.len() == LENGTH && text.is_ascii()));
    }

    #[test]
    fn jitter_stays_between_half_and_whole() {
        let span = Duration::from_millis(100);
        for _ in 0..1_000 {
            let waited = jittered(span);
            assert!(waited >= span / 2 && waited <= span, "{waited:?}");
        }
    }
}
