use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc;
use std::task::{Context, Poll};

use diesel_async::sync_connection_wrapper::SpawnBlocking;
use tokio::task::{JoinHandle, spawn_blocking};

/// Runs statements on threads that may block. A caller who goes away waits for the statement under way, so that a
/// connection is never given back while it works. Diesel's own runtime does so too, but only on a runtime of several
/// threads: on a web worker, which has one, it panics for whoever closes a page too early.
pub(crate) struct Blocking;

impl SpawnBlocking for Blocking {
    fn spawn_blocking<'a, R>(
        &mut self,
        task: impl FnOnce() -> R + Send + 'static,
    ) -> Pin<Box<dyn Future<Output = Result<R, Box<dyn Error + Send + Sync + 'static>>> + Send + 'a>>
    where
        R: Send + 'static,
    {
        let (working, ended) = mpsc::sync_channel(0);
        let task = spawn_blocking(move || {
            // Dropped after the task and all it holds, also where it panics or is never run.
            let _working: mpsc::SyncSender<()> = working;
            task()
        });
        Box::pin(Statement { task, ended })
    }

    fn get_runtime() -> Self {
        Self
    }
}

/// A statement under way.
struct Statement<R> {
    task: JoinHandle<R>,
    ended: mpsc::Receiver<()>,
}

impl<R> Future for Statement<R> {
    type Output = Result<R, Box<dyn Error + Send + Sync + 'static>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.task).poll(context).map_err(Into::into)
    }
}

impl<R> Drop for Statement<R> {
    fn drop(&mut self) {
        // Nothing is ever sent: this ends when the other end is dropped. Statements take milliseconds.
        _ = self.ended.recv();
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::*;

    #[tokio::test]
    async fn who_goes_away_waits_for_the_statement_even_on_one_thread() {
        let (go_on, may_go_on) = mpsc::channel();
        let ended = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&ended);
        let mut statement = Blocking.spawn_blocking(move || {
            may_go_on.recv().expect("is told");
            seen.store(true, Ordering::SeqCst);
        });
        let first_look = poll_fn(|context| Poll::Ready(statement.as_mut().poll(context).is_pending())).await;
        assert!(first_look, "it is under way");
        let other = thread::spawn(move || go_on.send(()).expect("is awaited"));
        drop(statement);
        assert!(ended.load(Ordering::SeqCst), "it is over before the caller goes on");
        other.join().expect("is well");
    }

    #[tokio::test]
    async fn what_a_statement_says_comes_back_and_so_does_a_panic() {
        assert_eq!(Blocking.spawn_blocking(|| 7).await.expect("is well"), 7);
        let broken = Blocking.spawn_blocking(|| -> i32 { panic!("of the test") }).await;
        assert!(broken.is_err_and(|why| why.to_string().contains("panicked")));
    }
}
