//! Many callers' questions in one statement: while one batch is under way, whoever asks goes into the next.
//!
//! A lone caller waits for nobody, so this costs no latency; a thousand at once cost a few statements.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use kernel::{BoxError, StoreError};
use tokio::sync::oneshot;

/// Callers in one batch at most.
const MOST: usize = 64;
/// Batches under way at the same time.
const LANES: usize = 2;

type Answers<V> = Pin<Box<dyn Future<Output = Result<Vec<V>, StoreError>> + Send>>;
type Ask<K, V> = Box<dyn Fn(Vec<K>) -> Answers<V> + Send + Sync>;

/// One question, asked for many.
pub(crate) struct Gather<K, V> {
    inner: Arc<Inner<K, V>>,
}

struct Inner<K, V> {
    ask: Ask<K, V>,
    waiting: Mutex<Waiting<K, V>>,
}

impl<K, V> Clone for Gather<K, V> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

/// A question, and where its answer goes.
type Caller<K, V> = (K, oneshot::Sender<Result<V, StoreError>>);

struct Waiting<K, V> {
    queue: VecDeque<Caller<K, V>>,
    lanes: usize,
}

impl<K: Send + 'static, V: Send + 'static> Gather<K, V> {
    /// `ask` answers all keys, in their order.
    pub(crate) fn new<F, Fut>(ask: F) -> Self
    where
        F: Fn(Vec<K>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Vec<V>, StoreError>> + Send + 'static,
    {
        let ask: Ask<K, V> = Box::new(move |keys| Box::pin(ask(keys)));
        let waiting = Mutex::new(Waiting { queue: VecDeque::new(), lanes: 0 });
        Self { inner: Arc::new(Inner { ask, waiting }) }
    }

    /// The answer to one of them.
    pub(crate) async fn one(&self, key: K) -> Result<V, StoreError> {
        let (tell, told) = oneshot::channel();
        if self.inner.queue(key, tell) {
            tokio::spawn(Arc::clone(&self.inner).work());
        }
        told.await.unwrap_or_else(|lost| Err(StoreError::Broken(lost.into())))
    }
}

impl<K: Send + 'static, V: Send + 'static> Inner<K, V> {
    /// Whether a lane is to be opened for it.
    fn queue(&self, key: K, tell: oneshot::Sender<Result<V, StoreError>>) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.queue.push_back((key, tell));
        let opens = waiting.lanes < LANES;
        waiting.lanes += usize::from(opens);
        opens
    }

    /// The next batch; without one the lane closes.
    fn next(&self) -> Option<Vec<Caller<K, V>>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.queue.is_empty() {
            waiting.lanes -= 1;
            return None;
        }
        let count = waiting.queue.len().min(MOST);
        Some(waiting.queue.drain(..count).collect())
    }

    async fn work(self: Arc<Self>) {
        while let Some(batch) = self.next() {
            let (keys, callers): (Vec<K>, Vec<_>) = batch.into_iter().unzip();
            // In a task of its own: whatever happens to it, this lane goes on.
            let answers =
                tokio::spawn((self.ask)(keys)).await.unwrap_or_else(|lost| Err(StoreError::Broken(lost.into())));
            match answers {
                // Whoever went away needs no answer.
                Ok(answers) => {
                    callers.into_iter().zip(answers).for_each(|(caller, answer)| _ = caller.send(Ok(answer)))
                }
                Err(error) => callers.into_iter().for_each(|caller| _ = caller.send(Err(copy(&error)))),
            }
        }
    }
}

/// The same again, for the next caller.
fn copy(error: &StoreError) -> StoreError {
    let same = |why: &BoxError| BoxError::from(why.to_string());
    match error {
        StoreError::Stale => StoreError::Stale,
        StoreError::Engaged { player, current } => StoreError::Engaged { player: *player, current: *current },
        StoreError::Apart { player, other } => StoreError::Apart { player: *player, other: *other },
        StoreError::Fenced => StoreError::Fenced,
        StoreError::Replayed => StoreError::Replayed,
        StoreError::Taken(what) => StoreError::Taken(what),
        StoreError::Unavailable(why) => StoreError::Unavailable(same(why)),
        StoreError::Broken(why) => StoreError::Broken(same(why)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;

    use super::*;

    /// Doubles; counts its batches, and holds them until there are permits.
    fn doubling(batches: &Arc<AtomicUsize>, gate: &Arc<Semaphore>) -> Arc<Gather<u64, u64>> {
        let (batches, gate) = (Arc::clone(batches), Arc::clone(gate));
        Arc::new(Gather::new(move |keys: Vec<u64>| {
            let (batches, gate) = (Arc::clone(&batches), Arc::clone(&gate));
            async move {
                gate.acquire().await.expect("stays open").forget();
                batches.fetch_add(1, Ordering::SeqCst);
                assert!(!keys.contains(&13), "a bug in the question");
                if keys.contains(&7) {
                    return Err(StoreError::Stale);
                }
                Ok(keys.into_iter().map(|key| key * 2).collect())
            }
        }))
    }

    #[tokio::test]
    async fn whoever_comes_meanwhile_shares_the_next_batch() {
        let (batches, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
        let gather = doubling(&batches, &gate);
        let ask = |key| {
            let gather = Arc::clone(&gather);
            tokio::spawn(async move { (key, gather.one(key).await.expect("is answered")) })
        };
        let waiting = || gather.inner.waiting.lock().expect("no panic").queue.len();
        let mut asked = Vec::new();
        // Each lane is busy with a batch of one.
        for key in 0..LANES as u64 {
            asked.push(ask(key + 20));
            tokio::task::yield_now().await;
            while waiting() > 0 {
                tokio::task::yield_now().await;
            }
        }
        asked.extend((100..200).map(&ask));
        while waiting() < 100 {
            tokio::task::yield_now().await;
        }
        gate.add_permits(100);
        for one in asked {
            let (key, answer) = one.await.expect("no panic");
            assert_eq!(answer, key * 2, "everybody has the answer to their own question");
        }
        assert_eq!(batches.load(Ordering::SeqCst), LANES + 2);
        while gather.inner.waiting.lock().expect("no panic").lanes > 0 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn an_error_or_a_panic_is_everybodys_and_the_next_are_answered() {
        let gather = doubling(&Arc::default(), &Arc::new(Semaphore::new(100)));
        assert!(matches!(gather.one(7).await, Err(StoreError::Stale)));
        assert!(matches!(gather.one(13).await, Err(StoreError::Broken(_))));
        assert_eq!(gather.one(4).await.expect("is answered"), 8);
    }

    #[tokio::test]
    async fn a_caller_who_goes_away_takes_nobody_along() {
        let gate = Arc::new(Semaphore::new(0));
        let gather = doubling(&Arc::default(), &gate);
        let (gone, stays) = (Arc::clone(&gather), Arc::clone(&gather));
        let gone = tokio::spawn(async move { gone.one(1).await });
        let stays = tokio::spawn(async move { stays.one(2).await });
        while gather.inner.waiting.lock().expect("no panic").lanes == 0 {
            tokio::task::yield_now().await;
        }
        gone.abort();
        gate.add_permits(2);
        assert_eq!(stays.await.expect("no panic").expect("is answered"), 4);
    }
}
