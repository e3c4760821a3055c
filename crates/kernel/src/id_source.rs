use std::sync::Mutex;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::Timestamp;

/// Fresh ids and random bytes. The production source draws from the operating system's generator; the fake is seeded,
/// so that a test can be run again.
pub trait IdSource: Send + Sync {
    /// Fills `bytes` with randomness fit for secrets.
    fn fill(&self, bytes: &mut [u8]);

    /// A UUIDv7 (RFC 9562) whose time part is `now`: ids made later sort later, to the millisecond.
    fn uuid(&self, now: Timestamp) -> Uuid {
        let mut random = [0_u8; 10];
        self.fill(&mut random);
        let millis = u64::try_from(now.millis()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    /// A random 53-bit number, for seeds: never negative, and JSON's readers in JavaScript keep it whole.
    fn seed(&self) -> i64 {
        let mut bytes = [0_u8; 8];
        self.fill(&mut bytes);
        i64::from_le_bytes(bytes) & ((1 << 53) - 1)
    }

    /// A 256-bit secret as 43 characters of unpadded base64url.
    fn secret(&self) -> String {
        use base64::Engine as _;
        let mut bytes = [0_u8; 32];
        self.fill(&mut bytes);
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
    }
}

/// Deterministic ids for tests and simulations: SHA-256 in counter mode over a seed.
#[derive(Debug)]
pub struct SeededIds {
    seed: u64,
    counter: Mutex<u64>,
}

impl SeededIds {
    /// A source that gives the same sequence for the same seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed, counter: Mutex::new(0) }
    }
}

impl IdSource for SeededIds {
    fn fill(&self, bytes: &mut [u8]) {
        let mut counter = self.counter.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for chunk in bytes.chunks_mut(32) {
            *counter += 1;
            let digest =
                Sha256::new().chain_update(self.seed.to_le_bytes()).chain_update(counter.to_le_bytes()).finalize();
            chunk.copy_from_slice(&digest[..chunk.len()]);
        }
    }
}
