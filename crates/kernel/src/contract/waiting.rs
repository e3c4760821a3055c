use std::future::Future;
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant};

/// A short pause of the runtime that runs the cases. The kernel knows no runtime, so the macros bring it.
pub type Pause = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Waits on conditions, never for a fixed time.
#[derive(Debug, Clone, Copy)]
pub struct Pace(fn() -> Pause);

impl Pace {
    /// No condition may take longer; long enough for a busy machine.
    const AT_MOST: Duration = Duration::from_secs(20);

    /// A pace that pauses a few milliseconds between two looks.
    #[must_use]
    pub const fn new(pause: fn() -> Pause) -> Self {
        Self(pause)
    }

    /// Looks again and again until the condition holds.
    ///
    /// # Panics
    /// When it still doesn't after 20 s.
    pub async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let begun = Instant::now();
        while !holds().await {
            assert!(begun.elapsed() < Self::AT_MOST, "waited {:?} until {what}", Self::AT_MOST);
            (self.0)().await;
        }
    }
}

/// Drives all of these at once and returns their outputs in order.
pub async fn all_at_once<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.into_iter().map(|future| Some(Box::pin(future))).collect();
    let mut outputs: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (slot, output) in running.iter_mut().zip(&mut outputs) {
            if let Some(future) = slot
                && let Poll::Ready(value) = future.as_mut().poll(context)
            {
                *output = Some(value);
                *slot = None;
            }
        }
        if running.iter().all(Option::is_none) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    outputs.into_iter().flatten().collect()
}
