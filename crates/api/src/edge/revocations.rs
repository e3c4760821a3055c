use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use kernel::{SessionId, Timestamp};

/// Sessions that were ended, on any replica, within the life of an access token. Access tokens can't be taken back, so
/// each replica remembers these: told by the bus at once, and by reading the rows every few seconds.
#[derive(Debug, Default)]
pub(crate) struct Revocations(RwLock<HashMap<SessionId, Timestamp>>);

impl Revocations {
    /// Whether this session was ended.
    #[must_use]
    pub(crate) fn contains(&self, session: SessionId) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains_key(&session)
    }

    /// Notes ended sessions, and forgets those whose tokens have all expired. Returns the ones that are news.
    pub(crate) fn note(&self, sessions: impl IntoIterator<Item = SessionId>, now: Timestamp) -> Vec<SessionId> {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let horizon = now.plus_millis(-2 * 1_000 * crate::tokens::LIFE_SECONDS);
        known.retain(|_, noted| *noted > horizon);
        sessions.into_iter().filter(|session| known.insert(*session, now).is_none()).collect()
    }
}
