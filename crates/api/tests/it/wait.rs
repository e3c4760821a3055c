//! Waiting on conditions.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(15);

/// Looks until `look` finds something.
///
/// # Panics
/// After `patience`, with `what` was waited for.
pub(crate) async fn until<T, F, Fut>(what: &str, patience: Duration, mut look: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < patience, "not within {patience:?}: {what}");
        sleep(LOOK).await;
    }
}

/// Looks until `holds` is true.
pub(crate) async fn until_true<F, Fut>(what: &str, patience: Duration, mut holds: F)
where
    F: FnMut() -> Fut,
    Fut: Future<Output = bool>,
{
    until(what, patience, || {
        let look = holds();
        async { look.await.then_some(()) }
    })
    .await;
}

/// Seconds, for short.
pub(crate) const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}
