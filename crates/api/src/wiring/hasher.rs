use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use kernel::BoxError;
use players::{Argon2Hasher, HasherError, PasswordHash, PasswordHasher, Secret};
use tokio::sync::Semaphore;

/// Hashes at once: each takes a core for tens of milliseconds and 12 MiB, and play must go on.
const AT_ONCE: usize = 2;
/// Callers who may wait for their turn; the next one is told to come back.
const QUEUE: usize = 16;

/// Argon2 on the blocking pool, a few at a time.
pub(super) struct PooledHasher {
    inner: Argon2Hasher,
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl PooledHasher {
    pub(super) fn new() -> Self {
        Self { inner: Argon2Hasher::default(), turns: Arc::new(Semaphore::new(AT_ONCE)), waiting: AtomicUsize::new(0) }
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(Argon2Hasher) -> Result<T, HasherError> + Send + 'static,
    ) -> Result<T, HasherError> {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= QUEUE + AT_ONCE {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(HasherError::Busy);
        }
        let _leave = Leave(&self.waiting);
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| HasherError::Busy)?;
        let hasher = self.inner.clone();
        // The turn goes with the work: a caller who leaves doesn't make room while the core is still busy.
        tokio::task::spawn_blocking(move || {
            let done = work(hasher);
            drop(turn);
            done
        })
        .await
        .map_err(|panicked| HasherError::Failed(BoxError::from(panicked)))?
    }
}

struct Leave<'a>(&'a AtomicUsize);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[async_trait]
impl PasswordHasher for PooledHasher {
    async fn hash(&self, password: Secret, salt: [u8; 16]) -> Result<PasswordHash, HasherError> {
        self.run(move |hasher| hasher.hash(&password, &salt)).await
    }

    async fn verify(&self, password: Secret, hash: Option<PasswordHash>) -> Result<bool, HasherError> {
        self.run(move |hasher| hasher.verify(&password, hash.as_ref())).await
    }
}
